import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { redOnce, retry } from './test/support/red-once.ts';

/** Tests that start processes or read what `npm run build` has made in dist/. */
export const processes = [
  'test/cli/admin.test.ts',
  'test/cli/doctor-server.test.ts',
  'test/cli/followed-authorities.test.ts',
  'test/cli/followed-certificates.test.ts',
  'test/cli/hang-up.test.ts',
  'test/cli/host.test.ts',
  'test/cli/life-options.test.ts',
  'test/cli/logs.test.ts',
  'test/cli/mounted-files.test.ts',
  'test/cli/programs.test.ts',
  'test/cli/serve.test.ts',
  'test/cli/tokens.test.ts',
  'test/client/certificate-bootstrap.test.ts',
  'test/client/old-answer.test.ts',
  'test/client/plain-answers.test.ts',
  'test/client/secure-client.test.ts',
  'test/crypto/trust.test.ts',
  'test/deploy/balancers.test.ts',
  'test/deploy/rolling-restart.test.ts',
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
  'test/hostile/plain-messages.test.ts',
  'test/message/other-verifiers.test.ts',
  'test/server/alternatives.test.ts',
  'test/server/certificate-bootstrap.test.ts',
  'test/server/certificate-copies.test.ts',
  'test/server/known-clients.test.ts',
  'test/server/ping-ports.test.ts',
  'test/server/plain-certificates.test.ts',
  'test/server/plain-messages.test.ts',
  'test/store/failover.test.ts',
  'test/store/migrations.test.ts',
  'test/store/nodes.test.ts',
  'test/store/posing-servers.test.ts',
  'test/store/postgres.test.ts',
  'test/store/redis.test.ts',
  'test/store/replays.test.ts',
  'test/store/revoke.test.ts',
];

/** Tests without processes that try one law in very many cases, or with messages of many MiB: minutes for all of them. */
export const exhaustive = [
  'test/bearer/katana-token.test.ts',
  'test/bench/cost.test.ts',
  'test/client/sizes.test.ts',
  'test/client/value-types.test.ts',
  'test/farm/demo-data.test.ts',
  'test/guards/guards.test.ts',
  'test/hostile/limits.test.ts',
  'test/hostile/relay.test.ts',
  'test/hostile/renew.test.ts',
  'test/hostile/tampering.test.ts',
  'test/message/endorsing-keys.test.ts',
  'test/schema/value-properties.test.ts',
  'test/server/renew.test.ts',
  'test/server/versions.test.ts',
  'test/state/replay.test.ts',
  'test/xml/canonical-libxml2.test.ts',
];

/** Programs of other houses: vitest.interop.config.ts and vitest.browser.config.ts run them. */
const elsewhere = ['test/interop/**', 'test/browser/**'];

/** Farms under load whose nodes, stores and clocks fail: `npm run test:faults` runs one file at a time. */
const faults = ['test/faults/*.test.ts'];

/** How tests run that start no process. */
const inProcess = {
  // The files of a worker share what src loads: it is read once, not a hundred times.
  isolate: false,
  // Half as many again as cores: many tests wait for a socket or a time-out, and leave their core to others.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
};

export default defineConfig({
  test: {
    retry,
    reporters: [redOnce, 'default'],
    // What hangs ends in the end; what is slow has its time, on a machine that does many other things, too.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: '100%',
    setupFiles: ['test/support/check-logs.ts'],
    expect: {
      // A condition is waited for as long as a machine under load may need.
      poll: { timeout: 60_000 },
      // A test that asserts nothing is red.
      requireAssertions: true,
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          ...inProcess,
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...elsewhere, ...exhaustive, ...processes, ...faults],
        },
      },
      {
        extends: true,
        test: { name: 'exhaustive', ...inProcess, include: exhaustive, sequence: { groupOrder: 1 } },
      },
      // After the others: a farm needs the cores for its nodes.
      { extends: true, test: { name: 'processes', include: processes, sequence: { groupOrder: 2 } } },
      { extends: true, test: { name: 'faults', include: faults, testTimeout: 1_800_000 } },
    ],
  },
});
