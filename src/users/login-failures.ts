import { hash } from 'node:crypto';
import { Overload } from '../errors.ts';
import { networkOf } from './addresses.ts';
import type { CountedCaller } from './authenticate.ts';
import { failureCounts } from './failures.ts';
import type { LoginLimits } from './login-limits.ts';
import type { SharedFailures } from './shared-failures.ts';
import type { Place } from './work-queue.ts';

/** A name and a password, and where they came from. */
export interface Attempt {
  /** Their names are counted apart. */
  readonly kind: 'user' | 'client';
  readonly name: string;
  readonly password: string;
  readonly caller: CountedCaller;
}

/** What is held against addresses and users. Nothing here knows which users there are. */
export interface LoginFailures {
  /** @throws {Overload} where too many passwords of the address, or of the user from there, were wrong */
  refuse(attempt: Attempt): void;
  /**
   * Takes the place of a check that is under way.
   * @returns how to give it back
   * @throws {Overload} where there would be too many failures if all checks under way failed
   */
  enter(attempt: Attempt): () => void;
  /** Counts a password that was wrong. */
  count(attempt: Attempt): void;
  /** Where a check stands in the queue. */
  placeOf(attempt: Attempt, signal: AbortSignal): Place;
  /** Where a key that is to be opened stands in its queue: whose it is nobody knows yet. */
  placeOfKey(caller: CountedCaller): Place;
}

/** A count of failures and its end. */
interface Limited {
  readonly key: string;
  readonly most: number;
  readonly reason: string;
}

/** When to come again where only checks under way stand in the way: some of them will be right. */
const busyMs = 1_000;

/**
 * Starts counting at zero.
 * @param shared what other nodes count too: only what anybody is refused for, not what puts a user at the end of the
 * queue, which is this node's
 */
export function loginFailures(limits: LoginLimits, steadyClock: () => number, shared?: SharedFailures): LoginFailures {
  const { failuresPerAddress, failuresPerUserAndAddress } = limits;
  const failures = failureCounts({ steadyClock });
  const underWay = openPlaces();
  const limitsOf = ({ kind, name, caller }: Attempt): readonly Limited[] => {
    if (!caller.isLimited) return [];
    const pair = keyOf(kind, countedName(name), networkOf(caller.address));
    return [
      { key: addressKey(caller), most: failuresPerAddress, reason: 'failures-of-address' },
      { key: pair, most: failuresPerUserAndAddress, reason: 'failures-of-user-and-address' },
    ];
  };
  return {
    refuse(attempt) {
      for (const { key, most, reason } of limitsOf(attempt)) {
        const leftMs = failures.blockedMs(key, most);
        if (leftMs > 0) throw new Overload(reason, leftMs);
      }
    },
    enter(attempt) {
      const limited = limitsOf(attempt);
      // Guesses that are sent all at once must not all be made before the first has failed.
      const isCrowd = limited.some(({ key, most }) => failures.of(key) + underWay.of(key) >= most);
      if (isCrowd) throw new Overload('checks-under-way', busyMs);
      return underWay.enter(limited.map(({ key }) => key));
    },
    count(attempt) {
      for (const { key, most } of limitsOf(attempt)) {
        failures.add(key, most);
        shared?.add(key, sum => failures.raise(key, sum, most));
      }
      failures.add(keyOf(attempt.kind, countedName(attempt.name)), failuresPerUserAndAddress);
    },
    placeOf({ kind, name, caller }, signal) {
      const user = keyOf(kind, countedName(name));
      const party = caller.isLimited ? addressKey(caller) : user;
      const isLast = failures.of(user) >= failuresPerUserAndAddress;
      return { party, failures: failures.of(party), isLast, signal };
    },
    placeOfKey(caller) {
      const party = caller.isLimited ? addressKey(caller) : undefined;
      const held = party === undefined ? 0 : failures.of(party);
      return { party, failures: held, isLast: false, signal: caller.signal };
    },
  };
}

/** How many checks of each key are under way. */
function openPlaces() {
  const counts = new Map<string, number>();
  const change = (keys: readonly string[], by: number) => {
    for (const key of keys) {
      const count = (counts.get(key) ?? 0) + by;
      if (count === 0) counts.delete(key);
      else counts.set(key, count);
    }
  };
  return {
    of: (key: string) => counts.get(key) ?? 0,
    enter(keys: readonly string[]) {
      change(keys, 1);
      return () => change(keys, -1);
    },
  };
}

function addressKey({ address }: CountedCaller): string {
  return keyOf('address', networkOf(address));
}

/** More than names have: to bring marks into order takes time that grows with the square of their number. */
const maxCountedChars = 256;

/**
 * Directories know a user by the name in capitals too: in whatever form it is guessed at, it is one user's. Names that
 * differ only behind their first 256 characters count as one.
 */
function countedName(name: string): string {
  return name.trim().slice(0, maxCountedChars).normalize('NFKC').trim().toLowerCase();
}

/** Names come from anyone and may be long: what is kept is of one length. */
function keyOf(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64');
}
