import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { scan, scanFragment, scanText } from '../../src/xml/scan.ts';

/** What a received text is refused for, and the reason that goes to the log. */

function reasonOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `${error.fault} ${error.reason}`;
  }
  return undefined;
}

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';

const refused: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'a document type declaration': {
    'xml-doctype': [
      '<!DOCTYPE a><a/>',
      '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '<!-- c --><!DOCTYPE a><a/>',
      '<?xml version="1.0"?>\n<!DOCTYPE a [<!ATTLIST a Id ID "x">]><a/>',
      '<a><!DOCTYPE a></a>',
      '<a/><!DOCTYPE a>',
    ],
    'xml-markup': ['<!doctype a><a/>', '<a><!ELEMENT a ANY></a>', '<a><!></a>', '<a><!- c -></a>'],
  },
  'a processing instruction': {
    'xml-processing-instruction': [
      '<?xml-stylesheet href="x"?><a/>',
      '<a>1<?x 000?></a>',
      '<a/><?x?>',
      ' <?xml version="1.0"?><a/>',
      '<a><?xml version="1.0"?></a>',
      '<?XML version="1.0"?><a/>',
    ],
  },
  'an XML declaration that is not XML 1.0 in UTF-8': {
    'xml-declaration': [
      '<?xml version="1.1"?><a/>',
      '<?xml version="1.0" encoding="UTF-16"?><a/>',
      '<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
      '<?xml encoding="UTF-8"?><a/>',
      '<?xml encoding="UTF-8" version="1.0"?><a/>',
      '<?xml version="1.0" standalone="maybe"?><a/>',
      '<?xml VERSION="1.0"?><a/>',
      '<?xml version="1.0\'?><a/>',
      '<?xml version="1.0"',
      '<?xml?><a/>',
    ],
  },
  'a prefix that is not declared': {
    'xml-undeclared-prefix': [
      '<p:a/>',
      '<a p:b="1"/>',
      '<a><b xmlns:p="urn:p"/><p:c/></a>',
      '<xmlns:a/>',
      '<a xsi:type="b"/>',
    ],
  },
  'a relative namespace URI': {
    'xml-relative-namespace': [
      '<a xmlns="x"/>',
      '<a xmlns:p="1"/>',
      '<a xmlns:p="#x"/>',
      '<a xmlns:p="/x"/>',
      '<a xmlns:p=" urn:x"/>',
      '<a xmlns:p="1x:y"/>',
    ],
  },
  'a prefix declared to be empty': { 'xml-empty-namespace': ['<a xmlns:p=""/>'] },
  'a reserved prefix or namespace declared anew': {
    'xml-reserved-namespace': [
      '<a xmlns:xml="urn:x"/>',
      '<a xmlns:xmlns="urn:x"/>',
      `<a xmlns:xmlns="${xmlnsNamespace}"/>`,
      `<a xmlns:p="${xmlNamespace}"/>`,
      `<a xmlns="${xmlNamespace}"/>`,
      `<a xmlns:p="${xmlnsNamespace}"/>`,
      `<a xmlns="${xmlnsNamespace}"/>`,
      '<a xmlns:xml=""/>',
    ],
  },
  'two attributes of one name, written or expanded': {
    'xml-duplicate-attribute': [
      '<a b="1" b="1"/>',
      '<a b="1" c="2" b="3"/>',
      '<a xmlns:p="urn:x" xmlns:q="urn:x" p:b="1" q:b="2"/>',
      '<a xmlns:p="urn:x" p:b="1" c="2" p:b="3"/>',
      // Few are compared with each other, more than eight are put into a table.
      '<a b="" c="" d="" e="" f="" g="" h="" b=""/>',
      '<a b="" c="" d="" e="" f="" g="" h="" i="" b=""/>',
      '<a xmlns:p="urn:x" xmlns:q="urn:x" p:b="" c="" d="" e="" f="" g="" h="" i="" q:b=""/>',
      '<a xmlns="urn:x" xmlns="urn:x"/>',
      '<a xmlns:p="urn:x" xmlns:q="urn:q" xmlns:p="urn:y"/>',
      `<a xmlns:xml="${xmlNamespace}" xmlns:xml="${xmlNamespace}"/>`,
    ],
  },
  'a character that XML forbids': {
    'xml-character': [
      '<a>\0</a>',
      '<a>\x08</a>',
      '<a b="\x0B"/>',
      '<a>\uFFFE</a>',
      '<a>\uFFFF</a>',
      '<a>\uD800</a>',
      '<a>\uDC00</a>',
      '<a b="\uDFFF\uD800"/>',
      '<a><!--\x1F--></a>',
      '<a/>\0\0',
    ],
  },
  'a reference to a character that XML forbids, or to an entity that XML does not define, and a bare &': {
    'xml-reference': [
      '<a>&#0;</a>',
      '<a>&#8;</a>',
      '<a>&#xD800;</a>',
      '<a>&#xDFFF;</a>',
      '<a>&#xFFFE;</a>',
      '<a>&#x110000;</a>',
      '<a>&#99999999999999999999999;</a>',
      '<a>&nbsp;</a>',
      '<a>&AMP;</a>',
      '<a>&#X41;</a>',
      '<a>&#x;</a>',
      '<a>&#;</a>',
      '<a>&#4A;</a>',
      '<a>&amp</a>',
      '<a>& </a>',
      '<a>&</a>',
      '<a>&;</a>',
      '<a>&lt ;</a>',
      '<a b="&"/>',
      '<a b="&x;"/>',
      '<a b="&#0;"/>',
      '<a b="&amp"/>',
      '<a xmlns="urn:&x;"/>',
      '<a>&amp;&x;</a>',
      '<a b="\n&x;"/>',
    ],
  },
  'an end of CDATA in text': { 'xml-cdata-end': ['<a>]]></a>', '<a>a]]>b</a>', '<a>&gt;>]]></a>', '<a>]]]></a>'] },
  'an unfinished CDATA section': { 'xml-cdata': ['<a><![CDATA[x</a>', '<a><![CDATA[x]]</a>'] },
  'a CDATA section outside the root': {
    'xml-markup': ['<![CDATA[x]]><a/>', '<a/><![CDATA[]]>', '<a><![cdata[x]]></a>'],
  },
  'a comment that is unfinished or holds two hyphens': {
    'xml-comment': [
      '<a><!-- a -- b --></a>',
      '<a><!-- a --->b</a>',
      '<!--->-<a/>',
      '<!--',
      '<a><!-- </a>',
      '<a/><!-- x --',
    ],
  },
  'no root, two roots, text outside the root': {
    'xml-no-root': ['', ' ', '<!-- c -->', '<?xml version="1.0"?>'],
    'xml-second-root': ['<a/><a/>', '<a></a> <b/>', '<a/><!-- c --><b>'],
    'xml-text-outside-root': ['x', 'x<a/>', '<a/>x', '<a/>&#32;', '\uFEFF<a/>', '<a/>\uFEFF', '\u00A0<a/>'],
  },
  'tags that do not match or do not end': {
    'xml-end-tag': [
      '<a></b>',
      '<a><b></a></b>',
      '</a>',
      '</>',
      '<a/></a>',
      '<a></ab>',
      '<ab></a>',
      '<a></ a>',
      '<a></a',
      '<a></a b="1">',
      '<a></A>',
      '<a></',
    ],
    'xml-truncated': ['<a>', '<a><b></b>', '<a>x'],
    'xml-tag': ['<a', '<a/', '<a / >', '<a/ >', '<a b="1"c="2"/>', '<a b="1"', '<a"/>', '<a<b/>', '<a/b>'],
    'xml-name': ['<', '< a/>', '<>', '<a b="1" ', '<a ="1"/>', '<a <b/>'],
    'xml-attribute': [
      '<a b',
      '<a b=',
      '<a b="',
      '<a b="1',
      '<a b=1/>',
      '<a b/>',
      '<a b "1"/>',
      '<a b x"1"/>',
      '<a b=x"1"/>',
      "<a b=1'/>",
      '<a b="1\'/>',
      '<a b="<"/>',
      "<a b='<'/>",
      '<a b="1><c d="2"/></a>',
    ],
  },
  'a name that is no QName': {
    'xml-name': [
      '<1a/>',
      '<-a/>',
      '<.a/>',
      '<a:b:c/>',
      '<ä:b:c/>',
      '<ä:1/>',
      '<:ä/>',
      '<:a/>',
      '<a:/>',
      '<a:1/>',
      '<a\u00D7/>',
      '<\u00B7a/>',
      '<a\u00A0b="1"/>',
      '<a 1="1"/>',
      '<a xmlns:="urn:x"/>',
      '<a xmlns:1="urn:x"/>',
      '<a\u2028/>',
      '<\u{F0000}/>',
      '<a p:q:r="1"/>',
    ],
  },
};

