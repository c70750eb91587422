/** Which operation of a port a message means, as far as a policy lets it be known. */
import { isDeepStrictEqual } from 'node:util';
import type { Element } from '@xmldom/xmldom';
import { failAt } from './document.ts';
import { isListed, type OperationPlan, type Plan } from './plan.ts';

type Dispatched = Pick<Plan, 'operations' | 'addressing' | 'transport'>;

/** The action that a request of an operation names: wsa:Action, or SOAPAction where there is no WS-Addressing. */
export function actionOf({ addressing }: Pick<Plan, 'addressing'>, operation: OperationPlan): string {
  return addressing === undefined ? operation.soapAction : operation.inputAction;
}

/**
 * Checks that each operation can be known by what is verified of its request: by the Body, or by an action that nobody
 * on the way can change. The plan that a request is held to must be known before its Body is decrypted.
 * @param at the binding, for the error
 * @throws {SecureConversationError} POLICY_UNSUPPORTED naming two operations that can't be told apart
 */
export function checkToldApart(plan: Dispatched, at: Element): void {
  plan.operations.forEach((one, index) => {
    for (const other of plan.operations.slice(index + 1)) {
      const reason = confusion(plan, one, other);
      if (reason !== undefined) failAt('POLICY_UNSUPPORTED', at, `operations ${one.name} and ${other.name} ${reason}`);
    }
  });
}

function confusion(plan: Dispatched, one: OperationPlan, other: OperationPlan): string | undefined {
  const hasOwnActions = isToldByAction(plan, one, other);
  const sameBody = one.input.namespace === other.input.namespace && one.input.local === other.input.local;
  if (sameBody && !(hasOwnActions && [one, other].every(operation => isActionKept(plan, operation))))
    return 'have the same Body, and no action that is signed or protected by TLS tells them apart';
  const isHidden = one.request.encrypted.body || other.request.encrypted.body;
  if (hasOwnActions || !isHidden || isDeepStrictEqual(protectionOf(one), protectionOf(other))) return undefined;
  return 'are protected differently, and no action tells them apart before their Body is decrypted';
}

/** A SOAPAction may be empty, also where the binding has one: CXF's clients can be told so. */
function isToldByAction(plan: Dispatched, one: OperationPlan, other: OperationPlan): boolean {
  const actions = [actionOf(plan, one), actionOf(plan, other)];
  return actions[0] !== actions[1] && !actions.includes('');
}

function isActionKept({ addressing, transport }: Dispatched, { request }: OperationPlan): boolean {
  if (transport === 'https') return true;
  if (addressing === undefined) return false;
  return isListed({ namespace: addressing.namespace, local: 'Action' }, request.signed.headers);
}

/**
 * Whether an answer of the port, sent back to it, could be a request: they have one key and one Body, and neither the
 * Action that is signed nor a signed To, which no answer of ours has, tells them apart.
 */
export function mayAnswerBeRequest({ operations, addressing }: Pick<Plan, 'operations' | 'addressing'>): boolean {
  const isToldApart = (
    { request: { protection, signed }, inputAction }: OperationPlan,
    { outputAction }: OperationPlan,
  ) => {
    if (protection.kind === 'transport') return true;
    if (addressing === undefined) return false;
    const isSigned = (local: string) => isListed({ namespace: addressing.namespace, local }, signed.headers);
    return isSigned('To') || (isSigned('Action') && inputAction !== outputAction);
  };
  return operations.some(asked =>
    operations.some(answered => isDeepStrictEqual(answered.output, asked.input) && !isToldApart(asked, answered)),
  );
}

function protectionOf({ request, response }: OperationPlan) {
  return { request, response };
}
