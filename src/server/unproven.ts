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

/** More than any check of such a message takes, up to the first that proves something. */
const answerAfterMs = 12;
const sleepMs = 10;

/**
 * The time that every failure is told at which begins now. A timer alone would tell how long the work took: the loop
 * sleeps for whole milliseconds from when that is done. So the rest is waited for by the clock, while the loop goes on.
 */
export function failureTime(): FailureTime {
  const dueMs = performance.now() + answerAfterMs;
  let timer: NodeJS.Timeout | undefined;
  const due = new Promise<void>(resolve => {
    const wait = () => (performance.now() < dueMs ? void setImmediate(wait) : resolve());
    timer = setTimeout(wait, sleepMs);
  });
  return { due, cancel: () => clearTimeout(timer) };
}
