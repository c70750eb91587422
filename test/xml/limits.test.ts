import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { defaultLimits, type Limits, limitsField } from '../../src/xml/limits.ts';
import { scan, scanFragment, scanText } from '../../src/xml/scan.ts';

/** Each limit lets N pass and refuses N + 1. */

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return `${error.fault} ${error.reason}`;
  }
  return 'accepted';
}

const nested = (depth: number, content = '') => '<a>'.repeat(depth) + content + '</a>'.repeat(depth);
const numbered = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => write(i)).join('');

/** Declares `count` prefixes on nested elements, as many on each as it may. */
function declaring(count: number, perElement = defaultLimits.maxDeclarations): string {
  const elements = Math.ceil(count / perElement);
  const tag = (level: number) =>
    `<a${numbered(Math.min(perElement, count - level * perElement), i => ` xmlns:p${level}-${i}="urn:x"`)}>`;
  return numbered(elements, tag) + '</a>'.repeat(elements);
}

const limits: Readonly<
  Record<
    Exclude<keyof Limits, 'canonicalFactor' | 'maxLargeMessages'>,
    { readonly reason: string; readonly at: (n: number) => string }
  >
> = {
  maxBytes: { reason: 'xml-bytes', at: n => `<a>${'x'.repeat(n - 7)}</a>` },
  maxDepth: { reason: 'xml-depth', at: n => nested(n) },
  maxNodes: { reason: 'xml-nodes', at: n => `<a>${'<!---->'.repeat(n - 1)}</a>` },
  maxChildren: { reason: 'xml-children', at: n => `<a>${'<b/>'.repeat(n)}</a>` },
  maxAttributes: { reason: 'xml-attributes', at: n => `<a xmlns="urn:x"${numbered(n, i => ` b${i}=""`)}/>` },
  maxDeclarations: { reason: 'xml-declarations', at: n => `<a b=""${numbered(n, i => ` xmlns:p${i}="urn:x"`)}/>` },
  maxDeclarationsInScope: { reason: 'xml-declarations-in-scope', at: n => declaring(n) },
  maxNameChars: { reason: 'xml-name-length', at: n => `<p:${'a'.repeat(n - 2)} xmlns:p="urn:x"/>` },
  maxValueChars: { reason: 'xml-value-length', at: n => `<a b="${'x'.repeat(n)}"/>` },
  namespaceChars: { reason: 'limit-namespace', at: n => `<a xmlns="urn:${'x'.repeat(n - 4)}"/>` },
};

describe('a scan lets N pass and refuses N + 1', () => {
  for (const [name, { reason, at }] of Object.entries(limits)) {
    const limit = defaultLimits[name as keyof Limits];
    test(`${name}: ${limit}`, () => {
      expect(reasonOf(() => scan(Buffer.from(at(limit))))).toBe('accepted');
      expect(reasonOf(() => scan(Buffer.from(at(limit + 1))))).toBe(`malformed ${reason}`);
    });

    test(`${name}: a lower limit that is given`, () => {
      const lower = { ...defaultLimits, [name]: 20 };
      expect(reasonOf(() => scanText(at(20), lower))).toBe('accepted');
      expect(reasonOf(() => scanText(at(21), lower))).toBe(`malformed ${reason}`);
    });
  }

  test('maxDepth: an empty-element tag counts', () => {
    expect(reasonOf(() => scanText(nested(63, '<b/><b/>')))).toBe('accepted');
    expect(reasonOf(() => scanText(nested(64, '<b/>')))).toBe('malformed xml-depth');
  });

  test('maxNodes: elements, attributes, declarations, runs of text, comments and CDATA sections', () => {
    const three = { ...defaultLimits, maxNodes: 3 };
    for (const content of ['<b/><b/>', 'x<b/>', 'x<!---->', '<![CDATA[]]>x', '<b c=""/>', '<b xmlns="urn:x"/>']) {
      expect(reasonOf(() => scanText(`<a>${content}</a>`, three))).toBe('accepted');
      expect(reasonOf(() => scanText(`<a>${content}<b/></a>`, three))).toBe('malformed xml-nodes');
    }
  });

  test('maxBytes: bytes, not characters', () => {
    const eight = { ...defaultLimits, maxBytes: 8 };
    expect(reasonOf(() => scan(Buffer.from('<a>x</a>'), eight))).toBe('accepted');
    expect(reasonOf(() => scan(Buffer.from('<a>é</a>'), eight))).toBe('malformed xml-bytes');
  });

  test('maxValueChars: namespace names and references as written', () => {
    expect(reasonOf(() => scanText(`<a xmlns="urn:${'&#65;'.repeat(1638)}"/>`))).toBe('malformed xml-value-length');
    expect(reasonOf(() => scanText(`<a b="${'&#65;'.repeat(1639)}"/>`))).toBe('malformed xml-value-length');
  });

  test('namespaceChars: references replaced, with and without a prefix', () => {
    const written = (count: number) => `urn:${'&#120;'.repeat(count - 4)}`;
    for (const name of ['xmlns', 'xmlns:p']) {
      expect(reasonOf(() => scanText(`<a ${name}="${written(512)}"/>`))).toBe('accepted');
      expect(reasonOf(() => scanText(`<a ${name}="${written(513)}"/>`))).toBe('malformed limit-namespace');
    }
  });

  test('maxNameChars: attributes too, and names that are not ASCII', () => {
    expect(reasonOf(() => scanText(`<${'ä'.repeat(256)}/>`))).toBe('accepted');
    expect(reasonOf(() => scanText(`<${'ä'.repeat(257)}/>`))).toBe('malformed xml-name-length');
    expect(reasonOf(() => scanText(`<a ${'b'.repeat(256)}=""/>`))).toBe('accepted');
    expect(reasonOf(() => scanText(`<a ${'b'.repeat(257)}=""/>`))).toBe('malformed xml-name-length');
  });

  test('maxDeclarationsInScope: redeclared prefixes count, those of siblings do not', () => {
    const redeclared = (levels: number) => '<a xmlns="urn:x">'.repeat(levels) + '</a>'.repeat(levels);
    const twenty = { ...defaultLimits, maxDeclarationsInScope: 20 };
    expect(reasonOf(() => scanText(redeclared(20), twenty))).toBe('accepted');
    expect(reasonOf(() => scanText(redeclared(21), twenty))).toBe('malformed xml-declarations-in-scope');
    expect(reasonOf(() => scanText(`<a>${'<b xmlns="urn:x"/>'.repeat(200)}</a>`))).toBe('accepted');
  });
});

