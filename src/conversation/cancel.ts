import { type Awaitable, after } from '../awaitable.ts';
import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Plan } from '../policy/plan.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { Context } from '../state/context.ts';
import type { StateMode } from '../state/state-mode.ts';
import { hasBegun, type Principal } from './principal.ts';
import { namesContext, type TokenRequest } from './token-request.ts';
import { writeCancelResponse } from './token-response.ts';

/**
 * Cancels the conversation that signed the request.
 *
 * Proof of possession must be shown (WS-SecureConversation 1.3 §6): the target must be the very context and instance
 * whose key signed, never another one that the message merely names.
 * @throws {Refusal} `invalidRequest` where the target is another context, `server` where it can't be remembered
 */
export function cancelContext(
  request: TokenRequest,
  signer: Context,
  plan: Plan,
  state: StateMode,
  nowMs: number,
): Awaitable<Cancelled> {
  if (!namesContext(request.target, signer)) return refuse('invalidRequest', 'cancel-target');
  return end(signer, plan, state, nowMs);
}

/** What a Cancel has done, and the Body of its answer. */
export interface Cancelled {
  readonly body: OutgoingBody;
  readonly cancellation: Cancellation;
}

/**
 * Cancels a conversation for who has proved to have begun it, by the bootstrap's own means: CXF's client does not sign
 * a Cancel with the conversation's key. All that depends on the conversation is one fault.
 * @param found the context that the request names; undefined where there is none
 * @throws {Refusal} `invalidRequest` where it is another's, or nobody's; `server` where it can't be remembered
 */
export function cancelOwn(
  found: Context | undefined,
  principal: Principal,
  plan: Plan,
  state: StateMode,
  nowMs: number,
): Awaitable<Cancelled> {
  if (found === undefined || principal.user === undefined || !hasBegun(principal, found))
    return refuse('invalidRequest', 'cancel-owner');
  return end(found, plan, state, nowMs);
}

function end(context: Context, plan: Plan, state: StateMode, nowMs: number): Awaitable<Cancelled> {
  return after(state.cancel(context, nowMs), cancellation => ({
    body: writeCancelResponse(plan.dialect),
    cancellation,
  }));
}
