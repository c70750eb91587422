import { ConfigurationError, StoreUnavailable } from '../errors.ts';
import type { Connectable } from './kept-connection.ts';
import { optionalPackage } from './optional-package.ts';

/** What is used of a client of the package `redis`. */
export interface RedisClient extends Connectable {
  sendCommand(words: readonly (string | Buffer)[]): Promise<unknown>;
  subscribe(channel: string, listener: () => void): Promise<unknown>;
  withTypeMapping(mapping: object): RedisClient;
}

interface RedisPackage {
  createClient(options: object): RedisClient;
  readonly RESP_TYPES: { readonly BLOB_STRING: number };
}

export interface RedisTarget {
  readonly url: URL;
  /** Gives the CA certificates that are trusted for TLS (PEM), for each connection; undefined: Node's own. */
  readonly authorities: () => string | undefined;
}

const connectMs = 2_000;
/** Commands that wait on one connection: more are refused, so that no queue grows without bounds. */
const maxQueued = 10_000;

/**
 * What makes clients of a server, which give texts as bytes.
 * @throws {SecureConversationError} `STORE_INVALID` where the package is missing; the maker, for a URL that names none
 */
export function redisClients(target: RedisTarget): () => RedisClient {
  const { createClient, RESP_TYPES } = optionalPackage('redis') as RedisPackage;
  return () => clientOf(createClient, target).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
}

function clientOf(createClient: RedisPackage['createClient'], target: RedisTarget): RedisClient {
  try {
    return createClient(optionsOf(target));
  } catch {
    // Its own error may quote the password.
    throw new ConfigurationError('STORE_INVALID', 'the URL of a store in Redis can not be used', {
      hint: 'give redis://host:port or rediss://host:port, and /NUMBER of the database where it is not 0',
    });
  }
}

/** One whose server gives no sign of life is made anew by us, not by the client: it would send again what was asked. */
function optionsOf({ url, authorities }: RedisTarget): object {
  const ca = authorities();
  return {
    url: url.href,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxQueued,
    disableClientInfo: true,
    socket: {
      connectTimeout: connectMs,
      reconnectStrategy: false,
      ...(url.protocol === 'rediss:' ? { tls: true, ...(ca === undefined ? {} : { ca }) } : {}),
    },
  };
}

/** Why a replica can't be used. */
export const readOnly = 'it can only be read: another server is the master now';

/** Answers that say what is wrong with the server or with us, by the words that they begin with. */
const troubles: Readonly<Record<string, string>> = {
  WRONGPASS: 'user or password is wrong',
  NOAUTH: 'it wants a password',
  'ERR AUTH': 'it wants no password, and was given one',
  NOPERM: 'this user may not do what a store needs',
  READONLY: readOnly,
  LOADING: 'it is reading its data',
  MASTERDOWN: 'its master is down',
  MISCONF: 'it can not write its data to the disk',
  BUSY: 'it is busy with a script',
};

/** Why a server can't be used, without a word of its own: what it says may be anything. */
export function troubleOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.why;
  const [word = ''] = /^(?:ERR AUTH|[A-Z]{2,16})\b/.exec(error instanceof Error ? error.message : '') ?? [];
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const known = Object.hasOwn(troubles, word) ? troubles[word] : undefined;
  return known ?? `no connection (${typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'it was cut'})`;
}
