import { compareCodePoints, decodeText } from './characters.ts';
import { compareAttributes } from './tags.ts';
import {
  bindingBit,
  bindingOf,
  type Content,
  type Element,
  type Fragment,
  marks,
  type Scope,
  scopeBits,
} from './tree.ts';
import { escapeAttribute, escapeText, writeDeclaration } from './write.ts';

/**
 * Exclusive XML Canonicalization 1.0 without comments. The scanner has marked what is written the canonical way already, so that most parts are
 * one slice of the source; only what differs is written anew. Recursion is as deep as the elements are nested, which the scanner limits.
 */

export interface CanonicalOptions {
  /** PrefixList of InclusiveNamespaces; `#default` is the default namespace. */
  readonly prefixes?: readonly string[];
  /** An EncryptedData element → what stands in its place. The apex itself is never replaced. */
  readonly plaintexts?: ReadonlyMap<Element, Fragment>;
}

/** Declarations that output ancestors have rendered, innermost first, and the scanner's bits of these bindings. */
interface Rendered {
  readonly list: Scope | undefined;
  readonly bits: number;
}

interface Output {
  text: string;
  /** While empty-element tags are expanded: how far the source has been copied. */
  copied: number;
  readonly prefixes: readonly string[];
  readonly plaintexts: ReadonlyMap<Element, Fragment>;
  /** Elements that are replaced, or that hold one that is. */
  readonly disturbed: ReadonlySet<Element>;
}

const nothingRendered: Rendered = { list: undefined, bits: 0 };
const noPrefixes: readonly string[] = [];
const noPlaintexts: ReadonlyMap<Element, Fragment> = new Map();
const undisturbed: ReadonlySet<Element> = new Set();

/** The exclusive canonical form of an element and all it holds. */
export function canonicalize(element: Element, options: CanonicalOptions = {}): string {
  const prefixes = options.prefixes?.map(prefix => (prefix === '#default' ? '' : prefix)) ?? noPrefixes;
  const plaintexts = options.plaintexts ?? noPlaintexts;
  const output = { text: '', copied: 0, prefixes, plaintexts, disturbed: disturbedBy(plaintexts) };
  if (prefixes.length === 0) writeElement(output, element, nothingRendered);
  else writeAnew(output, element, nothingRendered);
  return output.text;
}

function disturbedBy(plaintexts: ReadonlyMap<Element, Fragment>): ReadonlySet<Element> {
  if (plaintexts.size === 0) return undisturbed;
  const disturbed = new Set<Element>();
  for (const key of plaintexts.keys()) {
    for (let at: Element | undefined = key; at !== undefined && !disturbed.has(at); at = at.parent) disturbed.add(at);
  }
  return disturbed;
}

function writeElement(output: Output, element: Element, rendered: Rendered): void {
  const outerBits = scopeBits(element.parent?.scope);
  const asWritten =
    (element.marks & (marks.tagsDiffer | marks.contentDiffers)) === 0 &&
    ((element.uses | element.contentUses) & outerBits & ~rendered.bits) === 0 &&
    ((element.redeclares | element.contentRedeclares) & outerBits & rendered.bits) === 0 &&
    !output.disturbed.has(element);
  if (asWritten) copyElement(output, element);
  else writeAnew(output, element, rendered);
}

function writeAnew(output: Output, element: Element, rendered: Rendered): void {
  const inner = writeStartTag(output, element, rendered);
  writeContent(output, element, inner);
  output.text += `</${element.name}>`;
}

function writeContent(output: Output, content: Content, rendered: Rendered): void {
  const asWritten =
    (content.marks & marks.contentDiffers) === 0 &&
    (content.contentUses & ~rendered.bits) === 0 &&
    (content.contentRedeclares & rendered.bits) === 0 &&
    (output.disturbed.size === 0 || !content.children.some(child => output.disturbed.has(child)));
  if (asWritten) copyContent(output, content, content.contentStart, content.contentEnd);
  else writePieces(output, content, rendered);
}

/** Writes the children and the text between them. */
function writePieces(output: Output, content: Content, rendered: Rendered): void {
  let at = content.contentStart;
  for (const child of content.children) {
    if (at < child.start) writeText(output, content, at, child.start);
    const plaintext = output.plaintexts.get(child);
    if (plaintext === undefined) writeElement(output, child, rendered);
    else writeContent(output, plaintext, rendered);
    at = child.end;
  }
  if (at < content.contentEnd) writeText(output, content, at, content.contentEnd);
}

