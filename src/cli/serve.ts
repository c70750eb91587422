import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { ConfigurationError } from '../errors.ts';
import { freePort, loopbackHosts } from '../farm/ports.ts';
import { createEndpoint } from '../server/endpoint.ts';
import type { EndpointOptions } from '../server/endpoint-options.ts';
import type { Endpoint } from '../server/open-endpoint.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { type ChosenStore, storeBeside, storeSentence } from '../store/store-url.ts';
import { keysHelp } from './member-texts.ts';
import { tcpPort } from './option-values.ts';
import { serviceTexts, tlsTexts } from './pem-files.ts';
import { readServeConfig, type ServeConfig, serveConfig } from './serve-config.ts';
import { untilStopped } from './signals.ts';
import { addStoreOptions, givenStore, type StoreOptionValues } from './store-options.ts';
import { note, print } from './terminal.ts';

interface ServeOptions extends StoreOptionValues {
  readonly config: string;
  readonly wsdl?: string;
  readonly service?: string;
  readonly http?: number;
  readonly https?: number;
}

const drainMs = 10_000;

/** `wssc serve`: one node of a farm, or a service alone. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('serve a WSDL as one node')
    .description('Serves a WSDL with the operations of a module as one node of a farm.')
    .requiredOption('--config <file>', 'configuration file (JSON)')
    .option('--wsdl <file>', 'WSDL file, instead of the one in the configuration')
    .option(
      '--service <module>',
      "module whose default export is node-soap's service object, instead of the one in the configuration",
    )
    .option('--http <port>', 'TCP port for http; 0: any free one', tcpPort)
    .option('--https <port>', 'TCP port for https; 0: any free one', tcpPort);
  addStoreOptions(command)
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
  const config = readServeConfig(options.config, {
    ...(options.wsdl === undefined ? {} : { wsdl: resolve(options.wsdl) }),
    ...(options.service === undefined ? {} : { service: resolve(options.service) }),
  });
  if (options.http === undefined && options.https === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'there is nothing to listen on', {
      hint: 'give --http PORT, --https PORT or both',
    });
  if (options.https !== undefined && config.tls === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `${options.config}: lacks the key tls, which --https needs`);
  const folder = dirname(resolve(options.config));
  const store = givenStore(options, { store: config.store, folder }) ?? storeBeside(config.ring);
  const opened = openChosen(store);
  const [http, https] = [await settled(options.http), await settled(options.https)];
  const endpoint = createEndpoint({
    ...endpointOptions(config, { http, https }),
    services: await loadService(config.service),
    ...(opened === undefined ? {} : { store: opened }),
  });
  try {
    const { addresses } = await endpoint.listen({
      ...(http === undefined ? {} : { http }),
      ...(https === undefined ? {} : { https }),
    });
    print(storeSentence(store));
    await run(endpoint, addresses);
  } catch (error) {
    await endpoint.close();
    await opened?.close();
    throw error;
  }
}

async function run(endpoint: Endpoint, addresses: { http?: number; https?: number }): Promise<void> {
  const stopped = untilStopped(
    () => endpoint.drain(drainMs),
    () => {},
  );
  for (const [scheme, port] of Object.entries(addresses)) print(`listening on ${scheme}://localhost:${port}`);
  process.exit(await stopped);
}

function openChosen({ url, ca }: ChosenStore): Store | undefined {
  return url && openStore(url, { onEvent: note, ...(ca === undefined ? {} : { ca }) });
}

/** TCP ports to listen on. */
interface Listening {
  readonly http: number | undefined;
  readonly https: number | undefined;
}

/** The port itself: the addresses that clients may send to must be known before anything listens. */
async function settled(port: number | undefined): Promise<number | undefined> {
  return port === 0 ? freePort(loopbackHosts()) : port;
}

function endpointOptions(config: ServeConfig, listening: Listening): Omit<EndpointOptions, 'services'> {
  const { users, certificate, key, tls, addresses = ownAddresses(listening), service: _, store: __, ...rest } = config;
  return {
    ...rest,
    authenticate: users,
    addresses,
    ...(certificate === undefined || key === undefined ? {} : serviceTexts({ certificate, key })),
    ...(tls === undefined ? {} : { tls: tlsTexts(tls) }),
  };
}

function ownAddresses(listening: Listening): string[] {
  return Object.entries(listening).flatMap(([scheme, port]) =>
    port === undefined ? [] : [`${scheme}://localhost:${port}`],
  );
}

/**
 * The service object that a module exports: its default export, or its export `service`.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
async function loadService(file: string): Promise<object> {
  let loaded: { default?: unknown; service?: unknown };
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
        ? "can't be found, or something that it imports"
        : 'fails when it is loaded';
    throw new ConfigurationError('CONFIG_INVALID', `service module ${file}: ${why}`, {
      cause,
      hint: 'run it again with --debug for its error',
    });
  }
  const service = loaded.default ?? loaded.service;
  if (typeof service === 'object' && service !== null) return service;
  throw new ConfigurationError(
    'CONFIG_INVALID',
    `service module ${file}: has no default export that is a service object`,
  );
}
