import { type FaultClass, refuse, refuseFor } from '../errors.ts';
import { ns, type SoapVersion, soapVersions } from '../names.ts';
import { type Element, isNamed, type Tree } from '../xml/tree.ts';
import { isAddressingHeader } from './addressing.ts';
import { elementContent } from './structure.ts';

/** One SOAP message: its version and its parts, all nodes of the one scanned tree. */
export interface Envelope {
  readonly soap: SoapVersion;
  /** All header blocks in document order, those for other nodes too. */
  readonly header: readonly Element[];
  readonly body: Element;
  /** The one Security header addressed to us (no role, or the ultimate receiver's). */
  readonly security: Element | undefined;
}

const versionOf = new Map<string, SoapVersion>(Object.values(soapVersions).map(soap => [soap.namespace, soap]));

/** The SOAP version of an Envelope; undefined for everything else. */
export function soapVersionOf(root: Element): SoapVersion | undefined {
  return root.local === 'Envelope' ? versionOf.get(root.namespace) : undefined;
}

/**
 * Reads the Envelope: an optional Header, one Body with at most one child, nothing else.
 *
 * @throws {Refusal} `malformed` for another shape, `versionMismatch` for an Envelope of an unknown namespace,
 * `mustUnderstand` for a mandatory header block that we don't know (SOAP 1.2 Part 1 §2.4), `invalidSecurity` for a
 * second Security header.
 */
export function readEnvelope(tree: Tree): Envelope {
  const root = tree.root;
  if (root.local !== 'Envelope') refuse('malformed', 'envelope');
  const soap = versionOf.get(root.namespace) ?? refuse('versionMismatch', 'envelope-namespace');
  const parts = elementContent(root, 'malformed', 'envelope-text');
  const first = parts[0];
  const header = first !== undefined && isNamed(first, soap.namespace, 'Header') ? first : undefined;
  const body = parts[header === undefined ? 0 : 1];
  if (body === undefined || !isNamed(body, soap.namespace, 'Body')) refuse('malformed', 'body');
  if (parts.length !== (header === undefined ? 1 : 2)) refuse('malformed', 'after-body');
  const blocks = header === undefined ? [] : elementContent(header, 'malformed', 'header-text');
  checkBodyContent(body, elementContent(body, 'malformed', 'body-text'));
  return { soap, header: blocks, body, security: readBlocks(soap, blocks) };
}

/**
 * Checks that a Body holds at most one element, and no part of an Envelope in it (WS-I BP 1.1 R2201, R9981).
 *
 * @throws {Refusal} of class `fault`
 */
export function checkBodyContent(body: Element, children: readonly Element[], fault: FaultClass = 'malformed'): void {
  if (children.length > 1) refuse(fault, 'body-children');
  const child = children[0];
  if (child === undefined || !versionOf.has(child.namespace)) return;
  if (child.namespace !== body.namespace || child.local !== 'Fault') refuse(fault, 'nested-envelope');
}

function readBlocks(soap: SoapVersion, blocks: readonly Element[]): Element | undefined {
  let security: Element | undefined;
  for (const block of blocks) {
    const target = targetOf(soap, block);
    const isSecurity = isNamed(block, ns.wsse, 'Security');
    // A Security header for `next` is ours as well, and two for one receiver are forbidden (WSS 1.1 §6).
    if (isSecurity && target.ours) {
      if (security !== undefined) refuse('invalidSecurity', 'second-security-header');
      if (target.next) refuse('invalidSecurity', 'security-role');
      security = block;
    }
    if (target.mustUnderstand && target.ours && !isSecurity && !isAddressingHeader(block)) {
      refuseFor('mustUnderstand', 'header-not-understood', block);
    }
  }
  return security;
}

/** Whether a header block is addressed to us, and to no other node on the way. */
export function isForUs(soap: SoapVersion, block: Element): boolean {
  return targetOf(soap, block).ours;
}

/** Whether whom a header block is addressed to must understand it, or refuse the message. */
export function isMandatory(soap: SoapVersion, block: Element): boolean {
  return targetOf(soap, block).mustUnderstand;
}

interface Target {
  readonly ours: boolean;
  readonly next: boolean;
  readonly mustUnderstand: boolean;
}

const plainTarget: Target = { ours: true, next: false, mustUnderstand: false };

/** How each version targets header blocks stands in its row (SOAP 1.1 §4.2.2–4.2.3, SOAP 1.2 Part 1 §5.2.2–5.2.3). */
function targetOf(soap: SoapVersion, block: Element): Target {
  let role: string | undefined;
  let mustUnderstand: string | undefined;
  for (const attribute of block.attributes) {
    if (attribute.namespace !== soap.namespace) continue;
    if (attribute.local === soap.role) role = attribute.value;
    else if (attribute.local === 'mustUnderstand') mustUnderstand = attribute.value;
  }
  if (role === undefined && mustUnderstand === undefined) return plainTarget;
  const next = role === soap.next;
  return {
    ours: role === undefined || role === '' || next || role === soap.ultimateReceiver,
    next,
    mustUnderstand:
      mustUnderstand !== undefined &&
      (soap.mustUnderstand.get(mustUnderstand) ?? refuse('malformed', 'must-understand')),
  };
}
