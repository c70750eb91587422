import { addCodePoint, addUnit, type MadeText, roomFor, textOf } from './made-text.ts';
import { referenced, referenceEnd } from './references.ts';

/** What a scanned text means: line ends, references, CDATA sections and comments are replaced (XML 1.0 §2.4–2.11). */

const tab = 0x9;
const lineFeed = 0xa;
const carriageReturn = 0xd;
const space = 0x20;
const ampersand = 0x26;
const lessThan = 0x3c;

/** Value of an attribute as written: white space and references replaced (XML 1.0 §2.11, §3.3.3). */
export function decodeAttribute(raw: string): string {
  const made = roomFor(raw.length);
  for (let at = 0; at < raw.length; ) at = decodeInAttribute(made, raw, at);
  return textOf(made);
}

/** Adds what begins at `at`, and returns where it ends. */
function decodeInAttribute(made: MadeText, raw: string, at: number): number {
  const unit = raw.charCodeAt(at);
  if (unit === ampersand) return decodeReference(made, raw, at);
  if (unit === carriageReturn) return decodeLineEnd(made, raw, at, space);
  addUnit(made, unit === lineFeed || unit === tab ? space : unit);
  return at + 1;
}

/**
 * Text content as written, without child elements: comments dropped, CDATA sections, line ends and references replaced.
 */
export function decodeText(raw: string): string {
  const made = roomFor(raw.length);
  for (let at = 0; at < raw.length; ) at = decodeInText(made, raw, at);
  return textOf(made);
}

function decodeInText(made: MadeText, raw: string, at: number): number {
  const unit = raw.charCodeAt(at);
  if (unit === ampersand) return decodeReference(made, raw, at);
  if (unit === carriageReturn) return decodeLineEnd(made, raw, at, lineFeed);
  if (unit === lessThan && raw.startsWith('<!--', at)) return placeOf('-->', raw, at + 4) + 3;
  if (unit === lessThan && raw.startsWith('<![CDATA[', at)) return decodeSection(made, raw, at + 9);
  addUnit(made, unit);
  return at + 1;
}

function decodeReference(made: MadeText, raw: string, at: number): number {
  const end = referenceEnd(raw, at);
  // The scanner has refused an ampersand without a reference.
  if (end === -1) addUnit(made, ampersand);
  else addCodePoint(made, referenced(raw, at, end));
  return Math.max(end, at + 1);
}

/** XML 1.0 §2.11: a carriage return, and a line feed that follows it, are one line feed. */
function decodeLineEnd(made: MadeText, raw: string, at: number, unit: number): number {
  addUnit(made, unit);
  return raw.charCodeAt(at + 1) === lineFeed ? at + 2 : at + 1;
}

/** Adds what stands in a CDATA section, and returns where the section ends. */
function decodeSection(made: MadeText, raw: string, from: number): number {
  const end = placeOf(']]>', raw, from);
  let at = from;
  while (at < end) {
    const unit = raw.charCodeAt(at);
    if (unit === carriageReturn) at = decodeLineEnd(made, raw, at, lineFeed);
    else {
      addUnit(made, unit);
      at++;
    }
  }
  return end + 3;
}

/** Where a part stands at or after `from`; the end of the text where it doesn't. */
function placeOf(part: string, text: string, from: number): number {
  const at = text.indexOf(part, from);
  return at === -1 ? text.length : at;
}
