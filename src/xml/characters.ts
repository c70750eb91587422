/** Characters and names of XML 1.0 (fifth edition). */

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

/** The characters that may begin a name, but for the colon (XML 1.0 §2.3, NameStartChar), as ranges in order. */
const nameStartRanges: readonly Range[] = [
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
];

/** Those that may follow in a name, beside (NameChar). */
const nameRestRanges: readonly Range[] = [
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
];

type Range = readonly [from: number, to: number];

function isIn(ranges: readonly Range[], code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to);
}

/** Whether a text is a QName (Namespaces in XML 1.0 §4). */
export function isQualifiedName(text: string): boolean {
  const { prefix, local } = splitQualifiedName(text);
  return isName(local) && (prefix === undefined || isName(prefix));
}

/** The parts of a QName as it is written, at the first colon; the prefix is undefined where there is none. */
export function splitQualifiedName(text: string): { readonly prefix: string | undefined; readonly local: string } {
  const colon = text.indexOf(':');
  if (colon === -1) return { prefix: undefined, local: text };
  return { prefix: text.slice(0, colon), local: text.slice(colon + 1) };
}

/** Whether a text is an NCName (Namespaces in XML 1.0 §3). */
function isName(text: string): boolean {
  let isStart = true;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (!isIn(nameStartRanges, code) && (isStart || !isIn(nameRestRanges, code))) return false;
    isStart = false;
  }
  return !isStart;
}

/** Most messages have none of these, and one range is searched twice as fast as five. */
const perhapsNotCharacter = /[^ -\uFFFD]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are looked for
const notCharacter = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/;

/** Whether a text holds only characters that XML 1.0 §2.2 allows. */
export function hasOnlyCharacters(text: string): boolean {
  if (perhapsNotCharacter.test(text) && notCharacter.test(text)) return false;
  return isWellFormed(text);
}

/** Whether a text has no lone surrogate: such a one has no UTF-8, and two texts must never become the same bytes. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/**
 * Whether all bytes are 0x20 to 0x7F: then there is no character that XML forbids. What a machine wrote without line
 * breaks mostly is, and four bytes at a time are looked through faster than by a regular expression.
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
export function isCharacter(code: number): boolean {
  return (
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

/** Without the white space of XML 1.0 §2.3 at both ends: these four characters and no others. */
export function trimSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Whether a code unit is white space (XML 1.0 §2.3). */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0xa || code === 0x9 || code === 0xd;
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
