import { describe, expect, test } from 'vitest';
import { randomBytesPooled, systemRandom } from '../../src/crypto/random.ts';

describe('pooled random bytes', () => {
  test.each([0, 1, 12, 16, 32, 255, 256, 257, 4096, 10_000])('come in the length asked for: %i', length => {
    expect(randomBytesPooled(length).length).toBe(length);
  });

  test('never come twice, over many refills of the pool', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20_000; i++) seen.add(randomBytesPooled(12 + (i % 3)).toString('hex'));
    expect(seen.size).toBe(20_000);
  });

  test('do not change when more are drawn, nor when their neighbours are written to', () => {
    const first = randomBytesPooled(16);
    const copy = Buffer.from(first);
    for (let i = 0; i < 1000; i++) randomBytesPooled(16).fill(0);
    expect(first.equals(copy)).toBe(true);
    expect(first.buffer.byteLength).toBe(16);
  });

  test('are never left as zeros by an exhausted pool', () => {
    for (let i = 0; i < 2000; i++) expect(randomBytesPooled(250).subarray(-16).equals(Buffer.alloc(16))).toBe(false);
  });

  test.each([-1, 1.5, Number.NaN])('of length %d are refused', length => {
    expect(() => randomBytesPooled(length)).toThrow(RangeError);
  });

  test('are what a running process uses', () => {
    expect(systemRandom(16).length).toBe(16);
  });
});
