import { ConfigurationError } from '../errors.ts';
import { type MessagePlan, signersOf, type TokenUse } from '../policy/plan.ts';
import { securityLimits } from '../security/grammar.ts';
import { supportingTokens } from '../security/supporting-tokens.ts';
import { asymmetricBinding, unsupportedBesideCertificates } from './asymmetric-binding.ts';
import type { Binding } from './binding.ts';
import { noBinding } from './no-binding.ts';
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
  const made = makeBinding(plan);
  bindings.set(plan, made);
  return made;
}

function makeBinding(plan: MessagePlan): Binding {
  const { protection } = plan;
  if (protection.kind === 'none') return noBinding;
  if (protection.kind === 'transport') return transportBinding(plan);
  return protection.kind === 'symmetric' ? symmetricBinding(plan) : asymmetricBinding(plan, protection);
}

function unsupportedProtection(plan: MessagePlan): string | undefined {
  const { protection } = plan;
  if (protection.kind === 'none' || protection.kind === 'transport') return undefined;
  return protection.kind === 'symmetric' ? unsupportedIn(plan, protection) : unsupportedBesideCertificates(plan);
}

function checkSupported(plan: MessagePlan): void {
  const { encrypted } = plan;
  const signing = unsupportedProtection(plan) ?? unsupportedSigners(signersOf(plan));
  const reason = signing ?? (encrypted.headers.length === 0 ? undefined : 'encrypted headers');
  if (reason !== undefined) throw new ConfigurationError('POLICY_UNSUPPORTED', `not supported in a message: ${reason}`);
}

/** A signature is told from the others of its message by the token that its KeyInfo names. */
function unsupportedSigners(signers: readonly TokenUse[]): string | undefined {
  const names = signers.map(nameOf);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `two signatures by one token: ${twice}`;
  if (signers.length > securityLimits.signatures) return `more than ${securityLimits.signatures} signatures`;
  for (const use of signers) {
    if (use.kind !== 'supporting') continue;
    if (supportingTokens.get(use.token)?.key === undefined) return `a signature by a token without a key: ${use.token}`;
    if (use.derivedKeys) return `keys derived from a token: ${use.token}`;
  }
  return undefined;
}

function nameOf(use: TokenUse): string {
  return use.kind === 'supporting' ? use.token : use.kind;
}
