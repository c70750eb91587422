import type { RandomSource } from '../crypto/random.ts';
import { cancelList } from '../state/cancel-list.ts';
import type { Cancellation } from '../state/state-mode.ts';
import type { AccessToken } from './token-openers.ts';

/**
 * A token or a grant that was revoked, as nodes tell each other: its id as `urn:uuid:…`, and when it need not be remembered any longer.
 * A cancelled conversation is one too: it is the grant of the tokens that were made in it.
 */
export type Revocation = Cancellation;

/** @param id of the token or grant, as it stands in tokens */
export function revocationOf(id: string, untilMs: number): Revocation {
  return { id: `urn:uuid:${id}`, untilMs };
}

/** What one node knows of revoked tokens. It is nowhere else: a node that was not told goes on accepting. */
export interface Revocations {
  /** @returns false where there is no room, then it is not remembered */
  add(revocation: Revocation, nowMs: number): boolean;
  /** True where the token itself or the grant that it came from was revoked. */
  has(token: Pick<AccessToken, 'id' | 'grant'>, nowMs: number): boolean;
  size(): number;
}

/** Makes an empty list for one node: a million entries at most (some 32 MB). */
export function revocations(
  options: { readonly maxEntries?: number; readonly random?: RandomSource } = {},
): Revocations {
  const list = cancelList(options);
  const isListed = (id: string | undefined, nowMs: number) => id !== undefined && list.has(`urn:uuid:${id}`, nowMs);
  return {
    add: ({ id, untilMs }, nowMs) => list.add(id, untilMs, nowMs),
    has: ({ id, grant }, nowMs) => isListed(id, nowMs) || isListed(grant, nowMs),
    size: () => list.size(),
  };
}
