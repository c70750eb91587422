import type { FaultClass } from '../errors.ts';
import { type AddressingVersion, type Dialect, ns, type SoapVersion } from '../names.ts';
import { trimSpace } from '../xml/characters.ts';
import { childNamed, type Element, isNamed, leafText, namespaceOf } from '../xml/tree.ts';
import { escapeText } from '../xml/write.ts';

/** A qualified name read from a fault; '' where it has no namespace. */
export interface FaultName {
  readonly namespace: string;
  readonly local: string;
}

/** A SOAP fault as it was read. */
export interface Fault {
  readonly code: FaultName;
  /** The first subcode; in SOAP 1.1, which has none, undefined. */
  readonly subcode: FaultName | undefined;
  readonly reason: string;
  readonly detail: Element | undefined;
}

type Code = 'Sender' | 'Receiver' | 'VersionMismatch' | 'MustUnderstand';

interface Row {
  readonly code: Code;
  /** Subcodes from general to special; none for a plain fault. */
  readonly subcodes?: (dialect: Dialect, addressing: AddressingVersion | undefined) => readonly FaultName[];
  readonly reason: string;
}

const verification = 'An error occurred when verifying security for the message.';
const wsse = (local: string) => () => [{ namespace: ns.wsse, local }];
const wsc = (local: string) => (dialect: Dialect) => [{ namespace: dialect.wsc, local }];
const wst = (local: string) => (dialect: Dialect) => [{ namespace: dialect.wst, local }];

/** Codes of WS-Addressing 1.0 SOAP Binding §6.4 and of 2004/08 §4, whose names differ and which has no second level. */
const wsa =
  (local: string, special: string | undefined, old: string) =>
  (_: Dialect, version: AddressingVersion | undefined): readonly FaultName[] => {
    if (version === undefined) return [];
    const names = version.name === '1.0' ? [local, special] : [old];
    return names.filter(name => name !== undefined).map(name => ({ namespace: version.namespace, local: name }));
  };

