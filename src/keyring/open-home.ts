import type { Awaitable } from '../awaitable.ts';
import { openStore, type StoreOptions } from '../store/open-store.ts';
import { type ChosenStore, placeOf, storeBeside } from '../store/store-url.ts';
import { givenAuthorities } from '../store/trusted-authorities.ts';
import type { GivenKek } from './kek.ts';
import { type RingHome, ringInFile, ringInStore } from './ring-home.ts';
import { type RingAccess, ringError } from './ring-text.ts';

/** Where a ring is, and what opens it. */
export interface ChosenRing extends GivenKek {
  /** A file, or the URL of a store with its password. */
  readonly place: string | URL;
  /** A file with the CA certificates that are trusted for TLS to the store (PEM). */
  readonly caFile?: string | undefined;
}

/** The store of a node that was told of none: where its ring is. */
export function storeWith({ place, caFile }: ChosenRing): ChosenStore {
  return place instanceof URL ? { url: place, ...givenAuthorities({ caFile }) } : storeBeside(place);
}

/** A ring's home that was opened, with what it holds open. */
export interface OpenHome extends RingHome {
  close(): Awaitable<void>;
}

/**
 * Opens the place where a ring is kept.
 * @param place a file, or the URL of a store with its password
 * @throws {SecureConversationError} `RING_INVALID` for a store without a KEK, `CONFIG_INVALID` for a URL of no kind
 * that there is, `STORE_INVALID` for a store that can't be opened
 */
export function openHome(place: string | URL, access: RingAccess = {}, options: StoreOptions = {}): OpenHome {
  if (typeof place === 'string') return { ...ringInFile(place, access), close: () => {} };
  const name = placeOf(place);
  checkWrapped(place, access);
  const store = openStore(place, options);
  return { ...ringInStore(store, name, access), close: () => store.close() };
}

/**
 * Makes sure that a ring in a store is wrapped.
 * @throws {SecureConversationError} `RING_INVALID` where there is no KEK
 */
export function checkWrapped(place: URL, { keks }: RingAccess): void {
  if ((keks?.() ?? []).length === 0)
    throw ringError(placeOf(place), 'the keys of a ring in a store must be wrapped, and no KEK was given', kekHint);
}

/** How `wssc` is given a KEK. */
export const kekHint = 'give --kek FILE, or WSSC_KEK in the environment; "openssl rand -base64 32" makes one';
