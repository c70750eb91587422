import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replayTable } from '../../src/state/replay.ts';
import { at, seededRandom } from '../keyring/made.ts';

const nowMs = at('2026-01-01T00:00:00Z');
const retainMs = 420_000;
const random = seededRandom('replay');

describe('a message key', () => {
  test('is new once and seen from then on, for as long as it is retained', () => {
    const table = replayTable({ random });
    expect(table.insert('a', nowMs, retainMs)).toBe('new');
    for (const laterMs of [0, 1, 60_000, retainMs - 1, retainMs])
      expect(table.insert('a', nowMs + laterMs, retainMs)).toBe('seen');
  });
  test('is dropped at most a bucket after its time', () => {
    const table = replayTable({ random, bucketMs: 60_000 });
    table.insert('a', nowMs, retainMs);
    expect(table.insert('b', nowMs + retainMs + 60_000, retainMs)).toBe('new');
    expect(table.size()).toBe(1);
    expect(table.insert('a', nowMs + retainMs + 60_000, retainMs)).toBe('new');
  });
});

test('a full table refuses new keys, still knows the old ones, and has room again when their time is over', () => {
  const table = replayTable({ random, maxEntries: 3 });
  for (const key of ['a', 'b', 'c']) expect(table.insert(key, nowMs, retainMs)).toBe('new');
  expect(table.insert('d', nowMs, retainMs)).toBe('full');
  for (const key of ['a', 'b', 'c']) expect(table.insert(key, nowMs, retainMs)).toBe('seen');
  expect(table.insert('d', nowMs + retainMs + 60_000, retainMs)).toBe('new');
});

test('keys of different retention are dropped each in its own time', () => {
  const table = replayTable({ random, bucketMs: 1000 });
  table.insert('long', nowMs, 100_000);
  table.insert('short', nowMs, 1_000);
  expect(table.insert('long', nowMs + 50_000, 1)).toBe('seen');
  expect(table.insert('short', nowMs + 50_000, 1)).toBe('new');
});

test('the table agrees with a map of expiry times', () => {
  const call = fc.record({
    key: fc.integer({ min: 0, max: 40 }),
    waitMs: fc.nat(900),
    retainMs: fc.integer({ min: 1, max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 120 }), calls => {
      const table = replayTable({ random, bucketMs: 1000, maxEntries: 20 });
      const untilOf = new Map<number, number>();
      let timeMs = nowMs;
      for (const { key, waitMs, retainMs } of calls) {
        timeMs += waitMs;
        const heldUntilMs = (Math.floor((untilOf.get(key) ?? -1000) / 1000) + 1) * 1000;
        const live = [...untilOf.values()].filter(until => (Math.floor(until / 1000) + 1) * 1000 > timeMs).length;
        const expected = heldUntilMs > timeMs ? 'seen' : live >= 20 ? 'full' : 'new';
        expect(table.insert(`${key}`, timeMs, retainMs)).toBe(expected);
        if (expected === 'new') untilOf.set(key, timeMs + retainMs);
      }
    }),
  );
});

test('a million keys are told apart and take flat memory', () => {
  const table = replayTable({ random });
  const before = process.memoryUsage().arrayBuffers;
  for (let key = 0; key < 1_000_000; key += 1)
    if (table.insert(`key ${key}`, nowMs + (key >> 4), retainMs) !== 'new') throw new Error(`${key}`);
  expect(table.size()).toBe(1_000_000);
  expect(table.insert('one more', nowMs + 62_500, retainMs)).toBe('full');
  for (let key = 0; key < 1_000_000; key += 997)
    expect(table.insert(`key ${key}`, nowMs + 62_500, retainMs)).toBe('seen');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
});
