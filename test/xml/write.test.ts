import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scanFragment, scanText } from '../../src/xml/scan.ts';
import { attributeValue, type Element, leafText } from '../../src/xml/tree.ts';
import {
  bindingsOf,
  escapeAttribute,
  escapeText,
  inheritDeclarations,
  standalone,
  withoutSections,
  writeDeclaration,
} from '../../src/xml/write.ts';
import { choices, writeDocument } from './documents.ts';

function elementsOf(root: Element): Element[] {
  return [root, ...root.children.flatMap(elementsOf)];
}

/** Any text that XML can hold. */
const xmlText = fc
  .string({
    unit: fc.oneof(fc.constantFrom(...'<>&"\'\r\n\t ]-;#'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
    maxLength: 20,
  })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML can't hold these
  .filter(text => !/[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/.test(text));

describe('escaping', () => {
  test('is undone by a scan', () => {
    fc.assert(
      fc.property(xmlText, xmlText, (text, value) => {
        const { root } = scanText(`<a b="${escapeAttribute(value)}">${escapeText(text)}</a>`);
        expect([leafText(root), attributeValue(root, '', 'b')]).toEqual([text, value]);
      }),
    );
  });

  test('is canonical', () => {
    fc.assert(
      fc.property(xmlText, xmlText, (text, value) => {
        const written = `<a b="${escapeAttribute(value)}">${escapeText(text)}</a>`;
        expect(canonicalize(scanText(written).root)).toBe(written);
      }),
    );
  });

  test('touches only what canonical XML escapes', () => {
    expect(escapeText('<>&"\'\r\n\t')).toBe('&lt;&gt;&amp;"\'&#xD;\n\t');
    expect(escapeAttribute('<>&"\'\r\n\t')).toBe("&lt;>&amp;&quot;'&#xD;&#xA;&#x9;");
  });
});

test('a declaration is written as canonical XML writes it', () => {
  expect(writeDeclaration({ prefix: '', uri: 'urn:a?"&' })).toBe('xmlns="urn:a?&quot;&amp;"');
  expect(writeDeclaration({ prefix: 'p', uri: 'urn:p' })).toBe('xmlns:p="urn:p"');
});

test('the bindings of a scope are the innermost of each prefix, in canonical order, undeclared ones left out', () => {
  const { root } = scanText(
    '<a xmlns="urn:d" xmlns:p="urn:1" xmlns:B="urn:B"><b xmlns="" xmlns:p="urn:2" xmlns:a="urn:a"/></a>',
  );
  expect(bindingsOf(root.children[0]?.scope).map(writeDeclaration)).toEqual([
    'xmlns:B="urn:B"',
    'xmlns:a="urn:a"',
    'xmlns:p="urn:2"',
  ]);
});

describe('an element made to stand alone', () => {
  test('means what it meant in its message', () => {
    fc.assert(
      fc.property(choices, tree => {
        for (const element of elementsOf(scanText(writeDocument(tree)).root)) {
          expect(canonicalize(scanText(standalone(element)).root)).toBe(canonicalize(element));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('has all declarations that it inherits, for prefixes inside values, and its own as written', () => {
    const { root } = scanText(
      '<a xmlns="urn:d" xmlns:p="urn:1" xmlns:q="urn:q"><b  xmlns:p=\'urn:2\' type="q:t"/></a>',
    );
    expect(root.children.map(element => standalone(element))).toEqual([
      '<b xmlns="urn:d" xmlns:q="urn:q"  xmlns:p=\'urn:2\' type="q:t"/>',
    ]);
  });

  test('does not get back a default namespace that it or an ancestor has undeclared', () => {
    const { root } = scanText('<a xmlns="urn:d"><b xmlns=""><c/></b></a>');
    const b = root.children[0] as Element;
    expect([standalone(b), ...b.children.map(element => standalone(element))]).toEqual([
      '<b xmlns=""><c/></b>',
      '<c/>',
    ]);
  });

  test('may come from a fragment', () => {
    const { root } = scanText('<a xmlns:p="urn:p"/>');
    expect(scanFragment('x<p:b/>', root).children.map(element => standalone(element))).toEqual([
      '<p:b xmlns:p="urn:p"/>',
    ]);
  });
});

describe('content taken out of its element', () => {
  const envelope =
    '<soap:Envelope xmlns:soap="urn:soap" xmlns:xsi="urn:xsi" xmlns:tns="urn:t"><soap:Body>' +
    '<x xsi:type="tns:y"> &amp; </x>\r\n</soap:Body></soap:Envelope>';
  const body = scanText(envelope).root.children[0] as Element;

  test('keeps its bytes and comes with every declaration in scope', () => {
    expect(inheritDeclarations(body)).toMatchObject({
      content: '<x xsi:type="tns:y"> &amp; </x>\r\n',
      declarations: 'xmlns:soap="urn:soap" xmlns:tns="urn:t" xmlns:xsi="urn:xsi"',
    });
  });

  test('leaves out the declarations that the element around it makes itself', () => {
    expect(inheritDeclarations(body, ['soap', 'xsi']).declarations).toBe('xmlns:tns="urn:t"');
  });

  test('may be a fragment', () => {
    const fragment = scanFragment('<tns:z/>', body);
    expect(inheritDeclarations(fragment, ['soap'])).toMatchObject({
      content: '<tns:z/>',
      declarations: 'xmlns:tns="urn:t" xmlns:xsi="urn:xsi"',
    });
  });

  test('means the same in another element with these declarations', () => {
    fc.assert(
      fc.property(choices, tree => {
        for (const element of elementsOf(scanText(writeDocument(tree)).root)) {
          const { declarations, content } = inheritDeclarations(element);
          const moved = scanText(`<e:b xmlns:e="urn:e" ${declarations}>${content}</e:b>`).root;
          expect(moved.children.map(child => canonicalize(child))).toEqual(
            element.children.map(child => canonicalize(child)),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('without comments and CDATA sections a text has the same canonical form', () => {
  const same = (text: string) => {
    const written = withoutSections(text);
    expect(written).not.toContain('<!');
    expect(canonicalize(scanText(written).root)).toBe(canonicalize(scanText(text).root));
  };
  same(
    '<a b="&lt;!--">x<!----> y<![CDATA[]]><![CDATA[<!-- ]]&gt; & \r\n \r]]><b/><!-- <![CDATA[ ]]> -->&#13;]]&gt;</a>',
  );
  for (const around of ['<!---->', '<![CDATA[]]>', '<!----><![CDATA[]]><!-- -->']) {
    for (const run of ['\r|\n', '\r|\r\n', ']]|>', ']|]>', '|]]&gt;', '&lt;|>', ']]|\r|>', '\r||\n', '\r\r|\n']) {
      same(`<a>${run.replaceAll('|', around)}</a>`);
      same(`<a>${run.replaceAll('|', around)}<b c=">"/>></a>`);
    }
  }
  same('<a><![CDATA[]]]>]></a>');
  same('<a>]<![CDATA[]]]>></a>');
  fc.assert(fc.property(choices, seed => same(writeDocument(seed))));
});
