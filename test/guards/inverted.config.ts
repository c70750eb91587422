import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { type Check, invert } from './guards.ts';

/** Runs tests with some checks inverted. Only what Vite serves is changed: no file is written. */
const checks: readonly Check[] = JSON.parse(process.env.INVERTED_CHECKS ?? '[]');

const files = (process.env.INVERTED_TESTS ?? '').split(' ').map(file => resolve(file));

/** In the order of the list: the file that is likeliest to go red comes first. */
class AsListed extends BaseSequencer {
  override async sort(tests: TestSpecification[]): Promise<TestSpecification[]> {
    return tests.toSorted((a, b) => files.indexOf(a.moduleId) - files.indexOf(b.moduleId));
  }
}

export default defineConfig({
  plugins: [
    {
      name: 'inverted-checks',
      enforce: 'pre',
      transform: (source, id) =>
        checks.filter(({ file }) => resolve(file) === id).reduce((changed, check) => invert(changed, check), source),
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    // A check that makes somebody wait for ever is missed as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Under load a condition is met late; where a check is missed it never is.
    expect: { poll: { timeout: 10_000 } },
    cache: false,
    // Threads end with their process, also in an endless loop.
    pool: 'threads',
    sequence: { sequencer: AsListed },
    bail: 1,
    // Where nothing is inverted the files run beside each other, else the runs.
    maxWorkers: checks.length === 0 ? 2 : 1,
  },
});
