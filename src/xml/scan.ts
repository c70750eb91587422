import { TextDecoder } from 'node:util';
import { refuse } from '../errors.ts';
import { unbind } from './bindings.ts';
import { hasOnlyCharacters, isPrintableAscii } from './characters.ts';
import {
  type Cursor,
  contentOf,
  countNode,
  cursorOf,
  holderOf,
  nextBracket,
  nextCarriageReturn,
  nextReference,
  nextTag,
  type Open,
} from './cursor.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { checkReferences, scanStartTag, skipSpace } from './tags.ts';
import { type Element, type Fragment, marks, scopeBits, type Tree } from './tree.ts';

/**
 * The strict scanner: one pass over the text, without recursion, that checks well-formedness, namespaces and limits as
 * it goes. SOAP 1.1 §3 and SOAP 1.2 Part 1 §5 forbid document type declarations and processing instructions; both are
 * refused anywhere.
 */

const exclamationMark = 0x21;
const slash = 0x2f;
const greaterThan = 0x3e;
const questionMark = 0x3f;
const textDiffers = marks.textDiffers | marks.contentDiffers;

/** References that canonical XML writes in text (Canonical XML 1.0 §2.3). */
const canonicalInText = ['&amp;', '&lt;', '&gt;', '&#xD;'];

/** A byte order mark belongs to a file or a message; inside of one it is a character like others. */
const documentDecoder = new TextDecoder('utf-8', { fatal: true });
const fragmentDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Scans a message; a byte order mark at the start is passed over.
 *
 * @throws {Refusal} `malformed`, with a reason that begins with `xml-`: not UTF-8, not well-formed, not
 * namespace-well-formed, a DOCTYPE, a processing instruction, a relative namespace URI, a limit passed.
 */
export function scan(bytes: Uint8Array, limits: Limits = defaultLimits): Tree {
  return scanDocument(readText(bytes, limits, documentDecoder), limits);
}

/** Scans a message that is text already. @throws {Refusal} as {@link scan}. */
export function scanText(text: string, limits: Limits = defaultLimits): Tree {
  return scanDocument(readText(text, limits, documentDecoder), limits);
}

/** A text that holds only characters that XML allows. */
interface CheckedText {
  readonly text: string;
  /** Known to have no line break and no tab. */
  readonly isOneLine: boolean;
}

function readText(input: Uint8Array | string, limits: Limits, decoder: TextDecoder): CheckedText {
  if (input.length > limits.maxBytes) refuse('malformed', 'xml-bytes');
  if (typeof input !== 'string' && isPrintableAscii(input)) return { text: asciiText(input), isOneLine: true };
  const text = typeof input === 'string' ? input : decode(input, decoder);
  if (!hasOnlyCharacters(text)) refuse('malformed', 'xml-character');
  return { text, isOneLine: false };
}

function asciiText({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

function decode(bytes: Uint8Array, decoder: TextDecoder): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    refuse('malformed', 'xml-encoding', error);
  }
}

function scanDocument({ text, isOneLine }: CheckedText, limits: Limits): Tree {
  const cursor = cursorOf(text, limits, undefined, isOneLine);
  const document = holderOf(text, undefined);
  skipDeclaration(cursor);
  scanContent(cursor, document, true);
  const root = document.children[0] ?? refuse('malformed', 'xml-no-root');
  return { text, root, ids: cursor.ids };
}

/**
 * Scans decrypted content, which may hold several elements and text, in the namespace scope and at the depth of its
 * parent.
 *
 * @throws {Refusal} as {@link scan}.
 */
export function scanFragment(content: Uint8Array | string, parent: Element, limits: Limits = defaultLimits): Fragment {
  const { text, isOneLine } = readText(content, limits, fragmentDecoder);
  const cursor = cursorOf(text, limits, parent, isOneLine);
  const holder = holderOf(text, parent);
  scanContent(cursor, holder, false);
  return { ...contentOf(holder), parent, ids: cursor.ids };
}

/** The parts of an XML declaration (XML 1.0 §2.8, XMLDecl). */
const versionInfo = /<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')/y;
const encodingInfo = /[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"[Uu][Tt][Ff]-8"|'[Uu][Tt][Ff]-8')/y;
const standaloneInfo = /[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)')/y;
const declarationEnd = /[ \t\r\n]*\?>/y;

/**
 * Passes the XML declaration over: version 1.0, and no encoding but UTF-8 (WS-I Basic Profile 1.1 R1012 would allow
 * UTF-16 too).
 */
function skipDeclaration(cursor: Cursor): void {
  const { source } = cursor;
  if (!/^<\?xml[ \t\r\n?]/.test(source)) return;
  let at = endOf(versionInfo, source, 0) ?? refuse('malformed', 'xml-declaration');
  at = endOf(encodingInfo, source, at) ?? at;
  at = endOf(standaloneInfo, source, at) ?? at;
  cursor.at = endOf(declarationEnd, source, at) ?? refuse('malformed', 'xml-declaration');
}

/** Where the match ends that a sticky pattern has at a place. */
function endOf(pattern: RegExp, source: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : undefined;
}

/**
 * Scans to the end of the text. `document`: the holder takes one element, and nothing around it but white space and
 * comments.
 */
