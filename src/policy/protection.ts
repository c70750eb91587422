/** What bootstrap and application messages have in common when their plans are made. */
import type { Element } from '@xmldom/xmldom';
import { SecureConversationError } from '../errors.ts';
import type { Dialect } from '../names.ts';
import type { BindingDraft } from './binding.ts';
import { failAt } from './document.ts';
import type { MessageDraft } from './endpoint.ts';
import type { Alternative, NormalPolicy } from './normal-form.ts';
import { noParts } from './parts.ts';
import type { MessagePlan, Protection } from './plan.ts';
import { unsupported } from './vocabulary.ts';

export type PlannedParts = Pick<MessagePlan, 'signed' | 'encrypted'>;

/**
 * What is left to the message itself: TLS signs and encrypts all of it (WS-SecurityPolicy 1.2 §7.3). In a
 * SymmetricBinding the Body must be signed: nothing unsigned ever reaches a service.
 */
export function partsOf(binding: BindingDraft, { signed, encrypted, encryptedHeader }: MessageDraft): PlannedParts {
  if (binding.kind === 'transport') return { signed: noParts, encrypted: noParts };
  if (!signed.body) unsupported(binding.assertion, 'without Body in SignedParts');
  if (encryptedHeader === undefined) return { signed, encrypted };
  return unsupported({ element: encryptedHeader }, 'in EncryptedParts of a SymmetricBinding');
}

/** What a binding says of every Security header. */
export function headerOf({ suite, layout, timestamp }: BindingDraft, dialect: Dialect) {
  return { dialect, suite, layout, timestamp };
}

/** Protection by one symmetric key, in the one order that is written and read: sign, then encrypt. */
export function symmetric(token: (Protection & { kind: 'symmetric' })['token'], derivedKeys: boolean): Protection {
  const order = 'signBeforeEncrypting';
  return { kind: 'symmetric', token, derivedKeys, order, encryptSignature: false, protectTokens: false };
}

/** The first alternative that compiles; if none does, the first one's refusal. */
export function firstImplemented<T>(policy: NormalPolicy, at: Element, compile: (alternative: Alternative) => T): T {
  let refusal: unknown;
  for (const alternative of policy) {
    try {
      return compile(alternative);
    } catch (error) {
      if (!(error instanceof SecureConversationError) || error.code !== 'POLICY_UNSUPPORTED') throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? failAt('POLICY_INVALID', at, 'the policy leaves no alternative');
}
