import type { Subject } from './subjects.ts';

interface Clock {
  readonly wallMs: number;
  readonly cpu: NodeJS.CpuUsage;
}

/** Starts a clock. */
export function clock(): Clock {
  return { wallMs: performance.now(), cpu: process.cpuUsage() };
}

/**
 * Time of the thread that reads: others that compile and collect garbage meanwhile add to the CPU time of the process,
 * and other processes to the time on the wall, so that the smaller of both comes nearer.
 */
export function elapsedMs({ wallMs, cpu }: Clock): number {
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(performance.now() - wallMs, (user + system) / 1_000);
}

const batchMs = 2;

/** Reads a message as often as gives a time to speak of. @returns milliseconds of one reading */
export async function timed(subject: Subject, message: Uint8Array): Promise<number> {
  const started = clock();
  for (let count = 1; ; count++) {
    const read = subject(message);
    if (read instanceof Promise) await read;
    const ms = elapsedMs(started);
    if (ms >= batchMs) return ms / count;
  }
}
