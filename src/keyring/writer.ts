import type { RandomSource } from '../crypto/random.ts';
import type { RingRecords } from './record.ts';
import { updateRingFile } from './ring-file.ts';
import { withKey } from './rotate.ts';
import { ringPolicy, withoutEnded } from './schedule.ts';

/**
 * What the farm's one writer makes of the ring now: the next key when it is due, one that issues at once where no key
 * does, and without keys whose time is over.
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
 * Does for a ring file what {@link maintainRing} says. To be called by one process of the farm, at least every refresh
 * time.
 * @returns the ring that was written, or undefined where nothing was to be done
 * @throws {SecureConversationError} `RING_INVALID`
 */
export function maintainRingFile(file: string, nowMs: number, random: RandomSource): RingRecords | undefined {
  return updateRingFile(file, ring => maintainRing(ring, nowMs, random));
}
