import type { FaultClass, HeaderName } from '../errors.ts';
import { type AddressingFault, type AddressingVersion, type Dialect, ns, type SoapVersion } from '../names.ts';
import { escapeAttribute, escapeText } from '../xml/write.ts';
import { mustUnderstand, writeEnvelope } from './envelope-writer.ts';
import { type FaultCode, type FaultName, writeFaultElement } from './fault-shape.ts';

interface Row {
  readonly code: FaultCode;
  /** Subcodes from general to special; none for a plain fault. */
  readonly subcodes?: (dialect: Dialect, addressing: AddressingVersion | undefined) => readonly FaultName[];
  readonly reason: string;
}

const verification = 'An error occurred when verifying security for the message.';
const wsse = (local: string) => () => [{ namespace: ns.wsse, local }];
const wsc = (local: string) => (dialect: Dialect) => [{ namespace: dialect.wsc, local }];
const wst = (local: string) => (dialect: Dialect) => [{ namespace: dialect.wst, local }];

/** The version of the message names the code, where it has one. */
const wsa =
  (fault: AddressingFault) =>
  (_: Dialect, version: AddressingVersion | undefined): readonly FaultName[] =>
    version === undefined ? [] : version.faultCodes[fault].map(local => ({ namespace: version.namespace, local }));

/** What each class is answered with. The bytes depend on the class alone. */
const rows: Readonly<Record<FaultClass, Row>> = {
  malformed: { code: 'Sender', reason: 'The message is not a well-formed SOAP message.' },
  versionMismatch: { code: 'VersionMismatch', reason: 'The SOAP version of the message is not supported.' },
  mustUnderstand: { code: 'MustUnderstand', reason: 'A mandatory header block was not understood.' },
  invalidSecurity: { code: 'Sender', subcodes: wsse('InvalidSecurity'), reason: verification },
  failedCheck: { code: 'Sender', subcodes: wsse('FailedCheck'), reason: verification },
  failedAuthentication: {
    code: 'Sender',
    subcodes: wsse('FailedAuthentication'),
    reason: 'At least one security token in the message could not be validated.',
  },
  unsupportedAlgorithm: { code: 'Sender', subcodes: wsse('UnsupportedAlgorithm'), reason: verification },
  invalidSecurityToken: { code: 'Sender', subcodes: wsse('InvalidSecurityToken'), reason: verification },
  messageExpired: { code: 'Sender', subcodes: wsse('MessageExpired'), reason: 'The message has expired.' },
  badContextToken: {
    code: 'Sender',
    subcodes: wsc('BadContextToken'),
    reason: 'The security context token is expired or is not valid. The message was not processed.',
  },
  renewNeeded: {
    code: 'Sender',
    subcodes: wsc('RenewNeeded'),
    reason: "The SecurityContextSecurityToken's key needs to be renewed.",
  },
  unableToRenew: {
    code: 'Sender',
    subcodes: wsc('UnableToRenew'),
    reason: 'The security context token can not be renewed.',
  },
  unknownDerivationSource: { code: 'Sender', subcodes: wsc('UnknownDerivationSource'), reason: verification },
  invalidRequest: {
    code: 'Sender',
    subcodes: wst('InvalidRequest'),
    reason: 'The request for security token has invalid or malformed elements.',
  },
  invalidAddressingHeader: {
    code: 'Sender',
    subcodes: wsa('invalidAddressingHeader'),
    reason: 'A message addressing header is not valid and the message can not be processed.',
  },
  addressingHeaderRequired: {
    code: 'Sender',
    subcodes: wsa('addressingHeaderRequired'),
    reason: 'A required message addressing header is not present.',
  },
  actionMismatch: {
    code: 'Sender',
    subcodes: wsa('actionMismatch'),
    reason: 'The action of the message does not fit the message.',
  },
  onlyAnonymousAddressSupported: {
    code: 'Sender',
    subcodes: wsa('onlyAnonymousAddressSupported'),
    reason: 'Only the anonymous address is supported for replies and faults.',
  },
  busy: { code: 'Receiver', reason: 'The server is too busy to process the message now.' },
  server: { code: 'Receiver', reason: 'The server was unable to process the message.' },
};

