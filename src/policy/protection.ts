/** What bootstrap and application messages have in common when their plans are made. */
import type { Element } from '@xmldom/xmldom';
import { SecureConversationError } from '../errors.ts';
import type { Dialect } from '../names.ts';
import type { BindingDraft, MessageProtection } from './binding.ts';
import { failAt } from './document.ts';
import type { EndpointDraft, MessageDraft } from './endpoint.ts';
import type { Alternative, NormalPolicy } from './normal-form.ts';
import { noParts } from './parts.ts';
import type { MessagePlan, Protection } from './plan.ts';
import { unsupported } from './vocabulary.ts';

export type PlannedParts = Pick<MessagePlan, 'signed' | 'encrypted'>;

/**
 * What is left to the message itself: TLS signs and encrypts all of it (WS-SecurityPolicy 1.2 §7.3). In the
 * other bindings the Body must be signed: nothing unsigned ever reaches a service.
 */
export function partsOf(binding: BindingDraft, { signed, encrypted, encryptedHeader }: MessageDraft): PlannedParts {
  if (binding.kind === 'transport') return { signed: noParts, encrypted: noParts };
  if (!signed.body) unsupported(binding.assertion, 'without Body in SignedParts');
  if (encryptedHeader === undefined) return { signed, encrypted };
  const kind = binding.kind === 'symmetric' ? 'a SymmetricBinding' : 'an AsymmetricBinding';
  return unsupported({ element: encryptedHeader }, `in EncryptedParts of ${kind}`);
}

/** What a binding says of every Security header. */
export function headerOf({ suite, layout, timestamp }: BindingDraft, dialect: Dialect) {
  return { dialect, suite, layout, timestamp };
}

/** What an answer has beside its request's own properties: SignatureConfirmations (WS-SecurityPolicy 1.2 §10). */
export function answerOf({ confirmsSignatures }: EndpointDraft): Pick<MessagePlan, 'confirmsSignatures'> {
  return confirmsSignatures ? { confirmsSignatures } : {};
}

/** Protection by TLS, which may have to show who the client is, or HTTP has to say it. */
export function transport({ clientCertificate, basic }: BindingDraft & { readonly kind: 'transport' }): Protection {
  return { kind: 'transport', clientCertificate, ...(basic === undefined ? {} : { basicAuthentication: true }) };
}

/** Protection by one symmetric key. */
export function symmetric(
  token: (Protection & { kind: 'symmetric' })['token'],
  derivedKeys: boolean,
  { order, encryptSignature, protectTokens }: MessageProtection,
): Protection {
  return { kind: 'symmetric', token, derivedKeys, order, encryptSignature, protectTokens };
}

/** What the alternatives of a policy compile to, in their order. */
export interface Compiled<T> {
  readonly values: readonly [T, ...T[]];
  /** Why each of the others is not: name of the assertion, file and line. */
  readonly leftOut: readonly string[];
}

/**
 * Compiles each alternative. What contradicts the specifications refuses all of them.
 * @throws {SecureConversationError} the first one's refusal where none is implemented
 */
export function allImplemented<T>(
  policy: NormalPolicy,
  at: Element,
  compile: (alternative: Alternative) => T,
): Compiled<T> {
  const values: T[] = [];
  const leftOut: string[] = [];
  let refusal: unknown;
  for (const alternative of policy) {
    try {
      values.push(compile(alternative));
    } catch (error) {
      if (!(error instanceof SecureConversationError) || error.code !== 'POLICY_UNSUPPORTED') throw error;
      leftOut.push(error.message);
      refusal ??= error;
    }
  }
  const [first, ...others] = values;
  if (first === undefined) throw refusal ?? failAt('POLICY_INVALID', at, 'the policy leaves no alternative');
  return { values: [first, ...others], leftOut };
}

/** The first alternative that compiles; if none does, the first one's refusal. */
export function firstImplemented<T>(policy: NormalPolicy, at: Element, compile: (alternative: Alternative) => T): T {
  return allImplemented(policy, at, compile).values[0];
}
