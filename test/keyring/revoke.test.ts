import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newKeyRecord, type RingRecords } from '../../src/keyring/record.ts';
import { destroyKey, revokeKeys } from '../../src/keyring/revoke.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { ringPolicy } from '../../src/keyring/schedule.ts';
import { at, madeRing, seededRandom } from './made.ts';

const random = seededRandom('revoke');
const startMs = at('2026-01-01T00:00:00Z');
const laterMs = at('2026-01-01T06:00:00Z');
const fail = (problem: string) => new Error(problem);
const first = madeRing(startMs);
const rotated = rotateRing(first, { now: true, nowMs: laterMs, random });
const waiting = rotateRing(rotated, { now: false, nowMs: laterMs, random });
const [retired = '', active = '', pending = ''] = waiting.keys.map(({ id }) => id);

const revoke = (ring: RingRecords, ids: readonly string[], nowMs = laterMs + 1) =>
  revokeKeys(ring, ids, { nowMs, random, fail });
const stateOf = (ring: RingRecords, id: string, nowMs = laterMs + 1) =>
  ringPolicy(ring.keys, ring.policy, nowMs).states.get(id);

describe('a revocation', () => {
  test('of the key that issues makes another one that issues at once', () => {
    const revoked = revoke(waiting, [active]);
    expect(revoked.generation).toBe(waiting.generation + 1);
    const { current, shouldCreate } = ringPolicy(revoked.keys, revoked.policy, laterMs + 1);
    expect([retired, active, pending]).not.toContain(current?.id);
    expect(current?.issueFromMs).toBe(laterMs + 1);
    expect(shouldCreate).toBe(false);
    expect(stateOf(revoked, active)).toBe('revoked');
    expect(stateOf(revoked, retired)).toBe('retired');
    expect(stateOf(revoked, pending)).toBe('pending');
  });
  test('of all keys leaves a new one alone', () => {
    const revoked = revoke(waiting, [retired, active, pending]);
    expect(revoked.keys.map(({ id }) => stateOf(revoked, id))).toEqual(['revoked', 'revoked', 'revoked', 'active']);
  });
  test('of others makes no key', () => {
    const revoked = revoke(waiting, [retired.slice(0, 8), pending]);
    expect(revoked.keys.map(({ id }) => stateOf(revoked, id))).toEqual(['revoked', 'active', 'revoked']);
  });
  test.each([
    ['an id that no key has', ['00000000'], 'has no key "00000000"'],
    ['an id that is too short', [active.slice(0, 7)], `has no key "${active.slice(0, 7)}"`],
    ['one of two that is unknown', [active, 'ffffffff'], 'has no key "ffffffff"'],
  ])('is refused whole for %s', (_what, ids, sentence) => {
    expect(() => revoke(waiting, ids)).toThrow(sentence);
  });
  test('is not done twice', () => {
    expect(() => revoke(revoke(waiting, [active]), [active])).toThrow(/is revoked already$/);
  });
});

describe('a key that is destroyed', () => {
  test('is gone, and no other changes its state', () => {
    const destroyed = destroyKey(waiting, retired, laterMs + 1, fail);
    expect(destroyed.keys.map(({ id }) => [id, stateOf(destroyed, id)])).toEqual([
      [active, 'active'],
      [pending, 'pending'],
    ]);
    expect(destroyed.generation).toBe(waiting.generation + 1);
  });
  test('is never the one that issues, nor one without a successor that was revoked', () => {
    expect(() => destroyKey(waiting, active, laterMs + 1, fail)).toThrow(/has no successor yet/);
    const dead = { ...rotated, keys: rotated.keys.map(key => ({ ...key, revokedAtMs: laterMs + 1 })) };
    expect(() => destroyKey(dead, active, laterMs + 2, fail)).toThrow(/has no successor yet/);
  });

  const policy = { refreshMs: 1, skewMs: 2, propagateMs: 5, issueMs: 40, lifeMs: 30 };
  const anyKey = fc
    .record({ seed: fc.nat(1e6), createdMs: fc.nat(200), waitMs: fc.nat(50), revokedMs: fc.option(fc.nat(300)) })
    .map(({ seed, createdMs, waitMs, revokedMs }) => ({
      ...newKeyRecord(policy, createdMs, createdMs + waitMs, seededRandom(`${seed}`)),
      revokedAtMs: revokedMs ?? undefined,
    }));
  test('brings no other key back to issuing', () => {
    const keys = fc.uniqueArray(anyKey, { minLength: 2, maxLength: 6, selector: key => key.id });
    fc.assert(
      fc.property(keys, fc.nat(400), fc.nat(5), (all, nowMs, which) => {
        const ring = { ...madeRing(0, policy), keys: all };
        const id = all[which % all.length]?.id ?? '';
        let destroyed: RingRecords;
        try {
          destroyed = destroyKey(ring, id, nowMs, fail);
        } catch {
          return;
        }
        const before = ringPolicy(ring.keys, policy, nowMs);
        const after = ringPolicy(destroyed.keys, policy, nowMs);
        for (const key of destroyed.keys)
          if (before.states.get(key.id) !== 'active') expect(after.states.get(key.id)).not.toBe('active');
      }),
      { numRuns: 2_000 },
    );
  });
});