const invalidHeader = 'InvalidMessageInformationHeader';

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
    subcodes: wsa('InvalidAddressingHeader', undefined, invalidHeader),
    reason: 'A message addressing header is not valid and the message can not be processed.',
  },
  addressingHeaderRequired: {
    code: 'Sender',
    subcodes: wsa('MessageAddressingHeaderRequired', undefined, 'MessageInformationHeaderRequired'),
    reason: 'A required message addressing header is not present.',
  },
  actionMismatch: {
    code: 'Sender',
    subcodes: wsa('InvalidAddressingHeader', 'ActionMismatch', 'ActionNotSupported'),
    reason: 'The action of the message does not fit the message.',
  },
  onlyAnonymousAddressSupported: {
    code: 'Sender',
    subcodes: wsa('InvalidAddressingHeader', 'OnlyAnonymousAddressSupported', invalidHeader),
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
 * The whole unsecured Envelope that a refused message is answered with, with HTTP status 500 (WCF and CXF clients read the Envelope of no
 * other error status) or, for `busy`, 503: WCF then throws its ServerTooBusyException. Nothing in it but `relatesTo` comes from the message.
 */
export function writeFault(out: OutgoingFault): string {
  const { soap, addressing, relatesTo } = out;
  const relation = relatesTo === undefined ? '' : `<a:RelatesTo>${escapeText(relatesTo)}</a:RelatesTo>`;
  const header =
    addressing === undefined
      ? ''
      : `<s:Header xmlns:a="${addressing.namespace}"><a:Action s:mustUnderstand="1">${addressing.faultAction}</a:Action>${relation}</s:Header>`;
  return `<s:Envelope xmlns:s="${soap.namespace}">${header}<s:Body>${faultContent(out)}</s:Body></s:Envelope>`;
}

/** The Fault element of a class, to be sent where the answer is secured; needs no namespace declaration from outside. */
export function faultContent(out: Pick<OutgoingFault, 'fault' | 'soap' | 'addressing' | 'dialect'>): string {
  const row = rows[out.fault];
  const subcodes = row.subcodes?.(out.dialect, out.addressing) ?? [];
  return out.soap.name === '1.1' ? fault11(row, subcodes) : fault12(row, subcodes);
}

const codes11: Readonly<Record<Code, string>> = {
  Sender: 'Client',
  Receiver: 'Server',
  VersionMismatch: 'VersionMismatch',
  MustUnderstand: 'MustUnderstand',
};

/** SOAP 1.1 has one code, so the most special subcode takes its place (WSS 1.1 §12, WS-Addressing 1.0 SOAP Binding §6.2). */
function fault11(row: Row, subcodes: readonly FaultName[]): string {
  const special = subcodes.at(-1);
  const code =
    special === undefined
      ? `<faultcode>s:${codes11[row.code]}</faultcode>`
      : `<faultcode xmlns:f="${special.namespace}">f:${special.local}</faultcode>`;
  return `<s:Fault xmlns:s="${ns.soap11}">${code}<faultstring>${escapeText(row.reason)}</faultstring></s:Fault>`;
}

function fault12(row: Row, subcodes: readonly FaultName[]): string {
  let subcode = '';
  for (const { namespace, local } of [...subcodes].reverse()) {
    subcode = `<s:Subcode><s:Value xmlns:f="${namespace}">f:${local}</s:Value>${subcode}</s:Subcode>`;
  }
  const reason = `<s:Reason><s:Text xml:lang="en">${escapeText(row.reason)}</s:Text></s:Reason>`;
  return `<s:Fault xmlns:s="${ns.soap12}"><s:Code><s:Value>s:${row.code}</s:Value>${subcode}</s:Code>${reason}</s:Fault>`;
}

/** Whether an element is the Fault of either version of SOAP. */
export function isFault({ local, namespace }: Element): boolean {
  return local === 'Fault' && (namespace === ns.soap12 || namespace === ns.soap11);
}

/** Detail of SOAP 1.2 or 1.1. */
export function detailOf(fault: Element): Element | undefined {
  return childNamed(fault, ns.soap12, 'Detail') ?? childNamed(fault, '', 'detail');
}

/**
 * The outermost Subcode whose name has no namespace by what is signed, with all that it holds; undefined where there is
 * none.
 * @param namespaceIn as {@link namespaceOf}; undefined for a prefix whose declaration isn't signed
 */
export function unsignedSubcode(fault: Element, namespaceIn: typeof namespaceOf): Element | undefined {
  let at = childNamed(fault, ns.soap12, 'Code');
  for (;;) {
    at = at && childNamed(at, ns.soap12, 'Subcode');
    if (at === undefined) return undefined;
    const value = childNamed(at, ns.soap12, 'Value');
    if (value !== undefined && namespaceIn(value, qualifiedName(value).prefix) === undefined) return at;
  }
}

/**
 * Reads the fault that a Body, or the decrypted content of one, consists of; undefined where it is no fault.
 *
 * @throws {Refusal} `malformed` for a Fault that lacks its code.
 */
export function readFault(element: Element): Fault | undefined {
  const fault = element.local === 'Fault' ? element : element.children[0];
  if (fault === undefined || fault.local !== 'Fault') return undefined;
  if (fault.namespace === ns.soap12) return readFault12(fault);
  return fault.namespace === ns.soap11 ? readFault11(fault) : undefined;
}

function readFault12(fault: Element): Fault {
  const code = childNamed(fault, ns.soap12, 'Code');
  const subcode = code && childNamed(code, ns.soap12, 'Subcode');
  const reason = childNamed(fault, ns.soap12, 'Reason');
  const text = reason && childNamed(reason, ns.soap12, 'Text');
  const value = code && childNamed(code, ns.soap12, 'Value');
  const subvalue = subcode && childNamed(subcode, ns.soap12, 'Value');
  return {
    code: value === undefined ? unnamed : nameIn(value),
    subcode: subvalue && nameIn(subvalue),
    reason: text === undefined ? '' : leafText(text, 'malformed'),
    detail: childNamed(fault, ns.soap12, 'Detail'),
  };
}

function readFault11(fault: Element): Fault {
  const code = fault.children.find(child => isNamed(child, '', 'faultcode'));
  const text = fault.children.find(child => isNamed(child, '', 'faultstring'));
  return {
    code: code === undefined ? unnamed : nameIn(code),
    subcode: undefined,
    reason: text === undefined ? '' : leafText(text, 'malformed'),
    detail: fault.children.find(child => isNamed(child, '', 'detail')),
  };
}

const unnamed: FaultName = { namespace: '', local: '' };

/** A QName in content, resolved in the scope of the element that holds it. */
function nameIn(element: Element): FaultName {
  const { prefix, local } = qualifiedName(element);
  return { namespace: namespaceOf(element, prefix) ?? '', local };
}

function qualifiedName(element: Element): { readonly prefix: string; readonly local: string } {
  const text = trimSpace(leafText(element, 'malformed'));
  const colon = text.indexOf(':');
  return { prefix: text.slice(0, Math.max(0, colon)), local: text.slice(colon + 1) };
}
