import { setTimeout } from 'node:timers/promises';
import type { Awaitable } from '../../../src/awaitable.ts';
import { StoreUnavailable } from '../../../src/errors.ts';

/** Does it again while the store does not answer in time: on a machine with much to do it may be late. */
export function persistently<T>(act: () => Awaitable<T>): Awaitable<T> {
  try {
    const value = act();
    return value instanceof Promise ? value.catch(error => later(error, act)) : value;
  } catch (error) {
    return later(error, act);
  }
}

async function later<T>(error: unknown, act: () => Awaitable<T>): Promise<T> {
  if (!(error instanceof StoreUnavailable)) throw error;
  await setTimeout(50);
  return persistently(act);
}
