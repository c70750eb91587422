import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that start processes, and so run what `npm run build` has made in dist/. */
const processes = [
  'test/cli/{programs,serve,tokens}.test.ts',
  'test/docs/pages/*.test.ts',
  'test/farm/{early-end,farm,kill,npm-start,tokens}.test.ts',
  'test/oauth/nodes.test.ts',
];

/** Programs of other houses: vitest.interop.config.ts and vitest.browser.config.ts run them. */
const elsewhere = ['test/interop/**', 'test/browser/**'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
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
