import { gunzipSync, gzipSync } from 'node:zlib';
import { base64UrlChars, parseBase64Url } from '../crypto/base64.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import type { MachineKey } from '../machine-key/machine-key.ts';
import {
  decodeTicket,
  encodeTicket,
  type KatanaClaim,
  type KatanaTicket,
  maxTicketBytes,
  ticketDefaults,
} from './katana-ticket.ts';

/*
 * A Katana token is ticket → gzip → MachineKey.Protect → base64url without padding. What tells an access token from a
 * cookie is only its purposes.
 */

/** Specific purposes of Katana's own tokens, under `User.MachineKey.Protect`. */
export const katanaPurposes = Object.freeze({
  accessToken: Object.freeze(['Microsoft.Owin.Security.OAuth', 'Access_Token', 'v1']),
  refreshToken: Object.freeze(['Microsoft.Owin.Security.OAuth', 'Refresh_Token', 'v1']),
  authorizationCode: Object.freeze([
    'Microsoft.Owin.Security.OAuth.OAuthAuthorizationServerMiddleware',
    'Authentication_Code',
    'v1',
  ]),
});

/**
 * Purposes of the cookie that signs users in.
 * @param authenticationType `Cookies` is Katana's default, `ApplicationCookie` that of ASP.NET Identity
 */
export function katanaCookiePurposes(authenticationType: string): readonly string[] {
  return ['Microsoft.Owin.Security.Cookies.CookieAuthenticationMiddleware', authenticationType, 'v1'];
}

/** Stored blocks and headers of gzip, IV, padding and tag come to less. */
const overheadBytes = 256;
const maxTokenBytes = maxTicketBytes + overheadBytes;

/** Longest token in characters; a longer one is not looked at. */
export const maxKatanaTokenChars = base64UrlChars(maxTokenBytes);

/** The last second that .NET knows. */
const lastTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59);

/** What of a ticket is written by {@link katanaTicket}. */
export interface NewKatanaTicket {
  /** Type and value of each; the rest is as for a claim of the application itself. */
  readonly claims: readonly (Pick<KatanaClaim, 'type' | 'value'> & Partial<KatanaClaim>)[];
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** Default `Bearer`. */
  readonly authenticationType?: string;
  /** Added to `.issued` and `.expires`. */
  readonly properties?: Readonly<Record<string, string>>;
}

/**
 * Makes a ticket with Katana's defaults. Its times are whole seconds, what is behind the second is cut.
 * @throws {TypeError} for times that are none: .NET would take the token for one without an end
 */
export function katanaTicket({
  claims,
  issuedMs,
  expiresMs,
  authenticationType = 'Bearer',
  properties = {},
}: NewKatanaTicket): KatanaTicket {
  const { nameClaimType, roleClaimType, valueType, issuer } = ticketDefaults;
  const times = { '.issued': timeText(issuedMs), '.expires': timeText(expiresMs) };
  return {
    authenticationType,
    nameClaimType,
    roleClaimType,
    claims: claims.map(claim => ({ valueType, issuer, originalIssuer: claim.issuer ?? issuer, ...claim })),
    bootstrapToken: undefined,
    properties: new Map(Object.entries({ ...properties, ...times })),
  };
}

function timeText(timeMs: number): string {
  if (!(timeMs >= 0 && timeMs <= lastTimeMs)) throw new TypeError('time is out of range');
  return new Date(timeMs).toUTCString();
}

/**
 * Writes a token.
 * @returns base64url
 * @throws {TypeError} and {RangeError} as {@link encodeTicket}
 */
export function sealKatanaToken(
  ticket: KatanaTicket,
  purposes: readonly string[],
  key: MachineKey,
  random: RandomSource = systemRandom,
): string {
  return key.protect(gzipSync(encodeTicket(ticket)), purposes, random).toString('base64url');
}

/** A token that was opened. */
export interface KatanaToken {
  readonly ticket: KatanaTicket;
  /** Id of the machineKey that opened it. */
  readonly keyId: string;
  /** Undefined where the ticket does not say. */
  readonly issuedMs: number | undefined;
  readonly expiresMs: number | undefined;
}

/** A token that is valid now. */
export interface ValidKatanaToken extends KatanaToken {
  readonly expiresMs: number;
}

/**
 * Opens a token and checks that it is valid.
 *
 * Stricter than Katana, which takes a token without an end for one without limit: that is refused, and so is an
 * identity without an authentication type, which .NET takes for nobody. The second that `.expires` names is over when
 * it begins, as in .NET.
 *
 * @param keys tried one after the other, MAC first
 * @returns undefined for every failure alike: changed, cut, unknown key, other purposes, no ticket, expired
 */
export function openKatanaToken(
  text: string,
  purposes: readonly string[],
  keys: readonly MachineKey[],
  nowMs: number,
): ValidKatanaToken | undefined {
  const token = readKatanaToken(text, purposes, keys);
  if (token?.expiresMs === undefined || nowMs >= token.expiresMs) return undefined;
  return token.ticket.authenticationType === '' ? undefined : { ...token, expiresMs: token.expiresMs };
}

/**
 * Opens a token whatever its times are: to look at it, not to trust it.
 * @returns undefined as {@link openKatanaToken}, but for expired ones
 */
export function readKatanaToken(
  text: string,
  purposes: readonly string[],
  keys: readonly MachineKey[],
): KatanaToken | undefined {
  const opened = unprotected(text, purposes, keys);
  return opened && tokenOf(opened.compressed, opened.keyId);
}

/** Id of the machineKey that opens a token, whatever is in it; undefined where none does. */
export function keyIdOfKatanaToken(
  text: string,
  purposes: readonly string[],
  keys: readonly MachineKey[],
): string | undefined {
  return unprotected(text, purposes, keys)?.keyId;
}

function unprotected(text: string, purposes: readonly string[], keys: readonly MachineKey[]) {
  const sealed = parseBase64Url(text, { minBytes: 0, maxBytes: maxTokenBytes });
  if (sealed === undefined) return undefined;
  for (const key of keys) {
    const compressed = key.unprotect(sealed, purposes);
    if (compressed !== undefined) return { compressed, keyId: key.id };
  }
  return undefined;
}

function tokenOf(compressed: Buffer, keyId: string): KatanaToken | undefined {
  const bytes = inflated(compressed);
  const ticket = bytes && decodeTicket(bytes);
  if (ticket === undefined) return undefined;
  const [issuedMs, expiresMs] = ['.issued', '.expires'].map(name => timeOf(ticket.properties.get(name)));
  if (Number.isNaN(issuedMs) || Number.isNaN(expiresMs)) return undefined;
  return { ticket, keyId, issuedMs, expiresMs };
}

/** zlib stops at the limit, so that a bomb costs no more memory than the largest ticket. */
function inflated(compressed: Buffer): Buffer | undefined {
  try {
    return gunzipSync(compressed, { maxOutputLength: maxTicketBytes });
  } catch {
    return undefined;
  }
}

/**
 * A time as RFC 1123 writes it, the only form that .NET takes here; what .NET does not take it counts as missing, so a
 * token that never ends could be made by a typing error.
 * @returns undefined where there is none, NaN where it is no such time
 */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) || new Date(timeMs).toUTCString() !== text ? Number.NaN : timeMs;
}
