import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultRingPolicy, type KeyRecord, newKeyRecord } from '../../src/keyring/record.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { ringPolicy, scheduleKeys, withoutEnded } from '../../src/keyring/schedule.ts';
import { at, madeRing, seededRandom } from './made.ts';

const policy = defaultRingPolicy;
const [first, second, third] = ['first', 'second', 'third'].map((seed, day) =>
  newKeyRecord(policy, at(`2026-03-0${day + 1}T00:00:00Z`), at(`2026-03-0${day + 1}T01:00:00Z`), seededRandom(seed)),
) as [KeyRecord, KeyRecord, KeyRecord];

function stateOf(key: KeyRecord, keys: readonly KeyRecord[], utc: string) {
  return ringPolicy(keys, policy, at(utc)).states.get(key.id);
}

test('a new key issues 12 h and opens 12 h, 5 min of clock difference and 15 min of propagation longer', () => {
  expect(new Date(first.issueUntilMs).toISOString()).toBe('2026-03-01T13:00:00.000Z');
  expect(new Date(first.acceptUntilMs).toISOString()).toBe('2026-03-02T01:20:00.000Z');
});

describe('a key with a successor', () => {
  const keys = [first, second];
  test.each([
    ['2026-03-01T00:00:00.000Z', 'pending'],
    ['2026-03-01T00:59:59.999Z', 'pending'],
    ['2026-03-01T01:00:00.000Z', 'active'],
    ['2026-03-01T13:00:00.000Z', 'active'],
    ['2026-03-02T00:59:59.999Z', 'active'],
    ['2026-03-02T01:00:00.000Z', 'retired'],
    ['2026-03-02T13:19:59.999Z', 'retired'],
    ['2026-03-02T13:20:00.000Z', 'destroyed'],
  ])('is at %s %s', (utc, state) => {
    expect(stateOf(first, keys, utc)).toBe(state);
  });
});

test('the last key issues until a successor takes over, however late that is', () => {
  expect(stateOf(second, [first, second], '2026-08-01T00:00:00Z')).toBe('active');
  expect(ringPolicy([first, second], policy, at('2026-08-01T00:00:00Z')).current).toBe(second);
});

test('a key that issued past its time opens a token life longer than it issued', () => {
  const late = newKeyRecord(policy, at('2026-08-01T00:00:00Z'), at('2026-08-01T00:15:00Z'), seededRandom('late'));
  expect(stateOf(first, [first, late], '2026-08-01T00:14:59.999Z')).toBe('active');
  expect(stateOf(first, [first, late], '2026-08-01T12:34:59.999Z')).toBe('retired');
  expect(stateOf(first, [first, late], '2026-08-01T12:35:00.000Z')).toBe('destroyed');
});

test('a key that was replaced early still opens as long as its record says', () => {
  const early = newKeyRecord(policy, at('2026-03-01T02:00:00Z'), at('2026-03-01T02:00:00Z'), seededRandom('early'));
  expect(stateOf(first, [first, early], '2026-03-02T01:19:59.999Z')).toBe('retired');
  expect(stateOf(first, [first, early], '2026-03-02T01:20:00.000Z')).toBe('destroyed');
});

test('of two keys with the same issue time the one with the lowest id issues', () => {
  const twin = newKeyRecord(policy, first.createdMs, first.issueFromMs, seededRandom('twin'));
  const [lowest, highest] = [first, twin].sort((a, b) => (a.id < b.id ? -1 : 1)) as [KeyRecord, KeyRecord];
  for (const keys of [
    [lowest, highest],
    [highest, lowest],
  ]) {
    expect(ringPolicy(keys, policy, at('2026-03-01T02:00:00Z')).current).toBe(lowest);
    expect(stateOf(highest, keys, '2026-03-01T00:30:00Z')).toBe('pending');
    expect(stateOf(highest, keys, '2026-03-01T02:00:00Z')).toBe('retired');
  }
});

describe('a revoked key', () => {
  const revoked = { ...second, revokedAtMs: at('2026-03-02T06:00:00Z') };
  const keys = [first, revoked];
  test('neither issues nor opens, even while a clock is behind the revocation', () => {
    for (const utc of ['2026-03-02T05:59:00Z', '2026-03-02T06:00:00Z', '2026-03-20T00:00:00Z']) {
      const view = ringPolicy(keys, policy, at(utc));
      expect(view.states.get(second.id)).toBe('revoked');
      expect(view.accepted).not.toContain(revoked);
      expect(view.current).toBeUndefined();
      expect(view.shouldCreate).toBe(true);
    }
  });
  test('does not bring its predecessor back to life', () => {
    expect(stateOf(first, keys, '2026-03-02T07:00:00Z')).toBe('retired');
    expect(stateOf(first, keys, '2026-03-20T00:00:00Z')).toBe('destroyed');
  });
  test('that never took over leaves its predecessor issuing', () => {
    const unborn = { ...second, revokedAtMs: second.issueFromMs };
    expect(ringPolicy([first, unborn], policy, at('2026-03-05T00:00:00Z')).current).toBe(first);
  });
});

describe('the next key', () => {
  test('is due twice the propagation time before the issuing one ends', () => {
    expect(ringPolicy([first], policy, at('2026-03-01T12:29:59.999Z')).shouldCreate).toBe(false);
    expect(ringPolicy([first], policy, at('2026-03-01T12:30:00.000Z')).shouldCreate).toBe(true);
  });
  test('is not due where one is waiting', () => {
    expect(ringPolicy([first, second], policy, at('2026-03-02T00:30:00Z')).shouldCreate).toBe(false);
  });
});

