import { where } from '../fields.ts';
import type { StateMode } from '../state/state-mode.ts';
import { openStore, type StoreOptions } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';

const stateMethods: readonly (keyof StateMode)[] = ['issue', 'replace', 'find', 'cancel', 'cancelled'];
const storeMethods: readonly (keyof Store)[] = ['claim', 'has', 'get', 'put', 'delete', 'add', 'changes', 'close'];

/** Reads where the state of conversations is kept. */
export const stateField = where<'cookie' | StateMode>(
  { type: '`cookie`, or a state mode' },
  value => value === 'cookie' || hasMethods(value, stateMethods),
  `must be 'cookie', or an object with the methods ${stateMethods.join(', ')}`,
);

/** Reads a store that is open. */
export const openStoreField = where<Store>(
  { type: 'store' },
  value => hasMethods(value, storeMethods),
  `must be an object with the methods ${storeMethods.join(', ')}`,
);

/** Reads a store, or the URL of one. */
export const storeField = where<Store | URL>(
  { type: 'store, or the URL of one' },
  value => value instanceof URL || hasMethods(value, storeMethods),
  `must be a URL, or an object with the methods ${storeMethods.join(', ')}`,
);

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return (
    typeof value === 'object' && value !== null && names.every(name => typeof Reflect.get(value, name) === 'function')
  );
}

/** A store in use. */
export interface UsedStore {
  readonly store: Store;
  /** Closes a store that was opened here; one that was given is its owner's. */
  close(): Promise<void>;
}

/**
 * Opens a store, or takes one that is open.
 * @throws {SecureConversationError} `CONFIG_INVALID` for a URL whose scheme is not known, `STORE_INVALID` for a store
 * that can't be opened
 */
export function usedStore(source: Store | URL, options: StoreOptions): UsedStore {
  if (!(source instanceof URL)) return { store: source, close: async () => {} };
  const store = openStore(source, options);
  return { store, close: async () => store.close() };
}
