import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinCookie, splitCookie } from '../../src/bearer/katana-cookie.ts';
import { maxKatanaTokenChars } from '../../src/bearer/katana-token.ts';

const name = '.AspNet.ApplicationCookie';

function joined(cookies: Readonly<Record<string, string>>): string | undefined {
  const values = new Map(Object.entries(cookies));
  return joinCookie(name, wanted => values.get(wanted));
}

test('join of split is the value, in parts that fit a cookie', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: maxKatanaTokenChars }), length => {
      const value = 'abcdefghij'.repeat(Math.ceil(length / 10)).slice(0, length);
      const parts = splitCookie(name, value);
      expect(joinCookie(name, wanted => parts.get(wanted))).toBe(value);
      for (const part of parts.values()) expect(part.length).toBeLessThanOrEqual(3_500);
    }),
  );
});

test('a short value is one cookie, a longer one tells the number of its parts', () => {
  expect([...splitCookie(name, 'x'.repeat(3_500)).keys()]).toEqual([name]);
  expect([...splitCookie(name, 'x'.repeat(3_501))].map(([key, value]) => [key, value.length])).toEqual([
    [name, 8],
    [`${name}C1`, 3_500],
    [`${name}C2`, 1],
  ]);
  expect(splitCookie(name, 'x'.repeat(3_501)).get(name)).toBe('chunks:2');
});

test('parts are read as Katana numbers them', () => {
  expect(joined({ [name]: 'chunks:2', [`${name}C1`]: 'one', [`${name}C2`]: 'two', [`${name}C3`]: 'old' })).toBe(
    'onetwo',
  );
});

describe('a cookie whose parts are not all there is none:', () => {
  const part = 'x'.repeat(3_500);
  test.each<[string, Record<string, string>]>([
    ['none at all', {}],
    ['a missing part', { [name]: 'chunks:2', [`${name}C1`]: 'one' }],
    ['parts without a head', { [`${name}C1`]: 'one' }],
    ['more parts than a browser keeps', { [name]: 'chunks:65', ...parts(65, 'x') }],
    ['parts that are too long together', { [name]: 'chunks:26', ...parts(26, part) }],
  ])('%s', (_what, cookies) => {
    expect(joined(cookies)).toBeUndefined();
  });
});

test.each(['chunks:0', 'chunks:01', 'chunks:-1', 'chunks:1e9', 'chunks:100', 'chunks:', 'Chunks:2'])(
  '"%s" tells no number of parts',
  value => {
    expect(joined({ [name]: value, ...parts(2, 'x') })).toBe(value);
  },
);

function parts(count: number, text: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}C${i + 1}`, text]));
}
