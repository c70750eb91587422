import { resolve } from 'node:path';
import { address, failAt, filledList, list, number, object, record } from '../fields.ts';
import { addressOrBlock } from '../users/addresses.ts';
import { loginLimitsField } from '../users/login-limits.ts';
import { defaultLimits } from '../xml/limits.ts';
import { certificateAndKey, path, readConfig } from './config-fields.ts';

const limits = Object.fromEntries(Object.keys(defaultLimits).map(name => [name, number(1, 64 * 1024 * 1024)]));

const lifetimeS = number(60, 43_200);
const clockSkewS = number(0, 300);

/**
 * The configuration of `wssc serve`. Paths are relative to the file; times are seconds.
 * - `addresses`: base addresses of all nodes and of the balancer; default: this machine's own at the ports listened on
 * - `lifetimeS`: life of a conversation, 60 s to 12 h; `clockSkewS`: 0 to 300; `cacheEntries`: 1 to 10 million
 * - `trustedProxies`: addresses and blocks of the proxies that are believed where a message comes from; default: none
 * - `ports`: the WSDL ports to serve, each with a lifetimeS and clockSkewS of its own where it has one
 */
const configuration = object({
  wsdl: path,
  service: path,
  certificate: path,
  key: path,
  tls: certificateAndKey,
  users: path,
  ring: path,
  addresses: filledList(address),
  lifetimeS,
  clockSkewS,
  cacheEntries: number(1, 10_000_000),
  loginLimits: loginLimitsField,
  trustedProxies: list(addressOrBlock),
  issueRate: object({ perSecond: number(0.001, 1_000_000, false), burst: number(1, 1_000_000) }),
  ports: record(object({ lifetimeS, clockSkewS })),
  limits: object(limits),
});

/** A configuration that was read: what is not in the file is undefined. */
export type ServeConfig = ReturnType<typeof configuration>;

/**
 * Reads a node's configuration file.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readServeConfig(name: string): ServeConfig {
  return readConfig(name, configuration);
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
  if (missing !== undefined) failAt({ of: resolve(file), path: '' }, `lacks the key ${missing}`);
  if ((config.certificate === undefined) !== (config.key === undefined))
    failAt({ of: resolve(file), path: '' }, 'certificate and key belong together');
  return config as ServeConfig & { readonly [K in RequiredKey]: string };
}
