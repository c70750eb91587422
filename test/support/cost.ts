const tries = 3;

/** Milliseconds of CPU time that a work takes: the least of some tries, for whatever else runs only adds to it. */
export async function cpuMs(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i += 1) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

/** What counts as no time: how exactly so little is measured. */
const leastMs = 2;

/**
 * How many times as much CPU time as a work of some size one of four times the size takes: 1 where the size is all the
 * same, 4 in proportion to it, 16 by its square. No time of a clock counts, so that a slow machine changes nothing.
 */
export async function costOfFourTimes(size: number, work: (size: number) => unknown): Promise<number> {
  await work(size);
  const [once, fourTimes] = [await cpuMs(() => work(size)), await cpuMs(() => work(4 * size))];
  return fourTimes / Math.max(once, leastMs);
}
