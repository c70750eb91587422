import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that start processes or read what `npm run build` has made in dist/. */
export const processes = [
  'test/cli/programs.test.ts',
  'test/cli/serve.test.ts',
  'test/cli/tokens.test.ts',
  'test/docs/pages/*.test.ts',
  'test/farm/early-end.test.ts',
  'test/farm/farm.test.ts',
  'test/farm/kill.test.ts',
  'test/farm/npm-start.test.ts',
  'test/farm/tokens.test.ts',
  'test/oauth/nodes.test.ts',
  'test/package/client-graph.test.ts',
  'test/package/tarball.test.ts',
  'test/package/types.test.ts',
  'test/store/nodes.test.ts',
  'test/store/postgres.test.ts',
  'test/store/redis.test.ts',
];

/** Programs of other houses: vitest.interop.config.ts and vitest.browser.config.ts run them. */
const elsewhere = ['test/interop/**', 'test/browser/**'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One for each core: many tests wait for a socket, and leave it to the other worker.
    maxWorkers: '100%',
    expect: {
      // A condition is waited for as long as a machine under load may need.
      poll: { timeout: 20_000 },
      // A test that asserts nothing is red.
      requireAssertions: true,
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          // The files of a worker share what src loads: it is read once, not a hundred times.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...elsewhere, ...processes],
        },
      },
      { extends: true, test: { name: 'processes', include: processes } },
    ],
  },
});
