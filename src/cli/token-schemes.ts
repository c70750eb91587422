import {
  type BearerBinding,
  type BearerToken,
  keyIdOfToken,
  readBearerToken,
  readRefreshToken,
} from '../bearer/bearer-token.ts';
import { ticketName } from '../bearer/katana-ticket.ts';
import { type KatanaToken, katanaCookiePurposes, katanaPurposes, readKatanaToken } from '../bearer/katana-token.ts';
import { shortId } from '../keyring/named-key.ts';
import type { KeyRing } from '../keyring/ring.ts';
import type { MachineKey } from '../machine-key/machine-key.ts';
import { ofAge, type TokenProblem } from './token-age.ts';

/** What tokens are opened with, and for whom. */
export interface TokenKeys {
  readonly machineKeys: readonly MachineKey[];
  readonly ring: KeyRing | undefined;
  /** Audience of the ring's own tokens. */
  readonly audience: string | undefined;
  /** Authentication types of Katana's cookies. */
  readonly cookies: readonly string[];
}

/** What there is to say about a token that was opened. */
export interface TokenReport {
  readonly scheme: string;
  /** `machineKey 1a2b3c4d`. */
  readonly key: string;
  readonly issuedMs: number | undefined;
  readonly expiresMs: number | undefined;
  /** What belongs to the scheme: name, audience, scope. */
  readonly details: Readonly<Record<string, string>>;
  readonly claims: readonly TokenClaim[];
  readonly properties: ReadonlyMap<string, string>;
  /** Why a server would refuse it all the same. */
  readonly problem: TokenProblem | undefined;
}

/** The last three where the scheme has them. */
export interface TokenClaim {
  readonly type: string;
  readonly value: string;
  readonly valueType?: string;
  readonly issuer?: string;
  readonly originalIssuer?: string;
}

type ReadToken = (text: string, keys: TokenKeys, nowMs: number) => TokenReport | undefined;

/** What Katana's own tokens are protected for, by scheme. */
export const katanaSchemes: Readonly<Record<string, (keys: TokenKeys) => readonly (readonly string[])[]>> = {
  'Katana access token': () => [katanaPurposes.accessToken],
  'Katana refresh token': () => [katanaPurposes.refreshToken],
  'Katana authorization code': () => [katanaPurposes.authorizationCode],
  'Katana cookie': ({ cookies }) => cookies.map(katanaCookiePurposes),
};

/** How a token of each scheme is read. The first that opens it says what it is. */
const readers: readonly ReadToken[] = [
  ...Object.keys(katanaSchemes).map(katana),
  sealed('bearer token', readBearerToken),
  sealed('refresh token', readRefreshToken),
];

/** Reads a token of any scheme; undefined where none opens it. */
export function readToken(text: string, keys: TokenKeys, nowMs: number): TokenReport | undefined {
  for (const read of readers) {
    const report = read(text, keys, nowMs);
    if (report !== undefined) return report;
  }
  return undefined;
}

function katana(scheme: string): ReadToken {
  return (text, keys, nowMs) => {
    for (const purposes of katanaSchemes[scheme]?.(keys) ?? []) {
      const token = readKatanaToken(text, purposes, keys.machineKeys);
      if (token !== undefined) return katanaReport(scheme, token, nowMs);
    }
    return undefined;
  };
}

function katanaReport(scheme: string, token: KatanaToken, nowMs: number): TokenReport {
  const { ticket, keyId, issuedMs, expiresMs } = token;
  const { authenticationType, bootstrapToken, claims, properties } = ticket;
  const name = ticketName(ticket);
  return {
    scheme,
    key: `machineKey ${shortId(keyId)}`,
    issuedMs,
    expiresMs,
    details: {
      authenticationType,
      ...(name === undefined ? {} : { name }),
      // It is a token itself, and a thief may be able to use it.
      ...(bootstrapToken === undefined ? {} : { bootstrapToken: `${bootstrapToken.length} characters, not shown` }),
    },
    claims,
    properties,
    problem: katanaProblem(token, nowMs),
  };
}

function katanaProblem({ ticket, expiresMs }: KatanaToken, nowMs: number): TokenProblem | undefined {
  if (expiresMs === undefined)
    return {
      says: 'the token has no end, and such a one is not accepted',
      todo: 'have its application set the time at which tickets expire (ExpiresUtc)',
    };
  if (ticket.authenticationType === '')
    return {
      says: 'the token has no authentication type, so it speaks for nobody',
      todo: 'have its application make the identity with an authentication type',
    };
  return ofAge(undefined, expiresMs, nowMs);
}

type ReadSealed = (text: string, binding: BearerBinding, ring: KeyRing, nowMs: number) => BearerToken | undefined;

function sealed(scheme: string, read: ReadSealed): ReadToken {
  return (text, { ring, audience }, nowMs) => {
    if (ring === undefined || audience === undefined) return undefined;
    const token = read(text, { audience }, ring, nowMs);
    const problem = token && ofAge(token.issuedMs, token.expiresMs, nowMs, ring.policy.skewMs);
    return token && { ...sealedReport(scheme, token, text), problem };
  };
}

function sealedReport(scheme: string, token: BearerToken, text: string): Omit<TokenReport, 'problem'> {
  const { subject, audience, scope, client, id, grant, claims, issuedMs, expiresMs } = token;
  return {
    scheme,
    key: `ring key ${shortId(keyIdOfToken(text) ?? '')}`,
    issuedMs,
    expiresMs,
    details: { subject, audience, scope: scope.join(' '), ...(client === '' ? {} : { client }), id, grant },
    claims,
    properties: new Map(),
  };
}
