import { sealBearerToken } from '../bearer/bearer-token.ts';
import { type RandomSource, uuidText } from '../crypto/random.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { ringToSealWith } from '../keyring/seal.ts';
import type { Context } from '../state/context.ts';

/** What a bearer token for the user of a conversation is to be good for. */
export interface ContextBearerOptions {
  /** The service that it is for, as its `requireBearer` names it. */
  readonly audience: string;
  /** Names of the token's scope; default: none. */
  readonly scope?: string | readonly string[];
  /** From 1,000 on; default 20 min. Cut to the end of the conversation and to the ring's token life. */
  readonly lifetimeMs?: number;
}

const defaultLifetimeMs = 1_200_000;

/**
 * Makes an access token for the user of a conversation. The conversation is the token's grant, so that a node that
 * knows of its cancellation refuses the token as well.
 * @throws {Refusal} `server` where nothing may be issued now, or where user and roles are too long
 * @throws {TypeError} for an audience, scope or lifetime that can't be
 */
export function contextBearer(
  context: Context,
  { audience, scope = [], lifetimeMs = defaultLifetimeMs }: ContextBearerOptions,
  keeper: Pick<RingKeeper, 'ring' | 'stale'>,
  { nowMs, random }: { readonly nowMs: number; readonly random: RandomSource },
): string {
  if (!Number.isFinite(lifetimeMs) || lifetimeMs < 1_000)
    throw new TypeError('lifetimeMs must be a number from 1000 on');
  const ring = ringToSealWith(keeper);
  const { user, roles, tokenExpiresMs, absoluteExpiresMs } = context;
  const lifeMs = Math.min(Math.floor(lifetimeMs), ring.policy.lifeMs);
  const token = {
    id: uuidText(random),
    grant: context.id.replace('urn:uuid:', ''),
    subject: user,
    client: '',
    audience,
    scope: typeof scope === 'string' ? scope.split(' ') : scope,
    claims: roles.map(value => ({ type: 'role', value })),
    issuedMs: nowMs,
    expiresMs: Math.min(nowMs + lifeMs, tokenExpiresMs, absoluteExpiresMs),
  };
  return sealBearerToken(token, ring, nowMs, random);
}
