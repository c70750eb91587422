import { type Awaitable, after } from '../awaitable.ts';
import { computedKey } from '../crypto/psha1.ts';
import { type RandomSource, uuidText } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { contextAudienceOf } from '../policy/alternatives.ts';
import type { ConversationPlan } from '../policy/plan.ts';
import type { Context } from '../state/context.ts';
import type { StateMode } from '../state/state-mode.ts';
import { absoluteEnd, type ContextLife, instanceTimes } from './context-life.ts';
import type { Principal } from './principal.ts';
import type { TokenRequest } from './token-request.ts';
import { type IssuedToken, writeIssueResponse } from './token-response.ts';

/** What an Issue or a Renew needs beside the request. */
export interface IssueOptions {
  readonly plan: ConversationPlan;
  readonly state: StateMode;
  readonly life: ContextLife;
  readonly nowMs: number;
  readonly random: RandomSource;
}

/**
 * Issues a SecurityContextToken for an authenticated bootstrap (WS-SecureConversation 1.3 §3).
 * @returns the Body of the answer
 * @throws {Refusal} `invalidRequest` for a token type, key size or entropy that the policy does not allow; `server`
 * where nothing may be issued now (no usable key)
 */
export function issueContext(
  request: TokenRequest,
  principal: Principal,
  options: IssueOptions,
): Awaitable<OutgoingBody> {
  const { plan, nowMs } = options;
  // WCF's RST without Entropy wants the service to make the whole key; a policy with RequireClientEntropy does not
  // allow that.
  if (request.entropy === undefined && plan.entropy.client) refuse('invalidRequest', 'rst-entropy-missing');
  const token = newToken(request, options);
  const context = newContext(token.secret, request, principal, options);
  const issued = options.state.issue(context, { audience: contextAudienceOf(plan), dialect: plan.dialect }, nowMs);
  return after(issued, state => writeIssueResponse(plan.dialect, context, { ...token, state }));
}

/** A token that is made: what the answer says of it, and its secret. */
export interface NewToken extends Omit<IssuedToken, 'state'> {
  readonly secret: SecretKey;
}

/**
 * Makes the key of a new token, by P_SHA1 of both sides' entropy; without the initiator's it is all ours.
 * @throws {Refusal} `invalidRequest` for a token type or key size that the policy does not allow
 */
export function newToken(request: TokenRequest, { plan, random }: IssueOptions): NewToken {
  if (request.tokenType !== undefined && request.tokenType !== plan.dialect.sct)
    refuse('invalidRequest', 'rst-token-type');
  const keySizeBits = checkedKeySize(request.keySizeBits, plan);
  const serverShare = random(Math.max(32, keySizeBits / 8));
  const key = request.entropy
    ? computedKey(request.entropy, serverShare, keySizeBits)
    : serverShare.subarray(0, keySizeBits / 8);
  const proof = request.entropy ? { entropy: serverShare } : { key };
  return { wsuId: `sct-${uuidText(random)}`, keySizeBits, proof, secret: new SecretKey(key) };
}

/**
 * The key size that is issued: what was asked for, where the suite allows it (WS-SecurityPolicy §6.1), else the suite's
 * own.
 */
function checkedKeySize(askedBits: number | undefined, plan: ConversationPlan): number {
  const { suite } = plan;
  const bits = askedBits ?? suite.defaultKeyBits;
  if (bits % 8 !== 0 || bits < suite.minKeyBits || bits > suite.maxKeyBits)
    return refuse('invalidRequest', 'rst-key-size');
  return bits;
}

function newContext(
  secret: SecretKey,
  { lifetimeMs }: TokenRequest,
  principal: Principal,
  { life, nowMs, random }: IssueOptions,
): Context {
  const absoluteExpiresMs = absoluteEnd(life, nowMs);
  return {
    id: `urn:uuid:${uuidText(random)}`,
    instance: undefined,
    secret,
    ...principal,
    createdMs: nowMs,
    ...instanceTimes(lifetimeMs, life, absoluteExpiresMs, nowMs),
    absoluteExpiresMs,
    renewals: 0,
    userEpoch: 0,
  };
}
