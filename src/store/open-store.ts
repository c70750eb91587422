import { ConfigurationError } from '../errors.ts';
import { memoryStore } from './memory-store.ts';
import type { Store } from './store.ts';

/** The stores that a URL may name, by its scheme. */
const schemes: Readonly<Record<string, (clock: () => number) => Store>> = {
  'memory:': clock => memoryStore({ clock }),
};

/**
 * Opens the store that a URL names.
 * @param clock milliseconds since the epoch
 * @throws {SecureConversationError} `CONFIG_INVALID` for a scheme that is not known
 */
export function openStore({ protocol }: URL, clock: () => number): Store {
  const open = Object.hasOwn(schemes, protocol) ? schemes[protocol] : undefined;
  if (open !== undefined) return open(clock);
  throw new ConfigurationError('CONFIG_INVALID', `there is no store for ${JSON.stringify(protocol.slice(0, 32))}`, {
    hint: `give a URL that begins with ${Object.keys(schemes).join(' or ')}, or an object that is a Store`,
  });
}
