import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Registry } from 'prom-client';
import { ConfigurationError } from '../errors.ts';
import { boundedLog } from '../server/log.ts';
import { registerMetrics } from '../server/metrics.ts';
import { followablePairs, ownPair, servicePair, tlsPair } from '../server/pair-files.ts';
import { createSts, type Sts, type StsPorts } from '../server/sts.ts';
import type { StsOptions } from '../server/sts-options.ts';
import { type ReplayMode, replayModes } from '../state/farm-replay.ts';
import type { Store } from '../store/store.ts';
import { storeSentence } from '../store/store-url.ts';
import { type AdminOptionValues, addAdminOption, type OpenedAdmin, openCommandAdmin } from './admin-option.ts';
import { missingKey } from './config-fields.ts';
import { addDryRun, type DryParts, type MadeDry, tryOut } from './dry-run.ts';
import { followableConfig } from './followed-config.ts';
import { addLifeOptions, type LifeOptionValues, lifeSettings } from './life-options.ts';
import { addHostOption, hostsOf, listeningLines, ownAddresses, settled, wouldListen } from './listening.ts';
import { addLogOptions, commandLog, type LogOptionValues, logInstead } from './log-options.ts';
import { keysHelp } from './member-texts.ts';
import { openNodeRing } from './node-ring.ts';
import { oneOf, tcpPort } from './option-values.ts';
import { authoritiesText, followableAuthorities, trustFiles, trustTexts } from './pem-files.ts';
import { addRingOptions, configuredRing, type RingOptionValues, ringInstead } from './ring-options.ts';
import { lookOnHangUp, untilStopped } from './signals.ts';
import { addStateOptions, type StateOptionValues, stateSettings } from './state-options.ts';
import { checkStatusNodes, statusInstead } from './status-nodes.ts';
import { addStoreOptions, configuredStore, openChosen, replayMeans, type StoreOptionValues } from './store-options.ts';
import { readStsConfig, type StsConfig, stsConfig } from './sts-config.ts';
import { print } from './terminal.ts';

interface StsCommandOptions
  extends AdminOptionValues,
    LogOptionValues,
    RingOptionValues,
    StoreOptionValues,
    StateOptionValues,
    LifeOptionValues,
    StsPorts {
  readonly config: string;
  readonly wsdl?: readonly string[];
  readonly replay?: ReplayMode;
  readonly host?: string;
  readonly dryRun?: boolean;
}

const drainMs = 10_000;

/** `wssc sts`: an issuer for services that run elsewhere. */
export function addSts(program: Command): void {
  const command = program
    .command('sts')
    .summary('issue tokens for services that run elsewhere')
    .description(
      'Issues, renews, cancels and validates the security context tokens of services, and calls nothing of them.',
    )
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--wsdl <file,…>', 'WSDL files of the services, instead of those in the configuration', files)
    .option('--http <port>', 'TCP port for clients who know the issuer, without TLS; 0: any free one', tcpPort)
    .option('--https <port>', 'TCP port for clients who know the issuer; 0: any free one', tcpPort)
    .option('--relay <port>', 'TCP port for service nodes, with mutual TLS; 0: any free one', tcpPort);
  addRingOptions(
    addLogOptions(addAdminOption(addHostOption(addDryRun(command)))),
    'key ring, instead of the one in the configuration',
  );
  addLifeOptions(addStateOptions(addStoreOptions(command)))
    .option('--replay <mode>', replayMeans, oneOf(replayModes))
    .addHelpText(
      'after',
      `
${keysHelp(stsConfig.members)}

Example:
  $ wssc sts --config sts.json --wsdl echo.wsdl --ring ring.json --relay 9445`,
    )
    .action(issue);
}

function files(text: string): readonly string[] {
  return text.split(',').map(name => resolve(name));
}

