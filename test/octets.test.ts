import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatherOctets, toSend } from '../src/octets.ts';

/** Adds pieces up to the first that is refused. @returns how many were taken */
function addAll(pieces: readonly Buffer[], maxBytes: number) {
  const octets = gatherOctets(maxBytes);
  const refusedAt = pieces.findIndex(piece => !octets.add(piece));
  return { octets, taken: refusedAt === -1 ? pieces.length : refusedAt };
}

const small = fc.uint8Array({ maxLength: 50 }).map(bytes => Buffer.from(bytes));

test('what was added is there, in its order, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(small, { maxLength: 60 }), pieces => {
      const { octets, taken } = addAll(pieces, 10_000);
      expect(taken).toBe(pieces.length);
      expect(octets.whole()).toEqual(Buffer.concat(pieces));
      expect(octets.whole()).toEqual(Buffer.concat(pieces));
    }),
  );
});

test('a piece that is alone is not copied, and one that others follow is not written into', () => {
  const [first, next] = [Buffer.from('first'), Buffer.from('next')];
  expect(addAll([first], 5).octets.whole().buffer).toBe(first.buffer);
  expect(String(addAll([first, next], 9).octets.whole())).toBe('firstnext');
  expect(String(first)).toBe('first');
});

describe('of what is said how many they are', () => {
  const pieces = Array.from({ length: 100 }, (_, i) => Buffer.alloc(1_000, i));
  const gathered = (declared: number) => {
    const octets = gatherOctets(1_000_000, declared);
    for (const piece of pieces) expect(octets.add(piece)).toBe(true);
    return octets.whole();
  };

  test('no more room is made than for those', () => {
    expect(gathered(100_000).buffer.byteLength).toBe(100_000);
    expect(gathered(500_000).buffer.byteLength).toBeLessThan(200_000);
  });

  test.each([1, 99_999, 100_001])('all are there where it is wrong: %i', declared => {
    expect(gathered(declared).equals(Buffer.concat(pieces))).toBe(true);
  });
});

describe('refused, and let go of,', () => {
  test('is what is longer than it may be', () => {
    const pieces = Array.from({ length: 5 }, () => Buffer.alloc(10));
    expect(addAll(pieces, 50).taken).toBe(5);
    const { octets, taken } = addAll(pieces, 49);
    expect([taken, octets.whole().length]).toEqual([4, 0]);
  });

  test.each([
    ['of one octet', 1, 16_644],
    ['of none', 0, 16_384],
    ['of 63 octets', 63, 1_048_576],
  ])('are more than 16,384 pieces, where they are %s', (_, bytes, most) => {
    const { octets, taken } = addAll(new Array(most + 100).fill(Buffer.alloc(bytes)), 67_108_864);
    expect([taken, octets.whole().length]).toEqual([most, 0]);
  });

  test('are not pieces of 64 octets, as many as fit', () => {
    const pieces = new Array(100_000).fill(Buffer.alloc(64));
    expect(addAll(pieces, 6_400_000).taken).toBe(100_000);
  });
});

describe('toSend', () => {
  test('gives a long text as its octets, and leaves a short one to Node', () => {
    for (const encoding of ['latin1', 'utf8'] as const) {
      const long = '\u00e9'.repeat(65_537);
      expect(Buffer.from(long, encoding).equals(toSend(long, encoding) as Buffer)).toBe(true);
      expect(toSend(long.slice(1), encoding)).toBe(long.slice(1));
    }
  });
});
