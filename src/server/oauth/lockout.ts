import { hash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { refuseGrant } from './oauth-error.ts';

/** How much is let through. Each node counts for itself. */
export interface AttemptLimits {
  /** Requests of one address in a minute. Default 600. */
  readonly requestsPerMinute: number;
  /** Wrong passwords and secrets in 15 minutes for one name, whoever sent them; then the name is locked for 15 minutes. Default 10. */
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
  /** `user` or `client`: their names are counted apart. */
  readonly kind: string;
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
export function openLockout(limits: AttemptLimits = defaultAttemptLimits): Lockout {
  const requests = new RateLimiterMemory({ points: limits.requestsPerMinute, duration: 60 });
  const names = new RateLimiterMemory({ points: limits.failuresPerName, duration: lockS, blockDuration: lockS });
  const addresses = new RateLimiterMemory({ points: limits.failuresPerAddress, duration: lockS, blockDuration: lockS });
  /** Checks under way: many first requests with one right secret are one attempt, not many. */
  const pending = new Map<string, Promise<unknown>>();

  const counted = async <T>({ kind, name, address }: Attempt, check: () => Promise<T | undefined>) => {
    const [nameKey, addressKey] = [keyOf(kind, name), networkOf(address)];
    // Before the check: guesses that are sent all at once must not all be made before the first has failed.
    await consume(addresses, addressKey);
    await consume(names, nameKey);
    let isWrong = false;
    try {
      const result = await check();
      isWrong = result === undefined;
      return result;
    } finally {
      // A check that could not be made is nobody's failure.
      if (!isWrong) await Promise.all([addresses.reward(addressKey), names.reward(nameKey)]);
    }
  };

  return {
    admit: address => consume(requests, networkOf(address)),
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

/** Names come from anyone and may be long: what is kept is of one length, and no secret. */
function keyOf(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64');
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (full) {
    if (!(full instanceof RateLimiterRes)) throw full;
    const headers = { 'Retry-After': String(Math.ceil(full.msBeforeNext / 1000)) };
    refuseGrant('invalid_request', 'too many requests', { status: 429, headers });
  }
}

/** What is counted as one address: an IPv4 address, or the 64 bits of an IPv6 address that one site has. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
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
