import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SecureConversationError } from '../errors.ts';
import { parseJson } from '../keyring/strict-json.ts';
import { defaultLimits } from '../xml/limits.ts';
import { address, failAt, list, number, object, path, record } from './config-fields.ts';

const limits = Object.fromEntries(Object.keys(defaultLimits).map(name => [name, number(1, 64 * 1024 * 1024)]));

/**
 * The configuration of `wssc serve`. Paths are relative to the file; times are seconds.
 * - `addresses`: base addresses of all nodes and of the balancer; default: this machine's own at the ports listened on
 * - `lifetimeS`: life of a conversation, 60 s to 12 h; `clockSkewS`: 0 to 300; `cacheEntries`: 1 to 10 million
 */
const configuration = object({
  wsdl: path,
  service: path,
  certificate: path,
  key: path,
  tls: object({ certificate: path, key: path }),
  users: path,
  ring: path,
  addresses: list(address),
  lifetimeS: number(60, 43_200),
  clockSkewS: number(0, 300),
  cacheEntries: number(1, 10_000_000),
  ports: record(object({ lifetimeS: number(60, 43_200) })),
  limits: object(limits),
});

/** A configuration that was read: what is not in the file is undefined. */
export type ServeConfig = ReturnType<typeof configuration>;

/**
 * Reads a configuration file.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readServeConfig(name: string): ServeConfig {
  const file = resolve(name);
  const fail = (place: string, problem: string) =>
    new SecureConversationError('CONFIG_INVALID', `${file}: ${place === '' ? problem : `${place} ${problem}`}`);
  let json: string;
  try {
    json = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SecureConversationError(
      'CONFIG_INVALID',
      `${file}: can't be read (${(cause as NodeJS.ErrnoException).code})`,
      { cause },
    );
  }
  return configuration(parseJson(json, fail), { file, path: '' });
}

/** What a node can't do without. */
export type RequiredKey = 'wsdl' | 'service' | 'users' | 'ring';

/**
 * Checks that the required keys are there.
 * @throws {SecureConversationError} `CONFIG_INVALID`
 */
export function requireKeys(config: ServeConfig, file: string): ServeConfig & { readonly [K in RequiredKey]: string } {
  const required: readonly RequiredKey[] = ['wsdl', 'service', 'users', 'ring'];
  const missing = required.find(key => config[key] === undefined);
  if (missing !== undefined) failAt({ file: resolve(file), path: '' }, `lacks the key ${missing}`);
  if ((config.certificate === undefined) !== (config.key === undefined))
    failAt({ file: resolve(file), path: '' }, 'certificate and key belong together');
  return config as ServeConfig & { readonly [K in RequiredKey]: string };
}
