/*
 * When to call. A pacer is a pure function of what has happened so far, so that it can be tested as a table.
 *
 * Open loop (`rate`): call n is due at n / rate, whatever the service does meanwhile; a call that starts late because
 * all is busy is still measured from when it was due. Closed loop (`concurrency`): each of so many callers makes its
 * next call when its last one was answered and its think time is over.
 */

/** What the pacer says: wait so long and then start a call that counts from `dueMs`, or stop. */
export type Pace = { readonly stop: true } | { readonly stop: false; readonly waitMs: number; readonly dueMs: number };

/** Times are milliseconds since the attack began. */
export interface Pacer {
  /**
   * @param elapsedMs now
   * @param started calls started so far
   * @param freeMs when the caller that asks got its last answer; undefined for its first call
   */
  pace(elapsedMs: number, started: number, freeMs: number | undefined): Pace;
  /** How many callers ask. */
  readonly callers: number;
}

const stop: Pace = { stop: true };

/**
 * Open loop at a constant rate.
 * @param callers most calls under way at once; above it calls start late, which their times show
 */
export function openLoop({
  ratePerS,
  durationMs,
  callers,
}: {
  ratePerS: number;
  durationMs: number;
  callers: number;
}): Pacer {
  return {
    callers,
    pace(elapsedMs, started) {
      const dueMs = (started * 1_000) / ratePerS;
      return dueMs >= durationMs ? stop : { stop: false, waitMs: Math.max(0, dueMs - elapsedMs), dueMs };
    },
  };
}

/** Closed loop. @param thinkMs pause of a caller between an answer and its next call */
export function closedLoop({
  concurrency,
  durationMs,
  thinkMs,
}: {
  concurrency: number;
  durationMs: number;
  thinkMs: number;
}): Pacer {
  return {
    callers: concurrency,
    pace(elapsedMs, _started, freeMs) {
      const dueMs = freeMs === undefined ? elapsedMs : freeMs + thinkMs;
      return dueMs >= durationMs || elapsedMs >= durationMs
        ? stop
        : { stop: false, waitMs: Math.max(0, dueMs - elapsedMs), dueMs };
    },
  };
}
