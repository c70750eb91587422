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
  /** How long a work is taken to last until some have been done. */
  readonly usualMs: number;
  /** Milliseconds of a clock that does not go back. */
  readonly steadyClock: () => number;
}

/** Does costly works, few at once, while a bounded number of others wait. */
export interface WorkQueue {
  /**
   * Does a work in its turn. The first work of each party comes before the second of any; where the queue is full, the
   * last of those that wait is refused.
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

/** Those who wait, in the order in which they are done. */
function openLine() {
  const entries: Entry[] = [];
  const counts = new Map<string, number>();
  const count = ({ party }: Entry, by: number) => {
    if (party === undefined) return;
    const sum = (counts.get(party) ?? 0) + by;
    if (sum === 0) counts.delete(party);
    else counts.set(party, sum);
  };
  const takeOut = (index: number): Entry | undefined => {
    const [entry] = entries.splice(index, 1);
    if (entry !== undefined) count(entry, -1);
    return entry;
  };
  return {
    length: () => entries.length,
    /** How many of a party wait. */
    of: (party: string | undefined) => (party === undefined ? 0 : (counts.get(party) ?? 0)),
    enter(entry: Entry) {
      entries.splice(entries.findLastIndex(({ rank }) => rank <= entry.rank) + 1, 0, entry);
      count(entry, 1);
    },
    first: () => takeOut(0),
    last: () => takeOut(entries.length - 1),
    leave: (entry: Entry) => void takeOut(entries.indexOf(entry)),
  };
}

/** Makes an empty queue. */
export function workQueue({ queue, atOnce, usualMs: firstMs, steadyClock }: WorkQueueOptions): WorkQueue {
  const line = openLine();
  let running = 0;
  let usualMs = firstMs;

  const done = async <T>(work: () => Promise<T>): Promise<T> => {
    running += 1;
    const beganMs = steadyClock();
    try {
      return await work();
    } finally {
      usualMs += (steadyClock() - beganMs - usualMs) / 8;
      running -= 1;
      line.first()?.begin();
    }
  };
  const rankOf = ({ party, failures, isLast }: Place) => (isLast ? lastRank : 0) + failures + line.of(party);
  const full = () => new Overload(queueFull, (line.length() * usualMs) / atOnce);
  const wait = <T>(work: () => Promise<T>, place: Place) =>
    new Promise<T>((resolve, reject) => {
      const { party, signal } = place;
      const leave = () => {
        line.leave(entry);
        reject(new CallerGone());
      };
      const begin = () => {
        signal.removeEventListener('abort', leave);
        done(work).then(resolve, reject);
      };
      const refuse = () => {
        signal.removeEventListener('abort', leave);
        reject(full());
      };
      const entry: Entry = { rank: rankOf(place), party, begin, refuse };
      signal.addEventListener('abort', leave, { once: true });
      line.enter(entry);
      if (line.length() > queue) line.last()?.refuse();
    });
  return {
    async run(work, place) {
      if (place.signal.aborted) throw new CallerGone();
      return running < atOnce ? done(work) : wait(work, place);
    },
    waiting: line.length,
  };
}
