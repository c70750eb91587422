import { availableParallelism } from 'node:os';
import { type Describes, object, wholeNumber } from '../fields.ts';

/**
 * What keeps costly checks from taking the machine, and passwords from being guessed. Processes with one store count
 * wrong passwords together; the queue is each process's own.
 */
export interface LoginLimits {
  /** Most passwords that wait for their check. 1 to 1,000; default: 100. */
  readonly queue: number;
  /** Wrong passwords of one address in 15 minutes; then it waits for 15 minutes. 1 to 1,000,000; default: 100. */
  readonly failuresPerAddress: number;
  /**
   * Wrong passwords of one user from one address in 15 minutes; then that user is refused to that address for 15
   * minutes. 1 to 1,000,000; default: 10. So many from wherever put the user's next passwords at the end of the queue.
   */
  readonly failuresPerUserAndAddress: number;
  /**
   * Passwords that are checked at once. 1 to 64; default: for a users file the processor's cores but one, from 1 to 4;
   * for a function 4. Those of a users file have a thread each.
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
      'Wrong passwords of one user from one address in 15 minutes; then that user is refused to that address for ' +
      '15 minutes.',
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
