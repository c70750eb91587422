import { base64UrlChars, parseBase64Url } from '../crypto/base64.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { KeyRing } from '../keyring/ring.ts';
import { keyIdOfSeal, open, overheadBytes, type SealBinding, seal, sealingKey } from '../keyring/seal.ts';
import { isWellFormed } from '../xml/characters.ts';
import { decodeToken, encodeToken, maxTokenBytes, minTokenBytes, type TokenContent } from './bearer-codec.ts';

export type { Claim } from './bearer-codec.ts';

/*
 * A bearer token is a plaintext of bearer-codec.ts in the envelope of keyring/seal.ts, written as base64url without
 * padding. It has a purpose of its own, so that a conversation's state never opens as a bearer token, nor an access
 * token as a refresh token; and it is bound to its audience, which must be known to open it.
 */

/** A token that anyone who has it may use (RFC 6750). Times are milliseconds since the epoch. */
export interface BearerToken extends TokenContent {
  /** The service, or group of services, that it is for. */
  readonly audience: string;
}

/** Where a token was found. */
export interface BearerBinding {
  readonly audience: string;
}

const accessPurpose = 'bearer-token';
const refreshPurpose = 'refresh-token';
const maxAudienceBytes = 512;

/** Longest token in characters; a longer one is not looked at. */
export const maxTokenChars = base64UrlChars(overheadBytes + maxTokenBytes);

/** True for an audience that a token may have: 1 to 512 bytes of well-formed text. */
export function isAudience(audience: string): boolean {
  const bytes = Buffer.byteLength(audience);
  return bytes > 0 && bytes <= maxAudienceBytes && isWellFormed(audience);
}

/**
 * Seals an access token.
 * @param random source of the seal's salt. Default: the operating system's
 * @returns base64url
 * @throws {Refusal} `server` where no key issues now, where the token would outlive its key, and where its texts are
 * too long together
 * @throws {TypeError} for a token that can't be, see {@link encodeToken}, and for an audience that is empty or has more
 * than 512 bytes
 */
export function sealBearerToken(
  token: BearerToken,
  ring: KeyRing,
  nowMs: number,
  random: RandomSource = systemRandom,
): string {
  return sealToken(token, accessPurpose, ring, nowMs, random);
}

/**
 * Opens an access token.
 * @returns undefined for every failure alike: not base64url, unknown key, other farm, audience or purpose, changed
 * bytes, expired, not valid yet
 */
export function openBearerToken(
  text: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): BearerToken | undefined {
  return openToken(text, accessPurpose, binding, ring, nowMs);
}

/** Seals a refresh token (RFC 6749 §1.5); else like {@link sealBearerToken}. */
export function sealRefreshToken(token: BearerToken, ring: KeyRing, nowMs: number, random: RandomSource): string {
  return sealToken(token, refreshPurpose, ring, nowMs, random);
}

/** Opens a refresh token; else like {@link openBearerToken}. */
export function openRefreshToken(
  text: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): BearerToken | undefined {
  return openToken(text, refreshPurpose, binding, ring, nowMs);
}

/**
 * Opens an access token whatever its times are: to look at it, not to trust it.
 * @returns undefined as {@link openBearerToken}, but for those that have ended or are not valid yet
 */
export function readBearerToken(
  text: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): BearerToken | undefined {
  return readToken(text, accessPurpose, binding, ring, nowMs);
}

/** Opens a refresh token whatever its times are; else like {@link readBearerToken}. */
export function readRefreshToken(
  text: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): BearerToken | undefined {
  return readToken(text, refreshPurpose, binding, ring, nowMs);
}

/** Whether a text opens as an access or a refresh token, whatever is in it. */
export function isSealedToken(text: string, binding: BearerBinding, ring: KeyRing, nowMs: number): boolean {
  return [accessPurpose, refreshPurpose].some(
    purpose => plaintextOf(text, purpose, binding, ring, nowMs) !== undefined,
  );
}

/**
 * Id of the ring key that a token says it was sealed with, as 16 hex digits; undefined for anything that is no sealed
 * token.
 */
export function keyIdOfToken(text: string): string | undefined {
  const sealed = sealedBytes(text);
  return sealed && keyIdOfSeal(sealed);
}

function sealToken(token: BearerToken, purpose: string, ring: KeyRing, nowMs: number, random: RandomSource): string {
  if (!isAudience(token.audience)) throw new TypeError('an audience has 1 to 512 bytes of well-formed Unicode');
  const key = sealingKey(ring, token.expiresMs, nowMs);
  const plaintext = encodeToken(token) ?? refuse('server', 'token-too-large');
  return seal(plaintext, bindingOf(purpose, token), ring.farm, key, random).toString('base64url');
}

function openToken(
  text: string,
  purpose: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): BearerToken | undefined {
  const token = readToken(text, purpose, binding, ring, nowMs);
  return token !== undefined && isValidAt(token, ring.policy.skewMs, nowMs) ? token : undefined;
}

function readToken(
  text: string,
  purpose: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): BearerToken | undefined {
  const plaintext = plaintextOf(text, purpose, binding, ring, nowMs);
  const content = plaintext && decodeToken(plaintext);
  return content && { ...content, audience: binding.audience };
}

function plaintextOf(
  text: string,
  purpose: string,
  binding: BearerBinding,
  ring: KeyRing,
  nowMs: number,
): Buffer | undefined {
  if (!isAudience(binding.audience)) return undefined;
  const sealed = sealedBytes(text);
  return sealed && open(sealed, bindingOf(purpose, binding), ring, nowMs);
}

function bindingOf(purpose: string, { audience }: BearerBinding): SealBinding {
  return { purpose, names: [audience] };
}

/** Of what a token is the text of. */
const sealedBounds = { minBytes: overheadBytes + minTokenBytes, maxBytes: overheadBytes + maxTokenBytes };

function sealedBytes(text: string): Buffer | undefined {
  return parseBase64Url(text, sealedBounds);
}

/**
 * It ends to the millisecond; it begins a clock difference early, since the clock of the node that issued it may be
 * ahead.
 */
function isValidAt({ issuedMs, expiresMs }: TokenContent, skewMs: number, nowMs: number): boolean {
  return issuedMs <= nowMs + skewMs && nowMs < expiresMs;
}
