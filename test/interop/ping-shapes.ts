/**
 * The shapes of Apache CXF's 24 conversation endpoints, a row each, and the policies that say them. `wsdl/ping.wsdl`
 * has the ports, `wsdl/ping-policies.wsdl` is what {@link policiesText} writes.
 */

/** What a port of the ping service asks for. */
export interface PingShape {
  /** Its binding and the beginning of its name. */
  readonly name: string;
  /** `transport`: TLS and an endorsing conversation; `symmetric`: the conversation protects the message. */
  readonly outer: 'transport' | 'symmetric';
  /** RequireDerivedKeys on the conversation's token. */
  readonly derivedKeys: boolean;
  readonly mustNotSendCancel: boolean;
  /** What protects the bootstrap; `certificate`: a key encrypted to the service's certificate. */
  readonly bootstrap: 'transport' | 'certificate' | 'asymmetric';
  /** RequireDerivedKeys on the bootstrap's tokens. */
  readonly bootstrapDerivedKeys: boolean;
  /** What the client proves itself with. */
  readonly client: 'nothing' | 'UsernameToken' | 'X509Token';
  /** Properties of order, of both bindings or of one. */
  readonly order: readonly string[];
  readonly bootstrapOrder: readonly string[];
  /** Whether Wss10 stands where the others have Wss11. */
  readonly isWss10: boolean;
}

const first = ['sp:EncryptBeforeSigning'];
const hidden = ['sp:EncryptSignature'];

/** A row of the family A, UX or X: its name says the rest. */
function family(name: string, client: PingShape['client'], mustNotSendCancel: boolean): PingShape {
  const derivedKeys = name.includes('D');
  const order = name.endsWith('-ES') ? first : name.endsWith('-SEES') ? hidden : [];
  return {
    ...{ name, outer: 'symmetric', derivedKeys, mustNotSendCancel, bootstrap: 'certificate' },
    ...{ bootstrapDerivedKeys: derivedKeys, client, order, bootstrapOrder: order, isWss10: false },
  };
}

const overTransport: PingShape = {
  ...family('SecureConversation_UserNameOverTransport', 'UsernameToken', false),
  ...{ outer: 'transport', bootstrap: 'transport', derivedKeys: false, bootstrapDerivedKeys: false },
};

const mutual: PingShape = {
  ...family('SecureConversation_MutualCertificate10SignEncrypt', 'X509Token', false),
  ...{ derivedKeys: true, bootstrapDerivedKeys: true, order: hidden, isWss10: true },
};

/** In the order of CXF's WSDL. */
export const pingShapes: readonly PingShape[] = [
  overTransport,
  mutual,
  ...['AC', 'ADC', 'ADC-ES'].map(name => family(name, 'nothing', true)),
  ...['_A', '_AD', '_AD-ES'].map(name => family(name, 'nothing', false)),
  ...['UXC', 'UXDC', 'UXDC-SEES'].map(name => family(name, 'UsernameToken', true)),
  ...['_UX', '_UXD', '_UXD-SEES'].map(name => family(name, 'UsernameToken', false)),
  family('XC', 'X509Token', true),
  ...['XDC', 'XDC-ES', 'XDC-SEES', '_X'].map(name => family(name, 'X509Token', false)),
  { ...family('_X10', 'nothing', false), bootstrap: 'asymmetric', isWss10: true },
  ...['_XD', '_XD-SEES', '_XD-ES'].map(name => family(name, 'X509Token', false)),
];

/** The ports: one of each binding, and a second one of XDC. */
export const pingPorts: readonly string[] = [
  ...pingShapes.map(({ name }) => `${name}_IPingService`),
  'XDC_IPingService1',
];

const sp = 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy';
const addressing = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const include = (when: string) => `sp:IncludeToken="${sp}/IncludeToken/${when}"`;
const nested = (name: string, assertions: readonly string[], attributes = '') =>
  `<${name}${attributes}><wsp:Policy>${assertions.join('')}</wsp:Policy></${name}>`;
const empty = (name: string) => `<${name}/>`;

const headers = ['To', 'From', 'FaultTo', 'ReplyTo', 'MessageID', 'RelatesTo', 'Action'];
const header = (name: string) => `<sp:Header Name="${name}" Namespace="${addressing}"/>`;
const signedParts = `<sp:SignedParts><sp:Body/>${headers.map(header).join('')}</sp:SignedParts>`;
const encryptedParts = '<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>';
const trust = nested('sp:Trust10', [
  empty('sp:MustSupportIssuedTokens'),
  empty('sp:RequireClientEntropy'),
  empty('sp:RequireServerEntropy'),
]);
const wss10 = ['sp:MustSupportRefKeyIdentifier', 'sp:MustSupportRefIssuerSerial'].map(empty);
const wss11 = [...wss10, ...['sp:MustSupportRefThumbprint', 'sp:MustSupportRefEncryptedKey'].map(empty)];

function wss(is10: boolean): string {
  return is10 ? nested('sp:Wss10', wss10) : nested('sp:Wss11', wss11);
}

function properties(layout: string, others: readonly string[]): string[] {
  return [
    nested('sp:AlgorithmSuite', [empty('sp:Basic128')]),
    nested('sp:Layout', [empty(layout)]),
    empty('sp:IncludeTimestamp'),
    ...others.map(empty),
  ];
}

const whole = 'sp:OnlySignEntireHeadersAndBody';
const https = nested('sp:TransportToken', ['<sp:HttpsToken RequireClientCertificate="false"/>']);

