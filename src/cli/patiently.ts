import { setTimeout } from 'node:timers/promises';
import type { Awaitable } from '../awaitable.ts';
import { StoreUnavailable } from '../errors.ts';

const patienceMs = 5_000;
const againMs = 100;

/**
 * Does what needs a store, which takes some time to connect to where it is on the network: again for 5 s where it does
 * not answer.
 * @param act does no harm where it is done twice
 */
export async function patiently<T>(act: () => Awaitable<T>): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;)
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() >= endMs) throw error;
      await setTimeout(againMs);
    }
}
