import { type HeaderName, refuse, refuseFor } from '../errors.ts';
import { type AddressingVersion, addressingVersions, type SoapVersion } from '../names.ts';
import { trimSpace } from '../xml/characters.ts';
import { attributeValue, type Element, leafText, namespaceOf } from '../xml/tree.ts';
import { escapeText } from '../xml/write.ts';
import { elementContent } from './structure.ts';

/** The WS-Addressing headers of a message. */
export interface Addressing {
  readonly version: AddressingVersion;
  readonly action: string;
  readonly messageId: string | undefined;
  readonly to: string | undefined;
  readonly replyTo: string | undefined;
  readonly faultTo: string | undefined;
  readonly relatesTo: string | undefined;
  /** The header blocks by local name. */
  readonly elements: ReadonlyMap<string, Element>;
}

const headers = new Set(['Action', 'MessageID', 'To', 'From', 'ReplyTo', 'FaultTo', 'RelatesTo']);
const endpoints = new Set(['From', 'ReplyTo', 'FaultTo']);
const versionOf = new Map<string, AddressingVersion>(
  Object.values(addressingVersions).map(version => [version.namespace, version]),
);

/** Longest value of each header, in characters; one that is echoed into an answer is short. */
const maxChars = 512;
const maxAddressChars = 2048;

/** Whether the element is a header block of either version of WS-Addressing. */
export function isAddressingHeader(block: Element): boolean {
  return versionOf.has(block.namespace) && headers.has(block.local);
}

/** Where an answer goes (WS-Addressing 1.0 Core §3.4): a fault to FaultTo where there is one; undefined: back. */
export function destinationOf({ replyTo, faultTo }: Addressing, isFault: boolean): string | undefined {
  return isFault ? (faultTo ?? replyTo) : replyTo;
}

/** The name of a header of a version. */
export function addressingHeader({ namespace }: AddressingVersion, local: string): HeaderName {
  return { namespace, local };
}

/** @throws {Refusal} `addressingHeaderRequired`, for a header that is not there */
export function lacksHeader(version: AddressingVersion, local: string, reason: string): never {
  return refuseFor('addressingHeaderRequired', reason, addressingHeader(version, local));
}

/** What of an Envelope the headers are read from. */
export interface HeaderBlocks {
  readonly soap: SoapVersion;
  readonly header: readonly Element[];
}

/**
 * Reads the WS-Addressing headers, of whichever version the message speaks; undefined where it has none.
 *
 * @throws {Refusal} `invalidAddressingHeader` for two versions in one message, a header that stands twice or has a
 * role, a value that is no URI (WS-Addressing 1.0 SOAP Binding §6.4.1); `addressingHeaderRequired` where Action is
 * missing; `onlyAnonymousAddressSupported` for a ReplyTo or FaultTo that names a place: nothing is ever sent where a
 * message says.
 */
export function readAddressing(envelope: HeaderBlocks): Addressing | undefined {
  const elements = new Map<string, Element>();
  let version: AddressingVersion | undefined;
  for (const block of envelope.header) {
    const spoken = versionOf.get(block.namespace);
    if (spoken === undefined) continue;
    if (version !== undefined && spoken !== version) refuse('invalidAddressingHeader', 'two-addressing-versions');
    version = spoken;
    if (!headers.has(block.local)) continue;
    if (elements.has(block.local)) refuseFor('invalidAddressingHeader', 'addressing-cardinality', block);
    checkAttributes(block, envelope);
    elements.set(block.local, block);
  }
  if (version === undefined) return undefined;
  checkEndpoints(elements, version);
  return {
    version,
    action: uriOf(elements.get('Action')) ?? lacksHeader(version, 'Action', 'action-missing'),
    messageId: uriOf(elements.get('MessageID')),
    to: uriOf(elements.get('To'), maxAddressChars),
    replyTo: addressOf(elements.get('ReplyTo')),
    faultTo: addressOf(elements.get('FaultTo')),
    relatesTo: uriOf(elements.get('RelatesTo')),
    elements,
  };
}

function checkAttributes(block: Element, envelope: HeaderBlocks): void {
  for (const { namespace, local, value } of block.attributes) {
    // A header for another node would still be read as ours by local code that looks for its name.
    if (namespace === envelope.soap.namespace && local !== 'mustUnderstand' && local !== 'relay') {
      refuseFor('invalidAddressingHeader', 'addressing-role', block);
    }
    if (namespace === '' && local === 'RelationshipType' && !isReply(block, value, namespaceOf)) {
      refuseFor('invalidAddressingHeader', 'relationship-type', block);
    }
  }
}

