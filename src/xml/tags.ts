import { refuse } from '../errors.ts';
import { decodeAttribute } from './character-data.ts';
import { isQualifiedName, isSpace, nameClasses } from './characters.ts';
import {
  type Cursor,
  countNode,
  find,
  nextBreak,
  nextReference,
  nextTag,
  noChildren,
  type Open,
  type OpenAttribute,
} from './cursor.ts';
import { declare } from './declarations.ts';
import { resolveNames } from './expanded-names.ts';
import { referenceEnd } from './references.ts';
import { type Element, marks } from './tree.ts';

/** Start tags: names and attributes. */

const space = 0x20;
const doubleQuote = 0x22;
const singleQuote = 0x27;
const slash = 0x2f;
const equals = 0x3d;
const greaterThan = 0x3e;
const tagWritingDiffers = marks.tagsDiffer | marks.attributesDiffer;
const noAttributes: OpenAttribute[] = [];
Object.freeze(noAttributes);

/** References that canonical XML writes in an attribute's value (Canonical XML 1.0 §2.3). */
const canonicalInAttribute = ['&amp;', '&lt;', '&quot;', '&#x9;', '&#xA;', '&#xD;'];

/**
 * Scans the start tag or empty-element tag at `lt` and leaves the cursor behind it.
 *
 * @param parent parent of the new element in the tree.
 */
export function scanStartTag(cursor: Cursor, parent: Element | undefined, lt: number): Open {
  const { source } = cursor;
  const nameEnd = scanName(cursor, lt + 1);
  const element = openElement(cursor, parent, lt, nameEnd);
  const at = scanAttributes(cursor, element, nameEnd);
  element.attributes = attributesOf(cursor);
  if (source.charCodeAt(at) === slash) {
    if (source.charCodeAt(at + 1) !== greaterThan) refuse('malformed', 'xml-tag');
    element.marks |= marks.empty;
    element.contentStart = at + 2;
    element.contentEnd = at + 2;
    element.end = at + 2;
  } else {
    element.contentStart = at + 1;
  }
  resolveNames(cursor, element, parent?.scope);
  cursor.at = element.contentStart;
  return element;
}

/** The attributes of the tag that was scanned last; a literal is what most tags need, and is quicker than a slice. */
function attributesOf({ attributes, attributeCount }: Cursor): OpenAttribute[] {
  const [first] = attributes;
  if (attributeCount === 0 || first === undefined) return noAttributes;
  return attributeCount === 1 ? [first] : attributes.slice(0, attributeCount);
}

function openElement(cursor: Cursor, parent: Element | undefined, lt: number, nameEnd: number): Open {
  const { source, colon } = cursor;
  const name = source.slice(lt + 1, nameEnd);
  cursor.attributeCount = 0;
  return {
    source,
    name,
    prefix: colon === -1 ? '' : source.slice(lt + 1, colon),
    local: colon === -1 ? name : source.slice(colon + 1, nameEnd),
    namespace: '',
    attributes: noAttributes,
    binding: undefined,
    scope: parent?.scope,
    parent,
    children: noChildren,
    start: lt,
    attributesStart: nameEnd,
    contentStart: 0,
    contentEnd: 0,
    end: 0,
    marks: 0,
    uses: 0,
    redeclares: 0,
    contentUses: 0,
    contentRedeclares: 0,
  };
}

/** End of the QName at `from`; its colon goes to the cursor. @throws {Refusal} `xml-name`, `xml-name-length`. */
function scanName(cursor: Cursor, from: number): number {
  const { source } = cursor;
  let colon = -1;
  let at = from;
  if (!startsName(source, from)) refuse('malformed', 'xml-name');
  for (;;) {
    const code = source.charCodeAt(at);
    if (code >= 128) return scanUnicodeName(cursor, from);
    // Beyond the end of the text the code is NaN, which has no class.
    const kind = nameClasses[code] ?? 0;
    if (kind === 0) break;
    at++;
    if (kind === 3) {
      if (colon !== -1 || !startsName(source, at)) refuse('malformed', 'xml-name');
      colon = at - 1;
    }
  }
  if (at - from > cursor.limits.maxNameChars) refuse('malformed', 'xml-name-length');
  cursor.colon = colon;
  return at;
}

/** Whether a name may start here; what is not ASCII is looked at later. */
function startsName(source: string, at: number): boolean {
  const code = source.charCodeAt(at);
  return nameClasses[code] === 2 || code >= 128;
}

/** The same for a name that is not ASCII alone. */
function scanUnicodeName(cursor: Cursor, from: number): number {
  const { source } = cursor;
  let at = from;
  for (let code = source.charCodeAt(at); code >= 128 || (nameClasses[code] ?? 0) > 0; code = source.charCodeAt(at))
    at++;
  if (at - from > cursor.limits.maxNameChars) refuse('malformed', 'xml-name-length');
  const name = source.slice(from, at);
  if (!isQualifiedName(name)) refuse('malformed', 'xml-name');
  const colon = name.indexOf(':');
  cursor.colon = colon === -1 ? -1 : from + colon;
  return at;
}

