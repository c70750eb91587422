import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Registry } from 'prom-client';
import { ConfigurationError } from '../errors.ts';
import { type LoadedWsdl, openWsdl } from '../policy/load-wsdl.ts';
import { withUnprotectedPorts } from '../policy/unprotected.ts';
import type { Authorities } from '../server/authorities.ts';
import { createEndpoint } from '../server/endpoint.ts';
import type { EndpointOptions } from '../server/endpoint-options.ts';
import type { IssuerOptions } from '../server/issuer-options.ts';
import { boundedLog } from '../server/log.ts';
import { registerMetrics } from '../server/metrics.ts';
import type { Endpoint } from '../server/open-endpoint.ts';
import type { Certificates } from '../server/own-pairs.ts';
import { followablePairs, ownPair, type PairUses, servicePair, tlsPair } from '../server/pair-files.ts';
import { type PathNames, pathNames } from '../server/port-addresses.ts';
import { refusedPorts } from '../server/servable-plans.ts';
import { type ReplayMode, replayModes } from '../state/farm-replay.ts';
import type { Store } from '../store/store.ts';
import { storeSentence } from '../store/store-url.ts';
import { type AdminOptionValues, addAdminOption, type OpenedAdmin, openCommandAdmin } from './admin-option.ts';
import { isAddress, missingKey } from './config-fields.ts';
import { addDryRun, type DryParts, type MadeDry, tryOut } from './dry-run.ts';
import { followableConfig } from './followed-config.ts';
import { addLifeOptions, type LifeOptionValues, lifeSettings } from './life-options.ts';
import {
  addHostOption,
  hostsOf,
  type Listening,
  listeningLines,
  ownAddresses,
  settled,
  wouldListen,
} from './listening.ts';
import { addLogOptions, commandLog, type LogOptionValues, logInstead } from './log-options.ts';
import { keysHelp } from './member-texts.ts';
import { openNodeRing } from './node-ring.ts';
import { nameList, oneOf, tcpPort } from './option-values.ts';
import { authoritiesText, followableAuthorities, trustFiles, trustTexts } from './pem-files.ts';
import { portLines } from './port-lines.ts';
import { refusedLines } from './refused-lines.ts';
import { addRingOptions, configuredRing, type RingOptionValues, ringInstead } from './ring-options.ts';
import { readServeConfig, type ServeConfig, serveConfig } from './serve-config.ts';
import { loadService } from './service-module.ts';
import { lookOnHangUp, untilStopped } from './signals.ts';
import { addStateOptions, type StateOptionValues, stateSettings } from './state-options.ts';
import { checkStatusNodes, statusInstead } from './status-nodes.ts';
import { addStoreOptions, configuredStore, openChosen, replayMeans, type StoreOptionValues } from './store-options.ts';
import { note, print } from './terminal.ts';
import { addWsdlOptions, loadGiven, unprotectedMeans, type WsdlOptionValues } from './wsdl-options.ts';

interface ServeOptions
  extends AdminOptionValues,
    LogOptionValues,
    StoreOptionValues,
    StateOptionValues,
    LifeOptionValues,
    RingOptionValues,
    WsdlOptionValues {
  readonly initRing?: boolean;
  readonly config: string;
  readonly wsdl?: string;
  readonly service?: string;
  readonly http?: number;
  readonly https?: number;
  readonly host?: string;
  readonly node?: string;
  readonly paths?: PathNames;
  readonly replay?: ReplayMode;
  /** False by `--no-issue`. */
  readonly issue: boolean;
  readonly issuer?: string;
  readonly mixedDialects?: readonly string[];
  readonly dryRun?: boolean;
  readonly unprotectedPorts?: readonly string[];
  readonly skipUnsupported?: true;
}

/** How long a node that was told to end answers what is under way. */
export const drainMs = 10_000;

