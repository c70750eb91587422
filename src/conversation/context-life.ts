import type { Context } from '../state/context.ts';

/** How long the conversations of a port live, and how often they can be renewed. */
export interface ContextLife {
  /** Longest life of one Instance, and what is granted where no shorter one is asked for. */
  readonly lifetimeMs: number;
  /** From the Issue to the end that no renewal passes: the user proves themselves anew at least this often. */
  readonly absoluteLifetimeMs: number;
  readonly maxRenewals: number;
}

/** The times that a new Instance begins and ends at. */
type InstanceTimes = Pick<Context, 'keyEffectiveMs' | 'keyExpiresMs' | 'tokenExpiresMs'>;

/** No shorter Lifetime is granted, whatever is asked for: each one costs a check of a password. */
const leastLifetimeMs = 60_000;

/** When an Issue's context ends for good. Times of a context are whole milliseconds, options need not be. */
export function absoluteEnd({ lifetimeMs, absoluteLifetimeMs }: ContextLife, nowMs: number): number {
  return Math.floor(nowMs + Math.max(lifetimeMs, absoluteLifetimeMs));
}

/**
 * The times of an Instance that is made now.
 * @param askedMs the Lifetime that was asked for (WS-Trust 1.3 §4.1), granted as far as the port lets it
 * @param absoluteExpiresMs the end of the whole conversation
 */
export function instanceTimes(
  askedMs: number | undefined,
  { lifetimeMs }: ContextLife,
  absoluteExpiresMs: number,
  nowMs: number,
): InstanceTimes {
  const grantedMs = Math.min(lifetimeMs, Math.max(askedMs ?? lifetimeMs, leastLifetimeMs));
  const expiresMs = Math.min(Math.floor(nowMs + grantedMs), absoluteExpiresMs);
  return { keyEffectiveMs: nowMs, keyExpiresMs: expiresMs, tokenExpiresMs: expiresMs };
}