function scanContent(cursor: Cursor, holder: Open, document: boolean): void {
  const { source } = cursor;
  const around: Open[] = [];
  let open = holder;
  for (;;) {
    const outside = document && open === holder;
    const lt = nextTag(cursor, cursor.at);
    if (lt > cursor.at) scanRun(cursor, open, lt, outside);
    if (lt === source.length) break;
    const code = source.charCodeAt(lt + 1);
    if (code === slash) {
      const container = around.pop() ?? refuse('malformed', 'xml-end-tag');
      scanEndTag(cursor, open, lt);
      close(cursor, container, open);
      open = container;
    } else if (code === exclamationMark) {
      scanCommentOrCdata(cursor, open, lt, outside);
    } else if (code === questionMark) {
      refuse('malformed', 'xml-processing-instruction');
    } else {
      checkChild(cursor, open, outside);
      const element = scanStartTag(cursor, open === holder ? holder.parent : open, lt);
      if (open.children.length === 0) open.children = [element];
      else open.children.push(element);
      if ((element.marks & marks.empty) === 0) {
        around.push(open);
        open = element;
      } else close(cursor, open, element);
    }
  }
  if (open !== holder) refuse('malformed', 'xml-truncated');
}

/** Counts an element in. @throws {Refusal} `xml-second-root`, `xml-depth`, `xml-children`, `xml-nodes`. */
function checkChild(cursor: Cursor, open: Open, outside: boolean): void {
  if (outside && open.children.length > 0) refuse('malformed', 'xml-second-root');
  if (open.children.length >= cursor.limits.maxChildren) refuse('malformed', 'xml-children');
  if (++cursor.depth > cursor.limits.maxDepth) refuse('malformed', 'xml-depth');
  countNode(cursor);
}

/** Scans a run of text that ends at `to`. */
function scanRun(cursor: Cursor, open: Open, to: number, outside: boolean): void {
  const { source, at: from } = cursor;
  countNode(cursor);
  cursor.at = to;
  if ((open.marks & marks.text) === 0 && skipSpace(source, from) < to) {
    if (outside) refuse('malformed', 'xml-text-outside-root');
    open.marks |= marks.text;
  }
  if (outside) return;
  if (nextReference(cursor, from) < to) {
    open.marks |= marks.references;
    if (!checkReferences(cursor, to, canonicalInText)) open.marks |= textDiffers;
  }
  if (nextCarriageReturn(cursor, from) < to) open.marks |= marks.carriageReturns | textDiffers;
  if (nextBracket(cursor, from) >= to) return;
  open.marks |= textDiffers;
  if (source.slice(from, to).includes(']]>')) refuse('malformed', 'xml-cdata-end');
}

function scanEndTag(cursor: Cursor, open: Open, lt: number): void {
  const { source } = cursor;
  const nameEnd = lt + 2 + open.name.length;
  if (!source.startsWith(open.name, lt + 2)) refuse('malformed', 'xml-end-tag');
  let at = nameEnd;
  if (source.charCodeAt(at) !== greaterThan) {
    at = skipSpace(source, at);
    if (at === nameEnd || source.charCodeAt(at) !== greaterThan) refuse('malformed', 'xml-end-tag');
    open.marks |= marks.tagsDiffer;
  }
  open.contentEnd = lt;
  open.end = at + 1;
  cursor.at = at + 1;
}

/** Ends an element: what its container must know of it goes up. */
function close(cursor: Cursor, container: Open, element: Open): void {
  cursor.depth--;
  // Where the element itself needs a binding it is rendered here, so that the same declaration further in is not.
  if ((element.contentRedeclares & element.uses) !== 0) element.marks |= marks.contentDiffers;
  const outer = element.parent?.scope;
  if (element.scope !== outer) unbind(cursor.bindings, element.scope, outer);
  const outerBits = scopeBits(outer);
  container.contentUses |= (element.uses | element.contentUses) & outerBits;
  container.contentRedeclares |= (element.redeclares | element.contentRedeclares) & outerBits;
  if ((element.marks & (marks.tagsDiffer | marks.contentDiffers)) !== 0) container.marks |= marks.contentDiffers;
  if ((element.marks & (marks.empty | marks.emptyInside)) !== 0) container.marks |= marks.emptyInside;
}

/** Scans what begins with `<!`: a comment or a CDATA section; anything else is refused. */
function scanCommentOrCdata(cursor: Cursor, open: Open, lt: number, outside: boolean): void {
  const { source } = cursor;
  countNode(cursor);
  if (source.startsWith('--', lt + 2)) {
    const end = source.indexOf('--', lt + 4);
    if (end === -1 || source.charCodeAt(end + 2) !== greaterThan) refuse('malformed', 'xml-comment');
    open.marks |= marks.comments | textDiffers;
    cursor.at = end + 3;
  } else if (source.startsWith('[CDATA[', lt + 2) && !outside) {
    const end = source.indexOf(']]>', lt + 9);
    if (end === -1) refuse('malformed', 'xml-cdata');
    open.marks |= marks.cdata | marks.text | textDiffers;
    cursor.at = end + 3;
  } else {
    refuse('malformed', source.startsWith('DOCTYPE', lt + 2) ? 'xml-doctype' : 'xml-markup');
  }
}