function writeText(output: Output, content: Content, from: number, to: number): void {
  const raw = content.source.slice(from, to);
  output.text += (content.marks & marks.textDiffers) === 0 ? raw : escapeText(decodeText(raw));
}

/** Copies an element that is canonical as written, its empty-element tags aside. */
function copyElement(output: Output, element: Element): void {
  if ((element.marks & marks.empty) !== 0) {
    output.text += `${element.source.slice(element.start, emptyTagEnd(element))}></${element.name}>`;
  } else {
    copyContent(output, element, element.start, element.end);
  }
}

/** Copies a range that holds the content and nothing else with an empty-element tag. */
function copyContent(output: Output, content: Content, from: number, to: number): void {
  output.copied = from;
  if ((content.marks & marks.emptyInside) !== 0) expandEmptyTags(output, content);
  output.text += content.source.slice(output.copied, to);
}

function expandEmptyTags(output: Output, content: Content): void {
  for (const child of content.children) {
    if ((child.marks & marks.empty) !== 0) {
      output.text += `${child.source.slice(output.copied, emptyTagEnd(child))}></${child.name}>`;
      output.copied = child.end;
    } else if ((child.marks & marks.emptyInside) !== 0) {
      expandEmptyTags(output, child);
    }
  }
}

/** Where an empty-element tag ends but for `/>` and one space before it. */
function emptyTagEnd(element: Element): number {
  const slash = element.end - 2;
  return element.source.charCodeAt(slash - 1) === 0x20 ? slash - 1 : slash;
}

/** Writes a start tag with the declarations that are wanted here, and returns what is rendered inside. */
function writeStartTag(output: Output, element: Element, rendered: Rendered): Rendered {
  const wanted: Scope[] = [];
  want(wanted, element, element.prefix, rendered);
  for (const { prefix } of element.attributes) {
    // An attribute without a prefix has no namespace; xml needs no declaration.
    if (prefix !== '') want(wanted, element, prefix, rendered);
  }
  let bits = rendered.bits | element.uses;
  // Where nothing is declared, what the PrefixList wants has been rendered further out.
  if (rendered === nothingRendered || element.scope !== element.parent?.scope) {
    for (const prefix of output.prefixes) bits |= want(wanted, element, prefix, rendered);
  }
  if (wanted.length > 1) wanted.sort((a, b) => compareCodePoints(a.prefix, b.prefix));
  let { list } = rendered;
  output.text += `<${element.name}`;
  for (const { prefix, uri } of wanted) {
    list = { prefix, uri, outer: list, depth: 0 };
    output.text += ` ${writeDeclaration(list)}`;
  }
  writeAttributes(output, element);
  return { list, bits };
}

const noDefaultNamespace: Scope = { prefix: '', uri: '', outer: undefined, depth: 0 };

/**
 * Adds the binding of a prefix where no output ancestor has rendered it (Exclusive XML Canonicalization 1.0 §3).
 *
 * @returns the bit of the binding.
 */
function want(wanted: Scope[], element: Element, prefix: string, rendered: Rendered): number {
  const binding = bindingOf(element.scope, prefix) ?? (prefix === '' ? noDefaultNamespace : undefined);
  if (binding === undefined) return 0;
  const bit = binding.depth === 0 ? 0 : bindingBit(binding);
  if ((bit & rendered.bits) !== 0) return bit;
  const uri = bindingOf(rendered.list, prefix)?.uri ?? '';
  if (uri !== binding.uri && !wanted.includes(binding)) wanted.push(binding);
  return bit;
}

function writeAttributes(output: Output, element: Element): void {
  const { attributes, attributesStart, contentStart, source } = element;
  if (attributes.length === 0) {
    output.text += '>';
  } else if ((element.marks & marks.attributesDiffer) === 0) {
    const end = (element.marks & marks.empty) !== 0 ? emptyTagEnd(element) : contentStart - 1;
    output.text += `${source.slice(attributesStart, end)}>`;
  } else {
    for (const { name, value } of [...attributes].sort(compareAttributes)) {
      output.text += ` ${name}="${escapeAttribute(value)}"`;
    }
    output.text += '>';
  }
}
