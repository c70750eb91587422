import type { Cancellation } from '../state/cancellation.ts';

/**
 * The conversations that were cancelled anywhere in the farm and have not expired: what a node that starts later must
 * be told.
 */
export interface Cancellations {
  add(entry: Cancellation): void;
  live(nowMs: number): readonly Cancellation[];
}

/** @param maxEntries the oldest are dropped above this; default 100,000 */
export function cancellations(maxEntries = 100_000): Cancellations {
  const until = new Map<string, number>();
  return {
    add({ id, untilMs }) {
      until.delete(id);
      until.set(id, untilMs);
      const oldest = until.keys().next();
      if (until.size > maxEntries && !oldest.done) until.delete(oldest.value);
    },
    live(nowMs) {
      for (const [id, untilMs] of until) if (untilMs <= nowMs) until.delete(id);
      return [...until].map(([id, untilMs]) => ({ id, untilMs }));
    },
  };
}
