import { expect, test } from 'vitest';
import { failureCounts } from '../../src/users/failures.ts';

const minuteMs = 60_000;

function counting(options: { maxKeys?: number } = {}) {
  const clock = { nowMs: 5 };
  const failures = failureCounts({ steadyClock: () => clock.nowMs, ...options });
  const fail = (key: string, times: number, most = 3) => {
    for (let i = 0; i < times; i += 1) failures.add(key, most);
  };
  return { clock, failures, fail };
}

test('failures count for 15 minutes from the first on', () => {
  const { clock, failures, fail } = counting();
  fail('a', 1);
  clock.nowMs += 14 * minuteMs;
  fail('a', 1);
  expect(failures.of('a')).toBe(2);
  clock.nowMs += minuteMs;
  expect(failures.of('a')).toBe(0);
  fail('a', 1);
  expect(failures.of('a')).toBe(1);
});

test('a key waits for 15 minutes from the failure on that was one too many, and no other key does', () => {
  const { clock, failures, fail } = counting();
  fail('a', 2);
  clock.nowMs += 14 * minuteMs;
  expect(failures.blockedMs('a', 3)).toBe(0);
  fail('a', 1);
  expect(failures.blockedMs('a', 3)).toBe(15 * minuteMs);
  expect(failures.blockedMs('b', 3)).toBe(0);
  clock.nowMs += 15 * minuteMs - 1;
  expect(failures.blockedMs('a', 3)).toBe(1);
  clock.nowMs += 1;
  expect(failures.blockedMs('a', 3)).toBe(0);
});

test('no more keys are remembered than are told', () => {
  const { failures, fail } = counting({ maxKeys: 2 });
  for (const key of ['a', 'b', 'c']) fail(key, 1);
  expect(['a', 'b', 'c'].map(key => failures.of(key))).toEqual([0, 1, 1]);
});

test('what others say counts where it is more, and lets the window begin anew only where it is too many', () => {
  const { clock, failures, fail } = counting();
  fail('a', 1);
  failures.raise('a', 1, 5);
  failures.raise('b', 2, 5);
  expect(['a', 'b'].map(failures.of)).toEqual([1, 2]);
  clock.nowMs += 14 * minuteMs;
  failures.raise('a', 4, 5);
  expect(failures.of('a')).toBe(4);
  failures.raise('b', 5, 5);
  expect(failures.blockedMs('b', 5)).toBe(15 * minuteMs);
  clock.nowMs += minuteMs;
  failures.raise('b', 9, 5);
  expect([failures.of('a'), failures.of('b'), failures.blockedMs('b', 5)]).toEqual([0, 9, 14 * minuteMs]);
  failures.raise('b', 3, 5);
  expect(failures.of('b')).toBe(9);
});
