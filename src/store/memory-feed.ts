import type { Change } from './store.ts';

/** A record, or what a deletion leaves for those who go on from a cursor: it has the time of what was deleted. */
export interface Entry {
  readonly version: number;
  readonly value: Uint8Array | undefined;
  readonly untilMs: number;
}

/** Those who listen to the changes of one topic. */
export interface MemoryFeed {
  tell(key: string, entry: Entry): void;
  /** @param due what is told first, asked for when the first change is asked for */
  listen(due: () => Map<string, Entry>, signal: AbortSignal | undefined): AsyncIterable<Change>;
  /** Ends every feed. */
  close(): void;
}

/** Somebody who listens: what they have not heard yet, the last of each record, and how they are woken. */
interface Listener {
  readonly unheard: Map<string, Entry>;
  wake: () => void;
}

/** @param clock milliseconds since the epoch: what is over is not told */
export function memoryFeed(clock: () => number): MemoryFeed {
  const listeners = new Set<Listener>();
  const closing = new AbortController();

  async function* told(listener: Listener, ended: AbortSignal): AsyncGenerator<Change> {
    while (!ended.aborted) {
      for (const [key, entry] of listener.unheard) {
        listener.unheard.delete(key);
        if (entry.untilMs > clock()) yield changeOf(key, entry);
        if (ended.aborted) return;
      }
      await new Promise<void>(resolve => {
        listener.wake = resolve;
      });
    }
  }
  return {
    tell(key, entry) {
      for (const listener of listeners) {
        replace(listener.unheard, key, entry);
        listener.wake();
      }
    },
    async *listen(due, signal) {
      const listener: Listener = { unheard: due(), wake: () => {} };
      const ended = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      const wake = () => listener.wake();
      listeners.add(listener);
      ended.addEventListener('abort', wake);
      try {
        yield* told(listener, ended);
      } finally {
        listeners.delete(listener);
        ended.removeEventListener('abort', wake);
      }
    },
    close: () => closing.abort(),
  };
}

function changeOf(key: string, { value, version }: Entry): Change {
  return { key, record: value && { value, version }, cursor: String(version) };
}

/** Puts an entry at the end, so that the order stays that of the versions. */
export function replace(entries: Map<string, Entry>, key: string, entry: Entry): void {
  entries.delete(key);
  entries.set(key, entry);
}
