import type { FaultClass } from '../errors.ts';
import { type AddressingFault, type AddressingVersion, type Dialect, ns, type SoapVersion } from '../names.ts';
import { escapeText } from '../xml/write.ts';
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
}

/**
 * The whole unsecured Envelope that a refused message is answered with, with HTTP status 500 (WCF and CXF clients read
 * the Envelope of no other error status) or, for `busy`, 503: WCF then throws its ServerTooBusyException. Nothing in it
 * but `relatesTo` comes from the message.
 */
export function writeFault(out: OutgoingFault): string {
  const { soap, addressing, relatesTo } = out;
  const relation = relatesTo === undefined ? '' : `<a:RelatesTo>${escapeText(relatesTo)}</a:RelatesTo>`;
  const body = `<s:Body>${faultContent(out)}</s:Body>`;
  if (addressing === undefined) return writeEnvelope(soap, '', body);
  const header = `<a:Action${mustUnderstand}>${addressing.faultAction}</a:Action>${relation}`;
  return writeEnvelope(soap, header, body, ` xmlns:a="${addressing.namespace}"`);
}

/**
 * The Fault element of a class, to be sent where the answer is secured; needs no namespace declaration from outside.
 */
export function faultContent(out: Pick<OutgoingFault, 'fault' | 'soap' | 'addressing' | 'dialect'>): string {
  const { code, subcodes, reason } = rows[out.fault];
  const names = subcodes?.(out.dialect, out.addressing) ?? [];
  return writeFaultElement(out.soap, { code, subcodes: names, reason, detail: undefined });
}
