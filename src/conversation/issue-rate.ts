import { type Describes, number, object, wholeNumber } from '../fields.ts';
import { latestEntries } from '../latest-entries.ts';

/** How many conversations one user may begin. */
export interface IssueRate {
  /** Conversations that one user may begin in the long run. 0.001 to 1,000,000; default: 100. */
  readonly perSecond: number;
  /** Conversations that a user may begin at once who has not begun any for a while. 1 to 1,000,000; default: 1,000. */
  readonly burst: number;
}

/** Reads what is given of an {@link IssueRate}. */
export const issueRateField = object({
  perSecond: {
    is: number(0.001, 1_000_000, 'a second'),
    default: 100,
    means: 'Conversations that one user may begin in the long run.',
  },
  burst: {
    is: wholeNumber(1, 1_000_000),
    default: 1_000,
    means: 'Conversations that a user may begin at once who has not begun any for a while.',
  },
} satisfies Describes<Partial<IssueRate>>);

/** Counts the conversations that users begin, each for itself. */
export interface IssueLimit {
  /**
   * Takes one of what the user may begin.
   * @param nowMs milliseconds of a clock that does not go back
   * @returns false where there is none left now
   */
  take(user: string, nowMs: number): boolean;
}

/** What a user may begin still, as it was at a time. */
interface Left {
  readonly count: number;
  readonly atMs: number;
}

/**
 * A limit for one node, to be asked for users who have proved who they are.
 * @param maxUsers users that are remembered, of the latest ones; default 10,000
 */
export function issueLimit({ perSecond, burst }: IssueRate, maxUsers = 10_000): IssueLimit {
  const users = latestEntries<Left>(maxUsers);
  return {
    take(user, nowMs) {
      const { count, atMs } = users.get(user) ?? { count: burst, atMs: nowMs };
      const now = Math.min(burst, count + ((nowMs - atMs) * perSecond) / 1_000);
      if (now < 1) return false;
      users.set(user, { count: now - 1, atMs: nowMs });
      return true;
    },
  };
}
