import { refuse } from '../errors.ts';
import type { OutgoingBody } from '../message/sent-body.ts';
import type { Plan } from '../policy/plan.ts';
import type { FoundState } from '../state/state-mode.ts';
import { hasBegun, type Principal } from './principal.ts';
import { namesContext, type TokenRequest } from './token-request.ts';
import { writeStatusResponse } from './token-response.ts';

/**
 * Says whether the conversation that signed the request can be called in now (WS-Trust 1.3 §7). The target must be the
 * very context and Instance whose key signed, as in a Cancel: nobody learns anything of another one.
 * @param signer as it was found: unknown and cancelled conversations have no key that could sign
 * @returns the Body of the answer
 * @throws {Refusal} `invalidRequest` where the target is another context, or a token is asked for
 */
export function validateSigner(request: TokenRequest, signer: FoundState, { dialect }: Plan): OutgoingBody {
  checkStatusOnly(request, dialect.statusType);
  if (!namesContext(request.target, signer.context)) return refuse('invalidRequest', 'validate-target');
  return writeStatusResponse(dialect, signer.isExpired !== true);
}

/**
 * Says whether a token, whole as it was issued, is one that its user can call with now. Unknown, changed, expired,
 * cancelled and another user's are one answer: who asks has proved to be a user, and learns of none but their own.
 * @param found what the target's token opened as; undefined for none that can be used
 * @throws {Refusal} `invalidRequest` where a token is asked for
 */
export function validateTarget(
  request: TokenRequest,
  found: FoundState | undefined,
  principal: Principal,
  { dialect }: Plan,
): OutgoingBody {
  checkStatusOnly(request, dialect.statusType);
  return writeStatusResponse(dialect, found !== undefined && !found.isExpired && hasBegun(principal, found.context));
}

/** Nothing is issued for a token that is shown: what answers a Validate is its status alone. */
function checkStatusOnly({ tokenType }: TokenRequest, statusType: string | undefined): void {
  if (tokenType !== undefined && tokenType !== statusType) refuse('invalidRequest', 'rst-token-type');
}
