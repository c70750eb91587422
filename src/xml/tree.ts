import { type FaultClass, refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { decodeText } from './character-data.ts';
import type { Namespaces } from './namespaces.ts';

/** The immutable tree that a scan makes. Its elements know where in the text they stand. */

export interface Attribute {
  readonly name: string;
  readonly prefix: string;
  readonly local: string;
  /** '' for none. */
  readonly namespace: string;
  /** What gave it its namespace; undefined without a prefix, and for the prefix xml. */
  readonly binding: Scope | undefined;
  /** Normalised, references replaced. */
  readonly value: string;
}

/** Namespace declarations in scope, innermost first. */
export interface Scope {
  readonly prefix: string;
  readonly uri: string;
  readonly outer: Scope | undefined;
  /** The next outer declaration in the same bucket of bindings.ts; undefined, too, where it has no bucket. */
  readonly beside: Scope | undefined;
  /** Number of declarations in this list. */
  readonly depth: number;
  /** The namespace names of the message. */
  readonly namespaces: Namespaces;
}

/** What the scanner learnt about a piece of content, as bits of `marks`; canonical.ts slices by them. */
export const marks = {
  /** The text directly inside has references, carriage returns, CDATA sections, comments. */
  references: 1,
  carriageReturns: 2,
  cdata: 4,
  comments: 8,
  /** The text directly inside is not written the canonical way. */
  textDiffers: 16,
  /** The tags are not written the canonical way, even where all declarations of the start tag are wanted. */
  tagsDiffer: 32,
  /** The attributes, from `attributesStart` to the end of the start tag, are not written the canonical way. */
  attributesDiffer: 64,
  /** Something inside is not written the canonical way, empty-element tags aside. */
  contentDiffers: 128,
  /** An empty-element tag. */
  empty: 256,
  /** There are empty-element tags inside. */
  emptyInside: 512,
  /** The start tag declares the prefix xml, which is allowed and of no effect. */
  declaresXml: 1024,
  /** Something else than white space and comments stands directly inside, beside the child elements. */
  text: 2048,
} as const;

/**
 * What stands between two tags, or in a decrypted text. The sets of bindings are bit sets: bit n is the declaration of
 * depth n + 1 among those in scope. Only the first 30 declarations have a bit; who uses a deeper one is marked
 * `tagsDiffer`.
 */
export interface Content {
  /** The text that the offsets index: the message, or a decrypted text. */
  readonly source: string;
  readonly contentStart: number;
  readonly contentEnd: number;
  /** Child elements only. */
  readonly children: readonly Element[];
  readonly marks: number;
  /** Outer bindings that the children need. */
  readonly contentUses: number;
  /** Outer bindings that something inside declares once more, prefix and URI. */
  readonly contentRedeclares: number;
}

export interface Element extends Content {
  readonly name: string;
  readonly prefix: string;
  readonly local: string;
  /** '' for none. */
  readonly namespace: string;
  /** What gave it its namespace; undefined where no declaration did. */
  readonly binding: Scope | undefined;
  /** Without namespace declarations, in document order. */
  readonly attributes: readonly Attribute[];
  /** In scope inside this element. */
  readonly scope: Scope | undefined;
  readonly parent: Element | undefined;
  readonly start: number;
  /** Where the attributes after the last namespace declaration begin: at the white space before them. */
  readonly attributesStart: number;
  readonly end: number;
  /** Bindings that the names in the start tag need. */
  readonly uses: number;
  /** Outer bindings that the start tag declares once more, prefix and URI. */
  readonly redeclares: number;
}

/** An attribute that may be what a reference names: its local name is Id, ID, id or AssertionID, in any namespace. */
export interface IdAttribute {
  readonly element: Element;
  readonly attribute: Attribute;
}

/** Decrypted content, scanned in the namespace scope of `parent`. */
export interface Fragment extends Content {
  readonly parent: Element;
  readonly ids: readonly IdAttribute[];
}

/** One scanned message. */
export interface Tree {
  readonly text: string;
  readonly root: Element;
  readonly ids: readonly IdAttribute[];
}

/** Whether an element has the expanded name {namespace}local. */
export function isNamed(element: Element, namespace: string, local: string): boolean {
  return element.local === local && element.namespace === namespace;
}

/** The first child of that expanded name. */
export function childNamed(content: Content, namespace: string, local: string): Element | undefined {
  return content.children.find(child => isNamed(child, namespace, local));
}

/** All children of that expanded name, in document order. */
export function childrenNamed(content: Content, namespace: string, local: string): readonly Element[] {
  return content.children.filter(child => isNamed(child, namespace, local));
}

/** Value of the attribute of that expanded name; '' stands for no namespace. */
export function attributeValue(element: Element, namespace: string, local: string): string | undefined {
  if (element.attributes.length === 0) return undefined;
  for (const attribute of element.attributes) {
    if (attribute.local === local && attribute.namespace === namespace) return attribute.value;
  }
  return undefined;
}

/**
 * The decoded text of an element that holds one run of text and nothing else; CDATA counts as text.
 *
 * @param fault class of the refusal, `invalidSecurity` by default.
 * @param maxChars longest text as written, unlimited by default.
 * @throws {Refusal} `leaf-content` where it has child elements or comments: a comment could hide half of a value from
 * one of two readers; `leaf-length` above `maxChars`.
 */
export function leafText(
  element: Element,
  fault: FaultClass = 'invalidSecurity',
  maxChars = Number.POSITIVE_INFINITY,
): string {
  if (element.children.length > 0 || (element.marks & marks.comments) !== 0) refuse(fault, 'leaf-content');
  if (element.contentEnd - element.contentStart > maxChars) refuse(fault, 'leaf-length');
  const raw = element.source.slice(element.contentStart, element.contentEnd);
  return (element.marks & (marks.references | marks.carriageReturns | marks.cdata)) === 0 ? raw : decodeText(raw);
}

/**
 * The namespace that a prefix stands for inside an element ('' for the default namespace); undefined where it is not
 * declared.
 */
export function namespaceOf(element: Element, prefix: string): string | undefined {
  if (prefix === 'xml') return ns.xml;
  return bindingOf(element.scope, prefix)?.uri ?? (prefix === '' ? '' : undefined);
}

/** The innermost declaration of a prefix. */
export function bindingOf(scope: Scope | undefined, prefix: string): Scope | undefined {
  for (let binding = scope; binding !== undefined; binding = binding.outer) {
    if (binding.prefix === prefix) return binding;
  }
  return undefined;
}

/** The bindings that hold in a scope, by prefix. */
export function bindingsIn(scope: Scope | undefined): Map<string, Scope> {
  const bindings = new Map<string, Scope>();
  for (let binding = scope; binding !== undefined; binding = binding.outer) {
    if (!bindings.has(binding.prefix)) bindings.set(binding.prefix, binding);
  }
  return bindings;
}

/** How many declarations have a bit: as many as fit a small integer. */
export const maxBits = 30;

/** The bit of a declaration in a set of bindings; 0 where it is too deep to have one. */
export function bindingBit(binding: Scope): number {
  return binding.depth <= maxBits ? 1 << (binding.depth - 1) : 0;
}

/** The bits of all declarations in a scope. */
export function scopeBits(scope: Scope | undefined): number {
  if (scope === undefined) return 0;
  return scope.depth >= maxBits ? 0x3fffffff : (1 << scope.depth) - 1;
}
