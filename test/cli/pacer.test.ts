import { expect, test } from 'vitest';
import { closedLoop, openLoop } from '../../src/cli/load/pacer.ts';

const rate100 = openLoop({ ratePerS: 100, durationMs: 1_000, callers: 8 });

test.each([
  // The first call is due at once.
  { elapsedMs: 0, started: 0, pace: { stop: false, waitMs: 0, dueMs: 0 } },
  // The next one a hundredth of a second later.
  { elapsedMs: 0, started: 1, pace: { stop: false, waitMs: 10, dueMs: 10 } },
  { elapsedMs: 7, started: 1, pace: { stop: false, waitMs: 3, dueMs: 10 } },
  // Late: no wait, and the call still counts from when it was due.
  { elapsedMs: 400, started: 5, pace: { stop: false, waitMs: 0, dueMs: 50 } },
  // What fell behind is not caught up with after the end of the time.
  { elapsedMs: 999, started: 99, pace: { stop: false, waitMs: 0, dueMs: 990 } },
  { elapsedMs: 1_000, started: 99, pace: { stop: true } },
  // A hundred calls in a second, then no more.
  { elapsedMs: 990, started: 100, pace: { stop: true } },
])('an open loop of 100/s for 1 s with $started calls started at $elapsedMs ms paces by the plan', row => {
  expect(rate100.pace(row.elapsedMs, row.started, undefined)).toEqual(row.pace);
});

test('when the last caller was free makes no difference to an open loop', () => {
  expect(rate100.pace(5, 1, 4)).toEqual(rate100.pace(5, 1, undefined));
});

test.each([
  { elapsedMs: 1_000, started: 100, missed: [] },
  {
    elapsedMs: 5_000,
    started: 98,
    missed: [
      { dueMs: 980, count: 1 },
      { dueMs: 990, count: 1 },
    ],
  },
  // What was due by the time that it was stopped.
  {
    elapsedMs: 20.5,
    started: 1,
    missed: [
      { dueMs: 10, count: 1 },
      { dueMs: 20, count: 1 },
    ],
  },
  { elapsedMs: 20.5, started: 7, missed: [] },
])('an open loop that has started $started calls by $elapsedMs ms has missed the others', row => {
  expect(rate100.missed(row.elapsedMs, row.started)).toEqual(row.missed);
});

test('however many calls were missed, they are told in few steps that leave none out', () => {
  const missed = openLoop({ ratePerS: 100_000, durationMs: 3_600_000, callers: 8 }).missed(3_600_000, 8);
  expect(missed.length).toBe(1_000);
  expect(missed.reduce((sum, { count }) => sum + count, 0)).toBe(360_000_000 - 8);
  expect(missed[0]?.dueMs).toBe(0.08);
});

const thinking = closedLoop({ concurrency: 2, durationMs: 1_000, thinkMs: 30 });

test.each([
  // A caller's first call is due when it asks.
  { elapsedMs: 3, freeMs: undefined, pace: { stop: false, waitMs: 0, dueMs: 3 } },
  // Then it thinks.
  { elapsedMs: 50, freeMs: 50, pace: { stop: false, waitMs: 30, dueMs: 80 } },
  { elapsedMs: 90, freeMs: 50, pace: { stop: false, waitMs: 0, dueMs: 80 } },
  // No call starts after the end of the time, not even after thinking.
  { elapsedMs: 975, freeMs: 975, pace: { stop: true } },
  { elapsedMs: 1_000, freeMs: undefined, pace: { stop: true } },
])('a closed loop with 30 ms of thought at $elapsedMs ms, free since $freeMs ms, paces by its answers', row => {
  expect(thinking.pace(row.elapsedMs, 10, row.freeMs)).toEqual(row.pace);
});
