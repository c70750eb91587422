import { failAt, object, text } from '../fields.ts';
import { bearerTokensOptions } from '../oauth/service-options.ts';
import { certificateAndKey, inSeconds, path, pathOrStore, readConfig } from './config-fields.ts';
import { type LogOptionValues, logMembers } from './log-options.ts';
import { statusMembers } from './status-nodes.ts';

/** From a second to ten years. */
const lifeRangeMs = [1_000, 315_360_000_000] as const;
const { members: options } = bearerTokensOptions;

/** The configuration of `wssc tokens`. Paths are relative to the file. */
export const tokensConfig = object({
  ring: { is: pathOrStore, required: true, means: 'Key ring, as `--ring`.' },
  users: { is: path, required: true, means: 'Users file.' },
  store: {
    is: text,
    without: 'a file of SQLite beside the ring',
    means: 'Where to remember what was revoked and used, as `--store`.',
  },
  clients: {
    is: path,
    without: 'none',
    means: 'Users file whose names are client ids, whose passwords are client secrets and whose roles are scopes.',
  },
  publicClients: options.publicClients,
  audience: options.audience,
  tls: { is: certificateAndKey, required: true, means: 'What `--https` serves with.' },
  lifetimeS: inSeconds('lifetimeMs', options.lifetimeMs, lifeRangeMs),
  refreshLifetimeS: inSeconds('refreshLifetimeMs', options.refreshLifetimeMs, lifeRangeMs),
  cors: options.cors,
  attempts: options.attempts,
  loginLimits: options.loginLimits,
  trustedProxies: options.trustedProxies,
  ...logMembers,
  ...statusMembers,
});

/** A token service's configuration that was read: times are milliseconds, paths are whole. */
export type TokensConfig = ReturnType<typeof tokensConfig.read>;

/**
 * Reads a token service's configuration file.
 * @param instead members that the command line gives in place of the file's
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readTokensConfig(
  name: string,
  instead: LogOptionValues & Partial<Pick<TokensConfig, 'ring' | 'statusNodes'>> = {},
): TokensConfig {
  return readConfig(name, readWhole, instead);
}

const readWhole: typeof tokensConfig.read = (value, place) => {
  const config = tokensConfig.read(value, place);
  if (config.clients === undefined && config.publicClients === undefined)
    failAt(place, 'lacks clients or publicClients: nobody could ask for a token');
  return config;
};
