import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addressingVersions, dialects, soapVersions } from '../src/names.ts';

/** Files that may name one version or dialect, and why. */
const mayName: Readonly<Record<string, string>> = {
  'src/names.ts': 'has the rows',
  'src/soap/fault-shape.ts': 'has a shape of faults for each version of SOAP',
  'src/policy/addressing.ts': 'has the assertions and extensions for each version of WS-Addressing',
  'src/policy/compile.ts': 'bootstraps with WS-Addressing 1.0 where no policy says with which',
  'src/policy/shapes.ts': 'writes the policies of WCF and CXF, each with the versions that theirs have',
  'src/policy/stock-shape.ts': 'says which versions the bindings of WCF and CXF have',
  'src/state/self-test.ts': 'has a known answer',
};

/** A row by its name, a namespace of one version, the name of a row in a comparison, the beginning of a URI of one. */
const oneVersion = [
  /\b(?:soapVersions|addressingVersions|dialects)(?:\[['"]|\.(?!map\b))/,
  /\bns\.(?:soap11|soap12|wsdlSoap11|wsdlSoap12|wsa10|wsa200408)\b/,
  /\.name\s*[!=]==\s*'(?:1\.[012]|2004\/08|2004\/03|2004-04|feb2005|200512)'/,
  /\b(?:2004-04|feb2005|200512)\b/,
  /http:\/\/schemas\.xmlsoap\.org\/(?:soap\/(?:envelope|actor)|ws\/200[45]\/\d\d\/(?:addressing|trust|sc|security))/,
  /http:\/\/(?:www\.w3\.org\/200[35]\/\d\d\/(?:soap-envelope|addressing)|docs\.oasis-open\.org\/ws-sx\/)/,
  /application\/soap\+xml|soap11:|soap12:/,
];

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => join('src', name));

/** Of these, the files that may name a dialect, and what they have of it. */
const mayNameDialect: Readonly<Record<string, readonly string[]>> = {
  'src/state/self-test.ts': ['http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512'],
};

/** A row of a dialect, its name, a URI of its WS-Trust or WS-SecureConversation. */
const oneDialect = new RegExp(
  [
    /\bdialects(?:\[['"]|\.(?!map\b))\w+|['"](?:2004-04|feb2005|200512)['"]/,
    /http:[\w:./-]*\/(?:trust|sc|ws-trust|ws-secureconversation)\b[\w./-]*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** The code without its comments. */
const codeOf = (file: string) => readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
const named = (file: string) => oneVersion.map(pattern => pattern.exec(codeOf(file))?.[0]).filter(Boolean);

test('no file but the rows names a version of SOAP or WS-Addressing, or a dialect', () => {
  const found = sources.filter(file => !(file in mayName)).flatMap(file => named(file).map(text => `${file}: ${text}`));
  expect(sources.length).toBeGreaterThan(150);
  expect(found).toEqual([]);
});

test('what differs between dialects is asked of their rows: no other file names one of them', () => {
  const found = sources
    .filter(file => file !== join('src', 'names.ts'))
    .map(file => [file, [...codeOf(file).matchAll(oneDialect)].map(([text]) => text)] as const)
    .filter(([, texts]) => texts.length > 0);
  expect(Object.fromEntries(found)).toEqual(mayNameDialect);
});

test('each file that may, does', () => {
  expect(Object.keys(mayName).filter(file => named(file).length === 0)).toEqual([]);
});

describe.each([
  ['dialect', dialects],
  ['version of WS-Addressing', addressingVersions],
  ['version of SOAP', soapVersions],
] as const)('each %s', (_, rows: Readonly<Record<string, { readonly name: string }>>) => {
  test('stands under its own name, with URIs of its own', () => {
    for (const [name, row] of Object.entries(rows)) expect(row.name).toBe(name);
    const [first, ...others] = Object.values(rows).map(row => new Set(urisOf(row)));
    for (const other of others) expect([...other].filter(uri => first?.has(uri))).toEqual([]);
  });
});

function urisOf(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('http:') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(urisOf);
}

test('no URI is made by a formula', () => {
  expect(codeOf('src/names.ts')).not.toMatch(/`[^`]*\$\{(?!namespace|local)/);
});
