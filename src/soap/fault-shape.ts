import { type SoapVersion, type SoapVersionName, soapVersions } from '../names.ts';
import { splitQualifiedName, trimSpace } from '../xml/characters.ts';
import { childNamed, type Element, isNamed, leafText, namespaceOf } from '../xml/tree.ts';
import { escapeAttribute, escapeText } from '../xml/write.ts';

/** A qualified name in a fault; namespace '' where it has none. */
export interface FaultName {
  readonly namespace: string;
  readonly local: string;
}

/** A SOAP fault as it was read. */
export interface Fault {
  readonly code: FaultName;
  /** The first subcode; in SOAP 1.1, which has none, undefined: there it takes the place of the code. */
  readonly subcode: FaultName | undefined;
  readonly reason: string;
  readonly detail: Element | undefined;
}

/** The codes of SOAP 1.2 (Part 1 §5.4.6) that are written. */
export type FaultCode = 'Sender' | 'Receiver' | 'VersionMismatch' | 'MustUnderstand';

/** What a Fault to be written says, in the words of SOAP 1.2. */
export interface FaultContent {
  readonly code: FaultCode;
  /** From general to special. */
  readonly subcodes: readonly FaultName[];
  /** In English. */
  readonly reason: string;
  /** The same in languages that are named, in place of it; absent: none. SOAP 1.1 has room for the first. */
  readonly texts?: readonly ReasonText[];
  /** Text for the one element `detail` that the Detail holds; undefined: none. */
  readonly detail: string | undefined;
  /** Another element for the Detail, as it is written; absent: none. */
  readonly entry?: string;
}

/** A reason in one language. */
export interface ReasonText {
  readonly text: string;
  /** xml:lang; undefined: nothing is said of it, and it is taken for English. */
  readonly lang: string | undefined;
}

/** How one version of SOAP writes a Fault down. */
interface FaultShape {
  /** The children of the Fault; prefix `s` is the version's around them. */
  readonly write: (content: FaultContent) => string;
  readonly read: (fault: Element) => Fault;
}

const soap11 = soapVersions['1.1'].namespace;
const soap12 = soapVersions['1.2'].namespace;
const shapes: Readonly<Record<SoapVersionName, FaultShape>> = {
  '1.1': { write: write11, read: read11 },
  '1.2': { write: write12, read: read12 },
};

/** The Fault element, which needs no namespace declaration from outside. */
export function writeFaultElement(soap: SoapVersion, content: FaultContent): string {
  return `<s:Fault xmlns:s="${soap.namespace}">${shapes[soap.name].write(content)}</s:Fault>`;
}

const codes11: Readonly<Record<FaultCode, string>> = {
  Sender: 'Client',
  Receiver: 'Server',
  VersionMismatch: 'VersionMismatch',
  MustUnderstand: 'MustUnderstand',
};

/**
 * SOAP 1.1 has one code, so the most special subcode takes its place (WSS 1.1 §12, WS-Addressing 1.0 SOAP Binding
 * §6.2).
 */
function write11({ code, subcodes, reason, texts, ...details }: FaultContent): string {
  const special = subcodes.at(-1);
  const name = special === undefined ? `<faultcode>s:${codes11[code]}</faultcode>` : nameText('faultcode', special);
  const entries = entriesOf(details);
  const entry = entries === '' ? '' : `<detail>${entries}</detail>`;
  const { text, lang } = texts?.[0] ?? { text: reason, lang: undefined };
  const said = lang === undefined ? '' : ` xml:lang="${escapeAttribute(lang)}"`;
  return `${name}<faultstring${said}>${escapeText(text)}</faultstring>${entry}`;
}

/** SOAP 1.2 Part 1 §5.4. */
function write12({ code, subcodes, reason, texts, ...details }: FaultContent): string {
  let subcode = '';
  for (const name of [...subcodes].reverse()) subcode = `<s:Subcode>${nameText('s:Value', name)}${subcode}</s:Subcode>`;
  const entries = entriesOf(details);
  const entry = entries === '' ? '' : `<s:Detail>${entries}</s:Detail>`;
  return (
    `<s:Code><s:Value>s:${code}</s:Value>${subcode}</s:Code>` +
    `<s:Reason>${(texts ?? [{ text: reason, lang: undefined }]).map(reasonText).join('')}</s:Reason>${entry}`
  );
}

function reasonText({ text, lang = 'en' }: ReasonText): string {
  return `<s:Text xml:lang="${escapeAttribute(lang)}">${escapeText(text)}</s:Text>`;
}

/** A name as a value. Namespaces in XML 1.0 §2.2: a prefix can't stand for no namespace. */
function nameText(element: string, { namespace, local }: FaultName): string {
  return namespace === ''
    ? `<${element}>${local}</${element}>`
    : `<${element} xmlns:f="${escapeAttribute(namespace)}">f:${local}</${element}>`;
}

