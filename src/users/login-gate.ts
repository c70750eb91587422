import { createHmac } from 'node:crypto';
import type { RandomSource } from '../crypto/random.ts';
import { CallerGone } from '../errors.ts';
import type { Authenticate, AuthenticatedUser, CountedCaller } from './authenticate.ts';
import { type Attempt, loginFailures } from './login-failures.ts';
import type { LoginLimits } from './login-limits.ts';
import type { SharedFailures } from './shared-failures.ts';
import { type SharedWork, sharedWork } from './shared-work.ts';
import { workQueue } from './work-queue.ts';

/** Where names and passwords are known. */
export interface PasswordSource {
  /** The user of a right password that is remembered: it costs nothing. */
  remembered(name: string, password: string): AuthenticatedUser | undefined;
  readonly check: Authenticate;
}

/** What stands before every password check and every private operation of a service. */
export interface LoginGate {
  /**
   * Checks a name and a password in its turn. One that is remembered passes at once; checks of the same name and
   * password are one.
   * @returns undefined where they are wrong; unknown names are counted like known ones
   * @throws {Overload} where too many wait, or too many passwords of the address were wrong
   * @throws {CallerGone} where the caller does not wait any more
   */
  attempt(attempt: Attempt, source: PasswordSource): Promise<AuthenticatedUser | undefined>;
  /**
   * Does a private operation in its turn: one at a time, and not in the queue of the passwords, for without its key
   * nobody knows whether a password is one that is remembered.
   * @throws {Overload} where too many wait
   * @throws {CallerGone} where the caller does not wait any more
   */
  openKey<T>(work: () => Promise<T>, caller: CountedCaller): Promise<T>;
  /** How many password checks wait for their turn. */
  waiting(): number;
}

export interface GateOptions {
  readonly limits: LoginLimits;
  /**
   * Most keys that wait. Default 1,000: as many bootstraps as may come in one moment, and they wait for a third of a
   * second.
   */
  readonly keyQueue?: number;
  /** Milliseconds of a clock that does not go back. */
  readonly steadyClock: () => number;
  readonly random: RandomSource;
  /** Default: this node counts for itself. */
  readonly shared?: SharedFailures | undefined;
}

/** Opens a gate for one service, or for several that share users. */
export function loginGate({ limits, keyQueue = 1_000, steadyClock, random, shared }: GateOptions): LoginGate {
  const { queue, checksAtOnce } = limits;
  const failures = loginFailures(limits, steadyClock, shared);
  const passwords = workQueue({ queue, atOnce: checksAtOnce, usualMs: 200, steadyClock });
  const keys = workQueue({ queue: keyQueue, atOnce: 1, usualMs: 1, steadyClock });
  const pending = new Map<string, SharedWork<AuthenticatedUser | undefined>>();
  const processKey = random(32);

  const check = async (attempt: Attempt, source: PasswordSource, signal: AbortSignal) => {
    const { name, password, caller } = attempt;
    const user = await source.check(name, password, { address: caller.address, signal });
    if (user === undefined) failures.count(attempt);
    return user;
  };
  const begin = (id: string, attempt: Attempt, source: PasswordSource) => {
    const leave = failures.enter(attempt);
    const work = (signal: AbortSignal) =>
      passwords.run(() => check(attempt, source, signal), failures.placeOf(attempt, signal)).finally(leave);
    const begun = sharedWork(work, () => pending.delete(id));
    pending.set(id, begun);
    return begun;
  };
  const idOf = ({ kind, name, password }: Attempt) =>
    createHmac('sha256', processKey)
      .update(JSON.stringify([kind, name, password]))
      .digest('base64');

  return {
    async attempt(attempt, source) {
      const { name, password, caller } = attempt;
      if (caller.signal.aborted) throw new CallerGone();
      const known = source.remembered(name, password);
      if (known !== undefined) return known;
      failures.refuse(attempt);
      const id = idOf(attempt);
      return (pending.get(id) ?? begin(id, attempt, source)).join(caller.signal);
    },
    openKey: (work, caller) => keys.run(work, failures.placeOfKey(caller)),
    waiting: passwords.waiting,
  };
}
