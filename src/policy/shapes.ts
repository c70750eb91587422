/** Policies by name: those that WCF's bindings import, and those of CXF's interoperability tests. */
import { ns } from '../names.ts';

/** Assertions as lines of text, with the prefixes of {@link shapePrefixes}. */
type Lines = readonly string[];

/** A policy that can be written into a WSDL. */
export interface Shape {
  readonly name: string;
  /** What it asks for, in a line. */
  readonly says: string;
  /** Whether it wants TLS. */
  readonly isOverTls: boolean;
  /** Namespace of `sp:`. */
  readonly securityPolicy: string;
  /** Assertions of a binding. */
  readonly binding: Lines;
  /** Assertions of each input and output; none where TLS protects them. */
  readonly messages: Lines;
}

/** The prefixes of assertions, but for `sp`. */
export const shapePrefixes = { wsp: ns.wsp200409, wsu: ns.wsu, wsaw: ns.wsaw, wsap: ns.wsap200408, mssp: ns.mssp };

/** What differs with the version of WS-SecurityPolicy. */
interface Terms {
  readonly securityPolicy: string;
  readonly httpsToken: string;
  readonly passwordTokens: string;
  readonly trust: string;
}

const terms11: Terms = {
  securityPolicy: ns.sp11,
  httpsToken: 'sp:HttpsToken RequireClientCertificate="false"',
  passwordTokens: 'sp:SignedSupportingTokens',
  trust: 'sp:Trust10',
};
const terms12: Terms = {
  securityPolicy: ns.sp12,
  httpsToken: 'sp:HttpsToken',
  passwordTokens: 'sp:SignedEncryptedSupportingTokens',
  trust: 'sp:Trust13',
};

type Client = 'none' | 'username' | 'x509';

const empty = (name: string): Lines => [`<${name}/>`];

const inside = (open: string, inner: Lines): Lines => [
  `<${open}>`,
  ...inner.map(line => `  ${line}`),
  `</${open.replace(/ .*/, '')}>`,
];

/** An assertion with a nested policy. */
function nested(open: string, ...inner: readonly Lines[]): Lines {
  const assertions = inner.flat();
  return inside(open, assertions.length === 0 ? empty('wsp:Policy') : inside('wsp:Policy', assertions));
}

const included = ({ securityPolicy }: Terms, token: string, when: string): string =>
  `sp:${token} sp:IncludeToken="${securityPolicy}/IncludeToken/${when}"`;

const headerNames = ['To', 'From', 'FaultTo', 'ReplyTo', 'MessageID', 'RelatesTo', 'Action'];

function messageParts(addressing: string): Lines {
  const headers = headerNames.flatMap(name => signedHeader(name, addressing));
  return [
    ...inside('sp:SignedParts', [...empty('sp:Body'), ...headers]),
    ...inside('sp:EncryptedParts', empty('sp:Body')),
  ];
}

function signedHeader(name: string, addressing: string): Lines {
  return empty(`sp:Header Name="${name}" Namespace="${addressing}"`);
}

/** What every binding has behind its tokens. */
function properties(suite: string, layout: string): Lines {
  return [
    ...nested('sp:AlgorithmSuite', empty(`sp:${suite}`)),
    ...nested('sp:Layout', empty(`sp:${layout}`)),
    ...empty('sp:IncludeTimestamp'),
  ];
}

function transportBinding({ httpsToken }: Terms, suite: string, layout: string): Lines {
  return nested('sp:TransportBinding', nested('sp:TransportToken', empty(httpsToken)), properties(suite, layout));
}

function passwordTokens(terms: Terms): Lines {
  const token = nested(included(terms, 'UsernameToken', 'AlwaysToRecipient'), empty('sp:WssUsernameToken10'));
  return nested(terms.passwordTokens, token);
}

/** @param parts what the certificate signs beside what it must */
function certificateTokens(terms: Terms, inner: readonly Lines[], parts: Lines = []): Lines {
  const token = nested(
    included(terms, 'X509Token', 'AlwaysToRecipient'),
    ...inner,
    empty('sp:RequireThumbprintReference'),
    empty('sp:WssX509V3Token10'),
  );
  return nested('sp:EndorsingSupportingTokens', token, parts);
}

const trust = (terms: Terms): Lines =>
  nested(terms.trust, ['MustSupportIssuedTokens', 'RequireClientEntropy', 'RequireServerEntropy'].flatMap(supported));

const wss = (version: '10' | '11', references: readonly string[]): Lines =>
  nested(`sp:Wss${version}`, references.flatMap(supported));

