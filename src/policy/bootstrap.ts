/** The BootstrapPolicy of a SecureConversationToken, compiled. */
import type { AddressingVersion } from '../names.ts';
import type { Frame } from './application.ts';
import type { BindingDraft } from './binding.ts';
import { type EndpointDraft, readEndpoint } from './endpoint.ts';
import type { CertificateReference, ExchangePlan, Protection, SupportingToken } from './plan.ts';
import { headerOf, partsOf, symmetric } from './protection.ts';
import type { CertificateTokenDraft } from './tokens.ts';
import { invalid, unsupported } from './vocabulary.ts';

export interface Bootstrap {
  readonly endpoint: EndpointDraft;
  readonly binding: BindingDraft;
  readonly exchange: ExchangePlan;
}

/** The BootstrapPolicy (WS-SecurityPolicy 1.2 §5.4.7): how RST and RSTR are protected before there is a context. */
export function readBootstrap({ context, reading, dialect }: Frame, addressing: AddressingVersion): Bootstrap {
  const policy = context.bootstrap ?? unsupported(context.assertion, 'without a BootstrapPolicy');
  const endpoint = readEndpoint(policy.alternative, reading);
  const binding = endpoint.binding ?? invalid(policy.assertion, 'has no TransportBinding or SymmetricBinding');
  if (endpoint.addressing !== undefined && endpoint.addressing.version !== addressing) {
    invalid(endpoint.addressing.assertion, 'is another version of WS-Addressing than the port has');
  }
  const parts = partsOf(binding, endpoint);
  // Both entropies are in the Body: in clear they would give the key of the conversation away.
  if (binding.kind !== 'transport' && !parts.encrypted.body)
    unsupported(binding.assertion, 'without Body in EncryptedParts');
  const protection = bootstrapProtection(binding, endpoint.references);
  const base = { ...headerOf(binding, dialect), protection, ...parts };
  const exchange = {
    request: { ...base, supporting: supportingTokens(binding, endpoint) },
    response: { ...base, supporting: [] },
  };
  return { endpoint, binding, exchange };
}

function bootstrapProtection(binding: BindingDraft, references: readonly CertificateReference[]): Protection {
  if (binding.kind === 'transport') return { kind: 'transport' };
  const { token } = binding;
  if (token.kind === 'context') unsupported(token.assertion, 'inside a BootstrapPolicy');
  return symmetric({ kind: 'encryptedKey', reference: referenceOf(token, references) }, token.derivedKeys);
}

/** Where the token asks for no kind of reference, the best of those that both sides are said to understand. */
function referenceOf(token: CertificateTokenDraft, references: readonly CertificateReference[]): CertificateReference {
  return token.reference ?? references[0] ?? 'keyIdentifier';
}

/** At most one token; TLS signs and encrypts it, a SymmetricBinding must sign it. */
function supportingTokens(binding: BindingDraft, { supporting }: EndpointDraft): SupportingToken[] {
  const tokens = supporting.flatMap(draft => draft.tokens.map(token => ({ token, draft })));
  return tokens.map(({ token, draft }, index) => {
    if (token.endorsing) unsupported(token.assertion, 'inside a BootstrapPolicy');
    if (index > 0) unsupported(token.assertion, 'beside another token');
    if (binding.kind === 'transport') return { kind: token.kind, signed: false, encrypted: false };
    if (!draft.isSigned) unsupported(draft.assertion, 'over a SymmetricBinding');
    return { kind: token.kind, signed: true, encrypted: draft.isEncrypted };
  });
}
