import { setTimeout } from 'node:timers/promises';
import { type RandomSource, uuidText } from '../crypto/random.ts';
import type { Change, Store } from './store.ts';

/** A topic of a store that other nodes write too, as this process hears of it until the store is closed. */
export interface HeardTopic {
  /** Whether all has been heard that was there when it began: until then the store has to be asked. */
  isComplete(): boolean;
}

export interface HeardTopicOptions {
  /** Told of each change; the same one may come twice. */
  readonly hear: (change: Change) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: RandomSource;
}

const markMs = 60_000;
const retryMs = 1_000;

/** Hears a topic, over every trouble with the store. */
export function hearTopic(store: Store, topic: string, { hear, clock, random }: HeardTopicOptions): HeardTopic {
  /** A record of this process's own: when the feed tells it, it has told all that was there before. */
  const mark = `${topic}/mark ${uuidText(random)}`;
  let isComplete = false;
  const ended = new AbortController();
  const told = (change: Change) => {
    if (change.key === mark) isComplete = true;
    else hear(change);
  };
  void marked(store, mark, clock, { isHeard: () => isComplete, ended: ended.signal });
  void followed(store, topic, told).then(() => ended.abort());
  return { isComplete: () => isComplete };
}

/**
 * Leaves the mark, as soon as the store can be written, and again until it is heard: the feed may take longer than a
 * mark is kept, and a store may lose one.
 */
async function marked(
  store: Store,
  mark: string,
  clock: () => number,
  { isHeard, ended }: { readonly isHeard: () => boolean; readonly ended: AbortSignal },
): Promise<void> {
  let markedUntilMs = 0;
  while (!ended.aborted && !isHeard()) {
    const untilMs = clock() + markMs;
    try {
      const isDue = untilMs >= markedUntilMs + markMs / 2;
      if (isDue && (await store.put(mark, Buffer.from('mark'), { untilMs })) !== 'full') markedUntilMs = untilMs;
    } catch {
      // It is tried again: until then the store is asked for each call.
    }
    await setTimeout(retryMs, undefined, { ref: false, signal: ended }).catch(() => {});
  }
}

/** Hears the feed, over every trouble with it, until the store is closed or the signal aborts. */
export async function followed(
  store: Pick<Store, 'changes'>,
  topic: string,
  hear: (change: Change) => void,
  signal?: AbortSignal,
): Promise<void> {
  let cursor: string | undefined;
  for (;;) {
    try {
      for await (const change of store.changes(topic, cursor, signal)) {
        cursor = change.cursor;
        hear(change);
      }
      return;
    } catch {
      if (signal?.aborted) return;
      await setTimeout(retryMs, undefined, { ref: false });
    }
  }
}
