import { refuse } from '../errors.ts';
import { type Bindings, openBindings } from './bindings.ts';
import type { Limits } from './limits.ts';
import { type Namespaces, openNamespaces } from './namespaces.ts';
import type { Attribute, Content, Element, IdAttribute } from './tree.ts';

/** An element (or the holder of a document's or fragment's content) while it is being scanned. */
export type Open = { -readonly [K in keyof Element]: Element[K] } & { children: Element[] };

/** An attribute while its start tag is being scanned. */
export type OpenAttribute = { -readonly [K in keyof Attribute]: Attribute[K] };

/** Where a scan stands in its text. */
export interface Cursor {
  readonly source: string;
  readonly limits: Limits;
  readonly ids: IdAttribute[];
  readonly namespaces: Namespaces;
  readonly bindings: Bindings;
  /** Room for the attributes of one start tag; the first `attributeCount` belong to it. */
  readonly attributes: OpenAttribute[];
  attributeCount: number;
  at: number;
  nodes: number;
  /** Depth of the element that is open. */
  depth: number;
  /** Index of the colon in the name that was scanned last; -1 for none. */
  colon: number;
  // The next place of each character, or the length of the text; looked up again only when passed, so that a scan stays
  // linear.
  tag: number;
  bracket: number;
  reference: number;
  carriageReturn: number;
  lineFeed: number;
  tab: number;
}

/**
 * A cursor at the start of a text.
 *
 * @param parent the element that the text is the content of; undefined for a document
 * @param isOneLine the text is known to have no line break and no tab
 */
export function cursorOf(source: string, limits: Limits, parent: Element | undefined, isOneLine: boolean): Cursor {
  const none = source.length;
  return {
    source,
    limits,
    ids: [],
    namespaces: parent?.scope?.namespaces ?? openNamespaces(),
    bindings: openBindings(parent?.scope),
    attributes: [],
    attributeCount: 0,
    at: 0,
    nodes: 0,
    depth: depthOf(parent),
    colon: -1,
    tag: -1,
    bracket: -1,
    reference: find(source, '&', 0),
    carriageReturn: isOneLine ? none : find(source, '\r', 0),
    lineFeed: isOneLine ? none : find(source, '\n', 0),
    tab: isOneLine ? none : find(source, '\t', 0),
  };
}

function depthOf(element: Element | undefined): number {
  let depth = 0;
  for (let at = element; at !== undefined; at = at.parent) depth++;
  return depth;
}

/** Index of a character at or after `from`; the length of the text where there is none. */
export function find(source: string, char: string, from: number): number {
  const at = source.indexOf(char, from);
  return at === -1 ? source.length : at;
}

/** The next `<` at or after `from`. */
export function nextTag(cursor: Cursor, from: number): number {
  if (cursor.tag < from) cursor.tag = find(cursor.source, '<', from);
  return cursor.tag;
}

/** The next `>` at or after `from`. */
export function nextBracket(cursor: Cursor, from: number): number {
  if (cursor.bracket < from) cursor.bracket = find(cursor.source, '>', from);
  return cursor.bracket;
}

/** The next `&` at or after `from`. */
export function nextReference(cursor: Cursor, from: number): number {
  if (cursor.reference < from) cursor.reference = find(cursor.source, '&', from);
  return cursor.reference;
}

/** The next carriage return at or after `from`. */
export function nextCarriageReturn(cursor: Cursor, from: number): number {
  if (cursor.carriageReturn < from) cursor.carriageReturn = find(cursor.source, '\r', from);
  return cursor.carriageReturn;
}

/** The next tab, line feed or carriage return at or after `from`. */
export function nextBreak(cursor: Cursor, from: number): number {
  if (cursor.lineFeed < from) cursor.lineFeed = find(cursor.source, '\n', from);
  if (cursor.tab < from) cursor.tab = find(cursor.source, '\t', from);
  return Math.min(cursor.lineFeed, cursor.tab, nextCarriageReturn(cursor, from));
}

/** Counts a node. @throws {Refusal} `xml-nodes`. */
export function countNode(cursor: Cursor): void {
  if (++cursor.nodes > cursor.limits.maxNodes) refuse('malformed', 'xml-nodes');
}

const nothing: Element[] = [];
Object.freeze(nothing);

/** The list that elements without children share. */
export const noChildren: Element[] = nothing;

/** What holds the content of a document (`parent` undefined) or of a fragment. */
export function holderOf(source: string, parent: Element | undefined): Open {
  return {
    source,
    name: '',
    prefix: '',
    local: '',
    namespace: '',
    attributes: [],
    binding: undefined,
    scope: parent?.scope,
    parent,
    children: noChildren,
    start: 0,
    attributesStart: 0,
    contentStart: 0,
    contentEnd: source.length,
    end: source.length,
    marks: 0,
    uses: 0,
    redeclares: 0,
    contentUses: 0,
    contentRedeclares: 0,
  };
}

/** The content that a holder has gathered. */
export function contentOf(holder: Open): Content {
  const { source, contentStart, contentEnd, children, marks, contentUses, contentRedeclares } = holder;
  return { source, contentStart, contentEnd, children, marks, contentUses, contentRedeclares };
}
