import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { latestEntries } from '../latest-entries.ts';
import { type ExpiringTable, expiringTable } from './expiring-table.ts';
import { type MemoryRecords, memoryRecords } from './memory-records.ts';
import { maxValueBytes, type Store, topicOf } from './store.ts';

export interface MemoryStoreOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random?: RandomSource;
  /** Claims of one topic. Default 1,000,000 (some 32 MB). */
  readonly maxClaims?: number;
  /** Records of one topic. Default 100,000. */
  readonly maxRecords?: number;
  /** Counters that are remembered, of the latest ones. Default 100,000. */
  readonly maxCounters?: number;
}

interface Counter {
  readonly sum: number;
  readonly untilMs: number;
}

/** Claims are dropped together by half hours: few enough buckets to look through for each message. */
const bucketMs = 1_800_000;

/**
 * Makes an empty store in this process's memory. It answers without promises. Each topic has room of its own: nobody
 * who fills one takes it from another.
 */
export function memoryStore(options: MemoryStoreOptions): Store {
  const { clock, random = randomBytesPooled } = options;
  const { maxClaims = 1_000_000, maxRecords = 100_000, maxCounters = 100_000 } = options;
  const claims = new Map<string, ExpiringTable>();
  const records = new Map<string, MemoryRecords>();
  const counters = latestEntries<Counter>(maxCounters);
  const sinceMs = clock();
  const recordsOf = (topic: string) => kept(records, topic, () => memoryRecords({ maxRecords, clock }));
  return {
    isOwn: true,
    claim(key, untilMs) {
      const table = kept(claims, topicOf(key), () => expiringTable({ maxEntries: maxClaims, bucketMs, random }));
      return table.insert(key, untilMs, clock());
    },
    has: key => claims.get(topicOf(key))?.has(key, clock()) ?? false,
    get: key => records.get(topicOf(key))?.get(key),
    put(key, value, put) {
      if (value.byteLength > maxValueBytes) throw new TypeError(`a record has at most ${maxValueBytes} bytes`);
      return recordsOf(topicOf(key)).put(key, value, put);
    },
    delete: key => records.get(topicOf(key))?.delete(key),
    add(key, n, untilMs) {
      topicOf(key);
      const found = counters.get(key);
      const counter = found !== undefined && found.untilMs > clock() ? found : { sum: 0, untilMs };
      counters.set(key, { ...counter, sum: counter.sum + n });
      return counter.sum + n;
    },
    changes: (topic, cursor, signal) => recordsOf(topic).changes(cursor, signal),
    health: () => ({ kind: 'memory', up: true, sinceMs }),
    close() {
      for (const topic of records.values()) topic.close();
    },
  };
}

function kept<V>(map: Map<string, V>, key: string, made: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const value = made();
  map.set(key, value);
  return value;
}
