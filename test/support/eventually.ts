import { vi } from 'vitest';
import type { Awaitable } from '../../src/awaitable.ts';

/** What a slow machine may need that stands still now and then. */
const patienceMs = 60_000;

/** Waits for what comes sooner or later: until a check passes. @returns what the check gives */
export function eventually<T>(check: () => Awaitable<T>): Promise<T> {
  return vi.waitFor(check, { timeout: patienceMs, interval: 20 });
}
