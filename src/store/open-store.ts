import { ConfigurationError } from '../errors.ts';
import { memoryStore } from './memory-store.ts';
import { sqliteStore } from './sqlite.ts';
import type { Store } from './store.ts';

/** The stores that a URL may name, by its scheme. */
const schemes: Readonly<Record<string, (url: URL, clock: () => number) => Store>> = {
  'memory:': (_url, clock) => memoryStore({ clock }),
  'sqlite:': (url, clock) => sqliteStore(url, { clock }),
};

/**
 * Opens the store that a URL names: `memory:`, this process's own; `sqlite:` and the path of a file, that of the
 * processes of one machine. Close it when nothing needs it any more.
 * @param clock milliseconds since the epoch. Default `Date.now`
 * @throws {SecureConversationError} `CONFIG_INVALID` for a scheme that is not known, `STORE_INVALID` for a store that
 * can't be opened
 */
export function openStore(url: URL, clock: () => number = Date.now): Store {
  const { protocol } = url;
  const open = Object.hasOwn(schemes, protocol) ? schemes[protocol] : undefined;
  if (open !== undefined) return open(url, clock);
  throw new ConfigurationError('CONFIG_INVALID', `there is no store for ${JSON.stringify(protocol.slice(0, 32))}`, {
    hint: `give a URL that begins with ${Object.keys(schemes).join(' or ')}, or an object that is a Store`,
  });
}
