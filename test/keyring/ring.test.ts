import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { describeKeys, keyRing } from '../../src/keyring/ring.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { at, madeRing, seededRandom } from './made.ts';

const nowMs = at('2026-01-01T00:00:00Z');
const rotatedMs = at('2026-01-01T06:00:00Z');
const records = rotateRing(madeRing(nowMs), { now: false, nowMs: rotatedMs, random: seededRandom('next') });
const ring = keyRing(records);
const [oldId = '', newId = ''] = records.keys.map(({ id }) => id);

test('pending, active and retired keys are found, a destroyed one is not', () => {
  expect(ring.find(newId, at('2026-01-01T06:00:00Z'))?.id).toBe(newId);
  expect(ring.find(oldId, at('2026-01-01T06:00:00Z'))?.id).toBe(oldId);
  expect(ring.find(oldId, at('2026-01-01T22:19:59.999Z'))?.id).toBe(oldId);
  expect(ring.find(oldId, at('2026-01-02T00:20:00Z'))).toBeUndefined();
});

test('a revoked key is found no more', () => {
  const revoked = keyRing({ ...records, keys: records.keys.map(key => ({ ...key, revokedAtMs: rotatedMs })) });
  expect(revoked.find(oldId, rotatedMs)).toBeUndefined();
  expect(revoked.current(rotatedMs)).toBeUndefined();
});

test('a key is found by the bytes of its id, also inside a larger array', () => {
  const bytes = Buffer.concat([Buffer.alloc(2), Buffer.from(newId, 'hex'), Buffer.alloc(3)]);
  expect(ring.find(bytes.subarray(2, 10), rotatedMs)?.id).toBe(newId);
  expect(ring.find(new Uint8Array(bytes.subarray(2, 10)), rotatedMs)?.id).toBe(newId);
});

test.each(['0000000000000000', '', '__proto__', 'ffffffffffffffff'])('an unknown id finds nothing: "%s"', id => {
  expect(ring.find(id, rotatedMs)).toBeUndefined();
});

test('each purpose has a key of its own, derived once', () => {
  const key = ring.current(rotatedMs);
  expect(key?.purposeKey('sct-state')).toHaveLength(32);
  expect(key?.purposeKey('sct-state')).toBe(key?.purposeKey('sct-state'));
  expect(key?.purposeKey('sct-state')).not.toEqual(key?.purposeKey('bearer'));
});

test('the description of a ring shows states and ages and no secret', () => {
  const described = describeKeys(records, at('2026-01-01T07:00:00Z'));
  expect(described).toEqual([
    { id4: oldId.slice(0, 8), state: 'retired', ageS: 25_200 },
    { id4: newId.slice(0, 8), state: 'active', ageS: 3_600 },
  ]);
});

test('a ring that is printed shows no secret, nor the keys derived from it', () => {
  const purposeKey = Buffer.from(ring.current(rotatedMs)?.purposeKey('sct-state') ?? []);
  const printed = `${inspect(ring, { depth: 9, showHidden: true })} ${JSON.stringify(ring)}`;
  expect(printed).not.toContain(purposeKey.toString('hex').match(/../g)?.slice(0, 6).join(' '));
  expect(printed).not.toContain(purposeKey.toString('hex').slice(0, 12));
});