function certificateToken(when: string, derivedKeys: boolean, more: readonly string[]): string {
  const keys = derivedKeys ? [empty('sp:RequireDerivedKeys')] : [];
  return nested('sp:X509Token', [...keys, ...more.map(empty), empty('sp:WssX509V3Token10')], ` ${include(when)}`);
}

const byThumbprint = ['sp:RequireThumbprintReference'];

function bootstrapBinding({ bootstrap, bootstrapDerivedKeys, bootstrapOrder }: PingShape): string {
  if (bootstrap === 'transport') return nested('sp:TransportBinding', [https, ...properties('sp:Strict', [])]);
  const rest = properties('sp:Strict', [...bootstrapOrder, whole]);
  if (bootstrap === 'certificate') {
    const token = certificateToken('Never', bootstrapDerivedKeys, byThumbprint);
    return nested('sp:SymmetricBinding', [nested('sp:ProtectionToken', [token]), ...rest]);
  }
  const initiator = nested('sp:InitiatorToken', [certificateToken('AlwaysToRecipient', false, [])]);
  const recipient = nested('sp:RecipientToken', [certificateToken('Never', false, [])]);
  return nested('sp:AsymmetricBinding', [initiator, recipient, ...rest]);
}

function clientToken({ client, bootstrapDerivedKeys }: PingShape): string[] {
  if (client === 'nothing') return [];
  if (client === 'UsernameToken') {
    const token = nested('sp:UsernameToken', [empty('sp:WssUsernameToken10')], ` ${include('AlwaysToRecipient')}`);
    return [nested('sp:SignedSupportingTokens', [token])];
  }
  const token = certificateToken('AlwaysToRecipient', bootstrapDerivedKeys, byThumbprint);
  return [nested('sp:EndorsingSupportingTokens', [token])];
}

function bootstrapPolicy(shape: PingShape): string {
  const is10 = shape.bootstrap === 'asymmetric';
  const parts = [signedParts, encryptedParts];
  return nested('sp:BootstrapPolicy', [...parts, bootstrapBinding(shape), ...clientToken(shape), wss(is10), trust]);
}

function conversationToken(shape: PingShape): string {
  const properties = [
    ...(shape.derivedKeys ? [empty('sp:RequireDerivedKeys')] : []),
    ...(shape.mustNotSendCancel ? [empty('mssp:MustNotSendCancel')] : []),
    bootstrapPolicy(shape),
  ];
  return nested('sp:SecureConversationToken', properties, ` ${include('AlwaysToRecipient')}`);
}

function outerBinding(shape: PingShape): string[] {
  const token = conversationToken(shape);
  if (shape.outer === 'symmetric') {
    const rest = properties('sp:Lax', [...shape.order, whole]);
    return [nested('sp:SymmetricBinding', [nested('sp:ProtectionToken', [token]), ...rest])];
  }
  const endorsed = `<sp:SignedParts>${header('To')}</sp:SignedParts>`;
  return [
    nested('sp:TransportBinding', [https, ...properties('sp:Lax', [])]),
    nested('sp:EndorsingSupportingTokens', [token, endorsed]),
  ];
}

function policy(id: string, assertions: readonly string[]): string {
  const all = `<wsp:All>${assertions.join('')}</wsp:All>`;
  return `<wsp:Policy wsu:Id="${id}"><wsp:ExactlyOne>${all}</wsp:ExactlyOne></wsp:Policy>`;
}

function binding({ name, outer }: PingShape): string {
  const parts = outer === 'symmetric' ? '<wsp:PolicyReference URI="#parts"/>' : '';
  const body = `${parts}<soap12:body use="literal"/>`;
  return (
    `<wsdl:binding name="${name}_IPingService" type="x:IPingService"><wsp:PolicyReference URI="#${name}"/>` +
    '<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>' +
    '<wsdl:operation name="Ping"><soap12:operation soapAction="http://xmlsoap.org/Ping" style="document"/>' +
    `<wsdl:input>${body}</wsdl:input><wsdl:output>${body}</wsdl:output></wsdl:operation></wsdl:binding>`
  );
}

/** The bindings with their policies, in a namespace of their own: their prefix x means something else in the ports. */
export function policiesText(): string {
  const policies = pingShapes.map(shape =>
    policy(shape.name, ['<wsap:UsingAddressing/>', ...outerBinding(shape), wss(shape.isWss10), trust]),
  );
  const content = [
    '<wsdl:import namespace="http://WSSec/wssc" location="ping.wsdl"/>',
    ...policies,
    policy('parts', [signedParts, encryptedParts]),
    ...pingShapes.map(binding),
  ];
  return indented(
    `<wsdl:definitions targetNamespace="urn:soap-secure-conversation:ping-bindings" xmlns:x="http://WSSec/wssc" ` +
      'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" ' +
      'xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" ' +
      'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" ' +
      'xmlns:wsap="http://schemas.xmlsoap.org/ws/2004/08/addressing/policy" ' +
      'xmlns:mssp="http://schemas.microsoft.com/ws/2005/07/securitypolicy" ' +
      `xmlns:sp="${sp}">${content.join('')}</wsdl:definitions>`,
    'ping-shapes.ts',
  );
}

/** One tag a line, indented by its depth. @param by the file that it is written by */
export function indented(text: string, by: string): string {
  let depth = 0;
  const lines = text.split(/(?<=>)(?=<)/).map(tag => {
    if (tag.startsWith('</')) depth -= 1;
    const line = '  '.repeat(depth) + tag;
    if (!tag.startsWith('</') && !tag.endsWith('/>')) depth += 1;
    return line;
  });
  const head = `<?xml version="1.0" encoding="utf-8"?>\n<!-- Written by test/interop/${by}. -->`;
  return `${head}\n${lines.join('\n')}\n`;
}
