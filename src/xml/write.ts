import { decodeText } from './character-data.ts';
import { compareCodePoints } from './characters.ts';
import { find } from './cursor.ts';
import { addText, addUnit, roomFor, textOf } from './made-text.ts';
import { bindingsIn, type Content, type Element, type Fragment, type Scope } from './tree.ts';

/** Writing XML: canonical escaping, and parts of a message made to stand alone. */

/** What stands for a character in canonical XML, by the code of the character. */
type Escapes = readonly (string | undefined)[];

function escapesOf(references: Readonly<Record<string, string>>): Escapes {
  const escapes: (string | undefined)[] = new Array(128).fill(undefined);
  for (const [char, reference] of Object.entries(references)) escapes[char.charCodeAt(0)] = reference;
  return escapes;
}

const inText = escapesOf({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' });
const inAttribute = escapesOf({
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
});

/** A text as canonical XML writes it (Canonical XML 1.0 §2.3). */
export function escapeText(text: string): string {
  return /[&<>\r]/.test(text) ? escaped(text, inText) : text;
}

/** The value of an attribute as canonical XML writes it, to stand between double quotes (Canonical XML 1.0 §2.3). */
export function escapeAttribute(value: string): string {
  return /[&<"\t\n\r]/.test(value) ? escaped(value, inAttribute) : value;
}

function escaped(text: string, escapes: Escapes): string {
  const made = roomFor(escapedLength(text, escapes));
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const reference = escapes[unit];
    if (reference === undefined) addUnit(made, unit);
    else addText(made, reference);
  }
  return textOf(made);
}

function escapedLength(text: string, escapes: Escapes): number {
  let { length } = text;
  for (let i = 0; i < text.length; i++) length += (escapes[text.charCodeAt(i)]?.length ?? 1) - 1;
  return length;
}

/** A namespace declaration; `prefix` '' is the default namespace. */
export interface Binding {
  readonly prefix: string;
  readonly uri: string;
}

/** One declaration as canonical XML writes it, without white space around it. */
export function writeDeclaration({ prefix, uri }: Binding): string {
  return `xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeAttribute(uri)}"`;
}

/** The bindings that hold in a scope, in canonical order; an undeclared default namespace is left out. */
export function bindingsOf(scope: Scope | undefined): readonly Binding[] {
  const bindings = [...bindingsIn(scope).values()].filter(({ uri }) => uri !== '');
  return bindings.length < 2 ? bindings : bindings.sort((a, b) => compareCodePoints(a.prefix, b.prefix));
}

/**
 * An element as written, with the declarations it inherits added to its start tag: well-formed and of the same meaning
 * anywhere.
 *
 * @param takes which of the inherited declarations are added; default: all
 */
export function standalone(element: Element, takes: (binding: Binding) => boolean = () => true): string {
  const { source, start, end, name } = element;
  const outer = element.parent?.scope;
  const own = bindingsIn(element.scope);
  const inherited = bindingsOf(outer).filter(binding => own.get(binding.prefix) === binding && takes(binding));
  const nameEnd = start + 1 + name.length;
  const declarations = inherited.map(binding => ` ${writeDeclaration(binding)}`).join('');
  return source.slice(start, nameEnd) + declarations + source.slice(nameEnd, end);
}

/** Content taken out of its element: its text as written and the declarations that the text needs around it. */
export interface LooseContent {
  readonly content: string;
  readonly bindings: readonly Binding[];
  /** The bindings, written with one space between them: `<s:Body ${declarations}>${content}</s:Body>`. */
  readonly declarations: string;
}

/**
 * The content of an element, or a fragment, with every declaration in scope there; a prefix may be used only inside a
 * value (`xsi:type`), so none is left out but those in `except`.
 *
 * @param except prefixes that the element around it will declare itself, to the same URIs.
 */
export function inheritDeclarations(content: Element | Fragment, except: readonly string[] = []): LooseContent {
  const scope = 'scope' in content ? content.scope : content.parent.scope;
  const bindings = bindingsOf(scope).filter(({ prefix }) => !except.includes(prefix));
  return { content: contentText(content), bindings, declarations: bindings.map(writeDeclaration).join(' ') };
}

/** Content as written. */
export function contentText(content: Content): string {
  return content.source.slice(content.contentStart, content.contentEnd);
}

/**
 * A well-formed text without its comments, and with what stands in CDATA sections as characters like others. What stood
 * on both sides of one comes together, and is not left as written where it would mean something else then: `]]` and `>`
 * no text at all, `\r` and `\n` one line end.
 */
export function withoutSections(text: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (let begin = text.indexOf('<!'); begin !== -1; begin = text.indexOf('<!', at)) {
    const close = text.startsWith('<!--', begin) ? '-->' : ']]>';
    const end = find(text, '<', text.indexOf(close, begin + 4) + close.length);
    pieces.push(lineEnded(text.slice(at, begin)), escapeText(decodeText(text.slice(begin, end))));
    at = end;
  }
  return at === 0 ? text : pieces.join('') + text.slice(at);
}

/** A text whose last line end is one whatever stands before and after it. */
function lineEnded(text: string): string {
  return text.endsWith('\r') ? `${text.slice(0, -1)}&#xA;` : text;
}
