import fc from 'fast-check';
import { XmlC14NMode, XmlDocument } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scan } from '../../src/xml/scan.ts';
import type { Element } from '../../src/xml/tree.ts';
import { choices, prefixLists, writeDocument } from './documents.ts';

/**
 * libxml2 as the second opinion on exclusive c14n, for every element of each document. Documents that our scanner
 * refuses (refusals.test.ts) have no canonical form here: processing instructions, DOCTYPE, relative URIs.
 */

function elementsOf(root: Element): Element[] {
  const found: Element[] = [];
  const open = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next);
    open.push(...[...next.children].reverse());
  }
  return found;
}

function expectSameForms(text: string, prefixLists: readonly string[][]): void {
  const bytes = Buffer.from(text);
  const ours = elementsOf(scan(bytes).root);
  const document = XmlDocument.fromBuffer(bytes);
  try {
    const theirs = document.find('//*');
    expect(ours.length).toBe(theirs.length);
    const differing: unknown[] = [];
    for (const [index, element] of ours.entries()) {
      for (const prefixes of prefixLists) {
        const expected = theirs[index]?.canonicalizeToString({
          mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
          inclusiveNamespacePrefixes: prefixes,
        });
        const form = canonicalize(element, { prefixes });
        if (form !== expected) differing.push({ element: element.name, prefixes, form, expected });
      }
    }
    expect(differing, text).toEqual([]);
  } finally {
    document.dispose();
  }
}

/** What libxml2 does differently, each with its reason; one that no longer differs fails. */
const divergences: Readonly<
  Record<string, { readonly text: string; readonly ours: string; readonly theirs: string | RegExp }>
> = {
  // Canonical XML 1.0 §2.3: as an attribute.
  'it does not escape & in a namespace URI, so that its output is not well-formed': {
    text: '<a xmlns="urn:x?a&amp;b"/>',
    ours: '<a xmlns="urn:x?a&amp;b"></a>',
    theirs: '<a xmlns="urn:x?a&b"></a>',
  },
  // Namespaces in XML 1.0 §2.2 has nobody check the syntax of names.
  'it refuses namespace names that are IRIs': {
    text: '<a xmlns="urn:\u{1F600}"/>',
    ours: '<a xmlns="urn:\u{1F600}"></a>',
    theirs: /not a valid URI/,
  },
};

const manyDeclarations = (from: number) =>
  Array.from({ length: 20 }, (_, i) => ` xmlns:n${from + i}="urn:${from + i}"`).join('');

