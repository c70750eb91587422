/** A plan in words, for `policy explain` and for whoever wonders what a policy came to. */
import { expandedName } from '../names.ts';
import type { ExchangePlan, MessagePlan, OperationPlan, Parts, Plan, Protection, SupportingToken } from './plan.ts';

const certificateReferences = {
  thumbprint: 'its thumbprint',
  keyIdentifier: 'its subject key identifier',
  issuerSerial: 'issuer and serial number',
} as const;

/** Prints a plan as lines of text without a trailing line break. */
export function explain(plan: Plan): string {
  return [
    `port ${plan.port} of service ${expandedName(plan.service.namespace, plan.service.local)}`,
    `  address    ${plan.address} (${plan.transport === 'https' ? 'TLS only' : 'plain HTTP will do'})`,
    `  audience   ${plan.audience}`,
    `  versions   SOAP ${plan.soap.name}, WS-Addressing ${plan.addressing.name}, dialect ${plan.dialect.name}`,
    `  suite      ${plan.suite.name}`,
    `  entropy    ${explainEntropy(plan)}`,
    `  client may ${explainRights(plan)}`,
    'bootstrap (issue)',
    ...explainExchange(plan.bootstrap),
    ...(plan.mayRenew ? ['renew', ...explainExchange(plan.renew)] : []),
    'cancel',
    ...explainExchange(plan.cancel),
    ...explainOperations(plan.operations),
  ].join('\n');
}

function explainEntropy({ entropy: { client, server } }: Plan): string {
  const sides = [client && 'client', server && 'server'].filter(side => side !== false);
  return sides.length === 0 ? 'required of neither side' : `required of ${sides.join(' and ')}`;
}

function explainRights({ mayCancel, mayRenew }: Plan): string {
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
  const tokens = message.supporting.map(explainToken);
  const header = [
    explainProtection(message.protection),
    `suite ${message.suite.name}`,
    `layout ${message.layout}`,
    message.timestamp ? 'Timestamp' : 'no Timestamp',
    ...tokens,
  ];
  const indent = `  ${' '.repeat(title.length)}   `;
  return [
    `  ${title}   ${header.join('; ')}`,
    ...explainParts(`${indent}signed: `, message.signed),
    ...explainParts(`${indent}encrypted: `, message.encrypted),
  ];
}

function explainProtection(protection: Protection): string {
  if (protection.kind === 'transport') return 'TLS';
  const steps = protection.order === 'signBeforeEncrypting' ? 'sign, then encrypt' : 'encrypt, then sign';
  const extras = [protection.encryptSignature && ', signature encrypted', protection.protectTokens && ', token signed'];
  const keys = protection.derivedKeys ? 'keys derived from' : 'key of';
  return `${steps}${extras.filter(extra => extra !== false).join('')} with ${keys} ${explainKey(protection)}`;
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
  if (token.endorsing) return `${name} that endorses${token.derivedKeys ? ' with a derived key' : ''}`;
  const protection = [token.signed && 'signed', token.encrypted && 'encrypted'].filter(word => word !== false);
  return [name, ...protection].join(' ');
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
