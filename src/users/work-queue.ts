import { CallerGone, Overload } from '../errors.ts';

/** Who a piece of work is done for, as far as its place in the queue goes. */
export interface Place {
  /** Whose works take turns with those of others; undefined: nobody's in particular. */
  readonly party: string | undefined;
  /** What is held against the party: with each it stands as far back as with one more work that waits. */
  readonly failures: number;
  /** After all others, whatever is held against those. */
  readonly isLast: boolean;
  /** Aborts when nobody wants the work any more. */
  readonly signal: AbortSignal;
}

export interface WorkQueueOptions {
  /** Most works that wait. */
  readonly queue: number;
  /** Works that are done at once. */
  readonly atOnce: number;
  /** Milliseconds of a clock that does not go back. */
  readonly nowMs: () => number;
}

/** Does costly works, few at once, while a bounded number of others wait. */
export interface WorkQueue {
  /**
   * Does a work in its turn. The first work of each party comes before the second of any; where the queue is full, the last of those that
   * wait is refused.
   * @throws {Overload} `queue-full`
   * @throws {CallerGone} where the signal aborts before the work has begun
   */
  run<T>(work: () => Promise<T>, place: Place): Promise<T>;
  /** How many wait. */
  waiting(): number;
}

/** A work that waits; of lower rank is done before. */
interface Entry {
  readonly rank: number;
  readonly party: string | undefined;
  begin(): void;
  refuse(): void;
}

/** Far beyond all ranks that come of failures and works which wait. */
const lastRank = 1e9;

/** Reason of a refusal for want of room. */
export const queueFull = 'queue-full';

/** What a work is taken to last until one has been done. */
const guessMs = 200;

/** Makes an empty queue. */
export function workQueue({ queue, atOnce, nowMs }: WorkQueueOptions): WorkQueue {
  /** In the order in which they are done. */
  const entries: Entry[] = [];
  let running = 0;
  let usualMs = guessMs;

  const next = () => {
    running -= 1;
    entries.shift()?.begin();
  };
  const done = async <T>(work: () => Promise<T>): Promise<T> => {
    running += 1;
    const beganMs = nowMs();
    try {
      return await work();
    } finally {
      usualMs += (nowMs() - beganMs - usualMs) / 8;
      next();
    }
  };
  const rankOf = ({ party, failures, isLast }: Place) => {
    const before = party === undefined ? 0 : entries.filter(entry => entry.party === party).length;
    return (isLast ? lastRank : 0) + failures + before;
  };
  const full = () => new Overload(queueFull, (entries.length * usualMs) / atOnce);
  const wait = <T>(work: () => Promise<T>, place: Place) =>
    new Promise<T>((resolve, reject) => {
      const leave = () => {
        entries.splice(entries.indexOf(entry), 1);
        reject(new CallerGone());
      };
      const entry: Entry = {
        rank: rankOf(place),
        party: place.party,
        begin() {
          place.signal.removeEventListener('abort', leave);
          done(work).then(resolve, reject);
        },
        refuse() {
          place.signal.removeEventListener('abort', leave);
          reject(full());
        },
      };
      place.signal.addEventListener('abort', leave, { once: true });
      entries.splice(entries.findLastIndex(({ rank }) => rank <= entry.rank) + 1, 0, entry);
      if (entries.length > queue) entries.pop()?.refuse();
    });
  return {
    async run(work, place) {
      if (place.signal.aborted) throw new CallerGone();
      return running < atOnce ? done(work) : wait(work, place);
    },
    waiting: () => entries.length,
  };
}
