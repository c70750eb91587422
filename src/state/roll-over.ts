import { latestEntries } from '../latest-entries.ts';
import type { Context } from './context.ts';

/** Which Instances of renewed conversations have been in use, as far as this process knows. */
export interface RollOver {
  /**
   * Notes that an Instance is in use.
   * @returns false for one that is older than another, once that has been in use for the window
   */
  use(context: Context, nowMs: number): boolean;
  /** Whether a later Instance than this has been in use. */
  isReplaced(context: Context): boolean;
  /** Takes the word of another process for the latest Instance of a conversation. */
  heard(id: string, latest: LatestInstance): void;
  /** Whether something was forgotten for want of room that matters at that time. */
  isOverfull(nowMs: number): boolean;
}

/** The latest Instance of a conversation, by its number of renewals. */
export interface LatestInstance {
  readonly renewals: number;
  /** When it was first seen in use. */
  readonly sinceMs: number;
  /** When no Instance of the conversation is good any more. */
  readonly untilMs: number;
}

/**
 * The roll-over from one Instance to the next. It begins with the first use of the next one, not when that is issued:
 * its answer may be lost, and then the client renews the older one again. Of two that were issued for one, both are
 * good.
 * @param windowMs how long an older Instance may be used after that
 * @param maxContexts renewed conversations that are remembered, of the latest ones
 * @param began told of each Instance that is in use here, and later than all that were known
 */
export function rollOver(
  windowMs: number,
  maxContexts: number,
  began: (id: string, latest: LatestInstance) => void = () => {},
): RollOver {
  let lostUntilMs = 0;
  const known = latestEntries<LatestInstance>(maxContexts, ({ untilMs }) => {
    lostUntilMs = Math.max(lostUntilMs, untilMs);
  });
  return {
    use({ id, renewals, absoluteExpiresMs }, nowMs) {
      const latest = known.get(id);
      if (renewals > (latest?.renewals ?? 0)) {
        const used = { renewals, sinceMs: nowMs, untilMs: absoluteExpiresMs };
        known.set(id, used);
        began(id, used);
      }
      return latest === undefined || renewals >= latest.renewals || nowMs < latest.sinceMs + windowMs;
    },
    isReplaced: ({ id, renewals }) => renewals < (known.get(id)?.renewals ?? 0),
    heard(id, latest) {
      if (latest.renewals > (known.get(id)?.renewals ?? 0)) known.set(id, latest);
    },
    isOverfull: nowMs => nowMs < lostUntilMs,
  };
}
