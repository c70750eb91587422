import { type Field, where } from '../fields.ts';
import type { Store } from './store.ts';

const methods: readonly (keyof Store)[] = ['claim', 'has', 'get', 'put', 'delete', 'add', 'changes', 'close'];

/** Reads a store that is open. */
export const openStoreField: Field<Store> = where<Store>(
  { type: 'store' },
  isStore,
  `must be an object with the methods ${methods.join(', ')}`,
);

/** Reads a store, or the URL of one. */
export const storeField: Field<Store | URL> = where<Store | URL>(
  { type: 'store, or the URL of one' },
  value => value instanceof URL || isStore(value),
  `must be a URL, or an object with the methods ${methods.join(', ')}`,
);

function isStore(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && methods.every(name => typeof Reflect.get(value, name) === 'function')
  );
}