async function issue(options: StsCommandOptions): Promise<void> {
  const { config: file, http, https, relay } = options;
  const { config, follow: followLimits } = followableConfig(file, () => configOf(options));
  checkStatusNodes(options, config);
  checkSockets(file, config, { http, https, relay });
  const chosenRing = configuredRing(options, config);
  const chosen = configuredStore(options, config, chosenRing);
  const hosts = hostsOf(options.host);
  const port = (given: number | undefined) => (options.dryRun ? given : settled(given, hosts));
  const ports = { http: await port(http), https: await port(https), relay: await port(relay) };
  const follow = followablePairs({ service: servicePair(config), tls: config.tls });
  const followTrusted = followableAuthorities<Parameters<Sts['useAuthorities']>[0]>([
    ...trustFiles(config),
    { file: config.relays?.ca, as: pem => ({ relays: pem }) },
  ]);
  const settings = {
    ...stsOptionsOf(config, ownAddresses({ http: ports.http, https: ports.https }, options.host)),
    ...stateSettings(options),
    ...lifeSettings(options),
  };
  const log = commandLog(config);
  if (options.dryRun) {
    const make = (parts: DryParts) => madeDry(createSts({ ...settings, log, ...parts }), ports, options.host);
    return tryOut(file, { chosen: chosenRing, initRing: false, store: chosen, make });
  }
  lookOnHangUp();
  const ring = await openNodeRing(chosenRing, { initRing: false, log: boundedLog(log) });
  let opened: Store | undefined;
  let sts: Sts | undefined;
  let admin: OpenedAdmin | undefined;
  try {
    await ring.ready;
    opened = openChosen(chosen);
    sts = createSts({
      ...settings,
      ring,
      log,
      ...(opened === undefined ? {} : { store: opened }),
    });
    for (const host of hosts) await sts.listen(ports, host);
    const issuer = sts;
    const onError = (err: unknown) => boundedLog(log).error({ err }, 'certificate not read');
    const { readiness } = issuer;
    const sources = { register: (to: Registry) => registerMetrics(to, issuer), readiness, ring };
    admin = await openCommandAdmin(options, { ...sources, statusNodes: config.statusNodes }, boundedLog(log));
    print(storeSentence(chosen));
    follow(
      {
        service: files => issuer.useCertificates({ service: ownPair(files, config.minRsaBits) }),
        tls: files => issuer.useCertificates({ tls: tlsPair(files) }),
      },
      onError,
    );
    followTrusted(issuer.useAuthorities, onError);
    followLimits(issuer.useLimits, boundedLog(log));
    await run(sts, admin, linesOf(ports, options.host));
  } catch (error) {
    await admin?.close();
    await sts?.drain(0);
    await opened?.close();
    await ring.close();
    throw error;
  }
}

/** The configuration, with what the command line gives in its place. */
function configOf(options: StsCommandOptions): StsConfig {
  const { config, wsdl, replay } = options;
  return readStsConfig(config, {
    ...(wsdl === undefined ? {} : { wsdl }),
    ...(replay === undefined ? {} : { replay }),
    ...ringInstead(options),
    ...logInstead(options),
    ...statusInstead(options),
  });
}

function checkSockets(file: string, { tls, relays }: StsConfig, { http, https, relay }: StsPorts): void {
  if ([http, https, relay].every(port => port === undefined))
    throw new ConfigurationError('CONFIG_INVALID', 'there is nothing to listen on', {
      hint: 'give --relay PORT for service nodes, --https PORT or --http PORT for clients, or several of them',
    });
  if (relay !== undefined && relays === undefined) throw missingKey(file, 'relays', '--relay');
  if (relay !== undefined && tls === undefined) throw missingKey(file, 'tls', '--relay');
  if (https !== undefined && tls === undefined) throw missingKey(file, 'tls', '--https');
}

function stsOptionsOf(config: StsConfig, listening: readonly string[]): Omit<StsOptions, 'ring'> {
  const { users, certificate: _, key: __, passphrase: ___, tls, trust, ports, relays, ...more } = config;
  const { ownAddresses: own, store: ____, ring: _____, logLevel, logFormat, statusNodes, ...rest } = more;
  const pair = servicePair(config);
  return {
    ...rest,
    ...trustTexts({ trust, ports }),
    authenticate: users,
    ownAddresses: own ?? listening,
    ...(pair === undefined ? {} : ownPair(pair, rest.minRsaBits)),
    ...(tls === undefined ? {} : { tls: tlsPair(tls) }),
    ...(relays === undefined ? {} : { relays: { ...relays, ca: authoritiesText(relays.ca) } }),
  };
}

function madeDry(sts: Sts, ports: StsPorts, host: string | undefined): MadeDry {
  const { clients, nodes } = addressesOf(ports, host);
  const lines = [...wouldListen(clients), ...wouldListen(nodes, forNodes)];
  return { lines, close: () => sts.drain(0) };
}

const forNodes = ' for service nodes';

function linesOf(ports: StsPorts, host: string | undefined): readonly string[] {
  const { clients, nodes } = addressesOf(ports, host);
  return [...listeningLines(clients), ...listeningLines(nodes, forNodes)];
}

function addressesOf({ http, https, relay }: StsPorts, host: string | undefined) {
  return { clients: ownAddresses({ http, https }, host), nodes: ownAddresses({ https: relay }, host) };
}

async function run(sts: Sts, admin: OpenedAdmin, listed: readonly string[]): Promise<void> {
  const stopped = untilStopped(
    async () => {
      await sts.drain(drainMs);
      await admin.close();
    },
    () => {},
  );
  for (const line of [...listed, ...admin.lines]) print(line);
  process.exit(await stopped);
}
