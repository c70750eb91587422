import { vi } from 'vitest';
import type { Awaitable } from '../../src/awaitable.ts';

/** What a slow machine may need that stands still now and then. */
const patienceMs = 60_000;

/**
 * Waits for what comes sooner or later: until a check passes. @returns what the check gives
 * @param everyMs between two checks, where one gets in the way of what it waits for; then it is made 20 times at most
 */
export function eventually<T>(check: () => Awaitable<T>, everyMs = 20): Promise<T> {
  return vi.waitFor(check, { timeout: Math.max(patienceMs, 20 * everyMs), interval: everyMs });
}