const corpus: Readonly<Record<string, string>> = {
  'what an output ancestor has rendered is not rendered again':
    '<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:p"><p:c/></p:b></p:a>',
  'what an ancestor declares but does not use is rendered where it is used':
    '<a xmlns:p="urn:p"><b><p:c/><p:d p:e=""/></b></a>',
  'a prefix that is shadowed, unused, and declared again':
    '<p:a xmlns:p="urn:1"><b xmlns:p="urn:2"><p:c xmlns:p="urn:1"/></b></p:a>',
  'a prefix that is shadowed, used, and declared again':
    '<p:a xmlns:p="urn:1"><p:b xmlns:p="urn:2"><p:c xmlns:p="urn:1"/></p:b></p:a>',
  'the same URI under two prefixes': '<p:a xmlns:p="urn:x" xmlns:q="urn:x" q:c="1" p:b="2"><q:d/></p:a>',
  'a default namespace that is undeclared and declared again':
    '<a xmlns="urn:d"><b xmlns=""><c xmlns="urn:d"/><d/></b><e/></a>',
  'an undeclared default namespace that no name uses':
    '<a xmlns="urn:d" xmlns:p="urn:p"><p:b xmlns=""><p:c/><d/></p:b></a>',
  'a default namespace undeclared where there was none': '<a xmlns=""><b xmlns=""/></a>',
  'attributes without a prefix under a default namespace': '<a xmlns="urn:d" xmlns:p="urn:d" p:b="1" b="2"/>',
  'attributes in the order of namespace URI, not of prefix':
    '<a xmlns:z="urn:a" xmlns:a="urn:z" a:x="1" z:x="2" x="3" xml:lang="en"/>',
  'attributes of namespaces of which one begins with the other':
    '<a xmlns:p="urn:xy" xmlns:q="urn:x" p:a="1" q:za="2"/>',
  'declarations in the order of prefixes by code point':
    '<a:a xmlns:a="urn:1" xmlns:B="urn:2" xmlns:ab="urn:3" xmlns:aB="urn:4" B:x="" ab:x="" aB:x=""/>',
  'names above and below the surrogates':
    '<a \uFDF0="1" \u{10000}="2" \uD7A3="3" xmlns:\u{10000}="urn:1" xmlns:\uFDF0="urn:2" \u{10000}:x="" \uFDF0:x=""/>',
  'attributes whose names begin like declarations': '<a xmlnsfoo="1" xmlns:p="urn:p" p:xmlns="2"/>',
  'xml: attributes are not inherited and need no declaration':
    '<a xml:lang="en" xml:space="preserve"><b xml:id="i"/></a>',
  'the prefix xml, declared and as the name of an element':
    '<xml:a xmlns:xml="http://www.w3.org/XML/1998/namespace" xmlns:p="urn:p"><p:b xml:lang="en"/></xml:a>',
  'text with all that is escaped': '<a>&lt;&gt;&amp;&quot;&apos;>"\'&#13;&#10;&#9;&#xd;&#x41;</a>',
  'values with all that is escaped': '<a b="&lt;&gt;&amp;&quot;&apos;>\'&#13;&#10;&#9;\t\n\r\n\r&#x41;" c=\'"\'/>',
  'line ends': '<a>1\r\n2\r3\n4\r\r\n5&#13;\n</a>',
  'other characters that end lines elsewhere': '<a b="\u0085\u2028">\u0085\u2028</a>',
  'CDATA sections': '<a><![CDATA[<&>]]>x<![CDATA[]]><![CDATA[]]]]><![CDATA[>\r\n]]></a>',
  comments: '<!-- 1 --><a>x<!-- 2 -->y<b><!----></b></a><!-- 3 -->',
  'empty-element tags in every writing': '<a><b/><b /><b  /><b\n/><b c="1"/><b c="1" /><b c="/>" /><b></b ></a>',
  'white space in tags': '<a  b = "1"\n\tc\r\n=\r\n"2" ><d\t></d\n></a\r\n>',
  'white space around the root': '\n<a/>\n',
  'more declarations in scope than a small integer has bits':
    `<n0:a${manyDeclarations(0)}><n19:b${manyDeclarations(20)}><n39:c n25:d=""/><n31:c>` +
    '<n31:e xmlns:n31="urn:31"/></n31:c><n5:f/></n19:b></n0:a>',
  'a declaration beyond these bits that no name uses':
    `<n0:a${manyDeclarations(0)}><n0:b${manyDeclarations(20)}>` + '<n0:c xmlns:z="urn:z"></n0:c></n0:b></n0:a>',
  'a declaration beyond these bits that is used further in':
    `<n0:a${manyDeclarations(0)}><n0:b${manyDeclarations(20)}><n39:c></n39:c><n39:d>` +
    '<n39:e xmlns:n39="urn:39"></n39:e></n39:d></n0:b></n0:a>',
  'two spaces before an attribute': '<a  b="1"><c b="1"  d="2"></c></a>',
  'a SOAP header as CXF writes it':
    '<s:Envelope xmlns:s="urn:s"><s:Header><To xmlns="urn:wsa" xmlns:u="urn:u" u:Id="a">x</To>' +
    '<w:Security xmlns:w="urn:w" xmlns:u="urn:u" s:mustUnderstand="true"><u:Timestamp u:Id="T"/>' +
    '<c:Token xmlns:c="urn:c" xmlns:u="urn:u" u:Id="b"/></w:Security></s:Header></s:Envelope>',
};

describe('exclusive c14n is byte for byte that of libxml2', () => {
  for (const [name, text] of Object.entries(corpus)) {
    test(`for ${name}`, () => {
      expectSameForms(text, [
        [],
        ['#default'],
        ['p', 's'],
        ['q', '#default', 'p', 'missing', 'p'],
        ['xml'],
        ['n5', 'n35', 'u'],
      ]);
    });
  }

  test('on generated documents, for each element and any PrefixList', () => {
    fc.assert(
      fc.property(choices, prefixLists, (tree, prefixes) => expectSameForms(writeDocument(tree), [[], prefixes])),
      { numRuns: 2000 },
    );
  });
});

describe('libxml2 is known to differ:', () => {
  for (const [reason, { text, ours, theirs }] of Object.entries(divergences)) {
    test(reason, () => {
      expect(canonicalize(scan(Buffer.from(text)).root)).toBe(ours);
      const form = () => {
        const document = XmlDocument.fromBuffer(Buffer.from(text));
        try {
          return document.root.canonicalizeToString({ mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0 });
        } finally {
          document.dispose();
        }
      };
      if (typeof theirs === 'string') expect(form()).toBe(theirs);
      else expect(form).toThrow(theirs);
    });
  }
});
