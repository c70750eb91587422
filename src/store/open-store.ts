import { ConfigurationError } from '../errors.ts';
import { memoryStore } from './memory-store.ts';
import { postgresStore } from './postgres.ts';
import { redisStore } from './redis.ts';
import { sqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';
import { checkServerUrl } from './store-url.ts';
import { givenAuthorities, type TrustedAuthorities } from './trusted-authorities.ts';

/** Options of {@link openStore}. */
export interface StoreOptions {
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** CA certificates that are trusted for TLS to the store (PEM). Default: those of `caFile`, else Node's own. */
  readonly ca?: string;
  /** A file with them in the place of `ca`, read again for each connection. */
  readonly caFile?: string;
  /**
   * Told in a sentence where the store does not answer, where it does again, and where it may lose what it
   * acknowledged. Default: a warning of the process.
   */
  readonly onEvent?: (sentence: string) => void;
}

type Opened = Required<Omit<StoreOptions, keyof TrustedAuthorities>> & TrustedAuthorities;

/** The stores that a URL may name, by its scheme. */
const schemes: Readonly<Record<string, (url: URL, options: Opened) => Store>> = {
  'memory:': (_url, { clock }) => memoryStore({ clock }),
  'sqlite:': (url, { clock }) => sqliteStore(url, { clock }),
  'redis:': onServer(redisStore),
  'rediss:': onServer(redisStore),
  'postgres:': onServer(postgresStore),
};

function onServer(open: (url: URL, options: Opened) => Store) {
  return (url: URL, options: Opened): Store => {
    checkServerUrl(url);
    return open(url, options);
  };
}

/**
 * Opens the store that a URL names: `memory:`, this process's own; `sqlite:` and the path of a file, that of the
 * processes of one machine; `redis://`, `rediss://` (TLS) and `postgres://`, that of any machines. Close it when it is
 * not needed any more.
 * @throws {SecureConversationError} `CONFIG_INVALID` for a scheme that is not known, a URL that is not understood whole
 * and a `caFile` that can't be read, `STORE_INVALID` for a store that can't be opened
 */
export function openStore(url: URL, options: StoreOptions = {}): Store {
  const { protocol } = url;
  const open = Object.hasOwn(schemes, protocol) ? schemes[protocol] : undefined;
  const { clock = Date.now, onEvent = warn } = options;
  if (open !== undefined) return open(url, { clock, onEvent, ...givenAuthorities(options) });
  throw new ConfigurationError('CONFIG_INVALID', `there is no store for ${JSON.stringify(protocol.slice(0, 32))}`, {
    hint: `give a URL that begins with ${Object.keys(schemes).join(' or ')}, or an object that is a Store`,
  });
}

function warn(sentence: string): void {
  process.emitWarning(sentence, 'StoreWarning');
}
