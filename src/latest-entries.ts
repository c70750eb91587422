import { LRUCache } from 'lru-cache';

/** The entries that were used last, up to a number of them. */
export interface LatestEntries<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  clear(): void;
  /** All of them, without using any: what was used longest ago comes first. */
  fromOldest(): Iterable<readonly [key: string, value: V]>;
}

const firstRoom = 128;
const growth = 4;

/**
 * Keeps the entries that were used last. Room is made as they come: an LRU cache lays out all that it may ever hold,
 * 3 MB and some 10 ms for 100,000 entries, and few of a node's are ever full.
 * @param max entries that are kept; 1 to 10,000,000
 * @param gaveWay told of each that had to make room for another
 */
export function latestEntries<V extends object | number | true>(
  max: number,
  gaveWay?: (value: V) => void,
): LatestEntries<V> {
  let cache: LRUCache<string, V> | undefined;
  const dispose = (value: V, _key: string, reason: string) => {
    if (reason === 'evict') gaveWay?.(value);
  };
  const room = (entries: number) =>
    new LRUCache<string, V>({ max: entries, ...(gaveWay === undefined ? {} : { dispose }) });
  /** The same entries in the same order, with room for more. */
  const grown = (full: LRUCache<string, V>) => {
    const larger = room(Math.min(max, full.max * growth));
    full.rforEach((value, key) => larger.set(key, value));
    return larger;
  };
  return {
    get: key => cache?.get(key),
    set(key, value) {
      cache ??= room(Math.min(max, firstRoom));
      if (cache.size === cache.max && cache.max < max && !cache.has(key)) cache = grown(cache);
      cache.set(key, value);
    },
    delete: key => void cache?.delete(key),
    clear: () => cache?.clear(),
    *fromOldest() {
      for (const key of cache?.rkeys() ?? []) {
        const value = cache?.peek(key);
        if (value !== undefined) yield [key, value];
      }
    },
  };
}
