import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { refuseGrant } from './oauth-error.ts';

/** How much is let through. Each node counts for itself. */
export interface AttemptLimits {
  /** Requests of one address in a minute. Default 600. */
  readonly requestsPerMinute: number;
  /**
   * Wrong passwords in 15 minutes for one user, whoever sent them; then the name is locked for 15 minutes. Default 10. The same for a
   * client, of one address: its secret is random, so that nobody guesses it from many, but anyone could shut it out from one.
   */
  readonly failuresPerName: number;
  /** The same for one address, whatever names were tried. Default 100. */
  readonly failuresPerAddress: number;
}

export const defaultAttemptLimits: AttemptLimits = Object.freeze({
  requestsPerMinute: 600,
  failuresPerName: 10,
  failuresPerAddress: 100,
});

/** A name and a secret, and where they came from. */
export interface Attempt {
  /** Their names are counted apart. */
  readonly kind: 'user' | 'client';
  readonly name: string;
  readonly secret: string;
  readonly address: string;
}

/** Counts requests and failed attempts. */
export interface Lockout {
  /** @throws {OAuthError} 429 where an address sends too many requests */
  admit(address: string): Promise<void>;
  /**
   * Checks a name and secret, unless the name or the address is locked out.
   * @param check gives undefined where they are wrong
   * @throws {OAuthError} 429 where it is locked out, whether or not the secret is right
   */
  attempt<T>(attempt: Attempt, check: () => Promise<T | undefined>): Promise<T | undefined>;
}

const lockS = 900;

/** Starts counting at zero. */
export function openLockout(changed: Partial<AttemptLimits> = {}): Lockout {
  const limits = { ...defaultAttemptLimits, ...changed };
  const requests = new RateLimiterMemory({ points: limits.requestsPerMinute, duration: 60 });
  const [names, addresses] = [openLock(limits.failuresPerName), openLock(limits.failuresPerAddress)];
  /** Checks under way: many first requests with one right secret are one attempt, not many. */
  const pending = new Map<string, Promise<unknown>>();

  const counted = <T>({ kind, name, address }: Attempt, check: () => Promise<T | undefined>) => {
    const network = networkOf(address);
    const nameKey = kind === 'client' ? keyOf(kind, name, network) : keyOf(kind, name);
    return addresses.guard(network, () => names.guard(nameKey, check));
  };

  return {
    async admit(address) {
      try {
        await requests.consume(networkOf(address));
      } catch (full) {
        if (!(full instanceof RateLimiterRes)) throw full;
        refuseAttempt(full.msBeforeNext);
      }
    },
    attempt<T>(attempt: Attempt, check: () => Promise<T | undefined>) {
      const key = keyOf(attempt.kind, attempt.name, attempt.secret);
      const before = pending.get(key) as Promise<T | undefined> | undefined;
      if (before !== undefined) return before;
      const checked = counted(attempt, check).finally(() => pending.delete(key));
      pending.set(key, checked);
      return checked;
    },
  };
}

/** Failures of one kind of key in 15 minutes; after so many the key is locked for as long. */
interface Lock {
  /** @throws {OAuthError} 429 where the key is locked, or would be if all checks that are under way failed */
  guard<T>(key: string, check: () => Promise<T | undefined>): Promise<T | undefined>;
}

function openLock(maxFailures: number): Lock {
  const failures = new RateLimiterMemory({ points: maxFailures, duration: lockS });
  /** Guesses that are sent all at once must not all be made before the first has failed. */
  const underWay = new Map<string, number>();

  const enter = async (key: string, place: number) => {
    const failed = await failures.get(key);
    const count = failed?.consumedPoints ?? 0;
    if (failed !== null && count >= maxFailures) refuseAttempt(failed.msBeforeNext);
    if (count + place > maxFailures) refuseAttempt(busyMs);
  };
  const fail = async (key: string) => {
    const { consumedPoints } = await failures.penalty(key);
    if (consumedPoints >= maxFailures) await failures.block(key, lockS);
  };
  return {
    async guard(key, check) {
      const place = (underWay.get(key) ?? 0) + 1;
      underWay.set(key, place);
      try {
        await enter(key, place);
        const result = await check();
        if (result === undefined) await fail(key);
        return result;
      } finally {
        const left = (underWay.get(key) ?? 1) - 1;
        if (left === 0) underWay.delete(key);
        else underWay.set(key, left);
      }
    },
  };
}

/** When to come again where only checks under way stand in the way: some of them will be right. */
const busyMs = 1_000;

function refuseAttempt(msBeforeNext: number): never {
  const headers = { 'Retry-After': String(Math.ceil(msBeforeNext / 1000)) };
  return refuseGrant('invalid_request', 'too many requests', { status: 429, headers });
}

/** Names come from anyone and may be long: what is kept is of one length, and no secret. */
function keyOf(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64');
}

/** What is counted as one address: an IPv4 address, or the 64 bits of an IPv6 address that one site has. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const [front, back] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...zeros, ...back]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':');
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}
