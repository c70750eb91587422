/**
 * What a work gives, or the reason of the signal as soon as it aborts. The work goes on: others may wait for it.
 * @throws {unknown} the signal's reason
 */
export function untilAborted<T>(work: Promise<T> | T, signal: AbortSignal | undefined): Promise<T> | T {
  if (signal === undefined || !(work instanceof Promise)) return work;
  return new Promise<T>((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    work.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
  });
}
