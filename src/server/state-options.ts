import { type Field, failAt } from '../fields.ts';
import type { StateMode } from '../state/state-mode.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';

const stateMethods: readonly (keyof StateMode)[] = ['issue', 'find', 'cancel', 'cancelled'];
const storeMethods: readonly (keyof Store)[] = ['claim', 'has', 'get', 'put', 'delete', 'add', 'changes', 'close'];

/** Reads where the state of conversations is kept. */
export const stateField: Field<'cookie' | StateMode> = (value, place) =>
  value === 'cookie' || hasMethods<StateMode>(value, stateMethods)
    ? value
    : failAt(place, `must be 'cookie', or an object with the methods ${stateMethods.join(', ')}`);

/** Reads a store that is open. */
export const openStoreField: Field<Store> = (value, place) =>
  hasMethods<Store>(value, storeMethods)
    ? value
    : failAt(place, `must be an object with the methods ${storeMethods.join(', ')}`);

/** Reads a store, or the URL of one. */
export const storeField: Field<Store | URL> = (value, place) =>
  value instanceof URL || hasMethods<Store>(value, storeMethods)
    ? value
    : failAt(place, `must be a URL, or an object with the methods ${storeMethods.join(', ')}`);

function hasMethods<T>(value: unknown, names: readonly (keyof T & string)[]): value is T {
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
 * @param clock milliseconds since the epoch
 * @throws {SecureConversationError} `CONFIG_INVALID` for a URL whose scheme is not known
 */
export function usedStore(source: Store | URL, clock: () => number): UsedStore {
  if (!(source instanceof URL)) return { store: source, close: async () => {} };
  const store = openStore(source, clock);
  return { store, close: async () => store.close() };
}
