/**
 * Plain ports, whose calls stand by themselves, in the shapes of the security policies of CXF's own system tests: a key
 * that is encrypted to the service's certificate, certificates of both sides, or TLS without a token.
 * `wsdl/plain-ping.wsdl` is what {@link plainWsdlText} writes.
 */
import { indented } from './ping-shapes.ts';

/** What a port asks for. */
export interface PlainShape {
  /** Its binding, and the beginning of its port's name. */
  readonly name: string;
  /**
   * `symmetric`: a key encrypted to the service's certificate; `asymmetric`: the certificates of both sides;
   * `transport`: TLS.
   */
  readonly binding: 'symmetric' | 'asymmetric' | 'transport';
  /** What TLS or HTTP is asked for. */
  readonly httpsToken: '' | 'HttpBasicAuthentication' | 'RequireClientCertificate';
  readonly isTimed: boolean;
  /** Whether messages encrypt nothing, where they are no TLS's affair. */
  readonly isClear: boolean;
  /** What the client proves itself with beside that. */
  readonly client: 'nothing' | 'UsernameToken' | 'X509Token';
  readonly isDerived: boolean;
  /** Properties of order. */
  readonly order: readonly string[];
  readonly suite: 'Basic128' | 'Basic256Sha256';
  /** WS-Addressing 1.0 with SOAP 1.2; else none with SOAP 1.1, as most of CXF's have it. */
  readonly isAddressed: boolean;
  /** Whether answers confirm the signatures of their requests. */
  readonly isConfirmed: boolean;
}

const usual: PlainShape = {
  ...{ name: '', binding: 'symmetric', client: 'nothing', isDerived: false },
  ...{ order: [], suite: 'Basic128', isAddressed: false, isConfirmed: false, isClear: false },
  ...{ httpsToken: '', isTimed: true },
};

/** All of them. */
export const plainShapes: readonly PlainShape[] = [
  { ...usual, name: 'Anonymous' },
  { ...usual, name: 'AnonymousDerived', isDerived: true },
  { ...usual, name: 'Password', client: 'UsernameToken' },
  { ...usual, name: 'PasswordDerived', client: 'UsernameToken', isDerived: true },
  {
    ...{ ...usual, name: 'PasswordHidden', client: 'UsernameToken', isDerived: true },
    order: ['sp:EncryptSignature'],
  },
  { ...usual, name: 'PasswordAddressed', client: 'UsernameToken', isDerived: true, isAddressed: true },
  { ...usual, name: 'Endorsed', client: 'X509Token' },
  { ...usual, name: 'EndorsedDerived', client: 'X509Token', isDerived: true },
  {
    ...{ ...usual, name: 'EndorsedFirst', client: 'X509Token', isDerived: true },
    order: ['sp:EncryptBeforeSigning'],
  },
  { ...usual, name: 'EndorsedHidden', client: 'X509Token', isDerived: true, order: ['sp:EncryptSignature'] },
  { ...usual, name: 'EndorsedAddressed', client: 'X509Token', isAddressed: true },
  { ...usual, name: 'Certificates', binding: 'asymmetric' },
  { ...usual, name: 'CertificatesAddressed', binding: 'asymmetric', isAddressed: true },
  { ...usual, name: 'PasswordConfirmed', client: 'UsernameToken', isConfirmed: true },
  { ...usual, name: 'EndorsedConfirmed', client: 'X509Token', isDerived: true, isConfirmed: true },
  {
    ...{ ...usual, name: 'EndorsedHiddenConfirmed', client: 'X509Token', isDerived: true, isConfirmed: true },
    order: ['sp:EncryptSignature'],
  },
  {
    ...{ ...usual, name: 'EndorsedFirstConfirmed', client: 'X509Token', isDerived: true, isConfirmed: true },
    order: ['sp:EncryptBeforeSigning'],
  },
  { ...usual, name: 'CertificatesConfirmed', binding: 'asymmetric', isConfirmed: true },
  { ...usual, name: 'PasswordTokens', client: 'UsernameToken', order: ['sp:ProtectTokens'] },
  { ...usual, name: 'EndorsedTokens', client: 'X509Token', order: ['sp:ProtectTokens'] },
  {
    ...{ ...usual, name: 'EndorsedTokensHidden', client: 'X509Token' },
    order: ['sp:EncryptSignature', 'sp:ProtectTokens'],
  },
  {
    ...{ ...usual, name: 'EndorsedTokensFirst', client: 'X509Token' },
    order: ['sp:EncryptBeforeSigning', 'sp:ProtectTokens'],
  },
  { ...usual, name: 'CertificatesTokens', binding: 'asymmetric', order: ['sp:ProtectTokens'] },
  { ...usual, name: 'CertificatesClear', binding: 'asymmetric', isClear: true },
  { ...usual, name: 'CertificatesClearAddressed', binding: 'asymmetric', isClear: true, isAddressed: true },
  { ...usual, name: 'CertificatesClearConfirmed', binding: 'asymmetric', isClear: true, isConfirmed: true },
  { ...usual, name: 'AnonymousOverTransport', binding: 'transport' },
  { ...usual, name: 'BareOverTransport', binding: 'transport', isTimed: false },
  { ...usual, name: 'BasicOverTransport', binding: 'transport', httpsToken: 'HttpBasicAuthentication' },
  {
    ...{ ...usual, name: 'BareBasicOverTransport', binding: 'transport', isTimed: false, isAddressed: true },
    httpsToken: 'HttpBasicAuthentication',
  },
  { ...usual, name: 'ShownOverTransport', binding: 'transport', httpsToken: 'RequireClientCertificate' },
  {
    ...{ ...usual, name: 'BareShownOverTransport', binding: 'transport', isTimed: false, isAddressed: true },
    httpsToken: 'RequireClientCertificate',
  },
  { ...usual, name: 'PasswordTokensDerived', client: 'UsernameToken', isDerived: true, order: ['sp:ProtectTokens'] },
];

