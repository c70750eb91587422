/** A plan in words, for `policy explain` and for a reader who wonders what a policy came to. */
import { expandedName } from '../names.ts';
import { contextAudienceOf, whyNotServed } from './alternatives.ts';
import type { PortAlternatives } from './compile.ts';
import { usesOfAlternative, whyNotCalled } from './offered.ts';
import {
  type CertificateUse,
  type ConversationPlan,
  type ExchangePlan,
  hasConversation,
  type MessagePlan,
  type OperationPlan,
  type Parts,
  type Plan,
  type Protection,
  type SupportingToken,
} from './plan.ts';
import { stockShapeOf } from './stock-shape.ts';
import { weaknessesOf } from './weaknesses.ts';

const certificateReferences = {
  thumbprint: 'its thumbprint',
  keyIdentifier: 'its subject key identifier',
  issuerSerial: 'issuer and serial number',
} as const;

/** Prints what the policy of a port leaves to choose from: each plan, and why alternatives were left out. */
export function explainAlternatives({ plans, leftOut }: PortAlternatives): string {
  const many = plans.length;
  const notServed = whyNotServed(plans);
  const texts = plans.map(
    (plan, index) => (many === 1 ? '' : `alternative ${index + 1} of ${many}: `) + explain(plan, notServed[index]),
  );
  return [...texts, ...leftOut.map(reason => `left out: ${reason}`)].join('\n');
}

/**
 * Prints a plan as lines of text without a trailing line break.
 * @param notServed why a server does not serve it; default: it does
 */
export function explain(plan: Plan, notServed?: string): string {
  return [
    `port ${plan.port} of service ${expandedName(plan.service.namespace, plan.service.local)}`,
    `  address    ${plan.address} (${plan.transport === 'https' ? 'TLS only' : 'plain HTTP will do'})`,
    ...(hasConversation(plan) && plan.issuer !== undefined ? [`  issuer     ${plan.issuer}`] : []),
    `  audience   ${hasConversation(plan) ? contextAudienceOf(plan) : plan.audience}`,
    `  versions   SOAP ${plan.soap.name}, ${explainAddressing(plan)}${explainDialect(plan)}`,
    ...explainShape(plan),
    `  here       ${usesOfAlternative(whyNotCalled(plan), notServed)}`,
    ...weaknessesOf(plan).map(weakness => `  weak       ${weakness}`),
    ...(plan.isUnprotected ? [] : [`  suite      ${plan.suite.name}`]),
    ...explainConversation(plan),
    ...explainOperations(plan.operations),
  ].join('\n');
}

function explainConversation(plan: Plan): string[] {
  if (!hasConversation(plan)) return ['  session    none: each call stands by itself'];
  return [
    `  entropy    ${explainEntropy(plan)}`,
    `  client may ${explainRights(plan)}`,
    'bootstrap (issue)',
    ...explainExchange(plan.bootstrap),
    ...(plan.mayRenew ? ['renew', ...explainExchange(plan.renew)] : []),
    'cancel',
    ...explainExchange(plan.cancel),
  ];
}

/** What has no Security header has no dialect either. */
function explainDialect({ isUnprotected, dialect }: Plan): string {
  return isUnprotected ? '' : `, dialect ${dialect.name}`;
}

function explainAddressing(plan: Plan): string {
  if (plan.addressing !== undefined) return `WS-Addressing ${plan.addressing.name}`;
  if (!hasConversation(plan)) return 'no WS-Addressing';
  return `no WS-Addressing (in RST and RSTR ${plan.trustAddressing.name}, or none)`;
}

/** Pages of the package that say how clients of other houses are set up, by whose shape it is. */
const clientPages: Readonly<Record<string, string>> = {
  "WCF's": 'docs/serve-wcf-clients.md',
  "CXF's": 'docs/serve-cxf-clients.md',
};

function explainShape(plan: Plan): string[] {
  const { name, except } = stockShapeOf(plan);
  const page = clientPages[name.split(' ', 1)[0] ?? ''];
  return [
    `  like       ${except.length === 0 ? name : `${name}, but for: ${except.join(', ')}`}`,
    ...(page === undefined ? [] : [`  see        ${page}`]),
  ];
}

function explainEntropy({ entropy: { client, server } }: ConversationPlan): string {
  const sides = [client && 'client', server && 'server'].filter(side => side !== false);
  return sides.length === 0 ? 'required of neither side' : `required of ${sides.join(' and ')}`;
}

function explainRights({ mayCancel, mayRenew }: ConversationPlan): string {
  const rights = [mayCancel && 'cancel', mayRenew && 'renew'].filter(right => right !== false);
  return rights.length === 0 ? 'neither cancel nor renew' : rights.join(' and ');
}