describe('how many nodes and children there may be grows with the bytes', () => {
  const read = (given: Partial<Limits>) => limitsField.read(given, { of: 'limits', path: '' });
  const mib = 1024 * 1024;

  test.each([
    [1, 50_000, 10_000],
    [mib, 50_000, 10_000],
    [2 * mib, 100_000, 20_000],
    [8 * mib, 400_000, 80_000],
    [256 * mib, 12_800_000, 2_560_000],
  ])('%i bytes: %i nodes, %i children of one element', (maxBytes, maxNodes, maxChildren) => {
    expect(read({ maxBytes })).toMatchObject({ maxNodes, maxChildren });
  });

  test('unless they are given, each by itself', () => {
    expect(read({ maxBytes: 8 * mib, maxNodes: 7 })).toMatchObject({ maxNodes: 7, maxChildren: 80_000 });
    expect(read({ maxBytes: 8 * mib, maxChildren: 7 })).toMatchObject({ maxNodes: 400_000, maxChildren: 7 });
  });

  test('and no other limit does', () => {
    const { maxBytes: _, maxNodes: __, maxChildren: ___, ...others } = read({ maxBytes: 256 * mib });
    expect(defaultLimits).toMatchObject(others);
  });

  test('by default there is room for 1 MiB in base64, twice, with lines of 76 characters', () => {
    const lines = Math.ceil((mib * 4) / 3 / 76);
    expect(((mib * 4) / 3 + 2 * lines) * (4 / 3) + 64 * 1024).toBeLessThan(defaultLimits.maxBytes);
  });
});

describe('a fragment keeps the limits', () => {
  test('from the depth of its parent', () => {
    let parent = scanText(nested(60)).root;
    while (parent.children[0] !== undefined) parent = parent.children[0];
    expect(reasonOf(() => scanFragment(nested(4), parent))).toBe('accepted');
    expect(reasonOf(() => scanFragment(nested(5), parent))).toBe('malformed xml-depth');
  });

  test('of children and length', () => {
    const { root } = scanText('<a/>');
    expect(reasonOf(() => scanFragment('<b/>'.repeat(20_001), root))).toBe('malformed xml-children');
    expect(reasonOf(() => scanFragment('x'.repeat(2 * 1024 * 1024 + 1), root))).toBe('malformed xml-bytes');
  });
});

describe('a bomb is refused by the limit it passes', () => {
  const bombs: Readonly<Record<string, readonly [text: string, reason: string]>> = {
    '75,000 nested elements': ['<a>'.repeat(75_000) + '</a>'.repeat(74_000), 'xml-depth'],
    '513 KB of nested elements that are never closed': ['<a>'.repeat(171_000), 'xml-depth'],
    'a million nested elements': ['<a>'.repeat(1_000_000), 'xml-bytes'],
    '25,000 attributes': [`<a ${numbered(25_000, i => `b${i}="" `)}/>`, 'xml-attributes'],
    '25,000 namespace declarations': [`<a ${numbered(25_000, i => `xmlns:b${i}="urn:x" `)}/>`, 'xml-declarations'],
    '2,000 nested new prefixes': [numbered(2_000, i => `<a xmlns:p${i}="urn:x">`), 'xml-depth'],
    '60 elements with three new prefixes each': [declaring(180, 3), 'xml-declarations-in-scope'],
    '100,000 empty elements': [`<a>${'<b/>'.repeat(100_000)}</a>`, 'xml-children'],
    'text split by 60,000 CDATA sections': [`<a>${'<![CDATA[]]>x'.repeat(60_000)}</a>`, 'xml-nodes'],
    'a name of 100,000 characters': [`<${'a'.repeat(100_000)}/>`, 'xml-name-length'],
    'a value of 100,000 characters': [`<a b="${'x'.repeat(100_000)}"/>`, 'xml-value-length'],
    'ten megabytes of references': [`<a>${'&#65;'.repeat(2_000_000)}</a>`, 'xml-bytes'],
    'twenty levels of entities': [
      `<!DOCTYPE a [<!ENTITY x0 "x">${numbered(20, i => `<!ENTITY x${i + 1} "&x${i};&x${i};">`)}]><a>&x20;</a>`,
      'xml-doctype',
    ],
  };
  for (const [name, [text, reason]] of Object.entries(bombs)) {
    test(name, () => {
      expect(reasonOf(() => scan(Buffer.from(text)))).toBe(`malformed ${reason}`);
    });
  }
});
