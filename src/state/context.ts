import type { SecretKey } from '../crypto/secret-key.ts';

/** How the user of a conversation proved who they are. */
export type AuthenticationMethod = 'usernameToken' | 'x509' | 'anonymous';

/**
 * What a SecurityContextToken names (WS-SecureConversation 1.3 §2): identity, secret, user and lifetimes.
 * All times are milliseconds since the epoch.
 */
export interface Context {
  /** Identifier, `urn:uuid:…`. */
  readonly id: string;
  /** Instance, `urn:uuid:…`; undefined before the first renewal. */
  readonly instance: string | undefined;
  readonly secret: SecretKey;
  /** undefined where it was begun without saying who: `anonymous`. */
  readonly user: string | undefined;
  readonly roles: readonly string[];
  readonly authenticatedBy: AuthenticationMethod;
  /** SHA-256 of the client's certificate (32 bytes), or undefined. */
  readonly credential: Uint8Array | undefined;
  readonly createdMs: number;
  readonly keyEffectiveMs: number;
  readonly keyExpiresMs: number;
  readonly tokenExpiresMs: number;
  readonly absoluteExpiresMs: number;
  readonly renewals: number;
  readonly userEpoch: number;
}

/**
 * Where a context was found: just issued here, in this node's cache, opened from the sealed state, or in a shared
 * store.
 */
export type OpenedFrom = 'issued' | 'cache' | 'seal' | 'store';
