import { expect, test } from 'vitest';
import { cancelList } from '../../src/state/cancel-list.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { at, seededRandom } from '../keyring/made.ts';

const startMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('cancel list');

/** A list over a store whose clock the test sets. */
function listOf(maxClaims?: number) {
  const clock = { nowMs: startMs };
  const store = memoryStore({ clock: () => clock.nowMs, random, ...(maxClaims === undefined ? {} : { maxClaims }) });
  const list = cancelList(store);
  return { clock, store, add: (id: string, untilMs: number) => list.add({ id, untilMs }, clock.nowMs), has: list.has };
}

test('a cancelled conversation is known until its end', () => {
  const { clock, add, has } = listOf();
  expect(has('a')).toBe(false);
  expect(add('a', startMs + 36_000_000)).toBe(true);
  expect(has('a')).toBe(true);
  expect(has('b')).toBe(false);
  clock.nowMs = startMs + 36_000_000;
  expect(has('a')).toBe(true);
  clock.nowMs += 1_800_000;
  expect(has('a')).toBe(false);
});

test('a conversation may be cancelled twice, and takes the room of one', () => {
  const { add, has } = listOf(2);
  expect([add('a', startMs + 1), add('a', startMs + 1), add('b', startMs + 1)]).toEqual([true, true, true]);
  expect([has('a'), has('b')]).toEqual([true, true]);
});

test('a full list says so', () => {
  const { add, has } = listOf(1);
  expect(add('a', startMs + 1000)).toBe(true);
  expect(add('b', startMs + 1000)).toBe(false);
  expect(has('b')).toBe(false);
});

test('what is over is not remembered', () => {
  const { add, has } = listOf(1);
  expect(add('a', startMs)).toBe(true);
  expect(has('a')).toBe(false);
  expect(add('b', startMs + 1000)).toBe(true);
});

test('nodes with one store have one list', () => {
  const { add, store } = listOf();
  add('a', startMs + 1000);
  expect(cancelList(store).has('a')).toBe(true);
});
