import fc from 'fast-check';
import { XmlC14NMode, XmlDocument } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { canonicalize } from '../../src/xml/canonical.ts';
import { scan } from '../../src/xml/scan.ts';
import type { Element } from '../../src/xml/tree.ts';
import { choices, prefixLists, writeDocument } from './documents.ts';

/**
 * libxml2 as the second opinion on exclusive c14n. Known divergences, which the corpora below leave out:
 * - documents that our scanner refuses (test/xml/refusals.test.ts) have no canonical form here: DOCTYPE, processing instructions, relative URIs.
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
    for (const [index, element] of ours.entries()) {
      for (const prefixes of prefixLists) {
        const expected = theirs[index]?.canonicalizeToString({
          mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
          inclusiveNamespacePrefixes: prefixes,
        });
        expect(canonicalize(element, { prefixes }), `${element.name} of ${text} with ${prefixes.join(' ')}`).toBe(
          expected,
        );
      }
    }
  } finally {
    document.dispose();
  }
}

describe('exclusive c14n is byte for byte that of libxml2', () => {
  test('on generated documents, for each element and any PrefixList', () => {
    fc.assert(
      fc.property(choices, prefixLists, (tree, prefixes) => expectSameForms(writeDocument(tree), [[], prefixes])),
      { numRuns: 60000 },
    );
  });
});
