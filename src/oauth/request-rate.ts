import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Overload } from '../errors.ts';
import { networkOf } from '../users/addresses.ts';
import type { CountedCaller } from '../users/authenticate.ts';

/** How much is let through. Each node counts for itself. */
export interface AttemptLimits {
  /** Requests of one address in a minute; then 429. 1 to 1,000,000; default: 600. */
  readonly requestsPerMinute: number;
}

/** Counts requests. */
export interface RequestRate {
  /** @throws {Overload} where an address sends too many requests */
  admit(caller: CountedCaller): Promise<void>;
}

/** Starts counting at zero. */
export function requestRate({ requestsPerMinute }: AttemptLimits): RequestRate {
  const requests = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  return {
    async admit({ address, isLimited }) {
      if (!isLimited) return;
      try {
        await requests.consume(networkOf(address));
      } catch (full) {
        if (!(full instanceof RateLimiterRes)) throw full;
        throw new Overload('requests-of-address', full.msBeforeNext);
      }
    },
  };
}
