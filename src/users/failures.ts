import { latestEntries } from '../latest-entries.ts';

/** Counts failures by key, each for as long as the window. */
export interface Failures {
  of(key: string): number;
  /** Milliseconds until a key that has failed `most` times may try again; 0 where it may now. */
  blockedMs(key: string, most: number): number;
  /** Counts one more. From the one on that makes them `most`, they count for a whole window again. */
  add(key: string, most: number): void;
  /** Takes the word of others that a key has failed `sum` times, where that is more than is known here. */
  raise(key: string, sum: number, most: number): void;
}

/** How long a failure counts. */
export const failureWindowMs = 900_000;

export interface FailureOptions {
  /** Milliseconds of a clock that does not go back. */
  readonly steadyClock: () => number;
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
export function failureCounts({
  steadyClock,
  windowMs = failureWindowMs,
  maxKeys = 100_000,
}: FailureOptions): Failures {
  const counts = latestEntries<Count>(maxKeys);
  const currentOf = (key: string): Count | undefined => {
    const found = counts.get(key);
    return found !== undefined && found.untilMs > steadyClock() ? found : undefined;
  };
  return {
    of: key => currentOf(key)?.count ?? 0,
    blockedMs(key, most) {
      const { count, untilMs } = currentOf(key) ?? { count: 0, untilMs: 0 };
      return count < most ? 0 : untilMs - steadyClock();
    },
    add(key, most) {
      const afterMs = steadyClock() + windowMs;
      const { count, untilMs } = currentOf(key) ?? { count: 0, untilMs: afterMs };
      counts.set(key, { count: count + 1, untilMs: count + 1 < most ? untilMs : afterMs });
    },
    raise(key, sum, most) {
      const afterMs = steadyClock() + windowMs;
      const { count, untilMs } = currentOf(key) ?? { count: 0, untilMs: afterMs };
      if (sum > count) counts.set(key, { count: sum, untilMs: count < most && sum >= most ? afterMs : untilMs });
    },
  };
}