describe('a node whose clock is behind that which made the ring', () => {
  const view = (keys: readonly KeyRecord[], utc: string) => ringPolicy(keys, policy, at(utc));
  const revoked = { ...first, revokedAtMs: at('2026-03-01T06:00:00Z') };

  test.each([
    ['2026-03-01T00:54:59.999Z', undefined],
    ['2026-03-01T00:55:00.000Z', first],
    ['2026-03-01T00:59:59.999Z', first],
    ['2026-03-01T01:00:00.000Z', first],
  ])('issues with the only key from five minutes before its time: %s', (utc, expected) => {
    expect(view([first], utc).current).toBe(expected);
  });
  test('goes on with the active key where there is one', () => {
    expect(view([first, second], '2026-03-02T00:59:59.999Z').current).toBe(first);
  });
  test('issues with the successor of a key that was revoked, though by its clock that is still to come', () => {
    const heir = newKeyRecord(policy, at('2026-03-01T06:00:00Z'), at('2026-03-01T06:00:00Z'), seededRandom('heir'));
    expect(view([revoked, heir], '2026-03-01T05:54:59.999Z').current).toBeUndefined();
    expect(view([revoked, heir], '2026-03-01T05:55:00Z').current).toBe(heir);
    expect(keyRing({ ...madeRing(0), policy, keys: [revoked, heir] }).current(at('2026-03-01T05:55:00Z'))?.id).toBe(
      heir.id,
    );
  });
  test('makes no key of its own where there is one within the skew', () => {
    expect(view([first], '2026-03-01T00:54:59.999Z').shouldCreate).toBe(true);
    expect(view([first], '2026-03-01T00:55:00Z').shouldCreate).toBe(false);
  });
});

test('keys go when their time is over, and the last one never', () => {
  const keys = [third, first, second];
  expect(withoutEnded(keys, policy, at('2026-03-02T13:19:59.999Z'))).toEqual(keys);
  expect(withoutEnded(keys, policy, at('2026-03-02T13:20:00.000Z'))).toEqual([third, second]);
  expect(withoutEnded(keys, policy, at('2027-01-01T00:00:00Z'))).toEqual([third]);
});

const anyKey = fc
  .record({
    seed: fc.integer({ min: 0, max: 1_000_000 }),
    createdMs: fc.integer({ min: 0, max: 200 }),
    waitMs: fc.integer({ min: 0, max: 50 }),
    longerMs: fc.nat(200),
    revokedMs: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined, freq: 4 }),
  })
  .map(({ seed, createdMs, waitMs, longerMs, revokedMs }) => ({
    ...newKeyRecord(quick, createdMs, createdMs + waitMs, seededRandom(`${seed}`)),
    revokedAtMs: revokedMs,
    acceptUntilMs: createdMs + waitMs + quick.issueMs + longerMs,
  }));
const quick = { refreshMs: 1, skewMs: 2, propagateMs: 5, issueMs: 40, lifeMs: 30 };
const anyKeys = fc.uniqueArray(anyKey, { maxLength: 6, selector: key => key.id });

test('at most one key issues, it is the newest that took over, and no state ever goes back', () => {
  const order = ['pending', 'active', 'retired', 'destroyed'];
  fc.assert(
    fc.property(anyKeys, keys => {
      const reached = new Map<string, number>();
      const wrong: string[] = [];
      for (let nowMs = 0; nowMs < 400; nowMs += 1) {
        const { states, current } = ringPolicy(keys, quick, nowMs);
        const active = keys.filter(key => states.get(key.id) === 'active');
        if (active.length > 1) wrong.push(`${active.length} keys issue at ${nowMs}`);
        if (active.length > 0) {
          if (current !== active[0]) wrong.push(`${current?.id} is current at ${nowMs}, and another one issues`);
        } else if (current !== undefined) {
          if (states.get(current.id) !== 'pending') wrong.push(`${current.id} is current and not pending at ${nowMs}`);
          if (current.issueFromMs > nowMs + quick.skewMs) wrong.push(`${current.id} is current too early at ${nowMs}`);
        }
        for (const key of keys.filter(({ revokedAtMs }) => revokedAtMs === undefined)) {
          const state = order.indexOf(states.get(key.id) ?? '');
          if (state < (reached.get(key.id) ?? 0)) wrong.push(`${key.id} goes back at ${nowMs}`);
          reached.set(key.id, state);
        }
      }
      expect(wrong).toEqual([]);
    }),
  );
});

test('what a key seals it opens for a token life, the clock difference and the propagation time', () => {
  fc.assert(
    fc.property(anyKeys, keys => {
      for (const { issuesUntilMs, acceptedUntilMs } of scheduleKeys(keys, quick))
        expect(acceptedUntilMs).toBeGreaterThanOrEqual(issuesUntilMs + quick.lifeMs + quick.skewMs + quick.propagateMs);
    }),
  );
});

test('dropping ended keys changes no other key', () => {
  fc.assert(
    fc.property(anyKeys, fc.integer({ min: 0, max: 400 }), (keys, nowMs) => {
      const kept = withoutEnded(keys, quick, nowMs);
      const changed: string[] = [];
      for (let laterMs = nowMs; laterMs < 450; laterMs += 7) {
        const before = ringPolicy(keys, quick, laterMs);
        const after = ringPolicy(kept, quick, laterMs);
        for (const { id } of kept)
          if (after.states.get(id) !== before.states.get(id)) changed.push(`state of ${id} at ${laterMs}`);
        if (after.current !== before.current) changed.push(`current key at ${laterMs}`);
      }
      expect(changed).toEqual([]);
    }),
  );
});