function entriesOf({ detail, entry = '' }: Pick<FaultContent, 'detail' | 'entry'>): string {
  return detail === undefined ? entry : `<detail>${escapeText(detail)}</detail>${entry}`;
}

/** Whether an element is the Fault of either version of SOAP. */
export function isFault({ local, namespace }: Element): boolean {
  return local === 'Fault' && (namespace === soap12 || namespace === soap11);
}

/** Whether the value of an element is a qualified name: a code or a subcode of either version. */
export function isFaultName(element: Element): boolean {
  return isNamed(element, soap12, 'Value') || isNamed(element, '', 'faultcode');
}

/** The most special name that a fault has: its subcode, or the one code of SOAP 1.1. */
export function specialName({ code, subcode }: Pick<Fault, 'code' | 'subcode'>): FaultName {
  return subcode ?? code;
}

/** Whether a fault says that the trouble is the receiver's, not the message's. */
export function isReceiverFault({ namespace, local }: FaultName): boolean {
  return local === 'Receiver' || (namespace === soap11 && local === codes11.Receiver);
}

/** Whether a fault says that the trouble is the message's, and no more. */
export function isSenderFault({ namespace, local }: FaultName): boolean {
  return (namespace === soap12 && local === 'Sender') || (namespace === soap11 && local === codes11.Sender);
}

/** Detail of SOAP 1.2 or 1.1. */
export function detailOf(fault: Element): Element | undefined {
  return childNamed(fault, soap12, 'Detail') ?? childNamed(fault, '', 'detail');
}

/**
 * The outermost Subcode whose name has no namespace by what is signed, with all that it holds, or the faultcode of SOAP
 * 1.1, which holds what would be a subcode; undefined where there is none.
 * @param namespaceIn as {@link namespaceOf}; undefined for a prefix whose declaration isn't signed
 */
export function unsignedSubcode(fault: Element, namespaceIn: typeof namespaceOf): Element | undefined {
  const faultcode = childNamed(fault, '', 'faultcode');
  if (faultcode !== undefined && namespaceIn(faultcode, qualifiedName(faultcode).prefix) === undefined)
    return faultcode;
  let at = childNamed(fault, soap12, 'Code');
  for (;;) {
    at = at && childNamed(at, soap12, 'Subcode');
    if (at === undefined) return undefined;
    const value = childNamed(at, soap12, 'Value');
    if (value !== undefined && namespaceIn(value, qualifiedName(value).prefix) === undefined) return at;
  }
}

/** A fault without what {@link unsignedSubcode} found in it. */
export function withoutSubcode(fault: Fault, unsigned: Element): Fault {
  return unsigned.local === 'faultcode' ? { ...fault, code: unnamed } : { ...fault, subcode: undefined };
}

/**
 * Reads the fault that a Body, or the decrypted content of one, consists of; undefined where it is no fault.
 *
 * @throws {Refusal} `malformed` for a code, subcode or reason that holds elements.
 */
export function readFault(element: Element): Fault | undefined {
  const fault = element.local === 'Fault' ? element : element.children[0];
  if (fault === undefined || !isFault(fault)) return undefined;
  return shapes[fault.namespace === soap12 ? '1.2' : '1.1'].read(fault);
}

function read11(fault: Element): Fault {
  return {
    code: nameIn(childNamed(fault, '', 'faultcode')) ?? unnamed,
    subcode: undefined,
    reason: textOf(childNamed(fault, '', 'faultstring')),
    detail: childNamed(fault, '', 'detail'),
  };
}

function read12(fault: Element): Fault {
  const code = childNamed(fault, soap12, 'Code');
  const subcode = code && childNamed(code, soap12, 'Subcode');
  const reason = childNamed(fault, soap12, 'Reason');
  return {
    code: nameIn(code && childNamed(code, soap12, 'Value')) ?? unnamed,
    subcode: nameIn(subcode && childNamed(subcode, soap12, 'Value')),
    reason: textOf(reason && childNamed(reason, soap12, 'Text')),
    detail: childNamed(fault, soap12, 'Detail'),
  };
}

const unnamed: FaultName = { namespace: '', local: '' };

/** A QName in content, resolved in the scope of the element that holds it. */
function nameIn(element: Element | undefined): FaultName | undefined {
  if (element === undefined) return undefined;
  const { prefix, local } = qualifiedName(element);
  return { namespace: namespaceOf(element, prefix) ?? '', local };
}

function qualifiedName(element: Element): { readonly prefix: string; readonly local: string } {
  const { prefix = '', local } = splitQualifiedName(trimSpace(textOf(element)));
  return { prefix, local };
}

function textOf(element: Element | undefined): string {
  return element === undefined ? '' : leafText(element, 'malformed');
}
