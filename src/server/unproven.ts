import { Overload } from '../errors.ts';
import type { FailureTime } from '../message/hidden-signatures.ts';
import { networkOf } from '../users/addresses.ts';
import type { CountedCaller } from '../users/authenticate.ts';
import { failureCounts } from '../users/failures.ts';

/**
 * What is held against addresses whose messages were decrypted and then failed. It is never held against a
 * conversation: an attacker who knows its token, and not its key, could end it.
 */
export interface UnprovenFailures {
  /** @throws {Overload} where too many messages of the address have failed */
  admit(caller: CountedCaller): void;
  count(caller: CountedCaller): void;
}

/** In 15 minutes. To read one octet out of what is encrypted takes some fourteen forged messages. */
const mostFailures = 100;

/** Starts counting at zero. @param steadyClock milliseconds of a clock that does not go back */
export function unprovenFailures(steadyClock: () => number): UnprovenFailures {
  const failures = failureCounts({ steadyClock });
  return {
    admit({ isLimited, address }) {
      const leftMs = isLimited ? failures.blockedMs(networkOf(address), mostFailures) : 0;
      if (leftMs > 0) throw new Overload('unproven-messages-of-address', leftMs);
    },
    count({ isLimited, address }) {
      if (isLimited) failures.add(networkOf(address), mostFailures);
    },
  };
}

/**
 * More than any check of a short message takes, up to the first that proves something; and more than it takes to read
 * what comes out of a long one, which is read only where its padding was good.
 */
const answerAfterMs = 12;
const octetsPerMs = 10_240;
/** How much earlier the timer wakes up, which may be late. */
const earlyMs = 2;

/**
 * The time that every failure of a message of so many octets is told at which begins now. A timer alone would tell how
 * long the work took: the loop sleeps for whole milliseconds from when that is done. So the rest is waited for by the
 * clock, while the loop goes on.
 */
export function failureTime(octets: number): FailureTime {
  const afterMs = answerAfterMs + octets / octetsPerMs;
  const dueMs = performance.now() + afterMs;
  let timer: NodeJS.Timeout | undefined;
  const due = new Promise<void>(resolve => {
    const wait = () => (performance.now() < dueMs ? void setImmediate(wait) : resolve());
    timer = setTimeout(wait, afterMs - earlyMs);
  });
  return { due, cancel: () => clearTimeout(timer) };
}
