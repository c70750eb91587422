import { type Awaitable, after } from '../awaitable.ts';
import { uuidText } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import { contextAudienceOf } from '../policy/alternatives.ts';
import type { Context } from '../state/context.ts';
import { instanceTimes } from './context-life.ts';
import { type IssueOptions, newToken } from './issue.ts';
import { hasBegun, type Principal } from './principal.ts';
import { namesContext, type TargetToken, type TokenRequest } from './token-request.ts';
import { writeIssueResponse } from './token-response.ts';

/**
 * Renews a conversation: a new Instance with a key of its own, under the same Identifier (WS-SecureConversation 1.3
 * §5). The original claims are proved again, by the user who began it; their roles are those of now. Its absolute end
 * stays what it was, the same in all Instances: so long a Cancel of any of them is remembered.
 *
 * Its sender has proved to be a user, and learns nothing of a conversation that is not theirs: all that depends
 * on the conversation is one fault.
 * @param previous the Instance that is renewed; it may have expired
 * @returns the Body of the answer
 * @throws {Refusal} `unableToRenew` where the conversation is another user's, was renewed as often as the port lets it,
 * or must not be renewed from this Instance; `invalidRequest` for a token type or key size that the policy does not
 * allow; `server` where nothing may be issued now
 */
export function renewContext(
  request: TokenRequest,
  previous: Context,
  principal: Principal,
  options: IssueOptions,
): Awaitable<OutgoingBody> {
  const { plan, state, life, nowMs } = options;
  if (!hasBegun(principal, previous)) refuse('unableToRenew', 'renew-user');
  if (previous.renewals >= life.maxRenewals) refuse('unableToRenew', 'renew-count');
  const token = newToken(request, options);
  const context = nextInstance(token.secret, request, previous, principal, options);
  const replaced = state.replace(
    previous,
    context,
    { audience: contextAudienceOf(plan), dialect: plan.dialect },
    nowMs,
  );
  return after(replaced, text => writeIssueResponse(plan.dialect, context, { ...token, state: text }));
}

function nextInstance(
  secret: SecretKey,
  { lifetimeMs }: TokenRequest,
  previous: Context,
  { roles }: Principal,
  { life, nowMs, random }: IssueOptions,
): Context {
  return {
    ...previous,
    instance: `urn:uuid:${uuidText(random)}`,
    secret,
    roles,
    ...instanceTimes(lifetimeMs, life, previous.absoluteExpiresMs, nowMs),
    renewals: previous.renewals + 1,
  };
}

/**
 * Checks that a Renew which the conversation's key signed is a Renew of just that conversation and Instance, never of
 * one that the message merely names.
 * @throws {Refusal} `unableToRenew`
 */
export function checkRenewTarget(target: TargetToken | undefined, signer: Context): void {
  if (!namesContext(target, signer)) refuse('unableToRenew', 'renew-target');
}