/** Those that are protected in the message, and need no TLS. */
export const messageShapes = plainShapes.filter(({ binding }) => binding !== 'transport');

/** The name of a shape's port. */
export const plainPortOf = ({ name }: PlainShape): string => `Plain${name}`;

const sp = 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702';
const addressing = 'http://www.w3.org/2005/08/addressing';
const empty = (name: string) => `<${name}/>`;
const nested = (name: string, assertions: readonly string[], attributes = '') =>
  `<${name}${attributes}><wsp:Policy>${assertions.join('')}</wsp:Policy></${name}>`;
const include = (when: string) => ` sp:IncludeToken="${sp}/IncludeToken/${when}"`;

const certificate = (when: string, more: readonly string[] = []) =>
  nested('sp:X509Token', [...more, 'sp:WssX509V3Token10'].map(empty), include(when));

function bindingText({ binding, isDerived, order, suite, isTimed, httpsToken }: PlainShape): string {
  const common = [
    nested('sp:AlgorithmSuite', [empty(`sp:${suite}`)]),
    nested('sp:Layout', [empty('sp:Lax')]),
    ...(isTimed ? [empty('sp:IncludeTimestamp')] : []),
  ];
  if (binding === 'transport') {
    const token = nested('sp:HttpsToken', httpsToken === '' ? [] : [empty(`sp:${httpsToken}`)]);
    return nested('sp:TransportBinding', [nested('sp:TransportToken', [token]), ...common]);
  }
  const rest = [...common, ...[...order, 'sp:OnlySignEntireHeadersAndBody'].map(empty)];
  if (binding === 'asymmetric') {
    const initiator = nested('sp:InitiatorToken', [certificate('AlwaysToRecipient')]);
    return nested('sp:AsymmetricBinding', [
      ...[initiator, nested('sp:RecipientToken', [certificate('Never')])],
      ...rest,
    ]);
  }
  const token = certificate('Never', isDerived ? ['sp:RequireDerivedKeys'] : []);
  return nested('sp:SymmetricBinding', [nested('sp:ProtectionToken', [token]), ...rest]);
}

function clientToken({ client }: PlainShape): string[] {
  if (client === 'nothing') return [];
  if (client === 'X509Token') return [nested('sp:EndorsingSupportingTokens', [certificate('AlwaysToRecipient')])];
  const token = nested('sp:UsernameToken', [empty('sp:WssUsernameToken10')], include('AlwaysToRecipient'));
  return [nested('sp:SignedSupportingTokens', [token])];
}

const wss10 = nested('sp:Wss10', ['sp:MustSupportRefKeyIdentifier', 'sp:MustSupportRefIssuerSerial'].map(empty));
const wss11 = (more: readonly string[]) =>
  nested(
    'sp:Wss11',
    ['sp:MustSupportRefIssuerSerial', 'sp:MustSupportRefThumbprint', 'sp:MustSupportRefEncryptedKey', ...more].map(
      empty,
    ),
  );

function policy(id: string, assertions: readonly string[]): string {
  const all = `<wsp:All>${assertions.join('')}</wsp:All>`;
  return `<wsp:Policy wsu:Id="${id}"><wsp:ExactlyOne>${all}</wsp:ExactlyOne></wsp:Policy>`;
}

