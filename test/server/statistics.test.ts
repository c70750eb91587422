import { expect, test } from 'vitest';
import { durationBoundsMs, durationTally } from '../../src/server/durations.ts';
import { counters } from '../../src/server/statistics.ts';

const fresh = () => counters({ plans: [], passwordQueue: () => 0, onEvent: undefined });

test('a duration counts where it is at most the bound', () => {
  const tally = durationTally();
  for (const ms of [0, 0.5, 0.500_001, 10_000, 10_000.1, 1e9]) tally.add(ms);
  const { counts, sumMs } = tally.snapshot();
  expect(counts.length).toBe(durationBoundsMs.length + 1);
  expect([counts[0], counts[1], counts.at(-2), counts.at(-1)]).toEqual([2, 1, 1, 2]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6);
  expect(sumMs).toBeCloseTo(0.5 + 0.500_001 + 10_000 + 10_000.1 + 1e9, 3);
});

test('reasons beyond 500 are one, whatever a program throws as its own refusals', () => {
  const counted = fresh();
  for (let i = 0; i < 2_000; i++) counted.refused(`reason ${i}`, 'server');
  const { refusals, faults } = counted.snapshot();
  expect(Object.keys(refusals)).toHaveLength(501);
  expect(refusals.other).toBe(1_500);
  expect(faults).toEqual({ server: 2_000 });
});

test('names that objects have by themselves are reasons like others', () => {
  const counted = fresh();
  for (const reason of ['__proto__', 'constructor', 'toString']) counted.refused(reason);
  expect(Object.entries(counted.snapshot().refusals)).toEqual([
    ['__proto__', 1],
    ['constructor', 1],
    ['toString', 1],
  ]);
});

test('replays of this node and of another one are replays', () => {
  const counted = fresh();
  counted.refused('replay', 'invalidSecurity');
  counted.refused('replay-elsewhere', 'invalidSecurity');
  counted.refused('replay-table-full', 'server');
  expect(counted.snapshot().replays).toBe(2);
});
