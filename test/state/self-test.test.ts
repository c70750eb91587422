import { expect, test } from 'vitest';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { checkSeal } from '../../src/state/self-test.ts';
import { seededRandom } from '../keyring/made.ts';

test('the self-test passes with a good random source', () => {
  expect(() => checkSeal(randomBytesPooled)).not.toThrow();
});

test('the self-test fails with a random source that repeats itself', () => {
  expect(() => checkSeal(bytes => seededRandom('stuck')(bytes))).toThrow(
    expect.objectContaining({ code: 'RING_INVALID', message: expect.stringContaining('repeats itself') }),
  );
});
