import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { expiringTable } from '../store/expiring-table.ts';

/** Keys of messages that were accepted, so that none is accepted twice. */
export interface ReplayTable {
  /**
   * Spends a message's key.
   * @param nowMs milliseconds of a clock that does not go back
   * @param retainMs how long the message itself could still be accepted: its time to live and twice the clock
   * difference
   * @returns `seen` for a replay; `full` where no entry is free, then the message must be refused: no key is dropped
   * before its time
   */
  insert(key: string, nowMs: number, retainMs: number): 'new' | 'seen' | 'full';
  /** True for a key that was spent and is still held. */
  has(key: string, nowMs: number): boolean;
  /** Number of keys that are held. */
  size(): number;
}

export interface ReplayTableOptions {
  /** Default 1,000,000 (some 32 MB). */
  readonly maxEntries?: number;
  /** Keys are dropped together, by buckets of this time. Default 60 s. */
  readonly bucketMs?: number;
  readonly random?: RandomSource;
}

/** Makes an empty table for one node. */
export function replayTable(options: ReplayTableOptions = {}): ReplayTable {
  const { maxEntries = 1_000_000, bucketMs = 60_000, random = randomBytesPooled } = options;
  const table = expiringTable({ maxEntries, bucketMs, random });
  return {
    insert: (key, nowMs, retainMs) => table.insert(key, nowMs + retainMs, nowMs),
    has: (key, nowMs) => table.has(key, nowMs),
    size: () => table.size(),
  };
}
