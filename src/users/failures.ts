import { LRUCache } from 'lru-cache';

/** Counts failures by key, each for as long as the window. */
export interface Failures {
  of(key: string): number;
  /** Milliseconds until a key that has failed `most` times may try again; 0 where it may now. */
  blockedMs(key: string, most: number): number;
  /** Counts one more. From the one on that makes them `most`, they count for a whole window again. */
  add(key: string, most: number): void;
}

export interface FailureOptions {
  /** Milliseconds of a clock that does not go back. */
  readonly nowMs: () => number;
  /** Default 15 min. */
  readonly windowMs?: number;
  /** Keys that are remembered, of the latest ones; default 100,000. */
  readonly maxKeys?: number;
}

interface Count {
  readonly count: number;
  readonly untilMs: number;
}

/** Starts counting at zero. */
export function failureCounts({ nowMs, windowMs = 900_000, maxKeys = 100_000 }: FailureOptions): Failures {
  const counts = new LRUCache<string, Count>({ max: maxKeys });
  const currentOf = (key: string): Count | undefined => {
    const found = counts.get(key);
    return found !== undefined && found.untilMs > nowMs() ? found : undefined;
  };
  return {
    of: key => currentOf(key)?.count ?? 0,
    blockedMs(key, most) {
      const { count, untilMs } = currentOf(key) ?? { count: 0, untilMs: 0 };
      return count < most ? 0 : untilMs - nowMs();
    },
    add(key, most) {
      const afterMs = nowMs() + windowMs;
      const { count, untilMs } = currentOf(key) ?? { count: 0, untilMs: afterMs };
      counts.set(key, { count: count + 1, untilMs: count + 1 < most ? untilMs : afterMs });
    },
  };
}
