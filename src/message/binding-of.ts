import { ConfigurationError } from '../errors.ts';
import type { MessagePlan } from '../policy/plan.ts';
import type { Binding } from './binding.ts';
import { symmetricBinding, unsupportedIn } from './symmetric-binding.ts';
import { transportBinding } from './transport-binding.ts';

/** Of plans that messages have had; a plan does not change. */
const bindings = new WeakMap<MessagePlan, Binding>();

/**
 * What the binding of a plan means. A plan that this version can neither write nor check is refused; the policy
 * compiler refuses its policy before a message comes.
 *
 * @throws {SecureConversationError} `POLICY_UNSUPPORTED`
 */
export function bindingOf(plan: MessagePlan): Binding {
  const known = bindings.get(plan);
  if (known !== undefined) return known;
  checkSupported(plan);
  const made = plan.protection.kind === 'transport' ? transportBinding(plan) : symmetricBinding(plan);
  bindings.set(plan, made);
  return made;
}

function checkSupported(plan: MessagePlan): void {
  const { protection, encrypted } = plan;
  const unsupported = protection.kind === 'transport' ? undefined : unsupportedIn(plan, protection);
  const reason = unsupported ?? (encrypted.headers.length === 0 ? undefined : 'encrypted headers');
  if (reason !== undefined) throw new ConfigurationError('POLICY_UNSUPPORTED', `not supported in a message: ${reason}`);
}
