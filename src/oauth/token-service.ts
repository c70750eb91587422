import type { Awaitable } from '../awaitable.ts';
import type { Claim } from '../bearer/bearer-codec.ts';
import {
  type BearerToken,
  keyIdOfToken,
  openRefreshToken,
  sealBearerToken,
  sealRefreshToken,
} from '../bearer/bearer-token.ts';
import { type Revocation, type Revocations, revocationOf } from '../bearer/revocations.ts';
import { type AccessToken, openAccessToken } from '../bearer/token-openers.ts';
import { type RandomSource, uuidText } from '../crypto/random.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { openWith, ringAtHand } from '../keyring/seal.ts';
import type { Log } from '../server/log.ts';
import type { RevokedBefore } from '../state/revoked.ts';
import type { Store } from '../store/store.ts';
import type { Logins } from '../users/logins.ts';
import type { Clients } from './clients.ts';
import { OAuthError } from './oauth-error.ts';
import type { RequestRate } from './request-rate.ts';

/** What the endpoints of one token service share. */
export interface TokenService {
  readonly keeper: RingKeeper;
  readonly authenticate: Logins['authenticate'];
  /** Claims of the user of a refresh token as they are now; undefined where the user is no more. */
  readonly claimsNow: (token: BearerToken) => Promise<readonly Claim[] | undefined>;
  readonly clients: Clients;
  readonly requests: RequestRate;
  /** The first is that of a request that names none. */
  readonly audiences: readonly [string, ...string[]];
  readonly lifetimeMs: number;
  readonly refreshLifetimeMs: number;
  readonly revocations: Revocations;
  /** From when on it is good what a user is given. */
  readonly revoked: RevokedBefore;
  /** Where refresh tokens that were used are claimed, by {@link spentKey}. */
  readonly store: Store;
  /** Tells the other nodes; never rejects. */
  readonly announce: (revocation: Revocation) => Promise<void>;
  /** How many password checks wait. */
  readonly passwordQueue: () => number;
  readonly log: Log;
  readonly clock: () => number;
  readonly random: RandomSource;
}

/** What is granted to whom: all that its tokens have in common. */
export interface Grant {
  readonly id: string;
  readonly subject: string;
  readonly client: string;
  readonly audience: string;
  readonly claims: readonly Claim[];
  /** Scope of the access token. */
  readonly scope: readonly string[];
  /** Scope that can be asked for when it is refreshed (RFC 6749 §6). */
  readonly fullScope: readonly string[];
  /** No token of the grant outlives it. */
  readonly endsMs: number;
  readonly isRefreshable: boolean;
}

/** The claim of a refresh token that is used: it is good once. */
export function spentKey(id: string): string {
  return `spent/${id}`;
}

/** A user's roles as claims. */
export function roleClaims(roles: readonly string[]): readonly Claim[] {
  return roles.map(value => ({ type: 'role', value }));
}

/**
 * The answer to a granted request (RFC 6749 §5.1).
 * @throws {Refusal} `server` where nothing may be issued now
 */
export function tokenAnswer(grant: Grant, service: TokenService): object {
  const { keeper, random, lifetimeMs } = service;
  const nowMs = service.clock();
  const { id, subject, client, audience, claims, scope, fullScope, endsMs } = grant;
  const expiresMs = Math.min(nowMs + lifetimeMs, endsMs);
  const common = { grant: id, subject, client, audience, claims, issuedMs: nowMs };
  const fresh = () => uuidText(random);
  const ring = ringAtHand(keeper);
  const access = sealBearerToken({ ...common, id: fresh(), scope, expiresMs }, ring, nowMs, random);
  const refresh = grant.isRefreshable
    ? sealRefreshToken({ ...common, id: fresh(), scope: fullScope, expiresMs: endsMs }, ring, nowMs, random)
    : undefined;
  return {
    access_token: access,
    token_type: 'Bearer',
    expires_in: Math.floor((expiresMs - nowMs) / 1000),
    ...(refresh === undefined ? {} : { refresh_token: refresh }),
    scope: scope.join(' '),
  };
}

/** A token that was shown to the service, of one of its audiences. */
export type ShownToken =
  | { readonly kind: 'access'; readonly token: AccessToken }
  | { readonly kind: 'refresh'; readonly token: BearerToken };

/** Opens a refresh token; the audience is not in it, so each of the service's is tried. */
export function openRefresh(text: string, service: TokenService): Awaitable<BearerToken | undefined> {
  const { keeper, audiences } = service;
  const nowMs = service.clock();
  return openWith(
    keeper,
    () => keyIdOfToken(text),
    ring => firstOf(audiences, audience => openRefreshToken(text, { audience }, ring, nowMs)),
  );
}

/** Opens a token of either kind, also one that was revoked. */
export async function openShown(text: string, service: TokenService): Promise<ShownToken | undefined> {
  const { keeper, audiences } = service;
  const nowMs = service.clock();
  const access = await openWith(
    keeper,
    () => keyIdOfToken(text),
    ring => firstOf(audiences, audience => openAccessToken(text, { audience }, ring, nowMs)),
  );
  if (access !== undefined) return { kind: 'access', token: access };
  const token = await openRefresh(text, service);
  return token && { kind: 'refresh', token };
}

function firstOf<A, T>(items: readonly A[], of: (item: A) => T | undefined): T | undefined {
  for (const item of items) {
    const made = of(item);
    if (made !== undefined) return made;
  }
  return undefined;
}

/**
 * Revokes a grant or a token, here and where the others can be told.
 * @throws {OAuthError} `temporarily_unavailable` where it can't be remembered: then nothing was revoked
 */
export async function revoke(id: string, expiresMs: number, service: TokenService): Promise<void> {
  const revocation = revocationOf(id, expiresMs + service.keeper.ring().policy.skewMs);
  if (!(await service.revocations.add(revocation, service.clock())))
    throw new OAuthError('temporarily_unavailable', 'nothing more can be revoked now', { status: 503 });
  await service.announce(revocation);
}