const supported = (name: string): Lines => empty(`sp:${name}`);

/** A binding of WCF with TransportWithMessageCredential; the Certificate signs To, and is known by its thumbprint. */
function wcfBinding(binding: string, terms: Terms, client: 'username' | 'x509', hasSession: boolean): Shape {
  const credential = client === 'username' ? 'UserName' : 'Certificate';
  const transport = transportBinding(terms, 'Basic256', 'Strict');
  const to = inside('sp:SignedParts', signedHeader('To', ns.wsa10));
  const proof = client === 'username' ? passwordTokens(terms) : certificateTokens(terms, [], to);
  const references = client === 'username' ? [] : ['MustSupportRefThumbprint'];
  const rest = [...wss('11', references), ...trust(terms)];
  const bootstrap = [...messageParts(ns.wsa10), ...transport, ...proof, ...rest];
  const token = nested(
    included(terms, 'SecureConversationToken', 'AlwaysToRecipient'),
    nested('sp:BootstrapPolicy', bootstrap),
  );
  const session = nested('sp:EndorsingSupportingTokens', token);
  return {
    name: `${binding}-${credential}${hasSession ? '' : '-NoSession'}`,
    says: `WCF's ${binding}, TransportWithMessageCredential, ${credential}${hasSession ? '' : ', without a session'}`,
    isOverTls: true,
    securityPolicy: terms.securityPolicy,
    binding: [
      ...transport,
      ...(hasSession ? session : proof),
      ...(hasSession ? [...wss('11', []), ...trust(terms)] : rest),
      ...empty('wsaw:UsingAddressing'),
    ],
    messages: [],
  };
}

/** A row of CXF's tests without TLS; what is not given is no. */
interface CxfRow {
  readonly name: string;
  readonly client: Client;
  readonly isDerived?: boolean;
  /** Whether clients must not cancel. */
  readonly isCookie?: boolean;
  readonly order?: 'sp:EncryptBeforeSigning' | 'sp:EncryptSignature';
  /** Whether that is so of calls alone. */
  readonly isOrderOfCalls?: boolean;
  /** Whether certificates of both sides protect the bootstrap. */
  readonly isAsymmetric?: boolean;
  readonly wss?: '10';
}

const orders = { ES: 'sp:EncryptBeforeSigning', SEES: 'sp:EncryptSignature' } as const;

const cxfRows: readonly CxfRow[] = [
  { name: 'AC', client: 'none', isCookie: true },
  { name: 'ADC', client: 'none', isDerived: true, isCookie: true },
  { name: 'ADC-ES', client: 'none', isDerived: true, isCookie: true, order: orders.ES },
  { name: '_A', client: 'none' },
  { name: '_AD', client: 'none', isDerived: true },
  { name: '_AD-ES', client: 'none', isDerived: true, order: orders.ES },
  { name: 'UXC', client: 'username', isCookie: true },
  { name: 'UXDC', client: 'username', isDerived: true, isCookie: true },
  { name: 'UXDC-SEES', client: 'username', isDerived: true, isCookie: true, order: orders.SEES },
  { name: '_UX', client: 'username' },
  { name: '_UXD', client: 'username', isDerived: true },
  { name: '_UXD-SEES', client: 'username', isDerived: true, order: orders.SEES },
  { name: 'XC', client: 'x509', isCookie: true },
  { name: '_X', client: 'x509' },
  { name: '_XD', client: 'x509', isDerived: true },
  { name: '_XD-ES', client: 'x509', isDerived: true, order: orders.ES },
  { name: '_XD-SEES', client: 'x509', isDerived: true, order: orders.SEES },
  { name: '_X10', client: 'none', isAsymmetric: true, wss: '10' },
  {
    name: 'MutualCertificate10SignEncrypt',
    client: 'x509',
    isDerived: true,
    order: orders.SEES,
    isOrderOfCalls: true,
    wss: '10',
  },
];

const proofs: Readonly<Record<Client, string>> = {
  none: 'nobody in particular calls',
  username: 'a password',
  x509: 'a certificate of the client',
};

const derivedKeys = ({ isDerived }: CxfRow): Lines => (isDerived ? empty('sp:RequireDerivedKeys') : []);

