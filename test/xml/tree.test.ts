import { describe, expect, test } from 'vitest';
import { scanText } from '../../src/xml/scan.ts';
import { childNamed, childrenNamed, leafText } from '../../src/xml/tree.ts';

describe('leafText', () => {
  const leaf = (content: string) => leafText(scanText(`<a>${content}</a>`).root);

  test('is the text as XML means it', () => {
    expect(leaf('')).toBe('');
    expect(leaf(' x ')).toBe(' x ');
    expect(leaf('1\r\n2\r3\n4&#13;&#x1F600;&lt;&amp;lt;&quot;&apos;&gt;')).toBe('1\n2\n3\n4\r\u{1F600}<&lt;"\'>');
  });

  test('counts CDATA as text', () => {
    expect(leaf('1<![CDATA[&amp;<\r\n]]>2<![CDATA[]]>')).toBe('1&amp;<\n2');
    expect(leaf(']]&gt;<![CDATA[]]]]><![CDATA[>]]>')).toBe(']]>]]>');
  });

  test('is the text of an empty-element tag: none', () => {
    expect(leafText(scanText('<a/>').root)).toBe('');
  });

  test('refuses child elements and comments', () => {
    for (const content of ['<b/>', 'x<b>y</b>', 'ad<!-- -->min', '<!---->']) {
      expect(() => leaf(content)).toThrow(
        expect.objectContaining({ fault: 'invalidSecurity', reason: 'leaf-content' }),
      );
    }
  });

  test('refuses a text longer than asked for, by the fault class asked for', () => {
    const { root } = scanText('<a>12345</a>');
    expect(leafText(root, 'malformed', 5)).toBe('12345');
    expect(() => leafText(root, 'malformed', 4)).toThrow(
      expect.objectContaining({ fault: 'malformed', reason: 'leaf-length' }),
    );
  });
});

test('children are found by expanded name, never by prefix or local name alone', () => {
  const { root } = scanText(
    '<a xmlns:p="urn:1" xmlns:q="urn:2"><b n="0"/><q:b n="1"/><p:b n="2"/><b xmlns="urn:1" n="3"/></a>',
  );
  const numbers = (namespace: string) =>
    childrenNamed(root, namespace, 'b').map(({ attributes }) => attributes[0]?.value);
  expect([numbers(''), numbers('urn:1'), numbers('urn:2'), numbers('urn:3')]).toEqual([['0'], ['2', '3'], ['1'], []]);
  expect(childNamed(root, 'urn:1', 'b')?.attributes[0]?.value).toBe('2');
  expect(childNamed(root, 'urn:1', 'c')).toBeUndefined();
});
