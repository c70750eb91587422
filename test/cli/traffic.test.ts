import { expect, test } from 'vitest';
import { nextDueMs, trafficLine } from '../../src/cli/traffic.ts';
import type { FarmStatus } from '../../src/farm/description.ts';
import { noStatistics } from '../../src/farm/node-slot.ts';

const atMs = Date.UTC(2026, 0, 31, 12, 0, 7);

/** A farm whose nodes have done this so far: process, calls, issued, opened from seal. */
function status(
  ...nodes: readonly (readonly [pid: number, calls: number, issued: number, seal: number])[]
): FarmStatus {
  return {
    nodes: nodes.map(([pid, calls, issued, seal], i) => ({
      ...noStatistics,
      name: `node${i + 1}`,
      pid,
      up: true,
      calls,
      opened: { cache: calls - seal, seal, store: 0 },
      issued,
      faults: {},
    })),
    ring: { generation: 1, keys: [] },
  };
}

test('a line has the calls and the conversations, issued or opened, of each node since the look before', () => {
  const line = trafficLine(status([11, 100, 5, 2], [12, 50, 0, 7]), status([11, 103, 6, 4], [12, 50, 0, 7]), atMs);
  expect(line).toBe('12:00:07  node1 3 calls, 3 conversations  |  node2 0 calls, 0 conversations');
});

test('there is no line for a second without traffic', () => {
  expect(trafficLine(status([11, 100, 5, 2]), status([11, 100, 5, 2]), atMs)).toBeUndefined();
});

test('a node that was started again counts from nothing', () => {
  expect(trafficLine(status([11, 100, 5, 2]), status([19, 4, 1, 0]), atMs)).toBe(
    '12:00:07  node1 4 calls, 1 conversations',
  );
  expect(trafficLine(status([11, 100, 5, 2]), status([19, 0, 0, 0]), atMs)).toBeUndefined();
});

test.each([
  // The answer of a look was there after 30 ms: the next is due a second after this one was, not after its answer.
  { dueMs: 5_000, nowMs: 5_030, nextMs: 6_000 },
  // A timer that fired early does not make the same second due twice.
  { dueMs: 5_000, nowMs: 4_999, nextMs: 6_000 },
  // An answer that took 2.5 s: what was missed is not made up for.
  { dueMs: 5_000, nowMs: 7_500, nextMs: 8_000 },
  { dueMs: 5_000, nowMs: 6_000, nextMs: 7_000 },
])('after the look of $dueMs ms, at $nowMs ms, the next is due at $nextMs ms', ({ dueMs, nowMs, nextMs }) => {
  expect(nextDueMs(dueMs, nowMs)).toBe(nextMs);
});