describe('a message is refused for', () => {
  for (const [what, byReason] of Object.entries(refused)) {
    test(what, () => {
      for (const [reason, texts] of Object.entries(byReason)) {
        for (const text of texts) expect([text, reasonOf(() => scanText(text))]).toEqual([text, `malformed ${reason}`]);
      }
    });
  }

  test('bytes that are not UTF-8', () => {
    const a = (...bytes: number[]) => Buffer.concat([Buffer.from('<a>'), Buffer.from(bytes), Buffer.from('</a>')]);
    const hostile = {
      overlong: a(0xc0, 0x80),
      'surrogate in CESU-8': a(0xed, 0xa0, 0x80),
      latin1: a(0xe9),
      'above U+10FFFF': a(0xf4, 0x90, 0x80, 0x80),
      truncated: Buffer.from('<a/>\u20ac').subarray(0, 6),
      'UTF-16LE with BOM': Buffer.from('\uFEFF<a/>', 'utf16le'),
      'UTF-16BE with BOM': Buffer.from('\uFEFF<a/>', 'utf16le').swap16(),
    };
    for (const [name, bytes] of Object.entries(hostile))
      expect([name, reasonOf(() => scan(bytes))]).toEqual([name, 'malformed xml-encoding']);
  });

  test('UTF-16 without a byte order mark, for its NULs', () => {
    expect(reasonOf(() => scan(Buffer.from('<a/>', 'utf16le')))).toBe('malformed xml-character');
    expect(reasonOf(() => scan(Buffer.from('<a/>', 'utf16le').swap16()))).toBe('malformed xml-character');
  });

  test('a second byte order mark', () => {
    expect(reasonOf(() => scan(Buffer.from('\uFEFF\uFEFF<a/>')))).toBe('malformed xml-text-outside-root');
  });
});

describe('a fragment is refused for', () => {
  const parent = scanText('<p:a xmlns:p="urn:p"/>').root;
  const texts: Readonly<Record<string, string>> = {
    '</p:a>': 'xml-end-tag',
    '</>': 'xml-end-tag',
    '<b></b></p:a><p:a>': 'xml-end-tag',
    '<b>': 'xml-truncated',
    '<q:b/>': 'xml-undeclared-prefix',
    '<?x?>': 'xml-processing-instruction',
    '<?xml version="1.0"?><b/>': 'xml-processing-instruction',
    '<!DOCTYPE b><b/>': 'xml-doctype',
    'a & b': 'xml-reference',
    ']]>': 'xml-cdata-end',
    '\uD800': 'xml-character',
    '<b': 'xml-tag',
  };
  for (const [text, reason] of Object.entries(texts)) {
    test(`${JSON.stringify(text)}: ${reason}`, () => {
      expect(reasonOf(() => scanFragment(text, parent))).toBe(`malformed ${reason}`);
    });
  }
});
