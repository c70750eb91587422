import { type FaultClass, refuse } from '../errors.ts';
import { decodeText } from './character-data.ts';
import { compareCodePoints } from './characters.ts';
import type { Limits } from './limits.ts';
import { type Namespaces, namespaceRanks, openNamespaces } from './namespaces.ts';
import {
  type Attribute,
  bindingBit,
  bindingOf,
  type Content,
  type Element,
  type Fragment,
  marks,
  type Scope,
  scopeBits,
} from './tree.ts';
import { type Binding, escapeAttribute, escapeText, writeDeclaration } from './write.ts';

/**
 * Exclusive XML Canonicalization 1.0 without comments. The scanner has marked what is written the canonical way
 * already, so that most parts are one slice of the source; only what differs is written anew. Recursion is as deep as
 * the elements are nested, which the scanner limits.
 */

/** How many octets the canonical forms of one message may still have together. */
export interface CanonicalAllowance {
  octets: number;
}

/** Room for declarations that the parts of a short message have from around them. */
const allowanceOctets = 64 * 1024;

/** What the canonical forms of a message of so many bytes may have together. */
export function canonicalAllowance(bytes: number, { canonicalFactor }: Limits): CanonicalAllowance {
  return { octets: canonicalFactor * bytes + allowanceOctets };
}

export interface CanonicalOptions {
  /** PrefixList of InclusiveNamespaces; `#default` is the default namespace. */
  readonly prefixes?: readonly string[];
  /** An EncryptedData element → what stands in its place. The apex itself is never replaced. */
  readonly plaintexts?: ReadonlyMap<Element, Fragment>;
  /** What the form is counted against: it can be many times as long as its element. Default: not counted. */
  readonly allowance?: CanonicalAllowance;
  /** Class of the refusal of a form that is too long. Default `invalidSecurity`. */
  readonly fault?: FaultClass;
}

interface Output {
  /** What is written already, up to the last long text, and what is written after it. */
  readonly texts: string[];
  text: string;
  chars: number;
  /** While empty-element tags are expanded: how far the source has been copied. */
  copied: number;
  /** Octets that may be written; counted as characters until the end, of which none has less than one octet. */
  readonly maxOctets: number;
  readonly fault: FaultClass;
  readonly prefixes: ReadonlySet<string>;
  readonly plaintexts: ReadonlyMap<Element, Fragment>;
  /** Elements that are replaced, or that hold one that is. */
  readonly disturbed: ReadonlySet<Element>;
  /** The URI that each prefix was declared with by the innermost output ancestor that did. */
  readonly rendered: Map<string, string>;
}

const noPrefixes: ReadonlySet<string> = new Set();
const noPlaintexts: ReadonlyMap<Element, Fragment> = new Map();
const undisturbed: ReadonlySet<Element> = new Set();

/** Longer texts are not copied to stand together with others. */
const longChars = 16_384;

/**
 * The exclusive canonical form of an element and all it holds.
 *
 * @throws {Refusal} `limit-canonical` for a form that is longer than what is left of the allowance
 */
export function canonicalize(element: Element, options?: CanonicalOptions): string {
  return canonicalTexts(element, options).join('');
}

/** The same, in texts that stand one behind the other: what is long is not in memory once more. */
export function canonicalTexts(element: Element, options: CanonicalOptions = {}): readonly string[] {
  const { plaintexts = noPlaintexts, allowance, fault = 'invalidSecurity' } = options;
  const output: Output = {
    texts: [],
    text: '',
    chars: 0,
    copied: 0,
    maxOctets: allowance?.octets ?? Number.POSITIVE_INFINITY,
    fault,
    prefixes: prefixSet(options.prefixes),
    plaintexts,
    disturbed: disturbedBy(plaintexts),
    rendered: new Map(),
  };
  if (output.prefixes.size === 0) writeElement(output, element, 0);
  else writeAnew(output, element, 0, element);
  const texts = output.texts.length === 0 ? [output.text] : [...output.texts, output.text];
  if (allowance !== undefined) spend(allowance, texts, fault);
  return texts;
}

