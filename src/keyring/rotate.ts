import type { RandomSource } from '../crypto/random.ts';
import { defaultRingPolicy, newKeyRecord, type RingPolicy, type RingRecords } from './record.ts';
import { ringPolicy, withoutEnded } from './schedule.ts';

export interface CreateOptions {
  readonly nowMs: number;
  readonly random: RandomSource;
  /** What differs from {@link defaultRingPolicy}. */
  readonly policy?: Partial<RingPolicy>;
  /** Id of the KEK that is to wrap its keys. Default: none. */
  readonly kek?: string | undefined;
}

/**
 * Makes a new farm's ring: a new farm id and one key that issues from now on. Nobody can hold an older ring, so nothing
 * has to propagate.
 */
export function createRing({ nowMs, random, policy: changed, kek }: CreateOptions): RingRecords {
  const policy = { ...defaultRingPolicy, ...changed };
  const farm = Buffer.from(random(8)).toString('hex');
  return { farm, generation: 1, kek, policy, keys: [newKeyRecord(policy, nowMs, nowMs, random)], machineKeys: [] };
}

export interface RotateOptions {
  /**
   * True waives the propagation time: nodes that have not read the ring yet refuse what the new key sealed until they
   * do.
   */
  readonly now: boolean;
  readonly nowMs: number;
  readonly random: RandomSource;
}

/**
 * Makes the ring's next generation, with a new key that takes over after the propagation time, or at once where `now`
 * says so or no key issues. Keys whose time is over are dropped.
 */
export function rotateRing(ring: RingRecords, { now, nowMs, random }: RotateOptions): RingRecords {
  const { current } = ringPolicy(ring.keys, ring.policy, nowMs);
  if (!now && current !== undefined) return withKey(ring, nowMs, nowMs + ring.policy.propagateMs, random);
  // Of two keys with the same issue time the ids decide; the new one must win.
  return withKey(ring, nowMs, Math.max(nowMs, (current?.issueFromMs ?? 0) + 1), random);
}

/** The next generation of a ring with one more key, and without those whose time is over. */
export function withKey(ring: RingRecords, nowMs: number, issueFromMs: number, random: RandomSource): RingRecords {
  const keys = [...ring.keys, newKeyRecord(ring.policy, nowMs, issueFromMs, random)];
  return { ...ring, generation: ring.generation + 1, keys: withoutEnded(keys, ring.policy, nowMs) };
}
