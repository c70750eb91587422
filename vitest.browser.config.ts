import { defineConfig } from 'vitest/config';
import { redOnce, retry } from './test/support/red-once.ts';

/** Pages in Debian's chromium against servers of ours. */
export default defineConfig({
  test: {
    include: ['test/browser/*.test.ts'],
    retry,
    reporters: [redOnce, 'default'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that asserts nothing is red.
    expect: { requireAssertions: true },
  },
});