function prefixSet(prefixes: readonly string[] | undefined): ReadonlySet<string> {
  if (prefixes === undefined || prefixes.length === 0) return noPrefixes;
  return new Set(prefixes.map(prefix => (prefix === '#default' ? '' : prefix)));
}

function spend(allowance: CanonicalAllowance, texts: readonly string[], fault: FaultClass): void {
  for (const text of texts) allowance.octets -= Buffer.byteLength(text);
  if (allowance.octets < 0) refuse(fault, 'limit-canonical');
}

function emit(output: Output, text: string): void {
  output.chars += text.length;
  if (output.chars > output.maxOctets) refuse(output.fault, 'limit-canonical');
  if (text.length <= longChars) output.text += text;
  else {
    output.texts.push(output.text, text);
    output.text = '';
  }
}

function disturbedBy(plaintexts: ReadonlyMap<Element, Fragment>): ReadonlySet<Element> {
  if (plaintexts.size === 0) return undisturbed;
  const disturbed = new Set<Element>();
  for (const key of plaintexts.keys()) {
    for (let at: Element | undefined = key; at !== undefined && !disturbed.has(at); at = at.parent) disturbed.add(at);
  }
  return disturbed;
}

/** @param bits the scanner's bits of the bindings that output ancestors have rendered */
function writeElement(output: Output, element: Element, bits: number): void {
  const outerBits = scopeBits(element.parent?.scope);
  const asWritten =
    (element.marks & (marks.tagsDiffer | marks.contentDiffers)) === 0 &&
    ((element.uses | element.contentUses) & outerBits & ~bits) === 0 &&
    ((element.redeclares | element.contentRedeclares) & outerBits & bits) === 0 &&
    !output.disturbed.has(element);
  if (asWritten) copyElement(output, element);
  else writeAnew(output, element, bits, undefined);
}

/**
 * @param apex the element itself where it is the one that is canonicalized: it may render what is declared around it
 */
function writeAnew(output: Output, element: Element, bits: number, apex: Element | undefined): void {
  const wanted = wantedBy(output, element, bits, apex);
  writeStartTag(output, element, wanted.declarations);
  writeContent(output, element, wanted.bits);
  emit(output, `</${element.name}>`);
  for (const { prefix, before } of wanted.declarations) {
    if (before === undefined) output.rendered.delete(prefix);
    else output.rendered.set(prefix, before);
  }
}

function writeContent(output: Output, content: Content, bits: number): void {
  const asWritten =
    (content.marks & marks.contentDiffers) === 0 &&
    (content.contentUses & ~bits) === 0 &&
    (content.contentRedeclares & bits) === 0 &&
    (output.disturbed.size === 0 || !content.children.some(child => output.disturbed.has(child)));
  if (asWritten) copyContent(output, content, content.contentStart, content.contentEnd);
  else writePieces(output, content, bits);
}

/** Writes the children and the text between them. */
function writePieces(output: Output, content: Content, bits: number): void {
  let at = content.contentStart;
  for (const child of content.children) {
    if (at < child.start) writeText(output, content, at, child.start);
    const plaintext = output.plaintexts.get(child);
    if (plaintext === undefined) writeElement(output, child, bits);
    else writeContent(output, plaintext, bits);
    at = child.end;
  }
  if (at < content.contentEnd) writeText(output, content, at, content.contentEnd);
}

function writeText(output: Output, content: Content, from: number, to: number): void {
  const raw = content.source.slice(from, to);
  emit(output, (content.marks & marks.textDiffers) === 0 ? raw : escapeText(decodeText(raw)));
}

/** Copies an element that is canonical as written, its empty-element tags aside. */
function copyElement(output: Output, element: Element): void {
  if ((element.marks & marks.empty) !== 0) {
    emit(output, `${element.source.slice(element.start, emptyTagEnd(element))}></${element.name}>`);
  } else {
    copyContent(output, element, element.start, element.end);
  }
}

