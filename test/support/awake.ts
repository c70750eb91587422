import { setTimeout } from 'node:timers/promises';

/** What a round of questions takes at most where nobody stands still. */
const roundMs = 50;

/**
 * Milliseconds that something takes, without those in which somebody who has a part in it stood still: a machine that
 * stops a process for a while breaks no promise of that process.
 * @param parts ask those who have a part in it, beside this process, something that is answered at once
 */
export async function awakeMs(
  work: () => Promise<unknown>,
  ...parts: readonly (() => Promise<unknown>)[]
): Promise<number> {
  const beganMs = performance.now();
  let endedMs = Number.POSITIVE_INFINITY;
  let stoodMs = 0;
  const watching = (async () => {
    while (endedMs === Number.POSITIVE_INFINITY) {
      const askedMs = performance.now();
      await Promise.all([setTimeout(roundMs / 5), ...parts.map(ask => ask().catch(() => {}))]);
      stoodMs += Math.max(0, Math.min(performance.now(), endedMs) - askedMs - roundMs);
    }
  })();
  try {
    await work();
  } finally {
    endedMs = performance.now();
    await watching;
  }
  return endedMs - beganMs - stoodMs;
}