/** `wssc serve`: one node of a farm, or a service alone. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('serve a WSDL as one node')
    .description('Serves a WSDL with the operations of a module as one node of a farm.')
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--wsdl <file|url>', 'WSDL, instead of the one in the configuration')
    .option(
      '--service <module>',
      "module whose default export is node-soap's service object, instead of the one in the configuration",
    )
    .option('--http <port>', 'TCP port for http; 0: any free one', tcpPort)
    .option('--https <port>', 'TCP port for https; 0: any free one', tcpPort)
    .option('--node <name>', "this node's name in answers of currentContext(); default: node")
    .addOption(
      new Option('--paths <names>', "what names each port's path, instead of what the configuration says").choices([
        ...pathNames,
      ]),
    )
    .option(
      '--mixed-dialects <port,…>',
      'WSDL ports whose messages may name derived keys and tokens by the other dialect (acceptMixedDialects)',
      nameList,
    )
    .option('--unprotected-ports <port,…>', unprotectedMeans, nameList)
    .option('--skip-unsupported', "leave out the ports that can't be served, and serve the others")
    .option('--no-issue', 'issue nothing here: hand requests for tokens on to the issuer of the configuration')
    .option('--issuer <url>', "base address of the issuer's socket for nodes, instead of the one in the configuration");
  addDryRun(command);
  addWsdlOptions(addLogOptions(addAdminOption(addHostOption(command))));
  addRingOptions(command, 'key ring, instead of the one in the configuration');
  command.option('--init-ring', 'make the ring where there is none; of several nodes that do so one makes it');
  addLifeOptions(addStateOptions(addStoreOptions(command)))
    .option('--replay <mode>', replayMeans, oneOf(replayModes))
    .addHelpText(
      'after',
      `
${keysHelp(serveConfig.members)}

Example:
  $ wssc serve --config node.json --https 8443`,
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { config, follow: followLimits } = followableConfig(options.config, () => configOf(options));
  if (options.http === undefined && options.https === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is nothing to listen on', {
      hint: 'give --http PORT, --https PORT or both',
    });
  if (options.https !== undefined && config.tls === undefined) throw missingKey(options.config, 'tls', '--https');
  checkStatusNodes(options, config);
  const follow = followablePairs({ service: servicePair(config), tls: config.tls, issuer: config.issuer });
  const followTrusted = followableAuthorities<Authorities>([
    ...trustFiles(config),
    { file: config.issuer?.ca, as: pem => ({ issuer: pem }) },
  ]);
  const issuer = issuerOf(options, config);
  const chosen = configuredRing(options, config);
  const store = configuredStore(options, config, chosen);
  const hosts = hostsOf(options.host);
  const port = (given: number | undefined) => (options.dryRun ? given : settled(given, hosts));
  const listening = { http: await port(options.http), https: await port(options.https) };
  const bases = ownAddresses(listening, options.host);
  const told = { ...(issuer && { issuer }), ...(options.node && { node: options.node }) };
  const settings = { ...endpointOptions(config, bases), ...stateSettings(options), ...lifeSettings(options), ...told };
  const services = await loadService(config.service);
  const wsdl = await loadGiven(config.wsdl, options);
  const given = { ...settings, ...portsOf(config.ports, wsdl, options.mixedDialects), services, wsdl };
  const log = commandLog(config, options.node);
  if (options.dryRun) {
    const { initRing = false } = options;
    const make = (parts: DryParts) => madeDry(createEndpoint({ ...given, log, ...parts }), bases, config);
    return tryOut(options.config, { chosen, initRing, store, make }).catch((error: unknown) => {
      if (isOfPolicy(error)) noteRefused(wsdl, config);
      throw error;
    });
  }
  lookOnHangUp();
  const ring = await openNodeRing(chosen, { initRing: options.initRing ?? false, log: boundedLog(log) });
  let opened: Store | undefined;
  let endpoint: Endpoint | undefined;
  let admin: OpenedAdmin | undefined;
  try {
    opened = openChosen(store);
    endpoint = createEndpoint({
      ...given,
      ring,
      log,
      ...(opened === undefined ? {} : { store: opened }),
    });
    for (const host of hosts) await endpoint.listen({ ...definedOf(listening), host });
    const served = endpoint;
    const { readiness } = served;
    const sources = { register: (to: Registry) => registerMetrics(to, served), readiness, ring };
    admin = await openCommandAdmin(options, { ...sources, statusNodes: config.statusNodes }, boundedLog(log));
    print(storeSentence(store));
    const onError = (err: unknown) => boundedLog(log).error({ err }, 'certificate not read');
    follow(usesOf(endpoint, config), onError);
    followTrusted(endpoint.useAuthorities, onError);
    followLimits(endpoint.useLimits, boundedLog(log));
    await run(endpoint, admin, [...listeningLines(bases), ...servedLines(endpoint, bases, config)]);
  } catch (error) {
    if (endpoint === undefined && isOfPolicy(error)) noteRefused(wsdl, config);
    await admin?.close();
    await endpoint?.close();
    await opened?.close();
    await ring.close();
    throw error;
  }
}

function madeDry(endpoint: Endpoint, bases: readonly string[], config: ServeConfig): MadeDry {
  return { lines: [...wouldListen(bases), ...servedLines(endpoint, bases, config)], close: () => endpoint.close() };
}

/** What is served of each port, and what is not. */
function servedLines({ plans, leftOut }: Endpoint, bases: readonly string[], config: ServeConfig): readonly string[] {
  return [...portLines(plans, bases, config), ...leftOut.flatMap(port => refusedLines(port, 'not served'))];
}

