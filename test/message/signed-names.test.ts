import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkNames,
  checkTypes,
  type NamespaceOf,
  type SignedScope,
  signedNames,
} from '../../src/message/signed-names.ts';
import { valuePrefixes } from '../../src/message/value-prefixes.ts';
import { contentText, type Verified } from '../../src/message/verified.ts';
import { ns } from '../../src/names.ts';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scanFragment, scanText } from '../../src/xml/scan.ts';
import { type Element, namespaceOf } from '../../src/xml/tree.ts';

const prefixes = ['', 'a', 'b'] as const;
const uris = ['urn:1', 'urn:2'] as const;

/** An element before it is written: names without a declaration get one on the root. */
interface Node {
  readonly prefix: string;
  readonly attribute: string;
  readonly declared: readonly (readonly [string, string])[];
  readonly children: readonly Node[];
}

const nodes = (children: fc.Arbitrary<readonly Node[]>): fc.Arbitrary<Node> =>
  fc.record({
    prefix: fc.constantFrom(...prefixes),
    attribute: fc.constantFrom(...prefixes),
    declared: fc.uniqueArray(fc.tuple(fc.constantFrom(...prefixes), fc.constantFrom(...uris)), {
      selector: ([prefix]) => prefix,
      maxLength: 2,
    }),
    children,
  });
const leaf = nodes(fc.constant([]));
const node = nodes(
  fc.array(nodes(fc.array(nodes(fc.array(leaf, { maxLength: 1 })), { maxLength: 2 })), { maxLength: 2 }),
);

const declaration = ([prefix, uri]: readonly [string, string]) => ` xmlns${prefix && `:${prefix}`}="${uri}"`;
const qualified = (prefix: string, local: string) => (prefix === '' ? local : `${prefix}:${local}`);

function write({ prefix, attribute, declared, children }: Node): string {
  const name = qualified(prefix, 'e');
  return (
    `<${name}${declared.map(declaration).join('')} ${qualified(attribute, 'x')}="">` +
    `${children.map(write).join('')}</${name}>`
  );
}

/** The signed part of a message: the first child of the root, which declares what it will. */
function part(node: Node, outside: Node['declared']): Element {
  const base = [
    ['a', 'urn:1'],
    ['b', 'urn:1'],
  ] as const;
  const known = new Map<string, string>([...base, ...outside]);
  return scanText(`<o:r xmlns:o="urn:o"${[...known].map(declaration).join('')}>${write(node)}</o:r>`).root
    .children[0] as Element;
}

const all = (element: Element): Element[] => [element, ...element.children.flatMap(all)];
const resolver = (apex: Element, listed: readonly string[] = [], plaintext: SignedScope['plaintext'] = 'canonical') =>
  signedNames({ parts: new Map([[apex, listed]]), plaintext });

const outside = fc.uniqueArray(fc.tuple(fc.constantFrom(...prefixes), fc.constantFrom(...uris)), {
  selector: ([prefix]) => prefix,
});
const listed = fc.subarray(['#default', 'a', 'b', 'unknown']);

