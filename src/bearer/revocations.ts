import { type Awaitable, after } from '../awaitable.ts';
import { cancelList } from '../state/cancel-list.ts';
import type { Cancellation } from '../state/cancellation.ts';
import { revokedBefore } from '../state/revoked.ts';
import type { Store } from '../store/store.ts';
import type { AccessToken } from './token-openers.ts';

/**
 * A token or a grant that was revoked, as nodes tell each other: its id as `urn:uuid:…`, and when it need not be
 * remembered any longer. A cancelled conversation is one too: it is the grant of the tokens that were made in it.
 */
export type Revocation = Cancellation;

/** @param id of the token or grant, as it stands in tokens */
export function revocationOf(id: string, untilMs: number): Revocation {
  return { id: `urn:uuid:${id}`, untilMs };
}

/** What of a token says whether it is revoked. */
export type RevocableToken = Pick<AccessToken, 'id' | 'grant' | 'subject' | 'issuedMs'>;

/** What is known of revoked tokens: where a node has a store of its own, no other knows of it that was not told. */
export interface Revocations {
  /** @returns false where there is no room, then it is not remembered */
  add(revocation: Revocation, nowMs: number): Awaitable<boolean>;
  /** Takes the word of another node for what was revoked there. @returns false where there is no room for it */
  heard(revocation: Revocation, nowMs: number): Awaitable<boolean>;
  /**
   * True where the token itself or the grant that it came from was revoked, or what its user was given before a time
   * that is later than its own.
   */
  has(token: RevocableToken): Awaitable<boolean>;
}

/**
 * The revocations that a store keeps.
 * @param clock milliseconds since the epoch
 */
export function revocations(store: Store, clock: () => number = Date.now): Revocations {
  const list = cancelList(store, clock);
  const revoked = revokedBefore(store, { clock });
  const isListed = (id: string | undefined) => id !== undefined && list.has(`urn:uuid:${id}`);
  return {
    add: list.add,
    heard: list.heard,
    has: ({ id, grant, subject, issuedMs }) =>
      either(isListed(id), () =>
        either(isListed(grant), () => after(revoked.beforeMs(subject), beforeMs => issuedMs < beforeMs)),
      ),
  };
}

/**
 * What is known of revoked tokens by an open store, for `requireBearer` in a process without a token service. It hears
 * of them until the store is closed.
 */
export function openRevocations(store: Store): Revocations {
  return revocations(store);
}

function either(first: Awaitable<boolean>, second: () => Awaitable<boolean>): Awaitable<boolean> {
  return after(first, is => is || second());
}