const headers = ['To', 'From', 'FaultTo', 'ReplyTo', 'MessageID', 'RelatesTo', 'Action'];
const header = (name: string) => `<sp:Header Name="${name}" Namespace="${addressing}"/>`;
const encrypted = '<sp:EncryptedParts><sp:Body/></sp:EncryptedParts>';
const parts = (names: readonly string[], isClear: boolean) => [
  ...(isClear ? [] : [encrypted]),
  `<sp:SignedParts><sp:Body/>${names.map(header).join('')}</sp:SignedParts>`,
];

function policyOf(shape: PlainShape): string {
  const versions = shape.isAddressed ? [empty('wsaw:UsingAddressing')] : [];
  const confirmed = shape.isConfirmed ? ['sp:RequireSignatureConfirmation'] : [];
  const references = shape.binding === 'asymmetric' && !shape.isConfirmed ? wss10 : wss11(confirmed);
  const tokens = shape.binding === 'transport' ? [] : [...clientToken(shape), references];
  return policy(shape.name, [...versions, bindingText(shape), ...tokens]);
}

const soapOf = ({ isAddressed }: PlainShape) => (isAddressed ? 'soap12' : 'soap11');

const partsOf = ({ isAddressed, isClear }: PlainShape) =>
  `${isAddressed ? 'addressedParts' : 'parts'}${isClear ? 'InClear' : ''}`;

function bindingOf(shape: PlainShape): string {
  const { name } = shape;
  const soap = soapOf(shape);
  const ofParts = partsOf(shape);
  const reference = shape.binding === 'transport' ? '' : `<wsp:PolicyReference URI="#${ofParts}"/>`;
  const message = `${reference}<${soap}:body use="literal"/>`;
  return (
    `<wsdl:binding name="${plainPortOf(shape)}" type="tns:IPingService"><wsp:PolicyReference URI="#${name}"/>` +
    `<${soap}:binding transport="http://schemas.xmlsoap.org/soap/http"/>` +
    `<wsdl:operation name="Ping"><${soap}:operation soapAction="http://xmlsoap.org/Ping" style="document"/>` +
    `<wsdl:input>${message}</wsdl:input><wsdl:output>${message}</wsdl:output></wsdl:operation></wsdl:binding>`
  );
}

function portOf(shape: PlainShape): string {
  const name = plainPortOf(shape);
  const base = shape.binding === 'transport' ? 'https://localhost:9443' : 'http://localhost:9080';
  const address = `<${soapOf(shape)}:address location="${base}/${name}"/>`;
  return `<wsdl:port name="${name}" binding="tns:${name}">${address}</wsdl:port>`;
}

const schema =
  '<wsdl:types><xsd:schema targetNamespace="http://WSSec/wssc" elementFormDefault="qualified">' +
  '<xsd:import namespace="http://xmlsoap.org/Ping" schemaLocation="ping.xsd"/>' +
  ['PingRequest', 'PingResponse']
    .map(
      name =>
        `<xsd:element name="${name}"><xsd:complexType><xsd:sequence>` +
        `<xsd:element ref="ping:${name === 'PingRequest' ? 'Ping' : name}"/>` +
        '</xsd:sequence></xsd:complexType></xsd:element>',
    )
    .join('') +
  '</xsd:schema></wsdl:types>';

const messages = ['PingRequest', 'PingResponse'].map(
  name => `<wsdl:message name="${name}"><wsdl:part name="parameters" element="tns:${name}"/></wsdl:message>`,
);

const portType =
  '<wsdl:portType name="IPingService"><wsdl:operation name="Ping">' +
  '<wsdl:input message="tns:PingRequest" wsaw:Action="http://xmlsoap.org/Ping"/>' +
  '<wsdl:output message="tns:PingResponse" wsaw:Action="http://xmlsoap.org/PingResponse"/>' +
  '</wsdl:operation></wsdl:portType>';

const partsPolicies = [false, true].flatMap(isClear => [
  policy(partsOf({ ...usual, isClear }), parts([], isClear)),
  policy(partsOf({ ...usual, isClear, isAddressed: true }), parts(headers, isClear)),
]);

/** The ping service with these ports. */
export function plainWsdlText(): string {
  const service = `<wsdl:service name="PingService">${plainShapes.map(portOf).join('')}</wsdl:service>`;
  const policies = [...plainShapes.map(policyOf), ...partsPolicies];
  const content = [...policies, schema, ...messages, portType, ...plainShapes.map(bindingOf), service];
  const tags =
    '<wsdl:definitions name="PingService" targetNamespace="http://WSSec/wssc" xmlns:tns="http://WSSec/wssc" ' +
    'xmlns:ping="http://xmlsoap.org/Ping" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" ' +
    'xmlns:soap11="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" ' +
    'xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" ' +
    'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" ' +
    `xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:sp="${sp}">${content.join('')}</wsdl:definitions>`;
  return indented(tags, 'plain-shapes.ts');
}