/** Copies a range that holds the content and nothing else with an empty-element tag. */
function copyContent(output: Output, content: Content, from: number, to: number): void {
  output.copied = from;
  if ((content.marks & marks.emptyInside) !== 0) expandEmptyTags(output, content);
  emit(output, content.source.slice(output.copied, to));
}

function expandEmptyTags(output: Output, content: Content): void {
  for (const child of content.children) {
    if ((child.marks & marks.empty) !== 0) {
      emit(output, `${child.source.slice(output.copied, emptyTagEnd(child))}></${child.name}>`);
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

/** A declaration that is rendered, and the URI that its prefix was rendered with further out. */
interface Declaration extends Binding {
  readonly before: string | undefined;
}

interface Wanted {
  readonly declarations: Declaration[];
  /** The bits of all bindings that are rendered inside. */
  bits: number;
}

/**
 * The declarations that a start tag renders (Exclusive XML Canonicalization 1.0 §3): those that its names use, and
 * those of the PrefixList. Of the latter, what isn't declared here was rendered further out.
 */
function wantedBy(output: Output, element: Element, bits: number, apex: Element | undefined): Wanted {
  const wanted: Wanted = { declarations: [], bits: bits | element.uses };
  if (element.prefix !== 'xml') want(output, wanted, element.binding ?? noDefaultNamespace);
  for (const { binding } of element.attributes) {
    if (binding !== undefined) want(output, wanted, binding);
  }
  if (output.prefixes.size !== 0) wantListed(output, wanted, element, apex);
  const { declarations } = wanted;
  if (declarations.length > 1) declarations.sort((a, b) => compareCodePoints(a.prefix, b.prefix));
  return wanted;
}

const noDefaultNamespace: Binding = { prefix: '', uri: '' };

/** Adds a binding where no output ancestor has rendered it. */
function want({ rendered }: Output, { declarations }: Wanted, { prefix, uri }: Binding): void {
  const before = rendered.get(prefix);
  if ((before ?? '') === uri) return;
  declarations.push({ prefix, uri, before });
  rendered.set(prefix, uri);
}

function wantListed(output: Output, wanted: Wanted, element: Element, apex: Element | undefined): void {
  const listed = (binding: Scope | undefined) => {
    if (binding === undefined) return;
    wanted.bits |= bindingBit(binding);
    want(output, wanted, binding);
  };
  if (element === apex) {
    for (const prefix of output.prefixes) listed(bindingOf(element.scope, prefix));
    return;
  }
  const outer = element.parent?.scope;
  for (let at = element.scope; at !== undefined && at !== outer; at = at.outer) {
    if (output.prefixes.has(at.prefix)) listed(at);
  }
}

function writeStartTag(output: Output, element: Element, declarations: readonly Declaration[]): void {
  emit(output, `<${element.name}`);
  for (const declaration of declarations) emit(output, ` ${writeDeclaration(declaration)}`);
  writeAttributes(output, element);
}

function writeAttributes(output: Output, element: Element): void {
  const { attributes, attributesStart, contentStart, source } = element;
  if (attributes.length === 0) {
    emit(output, '>');
  } else if ((element.marks & marks.attributesDiffer) === 0) {
    const end = (element.marks & marks.empty) !== 0 ? emptyTagEnd(element) : contentStart - 1;
    emit(output, `${source.slice(attributesStart, end)}>`);
  } else {
    for (const { name, value } of inOrder(attributes, element.scope?.namespaces ?? openNamespaces())) {
      emit(output, ` ${name}="${escapeAttribute(value)}"`);
    }
    emit(output, '>');
  }
}

/** Attributes by namespace URI, then by local name (Canonical XML 1.0 §2.2). */
function inOrder(attributes: readonly Attribute[], namespaces: Namespaces): readonly Attribute[] {
  if (attributes.length < 2) return attributes;
  const ranks = namespaceRanks(namespaces);
  const rankOf = ({ namespace }: Attribute) => ranks.get(namespace) ?? 0;
  return [...attributes].sort((a, b) => rankOf(a) - rankOf(b) || compareCodePoints(a.local, b.local));
}
