import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isUnfitKey, type RingRecords } from '../../src/keyring/record.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { ringPolicy } from '../../src/keyring/schedule.ts';
import { maintainRing } from '../../src/keyring/writer.ts';
import { at, madeRing, seededRandom } from './made.ts';

const random = seededRandom('writer');

function maintained(ring: RingRecords, utc: string): RingRecords {
  const next = maintainRing(ring, at(utc), random);
  if (next === undefined) throw new Error(`nothing was to be done at ${utc}`);
  return next;
}

function currentId(ring: RingRecords, utc: string): string | undefined {
  return ringPolicy(ring.keys, ring.policy, at(utc)).current?.id;
}

function ids(ring: RingRecords): string[] {
  return ring.keys.map(({ id }) => id);
}

test('a new ring issues at once', () => {
  const ring = madeRing(at('2026-01-01T00:00:00Z'));
  expect(ring.generation).toBe(1);
  expect(ring.farm).toMatch(/^[0-9a-f]{16}$/);
  expect(currentId(ring, '2026-01-01T00:00:00Z')).toBe(ring.keys[0]?.id);
});

test('the writer walks a ring through three rotations', () => {
  const start = madeRing(at('2026-01-01T00:00:00Z'));
  const [a] = ids(start);
  expect(maintainRing(start, at('2026-01-01T11:29:59.999Z'), random)).toBeUndefined();

  const withB = maintained(start, '2026-01-01T11:30:00Z');
  const b = ids(withB)[1];
  expect(ids(withB)).toEqual([a, b]);
  expect(withB.generation).toBe(2);
  expect(currentId(withB, '2026-01-01T11:59:59.999Z')).toBe(a);
  expect(currentId(withB, '2026-01-01T12:00:00Z')).toBe(b);
  expect(maintainRing(withB, at('2026-01-01T23:29:59.999Z'), random)).toBeUndefined();

  const withC = maintained(withB, '2026-01-01T23:30:00Z');
  const c = ids(withC)[2];
  expect(ids(withC)).toEqual([a, b, c]);
  expect(currentId(withC, '2026-01-02T00:00:00Z')).toBe(c);
  expect(maintainRing(withC, at('2026-01-02T00:19:59.999Z'), random)).toBeUndefined();

  const withoutA = maintained(withC, '2026-01-02T00:20:00Z');
  expect(ids(withoutA)).toEqual([b, c]);
  expect(withoutA.generation).toBe(4);
});

test('a writer that comes late gives the next key its propagation time, while the last one goes on', () => {
  const ring = madeRing(at('2026-01-01T00:00:00Z'));
  const late = maintained(ring, '2026-01-05T00:00:00Z');
  expect(currentId(late, '2026-01-05T00:14:59.999Z')).toBe(ids(ring)[0]);
  expect(currentId(late, '2026-01-05T00:15:00Z')).toBe(ids(late)[1]);
  // By then the one after it is due as well.
  expect(ids(maintained(late, '2026-01-05T12:35:00Z'))).toEqual([ids(late)[1], expect.any(String)]);
});

test('a ring without a key that can issue gets one that issues at once', () => {
  const ring = madeRing(at('2026-01-01T00:00:00Z'));
  const revoked = { ...ring, keys: ring.keys.map(key => ({ ...key, revokedAtMs: at('2026-01-01T03:00:00Z') })) };
  const healed = maintained(revoked, '2026-01-01T03:00:00Z');
  expect(currentId(healed, '2026-01-01T03:00:00Z')).toBe(ids(healed)[1]);
  expect(maintainRing(healed, at('2026-01-01T03:00:01Z'), random)).toBeUndefined();
});

describe('a rotation', () => {
  const ring = madeRing(at('2026-01-01T00:00:00Z'));
  test('waits for the propagation time', () => {
    const rotated = rotateRing(ring, { now: false, nowMs: at('2026-01-01T06:00:00Z'), random });
    expect(currentId(rotated, '2026-01-01T06:14:59.999Z')).toBe(ids(ring)[0]);
    expect(currentId(rotated, '2026-01-01T06:15:00Z')).toBe(ids(rotated)[1]);
  });
  test('that is wanted now does not wait', () => {
    const rotated = rotateRing(ring, { now: true, nowMs: at('2026-01-01T06:00:00Z'), random });
    expect(currentId(rotated, '2026-01-01T06:00:00Z')).toBe(ids(rotated)[1]);
  });
  test('that is wanted in the millisecond in which the ring was made wins in the next', () => {
    for (const seed of ['one', 'two', 'three', 'four']) {
      const rotated = rotateRing(ring, { now: true, nowMs: at('2026-01-01T00:00:00Z'), random: seededRandom(seed) });
      expect(currentId(rotated, '2026-01-01T00:00:00.001Z')).toBe(ids(rotated)[1]);
    }
  });
  test('drops keys whose time is over', () => {
    const once = rotateRing(ring, { now: true, nowMs: at('2026-01-01T06:00:00Z'), random });
    const twice = rotateRing(once, { now: false, nowMs: at('2026-01-03T06:00:00Z'), random });
    expect(ids(twice)).toEqual([ids(once)[1], ids(twice)[1]]);
  });
  test('of a ring in which nothing issues does not wait', () => {
    const dead = { ...ring, keys: ring.keys.map(key => ({ ...key, revokedAtMs: at('2026-01-01T03:00:00Z') })) };
    const rotated = rotateRing(dead, { now: false, nowMs: at('2026-01-01T06:00:00Z'), random });
    expect(currentId(rotated, '2026-01-01T06:00:00Z')).toBe(ids(rotated)[1]);
  });
});

test('a ring that is kept always issues, with keys that were there a propagation time before', () => {
  const policy = { refreshMs: 10, skewMs: 5, propagateMs: 30, issueMs: 100, lifeMs: 80 };
  const steps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 5, maxLength: 60 });
  fc.assert(
    fc.property(steps, waits => {
      let ring = madeRing(0, policy);
      let nowMs = 0;
      for (const waitMs of waits) {
        nowMs += waitMs;
        ring = maintainRing(ring, nowMs, random) ?? ring;
        expect(ringPolicy(ring.keys, policy, nowMs).current).toBeDefined();
        for (const key of ring.keys.filter(({ createdMs }) => createdMs > 0))
          expect(key.issueFromMs - key.createdMs).toBeGreaterThanOrEqual(policy.propagateMs);
        expect(ring.keys.length).toBeLessThanOrEqual(4);
      }
    }),
  );
});

test.each([
  ['zero', 0],
  ['constant', 0xff],
  ['constant', 0x41],
])('a random source that gives %s bytes makes no key', (_what, byte) => {
  expect(() => madeRing(0)).not.toThrow();
  expect(() => rotateRing(madeRing(0), { now: true, nowMs: 1, random: bytes => Buffer.alloc(bytes, byte) })).toThrow(
    RangeError,
  );
});

test('a key is unfit when it is short', () => {
  expect(isUnfitKey(seededRandom('x')(16))).toBe(true);
  expect(isUnfitKey(seededRandom('x')(32))).toBe(false);
});
