/** How long works took: a histogram whose bounds Prometheus gets in seconds. */
export interface Durations {
  readonly sumMs: number;
  /** How many took at most so long, by {@link durationBoundsMs}; the last one counts all that took longer. */
  readonly counts: readonly number[];
}

/** Upper bounds in milliseconds: from what a call costs at the least to where callers give up. */
export const durationBoundsMs = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

/** Where durations are counted. */
export interface DurationTally {
  add(ms: number): void;
  snapshot(): Durations;
}

/** A fresh tally. To add to it takes neither memory nor a look-up by name: each call does. */
export function durationTally(): DurationTally {
  const counts = new Float64Array(durationBoundsMs.length + 1);
  let sumMs = 0;
  return {
    add(ms) {
      sumMs += ms;
      let index = 0;
      while (index < durationBoundsMs.length && ms > (durationBoundsMs[index] ?? 0)) index += 1;
      counts[index] = (counts[index] ?? 0) + 1;
    },
    snapshot: () => ({ sumMs, counts: [...counts] }),
  };
}
