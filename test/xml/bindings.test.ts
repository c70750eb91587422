import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanFragment, scanText } from '../../src/xml/scan.ts';
import { bindingOf, type Content, type Element } from '../../src/xml/tree.ts';

/**
 * Nested and neighbouring elements, each with declarations of its own out of few prefixes, so that they shadow each
 * other.
 */
interface Made {
  readonly declared: readonly (readonly [prefix: number, uri: number])[];
  readonly used: number;
  readonly children: readonly Made[];
}

const prefixCount = 40;
const { made } = fc.letrec<{ made: Made }>(tie => ({
  made: fc.record({
    declared: fc.uniqueArray(fc.tuple(fc.nat(prefixCount - 1), fc.nat(3)), { selector: ([p]) => p, maxLength: 9 }),
    used: fc.nat(prefixCount - 1),
    children: fc.oneof({ depthSize: 'medium' }, fc.constant([]), fc.array(tie('made'), { maxLength: 3 })),
  }),
}));

function write({ declared, used, children }: Made): string {
  const declarations = declared.map(([prefix, uri]) => ` xmlns:p${prefix}="urn:${uri}"`).join('');
  return `<p${used}:e${declarations} p${used}:a="">${children.map(write).join('')}</p${used}:e>`;
}

/** As many declarations as most messages have, so that those inside are the first that are many. */
const few = (count: number) => Array.from({ length: count }, (_, prefix) => ` xmlns:p${prefix}="urn:few"`).join('');

const all = Array.from({ length: prefixCount }, (_, prefix) => ` xmlns:p${prefix}="urn:out"`);
const around = (content: string) => `<r${all.slice(0, 20).join('')}><r${all.slice(20).join('')}>${content}</r></r>`;

function* elementsOf(content: Content): Generator<Element> {
  for (const child of content.children) {
    yield child;
    yield* elementsOf(child);
  }
}

function expectResolved(content: Content): void {
  for (const element of elementsOf(content)) {
    const expected = bindingOf(element.scope, element.prefix)?.uri ?? '';
    expect(element.namespace).toBe(expected);
    for (const attribute of element.attributes) expect(attribute.namespace).toBe(expected);
  }
}

describe('a prefix means its innermost declaration', () => {
  test('however many are in scope, and however they shadow each other', () => {
    fc.assert(
      fc.property(made, document => {
        expectResolved(scanText(around(write(document))).root);
      }),
    );
  });

  test('also where few are in scope, and more further in', () => {
    // A prefix that is not declared around has to be declared by the one who uses it.
    const closed = (document: Made, known: ReadonlySet<number>): Made => {
      const inside = new Set([...known, ...document.declared.map(([prefix]) => prefix)]);
      const used = inside.has(document.used) ? document.used : 0;
      return { ...document, used, children: document.children.map(child => closed(child, inside)) };
    };
    fc.assert(
      fc.property(made, fc.integer({ min: 1, max: 12 }), (document, count) => {
        const known = new Set(Array.from({ length: count }, (_, prefix) => prefix));
        expectResolved(scanText(`<r${few(count)}>${write(closed(document, known))}</r>`).root);
      }),
    );
  });

  test('also inside a fragment, after those around it', () => {
    fc.assert(
      fc.property(made, document => {
        const parent = scanText(around('<x xmlns:p7="urn:near"/>')).root.children[0]?.children[0] as Element;
        expectResolved(scanFragment(write(document), parent));
      }),
    );
  });

  test('and no longer than its element lasts', () => {
    const declared = all.slice(0, 20).join('');
    expect(() => scanText(`<a><b${declared}/><p3:c/></a>`)).toThrow(
      expect.objectContaining({ reason: 'xml-undeclared-prefix' }),
    );
  });
});