/** The configuration, with what the command line gives in its place. */
function configOf(options: ServeOptions): ServeConfig {
  return readServeConfig(options.config, {
    ...(options.wsdl === undefined ? {} : { wsdl: isAddress(options.wsdl) ? options.wsdl : resolve(options.wsdl) }),
    ...(options.service === undefined ? {} : { service: resolve(options.service) }),
    ...(options.replay === undefined ? {} : { replay: options.replay }),
    ...(options.paths === undefined ? {} : { paths: options.paths }),
    ...(options.unprotectedPorts === undefined ? {} : { unprotectedPorts: options.unprotectedPorts }),
    ...(options.skipUnsupported ? { skipUnsupported: true } : {}),
    ...ringInstead(options),
    ...logInstead(options),
    ...statusInstead(options),
  });
}

const codesOfPolicy: ReadonlySet<string> = new Set(['WSDL_INVALID', 'POLICY_INVALID', 'POLICY_UNSUPPORTED']);

function isOfPolicy(error: unknown): boolean {
  return error instanceof ConfigurationError && codesOfPolicy.has(error.code);
}

/** Lists every port that can't be served, where the error names the first alone. */
function noteRefused(wsdl: LoadedWsdl, { ports, unprotectedPorts }: ServeConfig): void {
  const given = openWsdl(wsdl);
  const listed = given.ports.map(({ name }) => name).filter(name => unprotectedPorts.includes(name));
  const read = withUnprotectedPorts(given, listed);
  const wanted = read.ports.map(({ name }) => name).filter(name => ports === undefined || Object.hasOwn(ports, name));
  const refused = refusedPorts(read, wanted);
  for (const line of refused.flatMap(port => refusedLines(port, 'refused'))) note(line);
}

/** What an endpoint does with certificates that have changed. */
function usesOf(endpoint: Endpoint, { minRsaBits }: ServeConfig): PairUses<keyof Certificates> {
  return {
    service: files => endpoint.useCertificates({ service: ownPair(files, minRsaBits) }),
    tls: files => endpoint.useCertificates({ tls: tlsPair(files) }),
    issuer: files => endpoint.useCertificates({ issuer: tlsPair(files) }),
  };
}

function definedOf({ http, https }: Listening): { http?: number; https?: number } {
  return { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) };
}

/**
 * The ports of the configuration, else all of the WSDL, with those that were named told to accept mixed dialects.
 * @throws {SecureConversationError} `CONFIG_INVALID` for one that is not served
 */
function portsOf(
  ports: ServeConfig['ports'],
  wsdl: LoadedWsdl,
  mixed: readonly string[] | undefined,
): Pick<EndpointOptions, 'ports'> {
  if (mixed === undefined) return {};
  const served = ports ?? Object.fromEntries(openWsdl(wsdl).ports.map(({ name }) => [name, {}]));
  const unknown = mixed.find(name => !Object.hasOwn(served, name));
  if (unknown !== undefined)
    throw new ConfigurationError('CONFIG_INVALID', `--mixed-dialects: port ${unknown} is not served`, {
      hint: `served are ${Object.keys(served).join(', ')}`,
    });
  const told = mixed.map(name => [name, { ...served[name], acceptMixedDialects: true }] as const);
  return { ports: { ...served, ...Object.fromEntries(told) } };
}

async function run(endpoint: Endpoint, admin: OpenedAdmin, listed: readonly string[]): Promise<void> {
  const stopped = untilStopped(
    async () => {
      await endpoint.drain(drainMs);
      await admin.close();
    },
    () => {},
  );
  for (const line of [...listed, ...admin.lines]) print(line);
  process.exit(await stopped);
}

function endpointOptions(config: ServeConfig, bases: readonly string[]): Omit<EndpointOptions, 'services' | 'ring'> {
  const { users, certificate: _, key: __, passphrase: ___, tls, trust, ports, ...more } = config;
  const {
    service: ____,
    store: _____,
    ring: ______,
    issuer: _______,
    logLevel,
    logFormat,
    statusNodes,
    ...rest
  } = more;
  const { minRsaBits, addresses = bases } = rest;
  const pair = servicePair(config);
  return {
    ...rest,
    addresses,
    ...trustTexts({ trust, ports }),
    ...(users === undefined ? {} : { authenticate: users }),
    ...(pair === undefined ? {} : ownPair(pair, minRsaBits)),
    ...(tls === undefined ? {} : { tls: tlsPair(tls) }),
  };
}

/**
 * The issuer that options and configuration name; undefined where the node issues itself.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `CERTIFICATE_INVALID`
 */
function issuerOf({ config: file, issue, issuer: url }: ServeOptions, config: ServeConfig): IssuerOptions | undefined {
  const { issuer } = config;
  if (issuer === undefined) {
    if (!issue || url !== undefined) throw missingKey(file, 'issuer', issue ? '--issuer' : '--no-issue');
    return undefined;
  }
  const { ca, certificate, key, timeoutMs } = issuer;
  const address = url ?? issuer.address;
  if (address === undefined) throw missingKey(file, 'issuer.address', 'a node without --issuer');
  return { address, timeoutMs, ca: authoritiesText(ca), ...tlsPair({ certificate, key }) };
}
