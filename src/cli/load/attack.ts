import { setMaxListeners } from 'node:events';
import type { MissedCalls, Pacer } from './pacer.ts';

/** Why a call counts as failed. */
export interface Failure {
  /** What it is counted under: a fault code, `NETWORK`, … */
  readonly kind: string;
  /** What there is to read of it, fit for a terminal. */
  readonly message: string;
  /** Whether the service answered, with a fault or something else than was wanted. */
  readonly answered: boolean;
}

/** What became of one call. */
export interface Outcome {
  /** Undefined for a good answer. */
  readonly failure: Failure | undefined;
  /** Address that answered, or that was asked in vain. */
  readonly address: string | undefined;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly stateChars: number;
}

/** One call with its times, in milliseconds since the attack began. */
export interface Hit {
  /** When it should have started. */
  readonly dueMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
}

/** Time as the attack sees it. */
export interface Clock {
  /** Milliseconds, only ever growing. */
  steadyMs(): number;
  /** Settles when the time is over, or earlier where the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Options of {@link attack}. */
export interface AttackOptions {
  readonly pacer: Pacer;
  /** Makes call number n; never rejects, and settles soon after the signal aborts. */
  readonly call: (n: number, signal: AbortSignal) => Promise<Outcome>;
  readonly clock: Clock;
  readonly onHit: (hit: Hit) => void;
  /** Calls that were due and could not be started, and when that was known. */
  readonly onMissed: (missed: MissedCalls, endedMs: number) => void;
  /** How long calls under way are waited for after the end: then they are given up. */
  readonly drainMs: number;
  /** Ends the attack early. */
  readonly signal?: AbortSignal;
}

/** How long it took. */
export interface Attacked {
  /** Milliseconds, the last answer included: at most the pacer's duration and `drainMs`. */
  readonly elapsedMs: number;
  /** What is left of `drainMs`. */
  readonly leftMs: number;
}

/** Makes calls as the pacer says. */
export async function attack(options: AttackOptions): Promise<Attacked> {
  const { pacer, clock, onMissed, drainMs, signal } = options;
  const beganMs = clock.steadyMs();
  const elapsedMs = () => clock.steadyMs() - beganMs;
  const end = endOf(options, elapsedMs);
  const started = await runCallers(options, elapsedMs, end.givenUp);
  end.settle();
  const endedMs = elapsedMs();
  const stoppedMs = Math.min(end.stoppedMs(), pacer.durationMs, endedMs);
  for (const missed of pacer.missed(signal?.aborted ? stoppedMs : pacer.durationMs, started)) onMissed(missed, endedMs);
  return { elapsedMs: endedMs, leftMs: Math.max(0, stoppedMs + drainMs - endedMs) };
}

/** When calls under way are given up: `drainMs` after the end of the time, or after the attack is ended early. */
function endOf({ pacer, clock, drainMs, signal }: AttackOptions, elapsedMs: () => number) {
  const givingUp = new AbortController();
  const over = new AbortController();
  // Each call under way listens, and each caller that sleeps.
  setMaxListeners(0, givingUp.signal, ...(signal === undefined ? [] : [signal]));
  let stoppedMs = Number.POSITIVE_INFINITY;
  const giveUpAfter = async (ms: number) => {
    await clock.sleep(ms, over.signal);
    if (!over.signal.aborted) givingUp.abort();
  };
  const stop = () => {
    stoppedMs = elapsedMs();
    void giveUpAfter(drainMs);
  };
  signal?.addEventListener('abort', stop, { once: true });
  void giveUpAfter(pacer.durationMs + drainMs);
  return {
    givenUp: givingUp.signal,
    stoppedMs: () => stoppedMs,
    settle() {
      signal?.removeEventListener('abort', stop);
      over.abort();
    },
  };
}

/** @returns how many calls were started */
async function runCallers(
  { pacer, call, clock, onHit, signal }: AttackOptions,
  elapsedMs: () => number,
  givenUp: AbortSignal,
): Promise<number> {
  let started = 0;
  const caller = async () => {
    let freeMs: number | undefined;
    while (!signal?.aborted) {
      const pace = pacer.pace(elapsedMs(), started, freeMs);
      if (pace.stop) return;
      const n = started++;
      if (pace.waitMs > 0) await clock.sleep(pace.waitMs, signal);
      if (signal?.aborted) return;
      const startedMs = elapsedMs();
      const outcome = await call(n, givenUp);
      freeMs = elapsedMs();
      onHit({ dueMs: pace.dueMs, startedMs, endedMs: freeMs, outcome });
    }
  };
  await Promise.all(Array.from({ length: pacer.callers }, caller));
  return started;
}