/**
 * Checks that the relationship is a reply by what is signed too.
 *
 * @param namespaceIn as {@link namespaceOf}; undefined for a prefix whose declaration isn't signed
 * @throws {Refusal} `invalidAddressingHeader`
 */
export function checkRelationship({ elements }: Addressing, namespaceIn: typeof namespaceOf): void {
  const block = elements.get('RelatesTo');
  const type = block && attributeValue(block, '', 'RelationshipType');
  if (block !== undefined && type !== undefined && !isReply(block, type, namespaceIn))
    refuseFor('invalidAddressingHeader', 'relationship-type-not-signed', block);
}

/** The default relationship, a URI in version 1.0 (WS-Addressing 1.0 Core §3.1) and a QName in 2004/08 (§3). */
function isReply(block: Element, value: string, namespaceIn: typeof namespaceOf): boolean {
  const reply = versionOf.get(block.namespace)?.reply;
  if (reply === undefined || 'uri' in reply) return value === reply?.uri;
  const [prefix, local] = value.includes(':') ? value.split(':', 2) : ['', value];
  return local === reply.local && namespaceIn(block, prefix ?? '') === block.namespace;
}

function checkEndpoints(elements: ReadonlyMap<string, Element>, version: AddressingVersion): void {
  for (const name of endpoints) {
    const address = addressOf(elements.get(name));
    if (address === undefined || name === 'From') continue;
    if (address !== version.anonymous && address !== version.none) {
      refuseFor('onlyAnonymousAddressSupported', 'address-not-anonymous', addressingHeader(version, name));
    }
  }
}

/** Address of an endpoint reference that has nothing else: reference parameters would have to be echoed as headers. */
function addressOf(endpoint: Element | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  const children = elementContent(endpoint, 'invalidAddressingHeader', 'endpoint-reference');
  const address = children[0];
  if (children.length !== 1 || address?.local !== 'Address' || address.namespace !== endpoint.namespace) {
    refuseFor('invalidAddressingHeader', 'endpoint-reference', endpoint);
  }
  return uriOf(address, maxAddressChars, endpoint);
}

const uri = /^[!-~\u00A0-\uFFFF]+$/;

/** @param header that the value is of */
function uriOf(element: Element | undefined, max = maxChars, header = element): string | undefined {
  if (element === undefined) return undefined;
  const text = trimSpace(leafText(element, 'invalidAddressingHeader'));
  if (text.length > max || !uri.test(text)) refuseFor('invalidAddressingHeader', 'addressing-value', header ?? element);
  return text;
}

/**
 * One header to write: canonical as written once the attributes are put in (an id, or mustUnderstand of the Envelope's
 * prefix `s`).
 */
export interface AddressingHeader {
  readonly local: string;
  /** Namespace declarations that must stand before the attributes, without the one of WS-Addressing (prefix `a`). */
  readonly content: string;
}

export interface OutgoingAddressing {
  readonly action: string;
  readonly messageId: string | undefined;
  readonly relatesTo: string | undefined;
  readonly to: string | undefined;
  readonly replyToAnonymous: boolean;
}

/** The headers that a message is sent with, in the order Action, MessageID, RelatesTo, ReplyTo, To. */
export function addressingHeaders(version: AddressingVersion, out: OutgoingAddressing): AddressingHeader[] {
  const list: AddressingHeader[] = [{ local: 'Action', content: escapeText(out.action) }];
  if (out.messageId !== undefined) list.push({ local: 'MessageID', content: escapeText(out.messageId) });
  if (out.relatesTo !== undefined) list.push({ local: 'RelatesTo', content: escapeText(out.relatesTo) });
  if (out.replyToAnonymous) list.push({ local: 'ReplyTo', content: `<a:Address>${version.anonymous}</a:Address>` });
  if (out.to !== undefined) list.push({ local: 'To', content: escapeText(out.to) });
  return list;
}

/**
 * Writes one header, canonical as written.
 *
 * @param declarations further namespace declarations in canonical order after prefix `a`, each with a leading space, or
 * ''
 * @param attributes attributes in canonical order, each with a leading space, or ''
 */
export function writeAddressingHeader(
  version: AddressingVersion,
  header: AddressingHeader,
  declarations: string,
  attributes: string,
): string {
  return (
    `<a:${header.local} xmlns:a="${version.namespace}"${declarations}${attributes}>` +
    `${header.content}</a:${header.local}>`
  );
}
