import { expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { defaultRingPolicy } from '../../src/keyring/record.ts';
import { createRing, rotateRing } from '../../src/keyring/rotate.ts';
import { ringTimeline } from '../../src/status/ring-timeline.ts';

const atMs = (time: string) => Date.parse(`2026-03-${time}Z`);
const made = createRing({ nowMs: atMs('01T00:00:00'), random: systemRandom });

test('the key of a new ring issues until it is meant to be followed', () => {
  const { keys, nextMs, isDue } = ringTimeline(made, atMs('01T06:00:00'));
  expect(keys).toMatchObject([{ state: 'active', issuesUntilMs: Infinity, opensUntilMs: Infinity }]);
  expect([nextMs, isDue]).toEqual([atMs('01T12:00:00'), false]);
});

test('near its end the next key is due', () => {
  expect(ringTimeline(made, atMs('01T11:45:00')).isDue).toBe(true);
});

test('a key that waits says when it takes over, and the one before until when it opens', () => {
  const ring = rotateRing(made, { now: false, nowMs: atMs('01T06:00:00'), random: systemRandom });
  const { keys, nextMs, generation } = ringTimeline(ring, atMs('01T06:01:00'));
  const fromMs = keys[1]?.issueFromMs ?? 0;
  expect(keys.map(({ state }) => state)).toEqual(['active', 'pending']);
  expect([nextMs, keys[0]?.issuesUntilMs, generation]).toEqual([fromMs, fromMs, made.generation + 1]);
  const { lifeMs, skewMs, propagateMs } = defaultRingPolicy;
  expect(keys[0]?.opensUntilMs).toBeGreaterThanOrEqual(fromMs + lifeMs + skewMs + propagateMs);
});

test('keys whose time is over are left out', () => {
  const ring = rotateRing(made, { now: true, nowMs: atMs('01T06:00:00'), random: systemRandom });
  expect(ringTimeline(ring, atMs('09T00:00:00')).keys.map(({ state }) => state)).toEqual(['active']);
});

test('a ring before its time has no next rotation', () => {
  expect(ringTimeline(made, atMs('01T00:00:00') - 86_400_000)).toMatchObject({ nextMs: undefined, isDue: true });
});
