import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { expiringTable } from './expiring-table.ts';

/** Conversations that were cancelled and could still be opened from their sealed state. */
export interface CancelList {
  /**
   * @param untilMs when the conversation would end by itself
   * @returns false where there is no room, then it is not on the list
   */
  add(id: string, untilMs: number, nowMs: number): boolean;
  has(id: string, nowMs: number): boolean;
  /** Number of conversations that are held. */
  size(): number;
}

export interface CancelListOptions {
  /** Default 1,000,000 (some 32 MB). */
  readonly maxEntries?: number;
  readonly random?: RandomSource;
}

/** Entries are dropped together by half hours: few enough buckets to look through for each message. */
const bucketMs = 1_800_000;

/** Makes an empty list for one node. */
export function cancelList({ maxEntries = 1_000_000, random = randomBytesPooled }: CancelListOptions = {}): CancelList {
  const table = expiringTable({ maxEntries, bucketMs, random });
  return {
    add: (id, untilMs, nowMs) => untilMs <= nowMs || table.insert(id, untilMs, nowMs) !== 'full',
    has: (id, nowMs) => table.has(id, nowMs),
    size: () => table.size(),
  };
}
