import { setTimeout } from 'node:timers/promises';
import { type Awaitable, after } from '../awaitable.ts';
import { type RandomSource, randomBytesPooled, uuidText } from '../crypto/random.ts';
import { expiringTable } from '../store/expiring-table.ts';
import type { Change, Store } from '../store/store.ts';
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
const markMs = 60_000;
const retryMs = 1_000;

/**
 * What ended before its time, as records of a store that other nodes write too. This process keeps all of it as the
 * store's feed tells it, so that a call waits for no store and goes on while the store is down; until the feed has told
 * what was there, each look is one into the store. What was heard once is not forgotten where the store forgets it.
 */
export function cancelMirror(store: Store, options: CancelMirrorOptions): CancelList {
  const { clock, random = randomBytesPooled, maxEntries = 1_000_000 } = options;
  const known = expiringTable({ bucketMs, maxEntries, random });
  /** A record of this process's own: when the feed tells it, it has told all that was there before. */
  const mark = `${topic}/mark ${uuidText(random)}`;
  let isComplete = false;
  let isOverfull = false;

  const keep = (key: string, untilMs: number): boolean => {
    const nowMs = clock();
    const isKept = untilMs <= nowMs || known.insert(key, sharedEnd(untilMs, nowMs), nowMs) !== 'full';
    isOverfull ||= !isKept;
    return isKept;
  };
  const hear = ({ key, record }: Change) => {
    if (key === mark) isComplete = true;
    const untilMs = record && parseUntil(record.value);
    if (untilMs !== undefined) keep(key, untilMs);
  };
  const ended = new AbortController();
  void marked(store, mark, clock, { isHeard: () => isComplete, ended: ended.signal });
  void followed(store, hear).then(() => ended.abort());

  const write = ({ id, untilMs }: Cancellation, nowMs: number): Awaitable<boolean> =>
    untilMs <= nowMs ||
    after(written(store, keyOf(id), untilMs), isWritten => {
      if (isWritten) keep(keyOf(id), untilMs);
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
      return isComplete && !isOverfull ? false : after(store.get(key), record => record !== undefined);
    },
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

/** Writes when something ended need not be remembered any longer; what is there already ends no earlier. */
function written(store: Store, key: string, untilMs: number): Awaitable<boolean> {
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

/**
 * Leaves the mark, as soon as the store can be written, and again until it is heard: the feed may take longer than a
 * mark is kept, and a store may lose one.
 */
async function marked(
  store: Store,
  mark: string,
  clock: () => number,
  { isHeard, ended }: { readonly isHeard: () => boolean; readonly ended: AbortSignal },
): Promise<void> {
  let markedUntilMs = 0;
  while (!ended.aborted && !isHeard()) {
    const untilMs = clock() + markMs;
    try {
      const isDue = untilMs >= markedUntilMs + markMs / 2;
      if (isDue && (await store.put(mark, Buffer.from('mark'), { untilMs })) !== 'full') markedUntilMs = untilMs;
    } catch {
      // It is tried again: until then the store is asked for each call.
    }
    await setTimeout(retryMs, undefined, { ref: false, signal: ended }).catch(() => {});
  }
}

/** Hears the feed until the store is closed. */
async function followed(store: Store, hear: (change: Change) => void): Promise<void> {
  let cursor: string | undefined;
  for (;;) {
    try {
      for await (const change of store.changes(topic, cursor)) {
        cursor = change.cursor;
        hear(change);
      }
      return;
    } catch {
      await setTimeout(retryMs, undefined, { ref: false });
    }
  }
}
