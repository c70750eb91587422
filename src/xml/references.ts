import { isCharacter } from './characters.ts';

/** References (XML 1.0 §4.1): to characters by their number, and to the five entities that need no declaration. */

const numberSign = 0x23;
const semicolon = 0x3b;
const smallX = 0x78;

/** The entities of XML 1.0 §4.6, as written, with the code of the character that each stands for. */
const entities: readonly (readonly [reference: string, code: number])[] = [
  ['&amp;', 0x26],
  ['&lt;', 0x3c],
  ['&gt;', 0x3e],
  ['&quot;', 0x22],
  ['&apos;', 0x27],
];

const noDigit = 255;
/** What each ASCII character counts as a digit of base 16. */
const digits = new Uint8Array(128).fill(noDigit);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  digits[digit.charCodeAt(0)] = value;
  digits[digit.toUpperCase().charCodeAt(0)] = value;
}

/**
 * End of the well-formed reference that begins at `at`; -1 where there is none: a bare &, an unknown entity, a code
 * point XML forbids.
 */
export function referenceEnd(source: string, at: number): number {
  if (source.charCodeAt(at + 1) !== numberSign) return entityEnd(source, at);
  const base = baseOf(source, at);
  const from = firstDigit(at, base);
  const end = digitsEnd(source, from, base);
  if (end === from || source.charCodeAt(end) !== semicolon) return -1;
  return isCharacter(numberOf(source, from, end, base)) ? end + 1 : -1;
}

function entityEnd(source: string, at: number): number {
  for (const [reference] of entities) if (source.startsWith(reference, at)) return at + reference.length;
  return -1;
}

/** Code point that a reference stands for. @param end what {@link referenceEnd} has found */
export function referenced(source: string, at: number, end: number): number {
  if (source.charCodeAt(at + 1) !== numberSign) return entityCode(source, at);
  const base = baseOf(source, at);
  return numberOf(source, firstDigit(at, base), end - 1, base);
}

function entityCode(source: string, at: number): number {
  for (const [reference, code] of entities) if (source.startsWith(reference, at)) return code;
  return source.charCodeAt(at);
}

function baseOf(source: string, at: number): 10 | 16 {
  return source.charCodeAt(at + 2) === smallX ? 16 : 10;
}

function firstDigit(at: number, base: 10 | 16): number {
  return base === 16 ? at + 3 : at + 2;
}

function digitsEnd(source: string, from: number, base: number): number {
  let at = from;
  while (digitAt(source, at) < base) at++;
  return at;
}

/** A number as written; any that is too large for a code point is one and the same. */
function numberOf(source: string, from: number, to: number, base: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = Math.min(value * base + digitAt(source, at), 0x110000);
  return value;
}

function digitAt(source: string, at: number): number {
  // Beyond the end of the text the code is NaN, which is no digit.
  return digits[source.charCodeAt(at)] ?? noDigit;
}
