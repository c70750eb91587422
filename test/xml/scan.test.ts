import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { scan, scanFragment, scanText } from '../../src/xml/scan.ts';
import { attributeValue, type Element, isNamed, leafText, namespaceOf } from '../../src/xml/tree.ts';
import { choices, writeDocument } from './documents.ts';

/** What the scanner makes of an accepted text. */

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';

function first(element: Element): Element {
  const [child] = element.children;
  if (child === undefined) throw new Error('no child');
  return child;
}

/** All that an element means, without where it stands. */
function meaning(element: Element): unknown {
  const { name, namespace, attributes } = element;
  return {
    name,
    namespace,
    attributes: attributes.map(a => [a.name, a.namespace, a.value]),
    children: element.children.map(meaning),
  };
}

describe('a scanned message', () => {
  test('knows where each element stands in its text', () => {
    const text = '<?xml version="1.0"?>\n<a x="1"> <b>t</b ><c/></a>\n';
    const { root } = scanText(text);
    const cut = (element: Element) => text.slice(element.start, element.end);
    const inside = (element: Element) => text.slice(element.contentStart, element.contentEnd);
    expect([root, ...root.children].map(cut)).toEqual(['<a x="1"> <b>t</b ><c/></a>', '<b>t</b >', '<c/>']);
    expect([root, ...root.children].map(inside)).toEqual([' <b>t</b ><c/>', 't', '']);
    expect(root.children.map(child => child.parent)).toEqual([root, root]);
    expect(root.parent).toBeUndefined();
    expect(root.source).toBe(text);
  });

  test('may begin with a byte order mark and an XML declaration in any legal writing', () => {
    for (const prolog of [
      '\uFEFF',
      '\uFEFF<?xml version="1.0"?>',
      "<?xml\tversion = '1.0'\r\nencoding= 'utf-8' standalone='yes' ?>",
      '<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- c -->\n',
    ]) {
      expect(scan(Buffer.from(`${prolog}<a/><!-- c -->\n`)).root.name).toBe('a');
    }
  });

  test('resolves prefixes where they are used', () => {
    const { root } = scanText(
      '<p:a xmlns:p="urn:1" xmlns="urn:d" x="0" p:x="1"><b p:x="2" xmlns:p="urn:2"/><b xmlns="">' +
        '<c xml:lang="en"/></b><p:c/></p:a>',
    );
    const [b1, b2, c] = root.children;
    expect([root, b1, b2, c].map(element => element?.namespace)).toEqual(['urn:1', 'urn:d', '', 'urn:1']);
    expect(root.attributes.map(({ namespace }) => namespace)).toEqual(['', 'urn:1']);
    expect(b1?.attributes[0]?.namespace).toBe('urn:2');
    expect(b2 && first(b2).attributes[0]?.namespace).toBe(xmlNamespace);
  });

  test('knows the namespace of a prefix inside each element', () => {
    const { root } = scanText('<a xmlns:p="urn:1"><b xmlns:p="urn:2" xmlns="urn:d"><c xmlns=""/></b></a>');
    const b = first(root);
    expect([namespaceOf(root, 'p'), namespaceOf(b, 'p'), namespaceOf(first(b), 'p')]).toEqual([
      'urn:1',
      'urn:2',
      'urn:2',
    ]);
    expect([namespaceOf(root, ''), namespaceOf(b, ''), namespaceOf(first(b), '')]).toEqual(['', 'urn:d', '']);
    expect([namespaceOf(root, 'q'), namespaceOf(root, 'xml')]).toEqual([undefined, xmlNamespace]);
  });

  test('normalises the values of attributes (XML 1.0 §3.3.3)', () => {
    const { root } = scanText(
      '<a b="1\r\n2\r3\n4\t5&#13;&#10;&#9;6" c=\'&quot;"&apos;&lt;&gt;&amp;&#65;&#x1F600;>\'/>',
    );
    expect(attributeValue(root, '', 'b')).toBe('1 2 3 4 5\r\n\t6');
    expect(attributeValue(root, '', 'c')).toBe('""\'<>&A\u{1F600}>');
    expect(attributeValue(root, 'urn:x', 'b')).toBeUndefined();
  });

  test('accepts a namespace URI with references, and the prefix xml declared as what it is', () => {
    const { root } = scanText(`<p:a xmlns:xml="${xmlNamespace}" xmlns:p="urn:&#x61;&amp;b" xml:space="preserve"/>`);
    expect(isNamed(root, 'urn:a&b', 'a')).toBe(true);
    expect(attributeValue(root, xmlNamespace, 'space')).toBe('preserve');
  });

  test('takes attributes that only look like declarations for attributes', () => {
    const { root } = scanText('<a xmlnsfoo="1" xmln="2" xml:ns="3"/>');
    expect(root.attributes.map(({ name, value }) => [name, value])).toEqual([
      ['xmlnsfoo', '1'],
      ['xmln', '2'],
      ['xml:ns', '3'],
    ]);
  });

  test('takes names of XML 1.0, fifth edition', () => {
    for (const name of ['ä', '_', 'a·b', 'ḁ', '\u{10000}', '\u{EFFFF}', 'a-1.b', '\u2070', 'p:\u3001']) {
      expect(scanText(`<${name} xmlns:p="urn:p"/>`).root.name).toBe(name);
    }
  });

  test('lists every attribute named Id, ID, id or AssertionID, in any namespace and in document order', () => {
    const { ids } = scanText(
      '<a Id="1"><b xmlns:u="urn:u" u:Id="2" id="3"/><c ID="4" AssertionID="5">' +
        '<d xml:id="6" iD="7" Ids="8" x-Id="9"/></c></a>',
    );
    expect(ids.map(({ element, attribute }) => `${element.local} ${attribute.name}=${attribute.value}`)).toEqual([
      'a Id=1',
      'b u:Id=2',
      'b id=3',
      'c ID=4',
      'c AssertionID=5',
      'd xml:id=6',
    ]);
    expect(ids[1]?.attribute.namespace).toBe('urn:u');
  });

  test('has no ids in comments, CDATA sections and values', () => {
    expect(scanText('<a b=\' Id="1"\'><!-- <b Id="1"/> --><![CDATA[<b Id="1"/>]]></a>').ids).toEqual([]);
  });

  test('is the same whether it comes as bytes or as text', () => {
    fc.assert(
      fc.property(choices, tree => {
        const text = writeDocument(tree);
        expect(meaning(scan(Buffer.from(text)).root)).toEqual(meaning(scanText(text).root));
      }),
      { numRuns: 200 },
    );
  });

  test('never fails but by a refusal, however its text is cut', () => {
    fc.assert(
      fc.property(
        choices,
        fc.nat(),
        fc.nat(),
        fc.string({ unit: fc.constantFrom(...'<>&;/"\' !-[]?a:=x\n'), maxLength: 6 }),
        (tree, from, length, insert) => {
          const text = writeDocument(tree);
          const at = from % (text.length + 1);
          const cut = text.slice(0, at) + insert + text.slice(at + (length % 8));
          try {
            scanText(cut);
          } catch (error) {
            expect(error).toMatchObject({ fault: 'malformed' });
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a fragment', () => {
  const { root } = scanText('<p:a xmlns:p="urn:p" xmlns="urn:d"><body/></p:a>');
  const body = first(root);

  test('is scanned in the namespace scope of its parent', () => {
    const fragment = scanFragment('x<p:b Id="1"/> <c>y</c>', body);
    expect(fragment.children.map(({ namespace, local }) => `{${namespace}}${local}`)).toEqual(['{urn:p}b', '{urn:d}c']);
    expect(fragment.children.map(({ parent }) => parent)).toEqual([body, body]);
    expect(fragment.ids.map(({ attribute }) => attribute.value)).toEqual(['1']);
    expect(fragment.children.map(child => child.source.slice(child.start, child.end))).toEqual([
      '<p:b Id="1"/>',
      '<c>y</c>',
    ]);
  });

  test('leaves its parent as it was', () => {
    scanFragment('<c/>', body);
    expect(body.children).toEqual([]);
  });

  test('may be empty, text, or text beside CDATA and comments', () => {
    for (const text of ['', 'x', '&lt;<![CDATA[<]]><!-- c -->', '\uFEFF']) {
      expect(scanFragment(text, body).children).toEqual([]);
    }
  });

  test('is the same as bytes and as text, a byte order mark among them', () => {
    for (const text of ['', '<c>1</c>', '<c>\u00e4\t1\r\n</c>\n', '\uFEFF<c/>', 'x'.repeat(9)]) {
      const [bytes, characters] = [scanFragment(Buffer.from(text), body), scanFragment(text, body)];
      expect([bytes.source, bytes.marks]).toEqual([text, characters.marks]);
      expect(bytes.children.map(({ start, end, marks }) => [start, end, marks])).toEqual(
        characters.children.map(({ start, end, marks }) => [start, end, marks]),
      );
    }
    for (const bytes of [[0xff], [0x3c, 0x63, 0xc3, 0x3e], [0x00]])
      expect(() => scanFragment(Uint8Array.from(bytes), body)).toThrow(Refusal);
  });

  test('has text that its elements know', () => {
    expect(scanFragment('<c>1&amp;2</c>', body).children.map(child => leafText(child))).toEqual(['1&2']);
  });
});
