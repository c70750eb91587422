import { availableParallelism } from 'node:os';
import { type Describes, object, wholeNumber } from '../fields.ts';

/**
 * What keeps costly checks from taking the machine, and passwords from being guessed. Each process counts for itself.
 */
export interface LoginLimits {
  /** Most passwords that wait for their check. Default 100, 1 to 1,000. */
  readonly queue: number;
  /** Wrong passwords of one address in 15 minutes; then it waits for 15 minutes. Default 100, 1 to 1,000,000. */
  readonly failuresPerAddress: number;
  /**
   * Wrong passwords of one user from one address in 15 minutes; then that user is refused to that address for 15
   * minutes. So many from wherever put the user's next passwords at the end of the queue. Default 10, 1 to 1,000,000.
   */
  readonly failuresPerUserAndAddress: number;
  /**
   * Passwords that are checked at once, 1 to 64. Default: for a users file one less than the processor has cores, at
   * least 1 and at most 4, each on a thread of its own; for a function 4.
   */
  readonly checksAtOnce: number;
}

/** What they mean, wherever they are an option. */
export const loginLimitsMean = 'What keeps costly checks from taking the machine, and passwords from being guessed.';

const failures = wholeNumber(1, 1_000_000);

/** Reads what is given of {@link LoginLimits}. */
export const loginLimitsField = object({
  queue: { is: wholeNumber(1, 1_000), default: 100, means: 'Most passwords that wait for their check.' },
  failuresPerAddress: {
    is: failures,
    default: 100,
    means: 'Wrong passwords of one address in 15 minutes; then it waits for 15 minutes.',
  },
  failuresPerUserAndAddress: {
    is: failures,
    default: 10,
    means:
      'Wrong passwords of one user from one address in 15 minutes; then that user is refused to that address for 15 minutes.',
  },
  checksAtOnce: {
    is: wholeNumber(1, 64),
    without: "for a users file the processor's cores but one, from 1 to 4; for a function 4",
    means: 'Passwords that are checked at once.',
  },
} satisfies Describes<Partial<LoginLimits>>);

/**
 * How many passwords are checked at once where nothing is said: on this machine, or by a function that may ask another
 * one.
 */
export function usualChecksAtOnce(checkedHere: boolean): number {
  return checkedHere ? Math.min(4, Math.max(1, availableParallelism() - 1)) : 4;
}
