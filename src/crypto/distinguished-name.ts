/**
 * Names of issuers as text (RFC 4514), written and compared: an X509IssuerName is written differently by every stack.
 */
import { type CertificateName, type NameAttribute, readString } from './der.ts';

/** Attribute types by the keywords in use: RFC 4514 §3, and those of Java, .NET and OpenSSL. */
const keywords: Readonly<Record<string, readonly string[]>> = {
  '2.5.4.3': ['CN', 'COMMONNAME'],
  '2.5.4.4': ['SN', 'SURNAME'],
  '2.5.4.5': ['SERIALNUMBER'],
  '2.5.4.6': ['C', 'COUNTRYNAME'],
  '2.5.4.7': ['L', 'LOCALITYNAME'],
  '2.5.4.8': ['ST', 'S', 'STATEORPROVINCENAME'],
  '2.5.4.9': ['STREET', 'STREETADDRESS'],
  '2.5.4.10': ['O', 'ORGANIZATIONNAME'],
  '2.5.4.11': ['OU', 'ORGANIZATIONALUNITNAME'],
  '2.5.4.12': ['T', 'TITLE'],
  '2.5.4.13': ['DESCRIPTION'],
  '2.5.4.15': ['BUSINESSCATEGORY'],
  '2.5.4.17': ['POSTALCODE'],
  '2.5.4.18': ['POBOX', 'POSTOFFICEBOX'],
  '2.5.4.20': ['PHONE', 'TELEPHONENUMBER'],
  '2.5.4.42': ['G', 'GN', 'GIVENNAME'],
  '2.5.4.43': ['I', 'INITIALS'],
  '2.5.4.44': ['GENERATION', 'GENERATIONQUALIFIER'],
  '2.5.4.46': ['DNQ', 'DNQUALIFIER'],
  '2.5.4.65': ['PSEUDONYM'],
  '2.5.4.97': ['ORGANIZATIONIDENTIFIER'],
  '0.9.2342.19200300.100.1.25': ['DC', 'DOMAINCOMPONENT'],
  '0.9.2342.19200300.100.1.1': ['UID', 'USERID'],
  '1.2.840.113549.1.9.1': ['E', 'EMAILADDRESS'],
  '1.3.6.1.4.1.311.60.2.1.1': ['JURISDICTIONL', 'JURISDICTIONLOCALITYNAME'],
  '1.3.6.1.4.1.311.60.2.1.2': ['JURISDICTIONST', 'JURISDICTIONSTATEORPROVINCENAME'],
  '1.3.6.1.4.1.311.60.2.1.3': ['JURISDICTIONC', 'JURISDICTIONCOUNTRYNAME'],
};
const types = new Map(Object.entries(keywords).flatMap(([type, words]) => words.map(word => [word, type] as const)));

/** The keywords that RFC 4514 §3 defines. */
const writtenKeywords = new Map(
  ['CN', 'C', 'L', 'ST', 'STREET', 'O', 'OU', 'DC', 'UID'].map(word => [types.get(word), word]),
);

/**
 * The name as RFC 4514 §2 writes it: the last relative name first, `+` between attributes that belong together; types
 * without a keyword as numbers with the DER of the value.
 */
export function writeName({ relativeNames }: CertificateName): string {
  const written = relativeNames.map(attributes => attributes.map(writeAttribute).join('+'));
  return written.reverse().join(',');
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
 * One attribute up to its separator: keyword, '=', then a quoted value (in which .NET doubles a quote) or one with
 * escaped characters. No two neighbours can take the same character, so that a text that fits nowhere is given up in
 * linear time.
 */
const attributePattern =
  /[\t\n\r ]*([A-Za-z0-9.]+)[\t\n\r ]*=(?:[\t\n\r ]*"((?:[^"\\]|\\.|"")*)"[\t\n\r ]*|((?:[^,;+"\\]|\\.)*))([,;+]|$)/sy;

/** The relative names, normalised; empty for a text that is no name. */
function comparable(name: string): string[] {
  if (name.length > maxNameChars) return [];
  return name.startsWith('/') ? slashed(name) : separated(name);
}

/** As RFC 4514, .NET and OpenSSL write a name. */
function separated(name: string): string[] {
  const relative: string[][] = [[]];
  attributePattern.lastIndex = 0;
  while (attributePattern.lastIndex < name.length) {
    const match = attributePattern.exec(name);
    if (match === null) return [];
    const [, keyword = '', quoted, plain = '', separator] = match;
    const value = quoted === undefined ? plain : quoted.replaceAll('""', '\\"');
    relative.at(-1)?.push(`${typeOf(keyword)}=${normalised(value)}`);
    if (separator !== '+' && attributePattern.lastIndex < name.length) relative.push([]);
  }
  // The attributes of one relative name are a set (X.501 §9.3).
  return name === '' ? [] : relative.map(attributes => attributes.sort().join('+'));
}

/** As OpenSSL writes a name in one line: `/C=DE/O=Example`. A slash inside of a value is not escaped. */
function slashed(name: string): string[] {
  const attributes: string[] = [];
  for (const piece of name.slice(1).split('/')) {
    if (/^[A-Za-z0-9.]+=/.test(piece)) attributes.push(piece);
    else if (attributes.length > 0) attributes.push(`${attributes.pop()}/${piece}`);
    else return [];
  }
  return attributes.map(attribute => {
    const at = attribute.indexOf('=');
    const value = attribute.slice(at + 1).replace(/\\x(?=[0-9A-F]{2})/g, '\\');
    return `${typeOf(attribute.slice(0, at))}=${normalised(value)}`;
  });
}

function typeOf(keyword: string): string {
  const word = keyword.toUpperCase().replace(/^OID\./, '');
  return types.get(word) ?? word;
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
