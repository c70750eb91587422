import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { failureTime, type UnprovenFailures, unprovenFailures } from '../../src/server/unproven.ts';
import { caller } from '../support/node.ts';

let nowMs: number;
let failures: UnprovenFailures;

beforeEach(() => {
  nowMs = 0;
  failures = unprovenFailures(() => nowMs);
});

afterEach(() => {
  vi.useRealTimers();
});

const fail = (times: number, who = caller) => {
  for (let i = 0; i < times; i += 1) failures.count(who);
};
const waits = { fault: 'busy', reason: 'unproven-messages-of-address' };

test('the hundredth failure of an address has it wait for 15 minutes', () => {
  fail(99);
  expect(() => failures.admit(caller)).not.toThrow();
  fail(1);
  expect(() => failures.admit(caller)).toThrow(expect.objectContaining({ ...waits, retryAfterS: 900 }));
  nowMs = 900_000;
  expect(() => failures.admit(caller)).not.toThrow();
});

test('another address does not wait', () => {
  fail(100);
  expect(() => failures.admit({ ...caller, address: '192.0.2.2' })).not.toThrow();
});

test('an address that stands for everybody is never refused', () => {
  const proxy = { ...caller, isLimited: false };
  fail(200, proxy);
  expect(() => failures.admit(proxy)).not.toThrow();
  expect(() => failures.admit(caller)).not.toThrow();
});

test('a failure is told 12 ms after the work on it began, however long that took', async () => {
  const tookMs: number[] = [];
  for (let i = 0; i < 20; i += 1) {
    const beganMs = performance.now();
    const { due } = failureTime(0);
    while (performance.now() - beganMs < 8);
    await due;
    tookMs.push(performance.now() - beganMs);
  }
  expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(12);
  // From the end of the work it would be 20.
  expect(Math.min(...tookMs)).toBeLessThan(19);
});

test('that of a long message is told later, by its length alone', async () => {
  const beganMs = performance.now();
  await failureTime(2 * 1_024 * 1_024).due;
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(12 + 204);
});

test('a success leaves no timer behind', () => {
  vi.useFakeTimers();
  failureTime(0).cancel();
  expect(vi.getTimerCount()).toBe(0);
});
