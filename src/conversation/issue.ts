import { type Awaitable, after } from '../awaitable.ts';
import { computedKey } from '../crypto/psha1.ts';
import { type RandomSource, uuidText } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Plan } from '../policy/plan.ts';
import type { AuthenticationMethod, Context } from '../state/context.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { TokenRequest } from './token-request.ts';
import { writeIssueResponse } from './token-response.ts';

/** Who a bootstrap proved to come from. */
export interface Principal {
  readonly user: string;
  readonly roles: readonly string[];
  readonly authenticatedBy: AuthenticationMethod;
}

/** What an Issue needs beside the request. */
export interface IssueOptions {
  readonly plan: Plan;
  readonly state: StateMode;
  /** Life of the token; the requested Lifetime is not used. */
  readonly lifetimeMs: number;
  readonly nowMs: number;
  readonly random: RandomSource;
}

/** The end that no renewal passes: the user proves themselves again at least this often. */
const absoluteLifeMs = 12 * 3_600_000;

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
  const { plan, nowMs, random } = options;
  if (request.tokenType !== undefined && request.tokenType !== plan.dialect.sct)
    refuse('invalidRequest', 'rst-token-type');
  const keySizeBits = checkedKeySize(request.keySizeBits, plan);
  // WCF's RST without Entropy wants the service to make the whole key; a policy with RequireClientEntropy does not
  // allow that.
  if (request.entropy === undefined && plan.entropy.client) refuse('invalidRequest', 'rst-entropy-missing');
  const serverShare = random(Math.max(32, keySizeBits / 8));
  const key = request.entropy
    ? computedKey(request.entropy, serverShare, keySizeBits)
    : serverShare.subarray(0, keySizeBits / 8);
  const context = newContext(key, principal, options);
  const wsuId = `sct-${uuidText(random)}`;
  const proof = request.entropy ? { entropy: serverShare } : { key };
  const issued = options.state.issue(context, { audience: plan.audience, dialect: plan.dialect }, nowMs);
  return after(issued, state => writeIssueResponse(plan.dialect, context, { wsuId, state, keySizeBits, proof }));
}

/**
 * The key size that is issued: what was asked for, where the suite allows it (WS-SecurityPolicy §6.1), else the suite's
 * own.
 */
function checkedKeySize(askedBits: number | undefined, plan: Plan): number {
  const { suite } = plan;
  const bits = askedBits ?? suite.defaultKeyBits;
  if (bits % 8 !== 0 || bits < suite.minKeyBits || bits > suite.maxKeyBits)
    return refuse('invalidRequest', 'rst-key-size');
  return bits;
}

function newContext(key: Uint8Array, principal: Principal, { lifetimeMs, nowMs, random }: IssueOptions): Context {
  const expiresMs = nowMs + lifetimeMs;
  return {
    id: `urn:uuid:${uuidText(random)}`,
    instance: undefined,
    secret: new SecretKey(key),
    ...principal,
    credential: undefined,
    createdMs: nowMs,
    keyEffectiveMs: nowMs,
    keyExpiresMs: expiresMs,
    tokenExpiresMs: expiresMs,
    absoluteExpiresMs: nowMs + Math.max(lifetimeMs, absoluteLifeMs),
    renewals: 0,
    userEpoch: 0,
  };
}
