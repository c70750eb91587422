import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { awakeMs } from '../support/awake.ts';
import { eventually } from '../support/eventually.ts';

export const away = { code: 'STORE_UNAVAILABLE', fault: 'server', reason: 'store-unavailable' };

/** What a store is asked that is away is refused in the time that it has for an answer: some times, one by one. */
export async function refusedInTime(store: Store): Promise<void> {
  for (const attempt of [1, 2, 3]) {
    const refused = async () => store.claim(`refused/${attempt}`, Date.now() + 60_000);
    expect(await awakeMs(() => expect(refused()).rejects.toMatchObject(away))).toBeLessThan(1_000);
  }
}

/** It is refused before anything could come from the store; but one call now and then tries whether it is back. */
export async function refusedAtOnce(store: Store): Promise<void> {
  await eventually(async () => {
    const asked = Promise.resolve(store.has('refused/1')).then(
      () => 'answered',
      () => 'refused',
    );
    expect(await Promise.race([asked, setImmediate('waits')])).toBe('refused');
  });
}
