/** Characters, names and references of XML 1.0 (fifth edition). */

/** Class of an ASCII character in a name: 0 none, 1 not at the start, 2 anywhere, 3 the colon. */
export const nameClasses: Uint8Array = classifyNames();

function classifyNames(): Uint8Array {
  const classes = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const char = String.fromCharCode(code);
    if (/[A-Za-z_]/.test(char)) classes[code] = 2;
    else if (/[-.0-9]/.test(char)) classes[code] = 1;
  }
  classes[':'.charCodeAt(0)] = 3;
  return classes;
}

const nameStart =
  'A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const nameRest = `${nameStart}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}\\u{2040}`;
const qualifiedName = new RegExp(`^[${nameStart}][${nameRest}]*(?::[${nameStart}][${nameRest}]*)?$`, 'u');

/** Whether a text is a QName (Namespaces in XML 1.0 §4). */
export function isQualifiedName(text: string): boolean {
  return qualifiedName.test(text);
}

/** Most messages have none of these, and one range is searched twice as fast as five. */
const perhapsNotCharacter = /[^ -\uFFFD]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for
const notCharacter = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/;

/** Whether a text holds only characters that XML 1.0 §2.2 allows. */
export function hasOnlyCharacters(text: string): boolean {
  if (perhapsNotCharacter.test(text) && notCharacter.test(text)) return false;
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/**
 * Whether all bytes are 0x20 to 0x7F: then there is no character that XML forbids. What a machine wrote without line breaks mostly is, and
 * four bytes at a time are looked through faster than by a regular expression.
 */
export function isPrintableAscii(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes;
  const head = -byteOffset & 3;
  if (length < head) return areInRange(bytes, 0, length);
  const words = new Int32Array(buffer, byteOffset + head, (length - head) >> 2);
  let found = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    // A byte below 0x20 borrows from its own top bit, one above 0x7F has it set.
    found |= (word - 0x20202020) | word;
  }
  if ((found & 0x80808080) !== 0) return false;
  return areInRange(bytes, 0, head) && areInRange(bytes, head + 4 * words.length, length);
}

function areInRange(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte > 0x7f) return false;
  }
  return true;
}

/** Whether XML 1.0 §2.2 allows the code point. */
function isCharacter(code: number): boolean {
  return (
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const entityReferences = Object.keys(entities).map(name => `&${name};`);
const characterReference = /&#(?:x[0-9A-Fa-f]+|[0-9]+);/y;

/** End of the well-formed reference that begins at `at`; -1 where there is none: a bare &, an unknown entity, a code point XML forbids. */
export function referenceEnd(source: string, at: number): number {
  if (source[at + 1] !== '#') {
    const entity = entityReferences.find(reference => source.startsWith(reference, at));
    return entity === undefined ? -1 : at + entity.length;
  }
  characterReference.lastIndex = at;
  if (!characterReference.test(source)) return -1;
  const end = characterReference.lastIndex;
  return isCharacter(codePoint(source.slice(at, end))) ? end : -1;
}

/** Code point of a character reference, which may be none of Unicode's. */
function codePoint(reference: string): number {
  return reference[2] === 'x' ? Number.parseInt(reference.slice(3, -1), 16) : Number(reference.slice(2, -1));
}

/** What a reference that {@link referenceEnd} has accepted stands for. */
function decodeReference(reference: string): string {
  return reference[1] === '#' ? String.fromCodePoint(codePoint(reference)) : (entities[reference.slice(1, -1)] ?? '');
}

/** Value of an attribute as written: white space and references replaced (XML 1.0 §2.11, §3.3.3). */
export function decodeAttribute(raw: string): string {
  const spaced = substitute(substitute(substitute(substitute(raw, '\r\n', ' '), '\r', ' '), '\n', ' '), '\t', ' ');
  return spaced.replace(/&[^;]*;/g, decodeReference);
}

const markup = /<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|&[^;]*;/gs;

/** Text content as written, without child elements: comments dropped, CDATA sections, line ends and references replaced. */
export function decodeText(raw: string): string {
  const lines = substitute(substitute(raw, '\r\n', '\n'), '\r', '\n');
  return lines.replace(markup, (match: string, cdata: string | undefined) => {
    if (cdata !== undefined) return cdata;
    return match.startsWith('&') ? decodeReference(match) : '';
  });
}

/** Replaces each occurrence of `part`; four times as fast as `replaceAll` where there are many. */
export function substitute(text: string, part: string, by: string): string {
  return text.includes(part) ? text.split(part).join(by) : text;
}

/** Order of two texts by code point, which differs from the order by UTF-16 code unit above U+D7FF. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all of the basic plane. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
