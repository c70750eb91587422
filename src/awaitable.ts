/**
 * A value that is at hand, or that will be. Most steps of a call need no wait, and a promise for nothing costs turns of
 * the queue, each of them hooked once AsyncLocalStorage is in use.
 */
export type Awaitable<T> = T | Promise<T>;

/** The next step: at once where the value is at hand. What the step throws is thrown then, and rejects otherwise. */
export function after<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** The value, or what is made of the error in its place, whether that is thrown or the promise rejects with it. */
export function recovered<T>(act: () => Awaitable<T>, recover: (error: unknown) => T): Awaitable<T> {
  try {
    const value = act();
    return value instanceof Promise ? value.catch(recover) : value;
  } catch (error) {
    return recover(error);
  }
}
