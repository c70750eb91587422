/** One thing that is measured beside others. */
export interface Contender {
  readonly name: string;
  /** Does the work `times` times. */
  run(times: number): Promise<void> | void;
  /** How often in one round. */
  readonly times: number;
}

/**
 * Microseconds of one execution of each contender: the median of `rounds` rounds that take turns, so that a busy moment
 * of the machine meets all alike. One round before them warms up.
 */
export async function interleaved(contenders: readonly Contender[], rounds: number): Promise<readonly number[]> {
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { run, times }] of contenders.entries()) {
      const started = process.cpuUsage();
      await run(times);
      const { user, system } = process.cpuUsage(started);
      if (round > 0) samples[i]?.push((user + system) / times);
    }
  }
  return samples.map(median);
}

/** The middle of some numbers; NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