/** Operations that are protected alike stand under one heading. */
function explainOperations(operations: readonly OperationPlan[]): string[] {
  const alike = new Map<string, OperationPlan[]>();
  for (const operation of operations) {
    const exchange = explainExchange(operation).join('\n');
    alike.set(exchange, [...(alike.get(exchange) ?? []), operation]);
  }
  return [...alike].flatMap(([exchange, group]) => [
    ...group.map(({ name, output, inputAction, outputAction }) => {
      return `operation ${name}: ${inputAction}${output === undefined ? ' (one-way)' : ` → ${outputAction}`}`;
    }),
    exchange,
  ]);
}

function explainExchange({ request, response }: ExchangePlan): string[] {
  return [...explainMessage('request ', request), ...explainMessage('response', response)];
}

function explainMessage(title: string, message: MessagePlan): string[] {
  if (message.protection.kind === 'none') return [`  ${title}   unprotected`];
  const tokens = message.supporting.map(explainToken);
  const header = [
    explainProtection(message.protection, message.encrypted.body),
    `suite ${message.suite.name}`,
    `layout ${message.layout}`,
    message.timestamp ? 'Timestamp' : 'no Timestamp',
    ...(message.confirmsSignatures ? ['SignatureConfirmation'] : []),
    ...tokens,
  ];
  const indent = `  ${' '.repeat(title.length)}   `;
  return [
    `  ${title}   ${header.join('; ')}`,
    ...explainParts(`${indent}signed: `, message.signed),
    ...explainParts(`${indent}encrypted: `, message.encrypted),
  ];
}

function explainProtection(protection: Exclude<Protection, { readonly kind: 'none' }>, encryptsBody: boolean): string {
  if (protection.kind === 'transport') return explainTransport(protection);
  if (protection.kind === 'asymmetric') {
    const token = `X509Token${explainCertificate(protection.signature)}`;
    const recipient = `the recipient's certificate (named by ${certificateReferences[protection.encryption]})`;
    const extra = protection.protectTokens ? ', token signed' : '';
    const then = encryptsBody ? `, then encrypt with an EncryptedKey for ${recipient}` : ', and encrypt nothing';
    return `sign with the key of the sender's ${token}${extra}${then}`;
  }
  const steps = protection.order === 'signBeforeEncrypting' ? 'sign, then encrypt' : 'encrypt, then sign';
  const extras = [protection.encryptSignature && ', signature encrypted', protection.protectTokens && ', token signed'];
  const keys = protection.derivedKeys ? 'keys derived from' : 'key of';
  return `${steps}${extras.filter(extra => extra !== false).join('')} with ${keys} ${explainKey(protection)}`;
}

function explainTransport({ clientCertificate, basicAuthentication }: Protection & { kind: 'transport' }): string {
  if (clientCertificate) return 'TLS with a client certificate';
  return basicAuthentication ? 'TLS; user name and password in HTTP (Basic)' : 'TLS';
}

function explainKey({ token }: Protection & { kind: 'symmetric' }): string {
  if (token.kind === 'encryptedKey') {
    return `an EncryptedKey for the service's certificate (named by ${certificateReferences[token.reference]})`;
  }
  return `the SecurityContextToken (${token.include === 'never' ? 'referred to' : 'in the header'})`;
}

const tokenNames: ReadonlyMap<string, string> = new Map([
  ['context', 'SecurityContextToken'],
  ['username', 'UsernameToken'],
  ['x509', 'X509Token'],
]);

function explainToken(token: SupportingToken): string {
  const name = tokenNames.get(token.kind) ?? token.kind;
  if (token.endorsing) {
    const extras = [token.derivedKeys && ' with a derived key', token.signed && ', signed'].filter(Boolean).join('');
    return `${name}${explainCertificate(token.certificate)} that endorses${extras}`;
  }
  const protection = [token.signed && 'signed', token.encrypted && 'encrypted'].filter(word => word !== false);
  return [name, ...protection].join(' ');
}

function explainCertificate(certificate: CertificateUse | undefined): string {
  if (certificate === undefined) return '';
  const { include, reference } = certificate;
  const where = { certificate: 'in the header', path: 'in the header, with its issuers', never: 'referred to' }[
    include
  ];
  return ` (${where}${reference === 'token' ? '' : `, named by ${certificateReferences[reference]}`})`;
}

function explainParts(title: string, parts: Parts): string[] {
  const namespaces = [...new Set(parts.headers.map(header => header.namespace))];
  const headers = namespaces.map(namespace => {
    const names = parts.headers
      .filter(header => header.namespace === namespace)
      .map(({ local }) => local || 'all headers');
    return `${names.join(', ')} of ${namespace}`;
  });
  const names = parts.body ? ['Body', ...headers] : headers;
  return names.length === 0 ? [] : [`${title}${names.join('; ')}`];
}