/** Index of the first character at or after `from` that is no white space. */
export function skipSpace(source: string, from: number): number {
  let at = from;
  while (isSpace(source.charCodeAt(at))) at++;
  return at;
}

/** Scans up to the `>` or `/>` of a tag and returns its index. */
function scanAttributes(cursor: Cursor, element: Open, from: number): number {
  const { source } = cursor;
  let at = from;
  for (;;) {
    const code = source.charCodeAt(at);
    if (code === greaterThan || code === slash) return at;
    const begin = skipSpace(source, at);
    if (begin === at) refuse('malformed', 'xml-tag');
    const next = source.charCodeAt(begin);
    // One space before /> is how many writers end an empty-element tag; canonical.ts knows it.
    if (begin !== at + 1 || code !== space || next === greaterThan) element.marks |= tagWritingDiffers;
    if (next === greaterThan || next === slash) return begin;
    at = scanAttribute(cursor, element, begin);
  }
}

/** Scans one attribute or namespace declaration and returns the index behind its closing quote. */
function scanAttribute(cursor: Cursor, element: Open, begin: number): number {
  const { source } = cursor;
  countNode(cursor);
  const nameEnd = scanName(cursor, begin);
  const { colon } = cursor;
  const from = scanEquals(source, element, nameEnd);
  const to = source.indexOf(source.charCodeAt(from - 1) === doubleQuote ? '"' : "'", from);
  if (to === -1 || to > nextTag(cursor, begin)) refuse('malformed', 'xml-attribute');
  if (to - from > cursor.limits.maxValueChars) refuse('malformed', 'xml-value-length');
  const value = attributeText(cursor, element, from, to);
  if ((colon === begin + 5 || nameEnd === begin + 5) && source.startsWith('xmlns', begin)) {
    declare(cursor, element, colon === -1 ? '' : source.slice(colon + 1, nameEnd), value);
    if (cursor.attributeCount > 0) element.marks |= tagWritingDiffers;
    else element.attributesStart = to + 1;
  } else {
    addAttribute(cursor, element, source.slice(begin, nameEnd), colon === -1 ? -1 : colon - begin, value);
  }
  return to + 1;
}

/** Scans `=` and the opening quote, and returns the index where the value begins. */
function scanEquals(source: string, element: Open, from: number): number {
  let at = from;
  if (source.charCodeAt(at) === equals && source.charCodeAt(at + 1) === doubleQuote) return at + 2;
  element.marks |= tagWritingDiffers;
  at = skipSpace(source, at);
  if (source.charCodeAt(at) !== equals) refuse('malformed', 'xml-attribute');
  at = skipSpace(source, at + 1);
  const quote = source.charCodeAt(at);
  if (quote !== doubleQuote && quote !== singleQuote) refuse('malformed', 'xml-attribute');
  return at + 1;
}

function attributeText(cursor: Cursor, element: Open, from: number, to: number): string {
  const raw = cursor.source.slice(from, to);
  const references = nextReference(cursor, from) < to;
  const breaks = nextBreak(cursor, from) < to;
  if (!references && !breaks) return raw;
  const canonical = !references || checkReferences(cursor, to, canonicalInAttribute);
  if (breaks || !canonical) element.marks |= tagWritingDiffers;
  return decodeAttribute(raw);
}

/**
 * Checks the references up to `to`, from the next one on.
 *
 * @returns whether all of them are among the canonical ones.
 * @throws {Refusal} `xml-reference` for a bare &, an entity that XML doesn't define, a character that XML forbids.
 */
export function checkReferences(cursor: Cursor, to: number, canonical: readonly string[]): boolean {
  const { source } = cursor;
  let all = true;
  while (cursor.reference < to) {
    const end = referenceEnd(source, cursor.reference);
    if (end === -1) refuse('malformed', 'xml-reference');
    all &&= isOneOf(canonical, source, cursor.reference);
    cursor.reference = find(source, '&', end);
  }
  return all;
}

function isOneOf(references: readonly string[], source: string, at: number): boolean {
  for (const reference of references) if (source.startsWith(reference, at)) return true;
  return false;
}

function addAttribute(cursor: Cursor, element: Open, name: string, colon: number, value: string): void {
  const prefix = colon === -1 ? '' : name.slice(0, colon);
  const local = colon === -1 ? name : name.slice(colon + 1);
  const attribute = { name, prefix, local, namespace: '', binding: undefined, value };
  if (cursor.attributeCount >= cursor.limits.maxAttributes) refuse('malformed', 'xml-attributes');
  cursor.attributes[cursor.attributeCount++] = attribute;
  if (isIdName(local)) cursor.ids.push({ element, attribute });
}

function isIdName(local: string): boolean {
  return local.length === 2 ? local === 'Id' || local === 'ID' || local === 'id' : local === 'AssertionID';
}
