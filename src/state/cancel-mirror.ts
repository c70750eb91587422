import { type Awaitable, after } from '../awaitable.ts';
import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { expiringTable } from '../store/expiring-table.ts';
import { hearTopic } from '../store/heard-topic.ts';
import type { Store } from '../store/store.ts';
import type { CancelList, Cancellation } from './cancellation.ts';

export interface CancelMirrorOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random?: RandomSource;
  /** What is kept in this process. Default 1,000,000 (some 32 MB); of what is beyond it the store is asked. */
  readonly maxEntries?: number;
}

const topic = 'cancelled';
const bucketMs = 1_800_000;

/**
 * What ended before its time, as records of a store that other nodes write too. This process keeps all of it as the
 * store's feed tells it, so that a call waits for no store and goes on while the store is down; until the feed has told
 * what was there, each look is one into the store. What was heard once is not forgotten where the store forgets it.
 */
export function cancelMirror(store: Store, options: CancelMirrorOptions): CancelList {
  const { clock, random = randomBytesPooled, maxEntries = 1_000_000 } = options;
  const known = expiringTable({ bucketMs, maxEntries, random });
  let isOverfull = false;

  const keep = (key: string, untilMs: number): boolean => {
    const nowMs = clock();
    const isKept = untilMs <= nowMs || known.insert(key, sharedEnd(untilMs, nowMs), nowMs) !== 'full';
    isOverfull ||= !isKept;
    return isKept;
  };
  const { isComplete } = hearTopic(store, topic, {
    hear({ key, record }) {
      const untilMs = record && parseUntil(record.value);
      if (untilMs !== undefined) keep(key, untilMs);
    },
    clock,
    random,
  });
  const isAllKnown = () => isComplete() && !isOverfull;

  const write = (cancellation: Cancellation, nowMs: number): Awaitable<boolean> =>
    cancellation.untilMs <= nowMs ||
    after(writeCancellation(store, cancellation), isWritten => {
      if (isWritten) keep(keyOf(cancellation.id), cancellation.untilMs);
      return isWritten;
    });
  return {
    add: write,
    heard(cancellation, nowMs) {
      const isKept = keep(keyOf(cancellation.id), cancellation.untilMs);
      return after(write(cancellation, nowMs), () => isKept);
    },
    has(id) {
      const key = keyOf(id);
      if (known.has(key, clock())) return true;
      return isAllKnown() ? false : after(store.get(key), record => record !== undefined);
    },
    isComplete: isAllKnown,
  };
}

/**
 * The time until which something is kept: that or up to 1/64 more of what is left, so that ends at any times, which
 * somebody may have put into the store, lie in few buckets.
 */
function sharedEnd(untilMs: number, nowMs: number): number {
  const grainMs = 2 ** Math.floor(Math.log2(untilMs - nowMs)) / 64;
  return Math.ceil(untilMs / grainMs) * grainMs;
}

function keyOf(id: string): string {
  return `${topic}/${id}`;
}

/**
 * Writes what ended into a store that others write too; what is there already ends no earlier.
 * @returns false where there is no room
 */
export function writeCancellation(store: Store, { id, untilMs }: Cancellation): Awaitable<boolean> {
  const key = keyOf(id);
  const value = Buffer.from(String(untilMs));
  return after(store.put(key, value, { untilMs, ifVersion: 0 }), outcome => {
    if (outcome !== 'conflict') return outcome !== 'full';
    return after(store.get(key), record => {
      const isEnough = record !== undefined && (parseUntil(record.value) ?? 0) >= untilMs;
      return isEnough || after(store.put(key, value, { untilMs }), again => again !== 'full');
    });
  });
}

/** Undefined for bytes that are no time: of the record itself nothing is believed but its key. */
function parseUntil(value: Uint8Array): number | undefined {
  const text = value.byteLength > 16 ? '' : Buffer.from(value).toString('latin1');
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
}
