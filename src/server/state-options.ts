import { ConfigurationError } from '../errors.ts';
import { alternatives, type Field, list, oneOf, where } from '../fields.ts';
import { type StateName, stateNames } from '../state/several-modes.ts';
import type { StateMode } from '../state/state-mode.ts';
import { answeringStore } from '../store/answering-store.ts';
import { openStore, type StoreOptions } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';

const stateMethods: readonly (keyof StateMode)[] = ['issue', 'replace', 'find', 'cancel', 'cancelled'];

/** Reads where the state of conversations is kept. */
export const stateField = where<StateName | StateMode>(
  { type: `${alternatives(stateNames.map(name => `\`${name}\``))}, or a state mode` },
  value => stateNames.some(name => name === value) || hasMethods(value, stateMethods),
  `must be ${alternatives(stateNames)}, or an object with the methods ${stateMethods.join(', ')}`,
);

/** Reads the name of a state mode. */
export const stateName: Field<StateName> = { ...oneOf(...stateNames), plural: 'names of state modes' };

/** Reads which state modes are accepted. */
export const acceptStateField = list(stateName, 1);

/** What is said of a state mode and of those beside it. */
interface ChosenState {
  readonly state: StateName | StateMode;
  readonly acceptState?: readonly StateName[] | undefined;
  readonly idleMs?: number | undefined;
}

/**
 * Checks that conversations can be kept and found where they are to be.
 * @throws {SecureConversationError} `CONFIG_INVALID` where new conversations would not be found, for a database that
 * no other node has, and for an idle time that nothing would hold to
 */
export function checkState({ state, acceptState, idleMs }: ChosenState, store: Store): void {
  if (idleMs !== undefined) checkIdle(typeof state === 'string' ? (acceptState ?? [state]) : []);
  if (typeof state !== 'string') {
    if (acceptState === undefined) return;
    throw new ConfigurationError('CONFIG_INVALID', 'acceptState does not go with a state mode of your own', {
      hint: 'find what other modes have begun in the mode itself',
    });
  }
  const accepted = acceptState ?? [state];
  if (!accepted.includes(state))
    throw new ConfigurationError('CONFIG_INVALID', `acceptState lacks ${state}, in which conversations begin`, {
      hint: 'name it too: it is taken off when all nodes begin conversations in another mode',
    });
  if (!accepted.includes('database') || store.isOwn !== true) return;
  throw new ConfigurationError('CONFIG_INVALID', 'state database needs a store that the nodes share', {
    hint:
      'give sqlite:FILE to the nodes of one machine, ' +
      'redis://HOST:PORT or postgres://USER@HOST:PORT/DATABASE to those of several',
  });
}

/** A conversation in its token is touched nowhere; a state mode of one's own is not told of the time. */
function checkIdle(accepted: readonly StateName[]): void {
  if (accepted.some(name => name !== 'cookie')) return;
  throw new ConfigurationError('CONFIG_INVALID', 'an idle time goes with the states database and none alone', {
    hint: 'with cookie a short lifetime does its work: a client renews while it calls',
  });
}

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
  if (!(source instanceof URL)) return { store: answeringStore(source), close: async () => {} };
  const store = openStore(source, options);
  return { store: answeringStore(store), close: async () => store.close() };
}
