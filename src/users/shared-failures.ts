import type { Outage } from '../store/outage.ts';
import type { Store } from '../store/store.ts';

/** Failures as all nodes that have a store have counted them. */
export interface SharedFailures {
  /**
   * Counts one more.
   * @param told how many there are, as soon as the store has said so; never where it does not
   */
  add(key: string, told: (sum: number) => void): void;
}

export interface SharedFailureOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly windowMs: number;
  /** What goes on while the store does not answer: each node counts for itself. */
  readonly outage: Outage;
}

/** Counts in a store. Nobody waits for it: who is refused is known by what this node has heard so far. */
export function sharedFailures({ store, clock, windowMs, outage }: SharedFailureOptions): SharedFailures {
  const counted = async (key: string) => store.add(`failures/${key}`, 1, clock() + windowMs);
  return {
    add(key, told) {
      counted(key).then(sum => {
        outage.answered();
        told(sum);
      }, outage.missed);
    },
  };
}
