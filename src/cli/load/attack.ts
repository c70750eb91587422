import type { Pacer } from './pacer.ts';

/** What became of one call. */
export interface Outcome {
  /** Undefined for a good answer; else what stands in the report: a fault code, `NETWORK`, … */
  readonly error: string | undefined;
  /** Address that answered; undefined where none did. */
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
  sleep(ms: number): Promise<void>;
}

/** Options of {@link attack}. */
export interface AttackOptions {
  readonly pacer: Pacer;
  /** Makes call number n; never rejects. */
  readonly call: (n: number) => Promise<Outcome>;
  readonly clock: Clock;
  readonly onHit: (hit: Hit) => void;
  /** Ends the attack early; calls under way are waited for. */
  readonly signal?: AbortSignal;
}

/** Makes calls as the pacer says. @returns how long it took in milliseconds, the last answer included */
export async function attack({ pacer, call, clock, onHit, signal }: AttackOptions): Promise<number> {
  const beganMs = clock.steadyMs();
  const elapsedMs = () => clock.steadyMs() - beganMs;
  let started = 0;
  const caller = async () => {
    let freeMs: number | undefined;
    while (!signal?.aborted) {
      const pace = pacer.pace(elapsedMs(), started, freeMs);
      if (pace.stop) return;
      const n = started++;
      if (pace.waitMs > 0) await clock.sleep(pace.waitMs);
      if (signal?.aborted) return;
      const startedMs = elapsedMs();
      const outcome = await call(n);
      freeMs = elapsedMs();
      onHit({ dueMs: pace.dueMs, startedMs, endedMs: freeMs, outcome });
    }
  };
  await Promise.all(Array.from({ length: pacer.callers }, caller));
  return elapsedMs();
}
