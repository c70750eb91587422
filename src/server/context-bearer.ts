import { sealBearerToken } from '../bearer/bearer-token.ts';
import { audience, scope, usualTokenLifeMs } from '../bearer/token-fields.ts';
import { type RandomSource, uuidText } from '../crypto/random.ts';
import { type Describes, object, where } from '../fields.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { ringAtHand } from '../keyring/seal.ts';
import type { Context } from '../state/context.ts';

/** Of a conversation, what a bearer token for its user says and ends by. */
export type BearerContext = Pick<Context, 'id' | 'user' | 'roles' | 'tokenExpiresMs' | 'absoluteExpiresMs'>;

/** What a bearer token for the user of a conversation is to be good for. */
export interface ContextBearerOptions {
  /** The API that the token is for, as its `requireBearer` names it. 1 to 512 bytes. */
  readonly audience: string;
  /** The uses that the token allows. Default: none. */
  readonly scope?: string | readonly string[];
  /**
   * Life of the token; cut to the end of the conversation, and to the token life of the ring. From 1,000 (1 s);
   * default: 1,200,000 (20 min).
   */
  readonly lifetimeMs?: number;
}

const leastLifetimeMs = 1_000;

/** Reads what is given of {@link ContextBearerOptions}. */
export const contextBearerOptions = object({
  audience: { is: audience, required: true, means: 'The API that the token is for, as its `requireBearer` names it.' },
  scope: { is: scope, default: [], means: 'The uses that the token allows.' },
  lifetimeMs: {
    is: where<number>(
      { type: 'number', unit: 'ms', range: 'from 1,000 (1 s)' },
      value => Number.isFinite(value) && Number(value) >= leastLifetimeMs,
      `must be a number from ${leastLifetimeMs} on`,
    ),
    default: usualTokenLifeMs,
    means: 'Life of the token; cut to the end of the conversation, and to the token life of the ring.',
  },
} satisfies Describes<ContextBearerOptions>);

/** It is the operation that is wrong, not a configuration. */
const place = { of: 'bearerToken', path: '', manner: { error: (sentence: string) => new TypeError(sentence) } };

/**
 * Makes an access token for the user of a conversation. The conversation is the token's grant, so that a node that
 * knows of its cancellation refuses the token as well.
 * @throws {Refusal} `server` where nothing may be issued now, or where user and roles are too long
 * @throws {TypeError} naming an option that can't be; for an anonymous conversation
 */
export function contextBearer(
  context: BearerContext,
  options: ContextBearerOptions,
  keeper: Pick<RingKeeper, 'ring' | 'stale'>,
  { nowMs, random }: { readonly nowMs: number; readonly random: RandomSource },
): string {
  const { audience, scope, lifetimeMs } = contextBearerOptions.read(options, place);
  const ring = ringAtHand(keeper);
  const { user, roles, tokenExpiresMs, absoluteExpiresMs } = context;
  if (user === undefined) throw new TypeError('an anonymous conversation has no user that a token could be for');
  const lifeMs = Math.min(Math.floor(lifetimeMs), ring.policy.lifeMs);
  const token = {
    id: uuidText(random),
    grant: context.id.replace('urn:uuid:', ''),
    subject: user,
    client: '',
    audience,
    scope,
    claims: roles.map(value => ({ type: 'role', value })),
    issuedMs: nowMs,
    expiresMs: Math.min(nowMs + lifeMs, tokenExpiresMs, absoluteExpiresMs),
  };
  return sealBearerToken(token, ring, nowMs, random);
}
