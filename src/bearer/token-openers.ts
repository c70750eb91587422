import type { KeyRing } from '../keyring/ring.ts';
import { type Claim, isScopeName } from './bearer-codec.ts';
import { type BearerBinding, openBearerToken } from './bearer-token.ts';
import { ticketName } from './katana-ticket.ts';
import { katanaPurposes, openKatanaToken } from './katana-token.ts';

/** What an access token says, whichever kind it is of. Times are milliseconds since the epoch. */
export interface AccessToken {
  /** Names by which it may be revoked; undefined where its kind has none. */
  readonly id: string | undefined;
  readonly grant: string | undefined;
  /** What it is for; undefined where its kind does not say, then it is for all that take it. */
  readonly audience: string | undefined;
  /** Whom it speaks for; '' where a Katana ticket names nobody. */
  readonly subject: string;
  /** Client that asked for it; '' where it was no client's or its kind does not say. */
  readonly client: string;
  readonly scope: readonly string[];
  readonly claims: readonly Claim[];
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** One kind of access token. Opening is total: any text gives a token or undefined. */
export interface TokenOpener {
  readonly kind: string;
  open(text: string, binding: BearerBinding, ring: KeyRing, nowMs: number): AccessToken | undefined;
}

/**
 * The kinds of access tokens that are accepted, in the order in which they are tried: nothing in a token says which
 * kind it is.
 */
export const tokenOpeners: readonly TokenOpener[] = [
  { kind: 'sealed', open: openBearerToken },
  { kind: 'katana', open: openKatanaAccess },
];

/** Types of the claims that applications on Katana put a scope into. */
const katanaScopeTypes: ReadonlySet<string> = new Set(['urn:oauth:scope', 'scope']);

/**
 * An access token of Katana, under any machineKey of the ring; there are no others where none was imported. It has no
 * audience.
 */
function openKatanaAccess(text: string, _: BearerBinding, ring: KeyRing, nowMs: number): AccessToken | undefined {
  const token = openKatanaToken(text, katanaPurposes.accessToken, ring.machineKeys, nowMs);
  if (token === undefined) return undefined;
  const claims = token.ticket.claims.map(({ type, value }) => ({ type, value }));
  const scope = claims.filter(({ type }) => katanaScopeTypes.has(type)).flatMap(({ value }) => value.split(' '));
  return {
    id: undefined,
    grant: undefined,
    audience: undefined,
    subject: ticketName(token.ticket) ?? '',
    client: '',
    scope: [...new Set(scope.filter(isScopeName))],
    claims,
    issuedMs: token.issuedMs ?? nowMs,
    expiresMs: token.expiresMs,
  };
}

/**
 * Opens an access token of any kind.
 * @returns undefined for every failure alike
 */
export function openAccessToken(
  text: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): AccessToken | undefined {
  for (const { open } of tokenOpeners) {
    const token = open(text, binding, ring, nowMs);
    if (token !== undefined) return token;
  }
  return undefined;
}
