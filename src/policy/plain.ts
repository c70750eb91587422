/** Messages that stand by themselves: those of a bootstrap, and all of a port without a conversation. */
import type { Dialect } from '../names.ts';
import type { BindingDraft } from './binding.ts';
import type { EndpointDraft, SupportingDraft } from './endpoint.ts';
import { unitePartsOf } from './parts.ts';
import type { CertificateReference, ExchangePlan, Protection, SupportingToken } from './plan.ts';
import { answerOf, headerOf, type PlannedParts, symmetric, transport } from './protection.ts';
import {
  certificateUseOf,
  type EndorsingCertificateDraft,
  referenceOf,
  type SigningCertificateDraft,
  type SupportingTokenDraft,
} from './tokens.ts';
import { unsupported } from './vocabulary.ts';

/** The policy that such messages are written by. */
export interface PlainPolicy {
  readonly binding: BindingDraft;
  readonly endpoint: EndpointDraft;
  readonly dialect: Dialect;
}

/**
 * The request proves by its tokens who sends it; the answer is protected by TLS, by the key of the request, or by the
 * certificates of both sides.
 */
export function plainExchange(
  { binding, endpoint, dialect }: PlainPolicy,
  { request, response }: Record<'request' | 'response', PlannedParts>,
): ExchangePlan {
  const base = headerOf(binding, dialect);
  const protections = plainProtections(binding, endpoint.references);
  const endorsed = unitePartsOf(endpoint.supporting.map(draft => draft.signed));
  // Over TLS the signature of an endorsing token is the only one, else it stands beside that of the message.
  const signed = binding.kind === 'transport' ? endorsed : request.signed;
  return {
    request: {
      ...base,
      protection: protections.request,
      ...request,
      signed,
      supporting: supportingTokens(binding, endpoint),
    },
    response: { ...base, protection: protections.response, ...response, supporting: [], ...answerOf(endpoint) },
  };
}

type Protections = Readonly<Record<keyof ExchangePlan, Protection>>;

function plainProtections(binding: BindingDraft, references: readonly CertificateReference[]): Protections {
  if (binding.kind === 'asymmetric') return asymmetricProtections(binding, references);
  const protection = binding.kind === 'transport' ? transport(binding) : bySymmetricKey(binding, references);
  return { request: protection, response: protection };
}

function bySymmetricKey(
  binding: BindingDraft & { kind: 'symmetric' },
  references: readonly CertificateReference[],
): Protection {
  const { token } = binding;
  if (token.kind === 'context') unsupported(token.assertion, 'inside a BootstrapPolicy');
  return symmetric({ kind: 'encryptedKey', reference: referenceOf(token, references) }, token.derivedKeys, binding);
}

/** Either side signs with its own certificate, and encrypts to the other's. */
function asymmetricProtections(
  { initiator, recipient, protectTokens }: BindingDraft & { kind: 'asymmetric' },
  references: readonly CertificateReference[],
): Protections {
  if (protectTokens && !initiator.isIncluded)
    unsupported(initiator.assertion, 'with IncludeToken never and ProtectTokens');
  const between = (sender: SigningCertificateDraft, receiver: SigningCertificateDraft): Protection => ({
    kind: 'asymmetric',
    ...(protectTokens ? { protectTokens } : {}),
    signature: certificateUseOf(sender, references),
    encryption: referenceOf(receiver, references),
  });
  return { request: between(initiator, recipient), response: between(recipient, initiator) };
}

/**
 * At most one of a kind; TLS signs and encrypts what proves, a SymmetricBinding must sign it. An AsymmetricBinding has
 * none: who has another certificate could send somebody's encrypted password under a signature of their own.
 */
function supportingTokens(binding: BindingDraft, { supporting, references }: EndpointDraft): SupportingToken[] {
  const tokens = supporting.flatMap(draft => draft.tokens.map(token => ({ token, draft })));
  return tokens.map(({ token, draft }, index) => {
    if (token.kind === 'context') unsupported(token.assertion, 'inside a BootstrapPolicy');
    if (binding.kind === 'asymmetric') unsupported(token.assertion, 'beside an AsymmetricBinding');
    if (tokens.findIndex(other => other.token.kind === token.kind) !== index)
      unsupported(token.assertion, 'beside another of its kind');
    if (binding.kind === 'symmetric' && binding.encryptSignature && tokens.length > 1)
      unsupported(token.assertion, 'beside another in a SymmetricBinding with EncryptSignature');
    if (binding.kind === 'transport' && binding.basic !== undefined)
      unsupported(token.assertion, 'beside HttpBasicAuthentication');
    if (isCertificate(token)) return endorsingCertificate(token, draft, binding, references);
    if (binding.kind === 'transport') return { kind: token.kind, signed: false, encrypted: false };
    if (!draft.isSigned) unsupported(draft.assertion, 'over a SymmetricBinding');
    if (binding.order === 'encryptBeforeSigning')
      unsupported(token.assertion, 'in a SymmetricBinding with EncryptBeforeSigning');
    return { kind: token.kind, signed: true, encrypted: draft.isEncrypted };
  });
}

function isCertificate(token: SupportingTokenDraft): token is EndorsingCertificateDraft {
  return token.kind === 'x509' && token.endorsing === true;
}

function endorsingCertificate(
  token: EndorsingCertificateDraft,
  { signed: parts, isSigned }: SupportingDraft,
  binding: BindingDraft,
  references: readonly CertificateReference[],
): SupportingToken {
  const signed = isSigned && binding.kind !== 'transport';
  if (signed && !token.isIncluded) unsupported(token.assertion, 'signed, with IncludeToken never');
  // Which certificate is meant only the signature says.
  if (!token.isIncluded && binding.kind === 'symmetric' && binding.encryptSignature)
    unsupported(token.assertion, 'with IncludeToken never in a SymmetricBinding with EncryptSignature');
  // What is not in the message could only be signed through the STR-Transform.
  if (!token.isIncluded && binding.kind === 'symmetric' && binding.protectTokens)
    unsupported(token.assertion, 'with IncludeToken never in a SymmetricBinding with ProtectTokens');
  const certificate = certificateUseOf(token, references);
  return { kind: token.kind, endorsing: true, derivedKeys: false, parts, signed, certificate };
}
