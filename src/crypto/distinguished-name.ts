/**
 * Names of issuers as text (RFC 4514), written and compared: an X509IssuerName is written differently by every stack.
 */
import { type NameAttribute, readString } from './der.ts';

/** Attribute types by the keywords in use: RFC 4514 §3, and those of Java and .NET. */
const types: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  S: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  G: '2.5.4.42',
  GIVENNAME: '2.5.4.42',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
};

/** The keywords that RFC 4514 §3 defines. */
const writtenKeywords = new Map(
  ['CN', 'C', 'L', 'ST', 'STREET', 'O', 'OU', 'DC', 'UID'].map(word => [types[word], word]),
);

/**
 * The name as RFC 4514 §2 writes it: the last attribute first; types without a keyword as numbers with the DER of the
 * value.
 */
export function writeName(attributes: readonly NameAttribute[]): string {
  return attributes.map(writeAttribute).reverse().join(',');
}

function writeAttribute({ type, value, der }: NameAttribute): string {
  const keyword = writtenKeywords.get(type);
  return keyword === undefined ? `${type}=#${der.toString('hex')}` : `${keyword}=${escapeValue(value)}`;
}

function escapeValue(value: string): string {
  return value.replace(/[,+"\\<>;=]|^[ #]| $/g, '\\$&');
}

/**
 * Whether a name in a message means the same as another: order of writing, spaces, case, quoting and keywords are not
 * told apart. It only chooses among own certificates; what is opened with one proves itself.
 */
export function sameName(a: string, b: string): boolean {
  const [first, second] = [comparable(a), comparable(b)];
  return first.length > 0 && (equalLists(first, second) || equalLists(first, second.toReversed()));
}

function equalLists(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** Longer than any name of an issuer. */
const maxNameChars = 1024;

/**
 * One attribute up to its separator: keyword, '=', then a quoted value or one with escaped characters. No two
 * neighbours can take the same character, so that a text that fits nowhere is given up in linear time.
 */
const attributePattern =
  /[\t\n\r ]*([A-Za-z0-9.]+)[\t\n\r ]*=(?:[\t\n\r ]*"((?:[^"\\]|\\.)*)"[\t\n\r ]*|((?:[^,;+"\\]|\\.)*))(?:[,;+]|$)/sy;

/** `type=value` of each attribute, normalised; empty for a text that is no name. */
function comparable(name: string): string[] {
  if (name.length > maxNameChars) return [];
  const attributes: string[] = [];
  attributePattern.lastIndex = 0;
  while (attributePattern.lastIndex < name.length) {
    const match = attributePattern.exec(name);
    if (match === null) return [];
    const [, keyword = '', quoted, plain = ''] = match;
    attributes.push(`${typeOf(keyword)}=${normalised(quoted ?? plain)}`);
  }
  return attributes;
}

function typeOf(keyword: string): string {
  const word = keyword.toUpperCase().replace(/^OID\./, '');
  return types[word] ?? word;
}

function normalised(value: string): string {
  // The white space of XML, which the name came in: what is white space to JavaScript alone is a part of the name.
  const spaced = unescaped(value).replace(/[\t\n\r ]+/g, ' ');
  return spaced.replace(/^ | $/g, '').toLowerCase();
}

/** `#` and hexadecimal digits stand for the DER of the value (RFC 4514 §2.4). */
function unescaped(value: string): string {
  const hex = /^[\t\n\r ]*#((?:[0-9a-f]{2})+)[\t\n\r ]*$/i.exec(value)?.[1];
  if (hex === undefined) return value.replace(/(?:\\[0-9a-f]{2})+|\\./gis, unescapedRun);
  try {
    return readString(Buffer.from(hex, 'hex'));
  } catch {
    return value;
  }
}

function unescapedRun(escaped: string): string {
  const isHex = /^\\[0-9a-f]{2}/i.test(escaped);
  return isHex ? Buffer.from(escaped.replaceAll('\\', ''), 'hex').toString('utf8') : escaped.slice(1);
}
