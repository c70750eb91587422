import type { RandomSource } from '../crypto/random.ts';
import type { RingRecords } from './record.ts';
import { withKey } from './rotate.ts';
import { ringPolicy, withoutEnded } from './schedule.ts';

/**
 * What a writer makes of a ring now: the next key when it is due, one that issues at once where no key does, and
 * without keys whose time is over.
 * @returns the next generation, or undefined where nothing is to be done
 */
export function maintainRing(ring: RingRecords, nowMs: number, random: RandomSource): RingRecords | undefined {
  const { current, shouldCreate } = ringPolicy(ring.keys, ring.policy, nowMs);
  if (shouldCreate) return withKey(ring, nowMs, nextIssueFrom(current?.issueUntilMs, ring, nowMs), random);
  const keys = withoutEnded(ring.keys, ring.policy, nowMs);
  return keys.length === ring.keys.length ? undefined : { ...ring, generation: ring.generation + 1, keys };
}

/** Every node must know a key before any node issues with it; without an issuing key there is nothing to wait for. */
function nextIssueFrom(issueUntilMs: number | undefined, { policy }: RingRecords, nowMs: number): number {
  return issueUntilMs === undefined ? nowMs : Math.max(issueUntilMs, nowMs + policy.propagateMs);
}

/**
 * What a writer that holds a ring makes of the one that it finds. An older generation of its own, such as a backup, is
 * gone on from where it stands itself: what was revoked since stays revoked. An empty place and another farm's ring are
 * no writer's to fill.
 * @returns the next generation of what was found, or undefined where nothing is to be done
 */
export function nextRing(
  found: RingRecords | undefined,
  held: RingRecords,
  nowMs: number,
  random: RandomSource,
): RingRecords | undefined {
  if (found?.farm !== held.farm) return undefined;
  if (found.generation >= held.generation) return maintainRing(found, nowMs, random);
  const { farm, generation, kek, policy, keys, machineKeys } = held;
  const known = { farm, generation, kek, policy, keys, machineKeys };
  return maintainRing(known, nowMs, random) ?? known;
}
