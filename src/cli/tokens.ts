import type { Command } from 'commander';
import type { Registry } from 'prom-client';
import { oauthPath } from '../oauth/oauth-path.ts';
import { registerTokenMetrics } from '../oauth/token-metrics.ts';
import { createTokenServer, type TokenServer } from '../oauth/token-server.ts';
import { boundedLog } from '../server/log.ts';
import { registerReadiness } from '../server/metrics.ts';
import { followablePairs, tlsPair } from '../server/pair-files.ts';
import { storeSentence } from '../store/store-url.ts';
import { type AdminOptionValues, addAdminOption, openCommandAdmin } from './admin-option.ts';
import { addDryRun, type DryParts, type MadeDry, tryOut } from './dry-run.ts';
import { addHostOption, hostsOf, listeningLines, ownAddresses, settled, wouldListen } from './listening.ts';
import { addLogOptions, commandLog, type LogOptionValues, logInstead } from './log-options.ts';
import { keysHelp } from './member-texts.ts';
import { openNodeRing } from './node-ring.ts';
import { tcpPort } from './option-values.ts';
import { addRingOptions, configuredRing, type RingOptionValues, ringInstead } from './ring-options.ts';
import { lookOnHangUp, untilStopped } from './signals.ts';
import { checkStatusNodes, statusInstead } from './status-nodes.ts';
import { addStoreOptions, configuredStore, openChosen, type StoreOptionValues } from './store-options.ts';
import { print } from './terminal.ts';
import { readTokensConfig, tokensConfig } from './tokens-config.ts';

const drainMs = 10_000;

/** `wssc tokens`: a token service alone. */
export function addTokens(program: Command): void {
  const command = program
    .command('tokens')
    .summary('serve bearer tokens')
    .description(
      'Serves a token service alone (OAuth 2.0: /oauth/token, /oauth/introspect, /oauth/revoke), ' +
        'so that the servers which\naccept its tokens need the key ring and no users.',
    )
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--https <port>', 'TCP port for https; 0: any free one', tcpPort, 8443);
  addRingOptions(
    addLogOptions(addAdminOption(addHostOption(addDryRun(command)))),
    'key ring, instead of the one in the configuration',
  );
  addStoreOptions(command)
    .addHelpText(
      'after',
      `
${keysHelp(tokensConfig.members)}

Example:
  $ wssc tokens --config tokens.json --https 8443`,
    )
    .action(serveTokens);
}

interface TokensOptions extends AdminOptionValues, LogOptionValues, StoreOptionValues, RingOptionValues {
  readonly config: string;
  readonly https: number;
  readonly host?: string;
  readonly dryRun?: boolean;
}

async function serveTokens(given: TokensOptions): Promise<void> {
  const config = readTokensConfig(given.config, {
    ...ringInstead(given),
    ...logInstead(given),
    ...statusInstead(given),
  });
  checkStatusNodes(given, config);
  const { users, tls, store: _, ring: __, logLevel, logFormat, statusNodes, ...options } = config;
  const chosenRing = configuredRing(given, config);
  const chosen = configuredStore(given, config, chosenRing);
  const follow = followablePairs({ tls });
  const pair = tlsPair(tls);
  const logger = commandLog(config);
  const log = boundedLog(logger);
  const settings = { ...options, log: logger, authenticate: users };
  if (given.dryRun) {
    const make = (parts: DryParts) => madeDry(createTokenServer({ ...settings, ...parts }, pair), given);
    return tryOut(given.config, { chosen: chosenRing, initRing: false, store: chosen, make });
  }
  lookOnHangUp();
  const ring = await openNodeRing(chosenRing, { initRing: false, log });
  await ring.ready;
  const store = openChosen(chosen);
  const shared = store === undefined ? {} : { store };
  const server = createTokenServer({ ...settings, ...shared, ring }, pair);
  const hosts = hostsOf(given.host);
  const https = await settled(given.https, hosts);
  for (const host of hosts) await server.listen({ https, host });
  follow({ tls: files => server.useCertificate(tlsPair(files)) }, err => log.error({ err }, 'certificate not read'));
  const { readiness } = server;
  const sources = { register: (to: Registry) => registerService(to, server), readiness, ring, statusNodes };
  const admin = await openCommandAdmin(given, sources, log);
  const stopped = untilStopped(
    async () => {
      await server.drain(drainMs);
      await admin.close();
      await store?.close();
    },
    () => {},
  );
  print(storeSentence(chosen));
  for (const line of [...listeningLines(tokenAddresses(https, given.host)), ...admin.lines]) print(line);
  process.exit(await stopped);
}

function madeDry(server: TokenServer, { https, host }: TokensOptions): MadeDry {
  return { lines: wouldListen(tokenAddresses(https, host)), close: () => server.drain(0) };
}

function tokenAddresses(https: number, host: string | undefined): readonly string[] {
  return ownAddresses({ https }, host).map(base => `${base}${oauthPath}`);
}

async function registerService(registry: Registry, server: TokenServer): Promise<void> {
  await registerTokenMetrics(registry, server);
  await registerReadiness(registry, server.readiness);
}
