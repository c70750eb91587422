import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ns } from '../../src/names.ts';
import { canonicalAllowance, canonicalize, canonicalTexts } from '../../src/xml/canonical.ts';
import { defaultLimits } from '../../src/xml/limits.ts';
import { scanFragment, scanText } from '../../src/xml/scan.ts';
import type { Element, Fragment } from '../../src/xml/tree.ts';
import { choices, prefixLists, writeDocument } from './documents.ts';

function elementsOf(root: Element): Element[] {
  return [root, ...root.children.flatMap(elementsOf)];
}

function named(root: Element, name: string): Element {
  const found = elementsOf(root).find(element => element.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const placeholder = '<e:EncryptedData xmlns:e="urn:e" Id="e"><e:x/></e:EncryptedData>';

/** The text with a range cut out, scanned; and what was cut out, as a fragment that stands for the placeholder. */
function encrypted(
  text: string,
  from: number,
  to: number,
): { readonly root: Element; readonly plaintexts: Map<Element, Fragment> } {
  const { root } = scanText(text.slice(0, from) + placeholder + text.slice(to));
  const element = named(root, 'e:EncryptedData');
  if (element.parent === undefined) throw new Error('the root stays');
  return { root, plaintexts: new Map([[element, scanFragment(text.slice(from, to), element.parent)]]) };
}

const thirty = (write: (index: number) => string) => Array.from({ length: 30 }, (_, i) => write(i)).join('');

describe('a form with long texts', () => {
  const long = '\u00e9long'.repeat(10_000);
  const written = `<a><b/>${long}<c d="1" b="2"/><!-- -->${long}</a>`;
  const form = `<a><b></b>${long}<c b="2" d="1"></c>${long}</a>`;
  const { root } = scanText(written);

  test('has each of them once, in its place', () => {
    expect(canonicalize(root) === form).toBe(true);
    expect(canonicalTexts(root).filter(text => text.length > 1_000).length).toBe(2);
  });

  test('is counted in octets', () => {
    const octets = Buffer.byteLength(form);
    expect(canonicalTexts(root, { allowance: { octets } }).join('') === form).toBe(true);
    for (const less of [1, octets - form.length + 1]) {
      expect(() => canonicalTexts(root, { allowance: { octets: octets - less } })).toThrow(
        expect.objectContaining({ reason: 'limit-canonical' }),
      );
    }
  });
});

describe('an allowance for canonical forms', () => {
  /** The first form of each text, in octets: some copied, some written anew, some not ASCII. */
  const texts = [
    '<a>some text</a>',
    '<a><b/>é<c d="1" b="2"/></a>',
    `<a${' xmlns:p="urn:p"'}><p:b/><p:c></p:c></a>`,
    '<a><![CDATA[<<&&>>]]></a>',
    '<a><b/><b/><b/></a>',
  ];

  test.each(texts)('lets a form of as many octets pass and refuses one more: %s', text => {
    const { root } = scanText(text);
    const octets = Buffer.byteLength(canonicalize(root));
    for (const prefixes of [[], ['q']]) {
      const allowance = { octets };
      expect(canonicalize(root, { allowance, prefixes })).toBe(canonicalize(root));
      expect(allowance.octets).toBe(0);
      expect(() => canonicalize(root, { allowance: { octets: octets - 1 }, prefixes, fault: 'failedCheck' })).toThrow(
        expect.objectContaining({ fault: 'failedCheck', reason: 'limit-canonical' }),
      );
    }
  });

  test('is what several forms have together', () => {
    const { root } = scanText('<a>text</a>');
    const allowance = { octets: 2 * Buffer.byteLength(canonicalize(root)) };
    canonicalize(root, { allowance });
    canonicalize(root, { allowance });
    expect(() => canonicalize(root, { allowance })).toThrow(expect.objectContaining({ fault: 'invalidSecurity' }));
  });

  test('of a message is four times its octets and 64 KiB', () => {
    expect(canonicalAllowance(1_000, defaultLimits)).toEqual({ octets: 4 * 1_000 + 65_536 });
    expect(canonicalAllowance(1_000, { ...defaultLimits, canonicalFactor: 2 })).toEqual({ octets: 67_536 });
  });

  test('stops a form that multiplies before it is written', () => {
    const declared = thirty(i => ` xmlns:p${i}="urn:${'x'.repeat(500)}${i}"`);
    const child = `<c${thirty(i => ` p${i}:a=""`)}/>`;
    const { root } = scanText(`<a${declared}>${child.repeat(1_500)}</a>`);
    expect(() => canonicalize(root, { allowance: { octets: 1_000_000 } })).toThrow(
      expect.objectContaining({ reason: 'limit-canonical' }),
    );
  });
});

describe('the order of attributes', () => {
  test('is that of their namespaces by code point, also of long ones that differ late', () => {
    const long = (end: string) => `urn:${'x'.repeat(500)}${end}`;
    const names = [long('b'), long('a'), 'urn:\u{10000}', 'urn:\uFFFD', ns.wsu, ns.wsse];
    const declared = names.map((name, i) => ` xmlns:n${i}="${name}"`).join('');
    const attributes = names.map((_, i) => ` n${i}:b="" n${i}:a=""`).join('');
    const { root } = scanText(`<a${declared}${attributes} y=""/>`);
    const written = [...canonicalize(root).matchAll(/ (n\d:[ab]|y)=/g)].map(([, name]) => name);
    const inOrder = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const expected = inOrder.map(name => names.indexOf(name)).flatMap(i => [`n${i}:a`, `n${i}:b`]);
    expect(written).toEqual(['y', ...expected]);
  });
});

describe('the exclusive canonical form', () => {
  const form = (text: string, prefixes?: readonly string[]) =>
    canonicalize(scanText(text).root, prefixes && { prefixes });

  test('of the example of Exclusive XML Canonicalization 1.0 §2.2 is the same in both envelopes', () => {
    const elem2 =
      '<n1:elem2 xmlns:n1="http://example.net" xml:lang="en">' +
      '<n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>';
    const first =
      '<n0:pdu xmlns:n0="http://a.example" xmlns:n1="http://example.net" xml:space="retain"><n1:elem2 xml:lang="en">' +
      '<n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:pdu>';
    const second =
      '<n2:pdu xmlns:n1="http://example.com" xmlns:n2="http://foo.example">' +
      '<n1:elem2 xmlns:n1="http://example.net" xml:lang="en">' +
      '<n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n2:pdu>';
    for (const text of [first, second]) expect(canonicalize(named(scanText(text).root, 'n1:elem2'))).toBe(elem2);
  });

  test('renders a namespace once, where it is first visibly used', () => {
    expect(form('<a xmlns:p="urn:p" xmlns:q="urn:q"><p:b><p:c/></p:b><p:d/></a>')).toBe(
      '<a><p:b xmlns:p="urn:p"><p:c></p:c></p:b><p:d xmlns:p="urn:p"></p:d></a>',
    );
  });

  test('renders prefixes of the PrefixList where they are in scope, used or not', () => {
    const text = '<a xmlns="urn:d" xmlns:p="urn:p"><q:b xmlns:q="urn:q" xmlns:p="urn:2"/></a>';
    expect(form(text, ['p'])).toBe('<a xmlns="urn:d" xmlns:p="urn:p"><q:b xmlns:p="urn:2" xmlns:q="urn:q"></q:b></a>');
    expect(canonicalize(named(scanText(text).root, 'q:b'), { prefixes: ['#default', 'missing'] })).toBe(
      '<q:b xmlns="urn:d" xmlns:q="urn:q"></q:b>',
    );
  });

  test('undeclares the default namespace only where an output ancestor has rendered one', () => {
    const text = '<a xmlns="urn:d"><b xmlns=""><c/></b></a>';
    expect(form(text)).toBe(text.replace('<c/>', '<c></c>'));
    expect(canonicalize(named(scanText(text).root, 'b'))).toBe('<b><c></c></b>');
  });

  test('has no comments, CDATA sections or references that need not be', () => {
    expect(form("<a b='\"'>x<!-- c --><![CDATA[<]]>&#65;&quot;></a>")).toBe('<a b="&quot;">x&lt;A"&gt;</a>');
  });

  test('keeps carriage returns that are written as references, and no others', () => {
    expect(form('<a b="\r\n&#13;">\r\n\r&#13;</a>')).toBe('<a b=" &#xD;">\n\n&#xD;</a>');
  });

  test('escapes namespace URIs as attributes', () => {
    expect(form("<a xmlns='urn:x?&amp;&quot;'/>")).toBe('<a xmlns="urn:x?&amp;&quot;"></a>');
  });

  test('is its own canonical form', () => {
    fc.assert(
      fc.property(choices, tree => {
        for (const element of elementsOf(scanText(writeDocument(tree)).root)) {
          const once = canonicalize(element);
          expect(form(once)).toBe(once);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('of what is canonical as written is the text itself', () => {
    const text = '<s:a xmlns:s="urn:s" xmlns:u="urn:u" u:Id="1">&amp;&#xD;<b c="&quot;"></b><s:d></s:d></s:a>';
    expect(form(text)).toBe(text);
  });
});

describe('with plaintexts, the canonical form', () => {
  test('is that of the message before it was encrypted, whatever part that was', () => {
    fc.assert(
      fc.property(choices, fc.nat(), fc.boolean(), prefixLists, (tree, choice, content, prefixes) => {
        const text = writeDocument(tree);
        const { root } = scanText(text);
        const parts = elementsOf(root).filter(element =>
          content ? !text.startsWith('/>', element.contentStart - 2) : element !== root,
        );
        const part = parts[choice % parts.length];
        fc.pre(part !== undefined && part.contentStart < part.end);
        const sealed = content
          ? encrypted(text, part.contentStart, part.contentEnd)
          : encrypted(text, part.start, part.end);
        expect(canonicalize(sealed.root, { prefixes, plaintexts: sealed.plaintexts })).toBe(
          canonicalize(root, { prefixes }),
        );
      }),
      { numRuns: 600 },
    );
  });

  test('has the text of a plaintext too', () => {
    const { root, plaintexts } = encrypted('<a>1<b/>2&gt;<![CDATA[<]]></a>', 3, 26);
    expect(canonicalize(root, { plaintexts })).toBe('<a>1<b></b>2&gt;&lt;</a>');
  });

  test('follows a plaintext inside a plaintext', () => {
    const { root, plaintexts } = encrypted(
      `<p:a xmlns:p="urn:p"><p:b>${placeholder}</p:b></p:a>`,
      21,
      21 + placeholder.length + 11,
    );
    const outer = [...plaintexts.values()][0];
    const inner = outer && named(outer.children[0] as Element, 'e:EncryptedData');
    if (inner?.parent === undefined) throw new Error('no inner element');
    plaintexts.set(inner, scanFragment('<p:c/>x', inner.parent));
    expect(canonicalize(root, { plaintexts })).toBe('<p:a xmlns:p="urn:p"><p:b><p:c></p:c>x</p:b></p:a>');
  });

  test('leaves what is elsewhere, and the apex itself, as it is', () => {
    const { root, plaintexts } = encrypted('<a><b/><c/></a>', 7, 11);
    const data = named(root, 'e:EncryptedData');
    expect(canonicalize(named(root, 'b'), { plaintexts })).toBe('<b></b>');
    expect(canonicalize(data, { plaintexts })).toBe(placeholder.replace('<e:x/>', '<e:x></e:x>'));
  });
});
