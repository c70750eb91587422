import { setTimeout } from 'node:timers/promises';
import type { Awaitable } from '../awaitable.ts';
import type { Change } from './store.ts';

/** Reads on in the changes of a topic: each time those that came since, at most a page, none where there are none. */
export type FeedReader = () => Awaitable<readonly Change[]>;

/** Feeds of a store that is asked for its changes: when it gives word that there may be some, and from time to time. */
export interface FollowedFeed {
  /** @param begin where to read on, asked for when the first change is asked for and after each trouble */
  listen(begin: (cursor: string | undefined) => Awaitable<FeedReader>, from: Listening): AsyncIterable<Change>;
  /** There may be changes: every listener looks. */
  wake(): void;
  /** Ends every feed. */
  close(): void;
}

/** Where a listener begins, and what ends it. */
export interface Listening {
  readonly cursor: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const retryMs = 250;

/**
 * Follows a store that does not tell by itself. Trouble with the store ends no feed: it is asked again, from where it
 * was.
 * @param lookMs longest wait between two looks
 */
export function followedFeed(lookMs: number): FollowedFeed {
  const wakers = new Set<() => void>();
  const closing = new AbortController();

  async function* told(begin: Parameters<FollowedFeed['listen']>[0], listening: Listening, ended: AbortSignal) {
    let { cursor } = listening;
    let reader: FeedReader | undefined;
    const word = doorbell(ended);
    wakers.add(word.ring);
    try {
      while (!ended.aborted) {
        word.clear();
        let page: readonly Change[] | undefined;
        try {
          reader ??= await begin(cursor);
          page = await reader();
        } catch {
          reader = undefined;
        }
        for (const change of page ?? []) {
          if (ended.aborted) return;
          cursor = change.cursor;
          yield change;
        }
        if (page !== undefined && page.length > 0) continue;
        await word.rung(page === undefined ? retryMs : lookMs);
      }
    } finally {
      wakers.delete(word.ring);
    }
  }
  return {
    listen(begin, listening) {
      const { signal } = listening;
      const ended = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      return told(begin, listening, ended);
    },
    wake() {
      for (const ring of wakers) ring();
    },
    close: () => closing.abort(),
  };
}

/** Waits until it is rung, also where that was before the wait, until the time is over or all has ended. */
function doorbell(ended: AbortSignal) {
  let hasRung = false;
  let open = () => {};
  return {
    ring() {
      hasRung = true;
      open();
    },
    clear() {
      hasRung = false;
    },
    async rung(waitMs: number): Promise<void> {
      if (hasRung || ended.aborted) return;
      const waiting = new AbortController();
      open = () => waiting.abort();
      ended.addEventListener('abort', open, { once: true });
      await setTimeout(waitMs, undefined, { signal: waiting.signal, ref: false }).catch(() => {});
      ended.removeEventListener('abort', open);
    },
  };
}
