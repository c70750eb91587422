import { type Awaitable, after } from '../awaitable.ts';

/**
 * Large messages are worked on a few at a time. Reading or writing one stops the process, for some milliseconds for
 * each MiB: several at once would stop it for the sum, and what is made of them be in memory together. What is waited
 * for is the whole work on a message, and between two of them all that is small gets its turn.
 */

/** A message of more bytes than this is large; docs/limits.md says for how long one stops a process. */
export const largeBytes = 4 * 1024 * 1024;

/** The right of one message to be large. */
export interface Place {
  /** Settles when the message may be large; at once where it may already. */
  take(): Promise<void>;
  /** Gives the place back, or waits for none any more: what waits goes on, and finds out by itself that it is over. */
  leave(): void;
}

/** How many messages may be large at once. */
export interface LargeMessages {
  /** For one message, which may never need it. */
  place(): Place;
}

/** Of a message that waits for nobody. */
export const anyPlace: Place = { take: () => Promise.resolve(), leave() {} };

/** @param most how many messages may be large at once by now; further ones wait, the first to come first */
export function largeMessages(most: () => number): LargeMessages {
  let taking = 0;
  const waiting = new Set<() => void>();
  const admit = () => {
    for (const next of waiting) {
      if (taking >= most()) return;
      taking += 1;
      waiting.delete(next);
      next();
    }
  };
  const freed = () => {
    taking -= 1;
    admit();
  };
  return {
    place() {
      let enter = () => {};
      let taken: Promise<void> | undefined;
      let isLeft = false;
      return {
        take() {
          if (isLeft) return Promise.resolve();
          taken ??= new Promise(resolve => {
            enter = resolve;
            waiting.add(enter);
          });
          admit();
          return taken;
        },
        leave() {
          if (isLeft) return;
          isLeft = true;
          if (taken === undefined) return;
          if (waiting.delete(enter)) enter();
          // What is small has its turn first.
          else setImmediate(freed);
        },
      };
    },
  };
}

/** Takes the place for a message that has become large; undefined where it has not. */
export function placeFor(bytes: number, place: Place): Promise<void> | undefined {
  return bytes > largeBytes ? place.take() : undefined;
}

/**
 * Waits for the place of a message that is large.
 * @returns false where it has not come in `waitMs`
 */
export function placedWithin(waitMs: number, bytes: number, place: Place): Awaitable<boolean> {
  const taken = placeFor(bytes, place);
  if (taken === undefined) return true;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>(resolve => {
    timer = setTimeout(resolve, waitMs, false);
  });
  return Promise.race([taken.then(() => true), late]).finally(() => clearTimeout(timer));
}

/** Does a work, and gives the place back that was taken for it; where none was, nothing is waited for. */
export function leaving<T>(place: Place, work: () => Awaitable<T>): Awaitable<T> {
  try {
    const done = work();
    if (done instanceof Promise) return done.finally(() => place.leave());
    place.leave();
    return done;
  } catch (error) {
    place.leave();
    throw error;
  }
}

/** What a large message waits for its place at most. */
const waitMs = 30_000;

/**
 * Does a work on a message that is there as a whole, when it has its place: one that comes in slowly, from anybody,
 * must not keep others waiting.
 * @param large undefined: nothing is waited for
 * @param work done without a place where that has not come in 30 s
 */
export function inPlace<T>(
  bytes: number,
  large: LargeMessages | undefined,
  work: (place: Place | undefined) => Awaitable<T>,
): Awaitable<T> {
  const place = large?.place() ?? anyPlace;
  return leaving(place, () =>
    after(placedWithin(waitMs, bytes, place), isPlaced => work(isPlaced ? place : undefined)),
  );
}
