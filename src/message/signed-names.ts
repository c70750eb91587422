import { type FaultClass, refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { splitQualifiedName } from '../xml/characters.ts';
import { attributeValue, bindingOf, type Element, namespaceOf } from '../xml/tree.ts';

/**
 * What prefixes inside values mean. Exclusive canonical XML writes a declaration only where a name uses it, or where
 * the signature's PrefixList names it (Exclusive XML Canonicalization 1.0 §1.3). Every other declaration is outside the
 * signed octets, wherever it stands, and anybody on the way can rebind it: a value such as `xsi:type="q:Amount"` would
 * mean something else under a good signature.
 */

/**
 * Gives the namespace of a prefix in a value, as {@link namespaceOf} does; undefined too where what declares it is not
 * signed.
 */
export type NamespaceOf = typeof namespaceOf;

/** A signed part, and what keeps its decrypted content as it was sent. */
export interface SignedScope {
  /** Each signed element, and the PrefixList of its reference. */
  readonly parts: ReadonlyMap<Element, readonly string[]>;
  /**
   * `canonical`: nothing was encrypted, or anybody may have encrypted it, so that an octet which is not in a canonical
   * form may have been changed.
   * `octets`: a declaration inside the plaintext is the sender's. GCM authenticates it. Under CBC who changes a block
   * garbles the one before it, blindly, and has one try for each genuine message, whose replay key is spent before.
   * `ciphertext`: the same, because the digests were made over the ciphertext; no name inside has a part in them.
   */
  readonly plaintext: 'canonical' | 'octets' | 'ciphertext';
}

/** A namespace that the canonical form of a part has at one place, innermost first. */
interface Rendered {
  readonly prefix: string;
  readonly uri: string;
  readonly outer: Rendered | undefined;
}

/**
 * The resolver of one message. Outside of the signed parts everything can be changed anyway, so that there a prefix
 * means what it says.
 */
export function signedNames({ parts, plaintext }: SignedScope): NamespaceOf {
  const known = new Map<Element, Rendered | undefined>();
  const renderedAt = (element: Element, apex: Element): Rendered | undefined => {
    if (known.has(element)) return known.get(element);
    const { parent } = element;
    const outer = element === apex || parent === undefined ? undefined : renderedAt(parent, apex);
    const rendered = withNames(outer, element);
    known.set(element, rendered);
    return rendered;
  };
  return (element, prefix) => {
    const meant = namespaceOf(element, prefix);
    const apex = apexOf(element, parts);
    if (meant === undefined || apex === undefined || prefix === 'xml') return meant;
    if (parts.get(apex)?.includes(prefix === '' ? '#default' : prefix)) return meant;
    const decrypted = element.source !== apex.source;
    if (decrypted && plaintext !== 'canonical' && isDeclaredBelow(apex, element, prefix)) return meant;
    const digested = decrypted && plaintext === 'ciphertext' ? apex : element;
    const rendered = renderedOf(renderedAt(digested, apex), prefix);
    return rendered?.uri === meant ? meant : undefined;
  };
}

/** The signed element around an element, or itself. */
function apexOf(element: Element, parts: SignedScope['parts']): Element | undefined {
  for (let at: Element | undefined = element; at !== undefined; at = at.parent) if (parts.has(at)) return at;
  return undefined;
}

function isDeclaredBelow(apex: Element, element: Element, prefix: string): boolean {
  return bindingOf(apex.scope, prefix) !== bindingOf(element.scope, prefix);
}

function renderedOf(rendered: Rendered | undefined, prefix: string): Rendered | undefined {
  for (let at = rendered; at !== undefined; at = at.outer) if (at.prefix === prefix) return at;
  return undefined;
}

function withNames(outer: Rendered | undefined, element: Element): Rendered | undefined {
  let rendered = withName(outer, element, element.prefix);
  for (const { prefix } of element.attributes) if (prefix !== '') rendered = withName(rendered, element, prefix);
  return rendered;
}

function withName(rendered: Rendered | undefined, element: Element, prefix: string): Rendered | undefined {
  const uri = namespaceOf(element, prefix) ?? '';
  return renderedOf(rendered, prefix)?.uri === uri ? rendered : { prefix, uri, outer: rendered };
}

/**
 * Refuses content with a type whose prefix is not signed: it may have been another one.
 * @throws {Refusal} of class `fault`
 */
export function checkTypes(content: Element, namespaceIn: NamespaceOf, fault: FaultClass): void {
  if (hasUnsignedType(content, namespaceIn)) refuse(fault, 'value-prefix-not-signed');
}

/** Whether there is a type (xsi:type, XML Schema Part 1 §2.6.1) whose prefix is not signed. */
export function hasUnsignedType(content: Element, namespaceIn: NamespaceOf): boolean {
  const type = content.attributes.length === 0 ? undefined : attributeValue(content, ns.xsi, 'type');
  if (type !== undefined && namespaceIn(content, splitQualifiedName(type).prefix ?? '') === undefined) return true;
  return content.children.some(child => hasUnsignedType(child, namespaceIn));
}

/**
 * Refuses plaintext with names out of declarations that the digest of its ciphertext does not cover.
 * @throws {Refusal} of class `fault`
 */
export function checkNames(content: Element, namespaceIn: NamespaceOf, fault: FaultClass): void {
  const prefixes = [content, ...content.attributes].map(({ prefix }) => prefix);
  for (const prefix of prefixes) {
    // A name without prefix where no default namespace is declared has none.
    const isBound = prefix !== '' || bindingOf(content.scope, '') !== undefined;
    if (isBound && namespaceIn(content, prefix) === undefined) refuse(fault, 'name-prefix-not-signed');
  }
  for (const child of content.children) checkNames(child, namespaceIn, fault);
}
