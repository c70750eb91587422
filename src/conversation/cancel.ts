import { type Awaitable, after } from '../awaitable.ts';
import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Plan } from '../policy/plan.ts';
import type { Cancellation } from '../state/cancellation.ts';
import type { Context } from '../state/context.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { TokenRequest } from './token-request.ts';
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
): Awaitable<{ readonly body: OutgoingBody; readonly cancellation: Cancellation }> {
  const { target } = request;
  const sameInstance = target?.instance === undefined || target.instance === signer.instance;
  if (target?.id !== signer.id || !sameInstance) return refuse('invalidRequest', 'cancel-target');
  return after(state.cancel(signer, nowMs), cancellation => ({
    body: writeCancelResponse(plan.dialect),
    cancellation,
  }));
}
