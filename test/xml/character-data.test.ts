import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeText } from '../../src/xml/character-data.ts';
import { referenceEnd } from '../../src/xml/references.ts';
import { scanText } from '../../src/xml/scan.ts';
import { attributeValue, leafText } from '../../src/xml/tree.ts';

/** Pieces of which the texts are made, each as it may stand in text and, sections aside, in an attribute. */
const codePoints = [0x9, 0xa, 0xd, 0x26, 0x3c, 0x41, 0xe9, 0xff, 0x100, 0x20ac, 0xfffd, 0x10000, 0x1f600, 0x10ffff];
const numbered = fc.constantFrom(...codePoints).chain(code => {
  const hex = code.toString(16);
  return fc.constantFrom(`&#${code};`, `&#000${code};`, `&#x${hex};`, `&#x${hex.toUpperCase()};`, `&#x0${hex};`);
});
const inBoth = fc.oneof(
  numbered,
  fc.constantFrom('&amp;', '&lt;', '&gt;', '&quot;', '&apos;', '\r', '\n', '\r\n', '\t', ' ', 'amp;', '#38;', 'x'),
  fc.constantFrom('é', 'ÿ', 'Ā', '€', '😀', '\u2028'),
);
const sections = fc.constantFrom('<![CDATA[]]>', '<![CDATA[&lt;\r\n]\r]>]]>', '<![CDATA[<!--]]>', '<![CDATA[€😀]]>');
const attributes = fc.array(inBoth, { maxLength: 30 }).map(pieces => pieces.join(''));
const texts = fc.array(fc.oneof(inBoth, sections), { maxLength: 30 }).map(pieces => pieces.join(''));

/** XML 1.0 §2.11; of itself xmldom goes by XML 1.1. */
const normalizeLineEndings = (xml: string) => xml.replace(/\r\n?/g, '\n');
const dom = (xml: string) => new DOMParser({ normalizeLineEndings }).parseFromString(xml, 'text/xml').documentElement;

describe('a text that was scanned means', () => {
  test('what it means to xmldom, as content', () => {
    fc.assert(
      fc.property(texts, text => {
        const xml = `<a>${text}</a>`;
        expect(leafText(scanText(xml).root)).toBe(dom(xml)?.textContent);
      }),
      { numRuns: 1_000 },
    );
  });

  test('what it means to xmldom, as the value of an attribute', () => {
    fc.assert(
      fc.property(attributes, value => {
        const xml = `<a b="${value}"/>`;
        expect(attributeValue(scanText(xml).root, '', 'b')).toBe(dom(xml)?.getAttribute('b'));
      }),
      { numRuns: 1_000 },
    );
  });

  test('the same with comments in it', () => {
    expect(decodeText('a<!-- &lt;<![CDATA[ -->b&lt;<![CDATA[<!-- &lt; ]]>&#x41;\r\nc\rd')).toBe('ab<<!-- &lt; A\nc\nd');
    expect(decodeText('<!----><![CDATA[]]>')).toBe('');
  });

  test('something up to its end, even if a section in it has none', () => {
    expect(decodeText('a<![CDATA[b')).toBe('ab');
    expect(decodeText('a<!--b')).toBe('a');
    expect(decodeText('a<b')).toBe('a<b');
  });
});

describe('a reference is none', () => {
  test.each([
    '&',
    '&;',
    '&amp',
    '&nbsp;',
    '&LT;',
    '&#;',
    '&#x;',
    '&#X41;',
    '&# 65;',
    '&#65',
    '&#x41',
    '&#4g;',
    '&#x4g;',
    '&#0;',
    '&#xB;',
    '&#xD800;',
    '&#xDFFF;',
    '&#xFFFE;',
    '&#x110000;',
    `&#${'9'.repeat(400)};`,
    `&#x1${'0'.repeat(400)};`,
  ])('where %j stands', reference => {
    expect(referenceEnd(`${reference} `, 0)).toBe(-1);
    expect(() => scanText(`<a>${reference}</a>`)).toThrow(expect.objectContaining({ reason: 'xml-reference' }));
  });

  test('where the text ends in it', () => {
    for (const whole of ['&quot;', '&#38;', '&#x26;'])
      for (let end = 1; end < whole.length; end++) expect(referenceEnd(whole.slice(0, end), 0)).toBe(-1);
  });
});
