import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { defaultLimits, fixedLimits, type Limits } from '../../src/xml/limits.ts';
import { passedLimit, saidByLimit } from '../../src/xml/passed-limit.ts';
import { scanText } from '../../src/xml/scan.ts';

/** Messages that pass a limit, which is 2, and no other. */
const beyondTwo: Readonly<Record<Exclude<keyof Limits, 'canonicalFactor' | 'maxLargeMessages'>, string>> = {
  maxBytes: '<a/>',
  maxDepth: '<a><a><a/></a></a>',
  maxNodes: '<a><a/><a/></a>',
  maxChildren: '<a><a/><a/><a/></a>',
  maxAttributes: '<a b="" c="" d=""/>',
  maxDeclarations: '<a xmlns:b="urn:b" xmlns:c="urn:c" xmlns:d="urn:d"/>',
  maxDeclarationsInScope: '<a xmlns:b="urn:b" xmlns:c="urn:c"><a xmlns:d="urn:d"/></a>',
  maxNameChars: '<abc/>',
  maxValueChars: '<a b="xyz"/>',
  namespaceChars: '<a xmlns="urn:b"/>',
};

function errorOf(text: string, limits: Limits): unknown {
  try {
    scanText(text, limits);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('what passes a limit is told by the name of the limit, its value and its option', () => {
  test.each(Object.entries(beyondTwo))('%s', (name, text) => {
    const limits = { ...defaultLimits, [name]: 2 };
    const error = errorOf(text, limits);
    expect(passedLimit(error, limits)).toMatchObject({
      option: `limits.${name}`,
      value: 2,
      problem: expect.stringMatching(`^has more than 2 [a-z].* \\(limits\\.${name}\\)$`),
      hint: `send less, or raise limits.${name} here`,
    });
    expect(passedLimit(new Refusal('failedCheck', 'decryption', error), limits)?.option).toBe(`limits.${name}`);
  });

  test('canonicalFactor', () => {
    const refusal = new Refusal('invalidSecurity', 'limit-canonical');
    expect(passedLimit(refusal, defaultLimits)).toMatchObject({ option: 'limits.canonicalFactor', value: 4 });
  });

  test.each(Object.values(fixedLimits))('$reason, which no option raises', ({ reason, most }) => {
    const limit = passedLimit(new Refusal('malformed', reason), defaultLimits);
    expect(limit).toMatchObject({ option: undefined, value: most, hint: expect.stringContaining('no option') });
  });

  test('in digits by threes', () => {
    const refusal = new Refusal('malformed', 'xml-nodes');
    expect(passedLimit(refusal, defaultLimits)?.problem).toMatch(/^has more than 100,000 elements, attributes/);
  });
});

test('a refusal for something else, and any other error, are told as they are', () => {
  for (const error of [new Refusal('malformed', 'xml-tag'), new Error('xml-nodes'), 'xml-nodes'])
    expect([passedLimit(error, defaultLimits), saidByLimit(error, defaultLimits)]).toEqual([undefined, error]);
});

test('a refusal keeps its class and its reason', () => {
  const refusal = new Refusal('malformed', 'xml-nodes');
  const { limits, said } = { limits: defaultLimits, said: saidByLimit(refusal, defaultLimits) };
  expect(said).toMatchObject({ fault: 'malformed', reason: 'xml-nodes', code: 'MESSAGE_REFUSED', cause: refusal });
  expect((said as Error).message).toBe(`the answer ${passedLimit(refusal, limits)?.problem}`);
});