function cxfShape(row: CxfRow): Shape {
  const calls = row.isDerived ? 'derived keys' : 'the key of the conversation';
  return {
    name: row.name,
    says: `CXF's ${row.name}: ${calls}, ${row.isAsymmetric ? proofs.x509 : proofs[row.client]}${orderText(row)}`,
    isOverTls: false,
    securityPolicy: terms11.securityPolicy,
    binding: [
      ...empty('wsap:UsingAddressing'),
      ...symmetricBinding(conversationToken(row), 'Lax', row.order),
      ...cxfWss(row.wss),
      ...trust(terms11),
    ],
    messages: messageParts(ns.wsa200408),
  };
}

function orderText({ order }: CxfRow): string {
  if (order === undefined) return '';
  return order === orders.ES ? ', encrypted, then signed' : ', signatures encrypted';
}

function conversationToken(row: CxfRow): Lines {
  const { isCookie, isAsymmetric, isOrderOfCalls, order, client } = row;
  const keys = isOrderOfCalls ? [] : derivedKeys(row);
  const binding = isAsymmetric
    ? asymmetricBinding()
    : symmetricBinding(serviceToken(keys), 'Strict', isOrderOfCalls ? undefined : order);
  const proof = {
    none: [],
    username: passwordTokens(terms11),
    x509: certificateTokens(terms11, [derivedKeys(row)]),
  }[client];
  const bootstrap = [
    ...messageParts(ns.wsa200408),
    ...binding,
    ...proof,
    ...cxfWss(isAsymmetric ? '10' : undefined),
    ...trust(terms11),
  ];
  return nested(
    included(terms11, 'SecureConversationToken', 'AlwaysToRecipient'),
    derivedKeys(row),
    isCookie ? empty('mssp:MustNotSendCancel') : [],
    nested('sp:BootstrapPolicy', bootstrap),
  );
}

function symmetricBinding(token: Lines, layout: string, order: CxfRow['order']): Lines {
  return nested(
    'sp:SymmetricBinding',
    nested('sp:ProtectionToken', token),
    properties('Basic128', layout),
    order === undefined ? [] : empty(order),
    empty('sp:OnlySignEntireHeadersAndBody'),
  );
}

function serviceToken(keys: Lines): Lines {
  return nested(included(terms11, 'X509Token', 'Never'), keys, ...thumbprint);
}

const thumbprint = [empty('sp:RequireThumbprintReference'), empty('sp:WssX509V3Token10')];

function asymmetricBinding(): Lines {
  const token = (when: string) => nested(included(terms11, 'X509Token', when), empty('sp:WssX509V3Token10'));
  return nested(
    'sp:AsymmetricBinding',
    nested('sp:InitiatorToken', token('AlwaysToRecipient')),
    nested('sp:RecipientToken', token('Never')),
    properties('Basic128', 'Strict'),
    empty('sp:OnlySignEntireHeadersAndBody'),
  );
}

function cxfWss(version: '10' | undefined): Lines {
  const both = ['MustSupportRefKeyIdentifier', 'MustSupportRefIssuerSerial'];
  if (version === '10') return wss('10', both);
  return wss('11', [...both, 'MustSupportRefThumbprint', 'MustSupportRefEncryptedKey']);
}

function userNameOverTransport(): Shape {
  const bootstrap = [
    ...messageParts(ns.wsa200408),
    ...transportBinding(terms11, 'Basic128', 'Strict'),
    ...passwordTokens(terms11),
    ...cxfWss(undefined),
    ...trust(terms11),
  ];
  const token = nested(
    included(terms11, 'SecureConversationToken', 'AlwaysToRecipient'),
    nested('sp:BootstrapPolicy', bootstrap),
  );
  return {
    name: 'UserNameOverTransport',
    says: "CXF's UserNameOverTransport: TLS, a password",
    isOverTls: true,
    securityPolicy: terms11.securityPolicy,
    binding: [
      ...empty('wsap:UsingAddressing'),
      ...transportBinding(terms11, 'Basic128', 'Lax'),
      ...nested('sp:EndorsingSupportingTokens', token, inside('sp:SignedParts', signedHeader('To', ns.wsa200408))),
      ...cxfWss(undefined),
      ...trust(terms11),
    ],
    messages: [],
  };
}

const wcfBindings = [
  ['WS2007HttpBinding', terms12],
  ['WSHttpBinding', terms11],
] as const;

/** All that can be written, those of WCF first. */
export const shapes: readonly Shape[] = [
  ...wcfBindings.flatMap(([binding, terms]) =>
    [true, false].flatMap(hasSession =>
      (['username', 'x509'] as const).map(client => wcfBinding(binding, terms, client, hasSession)),
    ),
  ),
  userNameOverTransport(),
  ...cxfRows.map(cxfShape),
];
