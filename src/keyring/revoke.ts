import type { RandomSource } from '../crypto/random.ts';
import { type Fail, namedKey, shortId } from './named-key.ts';
import type { RingRecords } from './record.ts';
import { withKey } from './rotate.ts';
import { ringPolicy, scheduleKeys } from './schedule.ts';

/**
 * The next generation of a ring in which keys are revoked: nothing that they sealed opens any more. Where none is left
 * that issues now, a new key does at once; nodes that have not read the ring refuse what it sealed until they do.
 * @param ids at least the first 8 hex digits of each
 * @throws the problem's error where a ring has no such key or more than one, and where it is revoked already
 */
export function revokeKeys(
  ring: RingRecords,
  ids: readonly string[],
  { nowMs, random, fail }: { readonly nowMs: number; readonly random: RandomSource; readonly fail: Fail },
): RingRecords {
  const chosen = new Set(ids.map(id => namedKey(ring.keys, id, 'key', fail)));
  for (const { id, revokedAtMs } of chosen)
    if (revokedAtMs !== undefined) throw fail(`its key ${shortId(id)} is revoked already`);
  const keys = ring.keys.map(key => (chosen.has(key) ? { ...key, revokedAtMs: nowMs } : key));
  const revoked = { ...ring, keys };
  const { current } = ringPolicy(keys, ring.policy, nowMs);
  if (current === undefined) return withKey(revoked, nowMs, nowMs, random);
  return { ...revoked, generation: ring.generation + 1 };
}

/**
 * The next generation of a ring without a key, as if its time were over: nothing that it sealed opens any more.
 * @param id at least its first 8 hex digits
 * @throws the problem's error where there is no such key or more than one, and for the last one that has taken over:
 * without it the one before would issue again
 */
export function destroyKey(ring: RingRecords, id: string, nowMs: number, fail: Fail): RingRecords {
  const leaving = namedKey(ring.keys, id, 'key', fail);
  const order = scheduleKeys(ring.keys, ring.policy);
  const last = order.findLast(key => key.record.issueFromMs <= nowMs && key.issuesUntilMs > nowMs)?.record;
  const short = shortId(leaving.id);
  if (leaving === last) throw fail(`its key ${short} has no successor yet: make one with "wssc keys rotate --now"`);
  if (ring.keys.length === 1) throw fail(`its key ${short} is the only one`);
  return { ...ring, generation: ring.generation + 1, keys: ring.keys.filter(key => key !== leaving) };
}
