import { LRUCache } from 'lru-cache';
import type { Context } from './context.ts';

/** Which Instances of renewed conversations have been in use at this node. */
export interface RollOver {
  /**
   * Notes that an Instance is in use.
   * @returns false for one that is older than another, once that has been in use for the window
   */
  use(context: Context, nowMs: number): boolean;
  /** Whether a later Instance than this has been in use. */
  isReplaced(context: Context): boolean;
}

/** The latest Instance of a conversation, by its number of renewals, and when it was first seen. */
interface Latest {
  readonly renewals: number;
  readonly sinceMs: number;
}

/**
 * The roll-over from one Instance to the next. It begins with the first use of the next one, not when that is issued:
 * its answer may be lost, and then the client renews the older one again. Of two that were issued for one, both are
 * good.
 * @param windowMs how long an older Instance may be used after that
 * @param maxContexts renewed conversations that are remembered, of the latest ones
 */
export function rollOver(windowMs: number, maxContexts: number): RollOver {
  const latest = new LRUCache<string, Latest>({ max: maxContexts });
  return {
    use({ id, renewals }, nowMs) {
      const known = latest.get(id);
      if (renewals > (known?.renewals ?? 0)) latest.set(id, { renewals, sinceMs: nowMs });
      return known === undefined || renewals >= known.renewals || nowMs < known.sinceMs + windowMs;
    },
    isReplaced: ({ id, renewals }) => renewals < (latest.get(id)?.renewals ?? 0),
  };
}