export interface OutgoingFault {
  readonly fault: FaultClass;
  readonly soap: SoapVersion;
  /** undefined: the message has no addressing headers. */
  readonly addressing: AddressingVersion | undefined;
  readonly dialect: Dialect;
  /** MessageID of the message that is refused. */
  readonly relatesTo: string | undefined;
  /** The header block that it is refused for; absent: none. */
  readonly header?: HeaderName | undefined;
}

/**
 * The whole unsecured Envelope that a refused message is answered with, with HTTP status 500 (WCF and CXF clients read
 * the Envelope of no other error status) or, for `busy`, 503: WCF then throws its ServerTooBusyException. Nothing in it
 * but `relatesTo` and the name of a header block comes from the message.
 */
export function writeFault(out: OutgoingFault): string {
  const { soap, addressing, relatesTo } = out;
  const relation = relatesTo === undefined ? '' : `<a:RelatesTo>${escapeText(relatesTo)}</a:RelatesTo>`;
  const body = `<s:Body>${faultContent(out)}</s:Body>`;
  const told = notUnderstood(out) + faultDetail(out);
  if (addressing === undefined) return writeEnvelope(soap, told, body);
  const header = `<a:Action${mustUnderstand}>${addressing.faultAction}</a:Action>${relation}${told}`;
  return writeEnvelope(soap, header, body, ` xmlns:a="${addressing.namespace}"`);
}

/** Longest name of a header block that is told, in characters: the sender of a longer one knows which it is. */
const maxNameChars = 512;

/** Which header block was not understood (SOAP 1.2 Part 1 §5.4.8); SOAP 1.1 has no place for it. */
function notUnderstood({ fault, soap, header }: OutgoingFault): string {
  if (fault !== 'mustUnderstand' || !soap.detailsHeaders || !isTellable(header)) return '';
  return `<s:NotUnderstood qname="f:${header.local}" xmlns:f="${escapeAttribute(header.namespace)}"/>`;
}

/** Which addressing header is at fault, where it stands in SOAP 1.1 (WS-Addressing 1.0 SOAP Binding §6.2). */
function faultDetail(out: OutgoingFault): string {
  const problem = out.soap.detailsHeaders ? '' : problemHeader(out);
  return problem && `<a:FaultDetail>${problem}</a:FaultDetail>`;
}

/** The same as an element (WS-Addressing 1.0 SOAP Binding §6.3.1); 2004/08 has none. */
function problemHeader({ fault, addressing, header }: Pick<OutgoingFault, 'fault' | 'addressing' | 'header'>): string {
  const isAddressed = addressing?.none !== undefined && header?.namespace === addressing.namespace;
  if (!isAddressed || rows[fault].code !== 'Sender' || fault === 'mustUnderstand') return '';
  const { namespace, local } = header;
  return `<a:ProblemHeaderQName xmlns:a="${namespace}">a:${local}</a:ProblemHeaderQName>`;
}

/** Whether a header block has a qualified name that is no longer than it may be. */
function isTellable(header: HeaderName | undefined): header is HeaderName {
  return (
    header !== undefined && header.namespace !== '' && header.namespace.length + header.local.length <= maxNameChars
  );
}

/**
 * The Fault element of a class, to be sent where the answer is secured; needs no namespace declaration from outside.
 */
export function faultContent(out: Pick<OutgoingFault, 'fault' | 'soap' | 'addressing' | 'dialect' | 'header'>): string {
  const { code, subcodes, reason } = rows[out.fault];
  const names = subcodes?.(out.dialect, out.addressing) ?? [];
  const entry = out.soap.detailsHeaders ? problemHeader(out) : '';
  return writeFaultElement(out.soap, { code, subcodes: names, reason, detail: undefined, entry });
}