describe('a prefix in a value', () => {
  test('means what it means in the canonical form that was signed, or nothing', () => {
    fc.assert(
      fc.property(node, outside, listed, (tree, around, list) => {
        const apex = part(tree, around);
        const resolve = resolver(apex, list);
        const canonical = all(scanText(canonicalize(apex, { prefixes: list })).root);
        all(apex).forEach((element, index) => {
          for (const prefix of prefixes) {
            const meant = resolve(element, prefix);
            if (meant !== undefined) expect(meant).toBe(namespaceOf(canonical[index] as Element, prefix));
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  test('means the same in every message of that canonical form, or nothing', () => {
    const changed = fc.tuple(node, outside, outside, fc.nat(), fc.constantFrom(...prefixes));
    fc.assert(
      fc.property(changed, listed, ([tree, around, otherwise, at, rebound], list) => {
        const apex = part(tree, around);
        const other = part(rebind(tree, at, rebound), otherwise);
        const options = { prefixes: list };
        if (canonicalize(apex, options) !== canonicalize(other, options)) return;
        const [one, two] = [resolver(apex, list), resolver(other, list)];
        const others = all(other);
        all(apex).forEach((element, index) => {
          for (const prefix of prefixes) {
            const [mine, theirs] = [one(element, prefix), two(others[index] as Element, prefix)];
            if (mine !== undefined && theirs !== undefined) expect(theirs).toBe(mine);
          }
        });
      }),
      { numRuns: 2000 },
    );
  });

  test('has its meaning where a name around it uses it, or the PrefixList names it', () => {
    fc.assert(
      fc.property(node, outside, (tree, around) => {
        const apex = part(tree, around);
        for (const element of all(apex)) {
          expect(resolver(apex)(element, element.prefix)).toBe(element.namespace);
          for (const prefix of ['a', 'b'])
            expect(resolver(apex, [prefix])(element, prefix)).toBe(namespaceOf(element, prefix));
        }
      }),
    );
  });

  test('has its meaning in what is not signed at all', () => {
    const { root } = scanText('<r xmlns:q="urn:q"><e/></r>');
    expect(resolver(scanText('<other/>').root)(root.children[0] as Element, 'q')).toBe('urn:q');
  });
});

/** The same elements with one declaration more, or another one in its place. */
function rebind(tree: Node, at: number, prefix: string): Node {
  const chosen = at % count(tree);
  let index = 0;
  const copy = (node: Node): Node => {
    const declared =
      index++ === chosen
        ? [...node.declared.filter(([name]) => name !== prefix), [prefix, 'urn:2'] as const]
        : node.declared;
    return { ...node, declared, children: node.children.map(copy) };
  };
  return copy(tree);
}

const count = (tree: Node): number => 1 + tree.children.reduce((sum, child) => sum + count(child), 0);

/** A Body with ciphertext, and what comes out of it. */
function decrypted(content: string, outer = '') {
  const text = `<s:Envelope xmlns:s="${ns.soap12}" xmlns:q="urn:outer"${outer}><s:Body><x/></s:Body></s:Envelope>`;
  const body = scanText(text).root.children[0] as Element;
  return { body, child: scanFragment(content, body).children[0] as Element };
}

const xsi = ` xmlns:xsi="${ns.xsi}"`;
const outcome =
  (check: (content: Element, resolve: NamespaceOf, fault: 'failedCheck') => void, resolve: NamespaceOf) =>
  (content: Element) => {
    try {
      check(content, resolve, 'failedCheck');
      return 'passes';
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };

describe('decrypted content', () => {
  const inside = `<e${xsi} xmlns:r="urn:r" xsi:type="r:A"/>`;
  const outer = `<e${xsi} xsi:type="q:A"/>`;
  test.each<[SignedScope['plaintext'], string, string, readonly string[]]>([
    ['canonical', inside, 'value-prefix-not-signed', []],
    ['canonical', inside, 'passes', ['r']],
    ['octets', inside, 'passes', []],
    ['ciphertext', inside, 'passes', []],
    ['canonical', outer, 'value-prefix-not-signed', []],
    ['octets', outer, 'value-prefix-not-signed', []],
    ['ciphertext', outer, 'value-prefix-not-signed', []],
    ['ciphertext', outer, 'passes', ['q']],
    ['ciphertext', `<q:e${xsi} xsi:type="q:A"/>`, 'value-prefix-not-signed', []],
    ['octets', `<q:e${xsi} xsi:type="q:A"/>`, 'passes', []],
  ])('under a digest over %s: the type in %s %s with the PrefixList %j', (plaintext, content, expected, list) => {
    const { body, child } = decrypted(content);
    expect(outcome(checkTypes, resolver(body, list, plaintext))(child)).toBe(expected);
  });

  test.each([
    ['<q:e/>', '', 'name-prefix-not-signed'],
    ['<e q:a=""/>', '', 'name-prefix-not-signed'],
    ['<e><q:e/></e>', '', 'name-prefix-not-signed'],
    ['<e/>', ' xmlns="urn:d"', 'name-prefix-not-signed'],
    ['<q:e xmlns:q="urn:outer"/>', '', 'passes'],
    ['<e><e/></e>', '', 'passes'],
    ['<s:Fault/>', '', 'passes'],
  ])('under a digest over ciphertext: the names in %s, with%s around them, %s', (content, around, expected) => {
    const { body, child } = decrypted(content, around);
    expect(outcome(checkNames, resolver(body, [], 'ciphertext'))(child)).toBe(expected);
  });
});

describe('the text of an answer', () => {
  const given = (content: string, plaintext: SignedScope['plaintext'] = 'canonical', list: readonly string[] = []) => {
    const { body, child } = decrypted(content);
    return contentText({
      body,
      content: child,
      scope: { parts: new Map([[body, list]]), plaintext },
    } as unknown as Verified);
  };
  const fault = (subcode: string, detail = '') =>
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>' +
    `<s:Value xmlns:f="urn:f">${subcode}</s:Value></s:Subcode></s:Code>${detail}</s:Fault>`;

  test('has no declaration that is not signed', () => {
    expect(given(`<e xmlns:r="urn:r">r:A q:A</e>`)).toBe('<e>r:A q:A</e>');
    expect(given(`<e xmlns:r="urn:r">r:A q:A</e>`, 'canonical', ['q'])).toBe('<e xmlns:q="urn:outer">r:A q:A</e>');
  });

  test('is as it was written where its octets are authentic', () => {
    for (const plaintext of ['octets', 'ciphertext'] as const)
      expect(given(`<e  xmlns:r="urn:r">r:A</e>`, plaintext)).toContain(' xmlns:r="urn:r">r:A</e>');
  });

  test.each([
    ['f:Lost', [], false],
    ['q:Lost', [], false],
    ['Lost', [], false],
    ['f:Lost', ['f'], true],
    ['s:Lost', [], true],
  ] as const)('has the fault, and its Subcode %s with the PrefixList %j: %s', (subcode, list, isThere) => {
    const text = given(fault(subcode), 'canonical', list);
    expect(text).toContain('<s:Value>s:Sender</s:Value>');
    expect(text.includes('Subcode')).toBe(isThere);
  });

  test('has the fault without a Detail whose types are not signed', () => {
    const detail = (type: string) => fault('s:Lost', `<s:Detail><d${xsi} xsi:type="${type}"/></s:Detail>`);
    expect(given(detail('q:A'))).not.toContain('Detail');
    expect(given(detail('s:A'))).toContain('Detail');
  });
});

test('what is sent lists the prefixes of its values: first of types and codes, then of texts like QNames', () => {
  const declared = ['t', 'u', 'v', 'f'].map(prefix => ` xmlns:${prefix}="urn:${prefix}"`).join('');
  const content =
    `<e${declared}${xsi} v:a="u:x" xsi:type="t:A"><a> v:x</a><b>http://x</b><c xsi:type="A"/>` +
    `<s:Value xmlns:s="${ns.soap12}">f:X</s:Value></e>`;
  expect(valuePrefixes(scanText(content).root)).toEqual(['t', '#default', 'f', 'u', 'v']);
  expect(valuePrefixes(scanText(`<e${declared}><a>x</a><t:b/></e>`).root)).toEqual([]);
});
