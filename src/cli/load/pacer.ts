/*
 * When to call. A pacer is a pure function of what has happened so far, so that it can be tested as a table.
 *
 * Open loop (`rate`): call n is due at n / rate, whatever the service does meanwhile; a call that starts late because
 * all is busy is still measured from when it was due, and one that could not start before the end counts as failed.
 * Closed loop (`concurrency`): each of so many callers makes its next call when its last one was answered and its think
 * time is over.
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
  /**
   * When the calls were due that should have started by `elapsedMs`, but for the first `started` ones: in steps of
   * time, each with how many.
   */
  missed(elapsedMs: number, started: number): readonly MissedCalls[];
  /** How many callers ask. */
  readonly callers: number;
  /** No call starts after it. */
  readonly durationMs: number;
}

/** Calls that were due about the same time. */
export interface MissedCalls {
  readonly dueMs: number;
  readonly count: number;
}

/** A service that stands still for long lets many calls fall due: they are told in at most so many steps. */
const maxMissedSteps = 1_000;

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
  const dueMsOf = (n: number) => (n * 1_000) / ratePerS;
  return {
    callers,
    durationMs,
    pace(elapsedMs, started) {
      const dueMs = dueMsOf(started);
      return Math.max(dueMs, elapsedMs) >= durationMs
        ? stop
        : { stop: false, waitMs: Math.max(0, dueMs - elapsedMs), dueMs };
    },
    missed(elapsedMs, started) {
      const count = Math.max(0, Math.ceil((Math.min(elapsedMs, durationMs) * ratePerS) / 1_000) - started);
      const steps = Math.min(count, maxMissedSteps);
      const first = (step: number) => started + Math.floor((step * count) / steps);
      return Array.from({ length: steps }, (_, step) => ({
        dueMs: dueMsOf(first(step)),
        count: first(step + 1) - first(step),
      }));
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
    durationMs,
    missed: () => [],
    pace(elapsedMs, _started, freeMs) {
      const dueMs = freeMs === undefined ? elapsedMs : freeMs + thinkMs;
      return dueMs >= durationMs || elapsedMs >= durationMs
        ? stop
        : { stop: false, waitMs: Math.max(0, dueMs - elapsedMs), dueMs };
    },
  };
}
