import { defineConfig } from 'vitest/config';
import { redOnce, retry } from './test/support/red-once.ts';

/** Real peers against a farm of real processes: one file at a time, since each starts several programs. */
export default defineConfig({
  test: {
    include: ['test/interop/*.test.ts'],
    globalSetup: ['test/interop/cxf-build.ts'],
    setupFiles: ['test/support/check-logs.ts'],
    fileParallelism: false,
    retry,
    reporters: [redOnce, 'verbose'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // A test that asserts nothing is red.
    expect: { requireAssertions: true },
  },
});
