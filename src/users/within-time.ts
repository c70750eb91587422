import { Overload } from '../errors.ts';

/** When to come again: the directory that is asked may have recovered by then. */
const retryMs = 5_000;

/**
 * A work of somebody else's, which may never end.
 * @param work is given a signal that aborts when nobody waits for it any more, or the time is over
 * @param signal aborts when nobody waits
 * @throws {Overload} `authenticate-timeout`
 */
export async function withinTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<T> {
  const controller = new AbortController();
  const leave = () => controller.abort();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Overload('authenticate-timeout', retryMs));
      leave();
    }, timeoutMs);
  });
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  }
}
