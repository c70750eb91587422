import { CallerGone } from '../errors.ts';

/** A work for all who want the same; it goes on as long as one of them waits. */
export interface SharedWork<T> {
  /**
   * Waits for the work's result.
   * @throws {CallerGone} where the signal aborts first
   */
  join(signal: AbortSignal): Promise<T>;
}

/**
 * Begins a work.
 * @param work is given a signal that aborts when the last who waited has gone
 * @param over called once: when the work has come to its end, or nobody waits for it any more
 */
export function sharedWork<T>(work: (signal: AbortSignal) => Promise<T>, over: () => void): SharedWork<T> {
  const controller = new AbortController();
  controller.signal.addEventListener('abort', over, { once: true });
  const result = work(controller.signal).finally(() => {
    if (!controller.signal.aborted) over();
  });
  let waiting = 0;
  return {
    join: signal =>
      new Promise<T>((resolve, reject) => {
        const leave = () => {
          waiting -= 1;
          reject(new CallerGone());
          if (waiting === 0) controller.abort();
        };
        waiting += 1;
        signal.addEventListener('abort', leave, { once: true });
        result.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
      }),
  };
}
