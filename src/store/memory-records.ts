import { type Entry, type MemoryFeed, memoryFeed, replace } from './memory-feed.ts';
import type { Change, PutOptions, StoredRecord } from './store.ts';

/** The records of one topic, in memory. `Store` says what the methods do. */
export interface MemoryRecords {
  get(key: string): StoredRecord | undefined;
  put(key: string, value: Uint8Array, options: PutOptions): number | 'conflict' | 'full';
  delete(key: string): void;
  changes(cursor: string | undefined, signal: AbortSignal | undefined): AsyncIterable<Change>;
  close(): void;
}

export interface MemoryRecordsOptions {
  readonly maxRecords: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Makes a topic without records. */
export function memoryRecords({ maxRecords, clock }: MemoryRecordsOptions): MemoryRecords {
  /** In the order of their versions. */
  const entries = new Map<string, Entry>();
  const feed: MemoryFeed = memoryFeed(clock);
  let version = 0;

  const current = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry?.value !== undefined && entry.untilMs > clock() ? entry : undefined;
  };
  const write = (key: string, value: Uint8Array | undefined, untilMs: number) => {
    version += 1;
    const entry = { version, value, untilMs };
    replace(entries, key, entry);
    feed.tell(key, entry);
    return version;
  };
  const roomFor = roomIn(entries, maxRecords);

  return {
    get(key) {
      const entry = current(key);
      return entry?.value && { value: entry.value, version: entry.version };
    },
    put(key, value, { untilMs, ifVersion }) {
      if (ifVersion !== undefined && ifVersion !== (current(key)?.version ?? 0)) return 'conflict';
      return roomFor(key, untilMs, clock()) ? write(key, Uint8Array.from(value), untilMs) : 'full';
    },
    delete(key) {
      const entry = current(key);
      if (entry !== undefined) write(key, undefined, entry.untilMs);
    },
    changes: (cursor, signal) => feed.listen(() => dueAfter(entries, cursor), signal),
    close: feed.close,
  };
}

/** Whether there is room for one more; those whose time is over are looked for only where one of them may be. */
function roomIn(entries: Map<string, Entry>, maxRecords: number) {
  /** No entry ends before it. */
  let earliestMs = Number.POSITIVE_INFINITY;
  const dropEnded = (nowMs: number) => {
    earliestMs = Number.POSITIVE_INFINITY;
    for (const [key, { untilMs }] of entries) {
      if (untilMs <= nowMs) entries.delete(key);
      else earliestMs = Math.min(earliestMs, untilMs);
    }
  };
  return (key: string, untilMs: number, nowMs: number): boolean => {
    if (entries.size >= maxRecords && earliestMs <= nowMs) dropEnded(nowMs);
    earliestMs = Math.min(earliestMs, untilMs);
    return entries.has(key) || entries.size < maxRecords;
  };
}

/** What is told first: deletions only to those who may have heard of the record. */
function dueAfter(entries: ReadonlyMap<string, Entry>, cursor: string | undefined): Map<string, Entry> {
  const after = Number(cursor ?? 0);
  const isDue = ({ version, value }: Entry) => version > after && (cursor !== undefined || value !== undefined);
  return new Map([...entries].filter(([, entry]) => isDue(entry)));
}
