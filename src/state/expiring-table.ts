import { hash } from 'node:crypto';
import type { RandomSource } from '../crypto/random.ts';

export interface ExpiringTableOptions {
  /** Entries are dropped together, by buckets of this time. */
  readonly bucketMs: number;
  readonly maxEntries: number;
  readonly random: RandomSource;
}

/** A set of texts, each for some time, in flat memory: 16 bytes an entry, no object. */
export interface ExpiringTable {
  /** Puts a text in, unless it is there or there is no room: an entry is never pushed out before its time. */
  insert(text: string, untilMs: number, nowMs: number): 'new' | 'seen' | 'full';
  has(text: string, nowMs: number): boolean;
  /** Number of entries that are held. */
  size(): number;
}

/** A part of one bucket: open addressing over keys of four words. A full segment is followed by a larger one; none is ever rehashed. */
interface Segment {
  readonly bucket: number;
  readonly slots: Uint32Array;
  readonly mask: number;
  count: number;
}

const words = 4;
const firstSlots = 1 << 10;
const mostSlots = 1 << 17;

/**
 * Makes an empty table. Keys are SHA-256 cut to 128 bits, over a random prefix of the table's own: nobody can choose texts that fall
 * into one place.
 */
export function expiringTable({ bucketMs, maxEntries, random }: ExpiringTableOptions): ExpiringTable {
  const prefix = Buffer.from(random(16)).toString('hex');
  let segments: Segment[] = [];
  let entries = 0;

  const dropExpired = (nowMs: number) => {
    if (!segments.some(({ bucket }) => bucket * bucketMs <= nowMs)) return;
    segments = segments.filter(({ bucket }) => bucket * bucketMs > nowMs);
    entries = segments.reduce((sum, { count }) => sum + count, 0);
  };
  const roomIn = (bucket: number): Segment => {
    const last = segments.findLast(segment => segment.bucket === bucket);
    if (last !== undefined && last.count < (last.mask + 1) * 0.75) return last;
    const added = emptySegment(bucket, last === undefined ? firstSlots : Math.min(2 * (last.mask + 1), mostSlots));
    segments.push(added);
    return added;
  };
  const keyOf = (text: string) => hash('sha256', prefix + text, 'buffer');

  return {
    insert(text, untilMs, nowMs) {
      dropExpired(nowMs);
      const key = keyOf(text);
      if (segments.some(segment => isIn(segment, key))) return 'seen';
      if (entries >= maxEntries) return 'full';
      place(roomIn(Math.floor(untilMs / bucketMs) + 1), key);
      entries += 1;
      return 'new';
    },
    has(text, nowMs) {
      dropExpired(nowMs);
      if (segments.length === 0) return false;
      const key = keyOf(text);
      return segments.some(segment => isIn(segment, key));
    },
    size: () => entries,
  };
}

function emptySegment(bucket: number, slots: number): Segment {
  return { bucket, slots: new Uint32Array(slots * words), mask: slots - 1, count: 0 };
}

function isIn(segment: Segment, key: Buffer): boolean {
  return segment.slots[slotOf(segment, key)] !== 0;
}

function place(segment: Segment, key: Buffer): void {
  const at = slotOf(segment, key);
  for (let word = 0; word < words; word += 1) segment.slots[at + word] = wordOf(key, word);
  segment.count += 1;
}

/** Index of the key's first word, or of the empty slot where it would go; a segment is never full. */
function slotOf({ slots, mask }: Segment, key: Buffer): number {
  let slot = wordOf(key, 1) & mask;
  while (slots[slot * words] !== 0 && !isKeyAt(slots, slot * words, key)) slot = (slot + 1) & mask;
  return slot * words;
}

function isKeyAt(slots: Uint32Array, at: number, key: Buffer): boolean {
  for (let word = 0; word < words; word += 1) if (slots[at + word] !== wordOf(key, word)) return false;
  return true;
}

/** The first word is never 0, which marks an empty slot. */
function wordOf(key: Buffer, word: number): number {
  const value = key.readUInt32LE(4 * word);
  return word === 0 && value === 0 ? 1 : value;
}
