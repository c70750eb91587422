import { expect } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { awakeMs } from '../support/awake.ts';

/** What one node writes, the feed of another tells within a second. */
export async function toldWithinASecond(listening: Store, writing: Store, topic: string): Promise<void> {
  const key = `${topic}/1`;
  const heard = listening.changes(topic)[Symbol.asyncIterator]().next();
  const ms = await awakeMs(
    async () => {
      await writing.put(key, Buffer.from('told'), { untilMs: Date.now() + 3_600_000 });
      expect((await heard).value).toMatchObject({ key });
    },
    async () => writing.has(key),
  );
  expect(ms).toBeLessThan(1_000);
}
