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

/**
 * A part of one bucket: open addressing over keys of four words. A full segment is followed by a larger one; none is
 * ever rehashed.
 */
interface Segment {
  readonly bucket: number;
  readonly slots: Uint32Array;
  readonly mask: number;
  count: number;
}

/** A text's key, as the four words that stand in a slot; the first is never 0, which marks an empty slot. */
type Key = Uint32Array;

const words = 4;
const firstSlots = 1 << 10;
const growth = 4;
const mostSlots = 1 << 20;
const fullest = 0.75;

/**
 * Makes an empty table. Keys are SHA-256 cut to 128 bits, over a random prefix of the table's own: nobody can choose
 * texts that fall into one place.
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
    if (last !== undefined && last.count < (last.mask + 1) * fullest) return last;
    const added = emptySegment(bucket, last === undefined ? slotsLike(segments.at(-1)) : slotsAfter(last));
    segments.push(added);
    return added;
  };

  return {
    insert(text, untilMs, nowMs) {
      dropExpired(nowMs);
      const key = keyOf(prefix + text);
      if (segments.some(segment => isIn(segment, key))) return 'seen';
      if (entries >= maxEntries) return 'full';
      place(roomIn(Math.floor(untilMs / bucketMs) + 1), key);
      entries += 1;
      return 'new';
    },
    has(text, nowMs) {
      dropExpired(nowMs);
      if (segments.length === 0) return false;
      const key = keyOf(prefix + text);
      return segments.some(segment => isIn(segment, key));
    },
    size: () => entries,
  };
}

/** The digest comes as a string: node:crypto takes longer to make a Buffer than to hash. */
function keyOf(text: string): Key {
  const digest = hash('sha256', text, 'binary');
  const key = new Uint32Array(words);
  for (let byte = 0; byte < 4 * words; byte += 1) {
    const word = byte >> 2;
    key[word] = ((key[word] ?? 0) << 8) | digest.charCodeAt(byte);
  }
  key[0] ||= 1;
  return key;
}

function slotsAfter(full: Segment): number {
  return Math.min(growth * (full.mask + 1), mostSlots);
}

/** A bucket begins with what the one before came to, so that few segments have to be looked through. */
function slotsLike(before: Segment | undefined): number {
  if (before === undefined) return firstSlots;
  const slots = before.mask + 1;
  return before.count < slots / (2 * growth) ? Math.max(slots / growth, firstSlots) : slots;
}

function emptySegment(bucket: number, slots: number): Segment {
  return { bucket, slots: new Uint32Array(slots * words), mask: slots - 1, count: 0 };
}

function isIn(segment: Segment, key: Key): boolean {
  return segment.slots[slotOf(segment, key)] !== 0;
}

function place(segment: Segment, key: Key): void {
  segment.slots.set(key, slotOf(segment, key));
  segment.count += 1;
}

/** Index of the key's first word, or of the empty slot where it would go; a segment is never full. */
function slotOf({ slots, mask }: Segment, key: Key): number {
  let at = ((key[1] ?? 0) & mask) * words;
  while (slots[at] !== 0 && !isKeyAt(slots, at, key)) at = (at + words) & (mask * words + words - 1);
  return at;
}

function isKeyAt(slots: Uint32Array, at: number, key: Key): boolean {
  return slots[at] === key[0] && slots[at + 1] === key[1] && slots[at + 2] === key[2] && slots[at + 3] === key[3];
}
