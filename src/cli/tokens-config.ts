import { resolve } from 'node:path';
import { failAt, list, number, object, oneOrList, record } from '../fields.ts';
import { audience, origin, scopeNames } from '../oauth/option-fields.ts';
import { addressOrBlock } from '../users/addresses.ts';
import { loginLimitsField } from '../users/login-limits.ts';
import { certificateAndKey, path, readConfig } from './config-fields.ts';

const tenYearsS = 315_360_000;

/**
 * The configuration of `wssc tokens`. Paths are relative to the file; times are seconds.
 * - `clients`: users file whose names are client ids and whose roles are scopes; `publicClients`: scopes by id of
 *   clients without secret
 * - `audience`: one, or a list of up to 16; the first is that of a request that names none
 * - `lifetimeS`: life of an access token; `refreshLifetimeS`: how long a login lasts; neither is longer than the ring's
 *   token life
 * - `cors`: origins whose pages may ask
 * - `trustedProxies`: addresses and blocks of the proxies that are believed where a request comes from
 */
const configuration = object({
  ring: path,
  users: path,
  clients: path,
  publicClients: record(scopeNames),
  audience: oneOrList(audience),
  tls: certificateAndKey,
  lifetimeS: number(1, tenYearsS),
  refreshLifetimeS: number(1, tenYearsS),
  cors: list(origin),
  attempts: object({ requestsPerMinute: number(1, 1_000_000) }),
  loginLimits: loginLimitsField,
  trustedProxies: list(addressOrBlock),
});

type Configuration = ReturnType<typeof configuration>;
type RequiredKey = 'ring' | 'users' | 'audience' | 'tls';

/** A token service's configuration that was read and is complete. */
export type TokensConfig = Configuration & { readonly [K in RequiredKey]: NonNullable<Configuration[K]> };

/**
 * Reads a token service's configuration file.
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readTokensConfig(name: string): TokensConfig {
  const config = readConfig(name, configuration);
  const required: readonly RequiredKey[] = ['ring', 'users', 'audience', 'tls'];
  const whole = { of: resolve(name), path: '' };
  const missing = required.find(key => config[key] === undefined);
  if (missing !== undefined) failAt(whole, `lacks the key ${missing}`);
  if (config.clients === undefined && config.publicClients === undefined)
    failAt(whole, 'lacks clients or publicClients: nobody could ask for a token');
  return config as TokensConfig;
}
