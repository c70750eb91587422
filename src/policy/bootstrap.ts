/** The BootstrapPolicy of a SecureConversationToken, compiled. */
import type { AddressingVersion } from '../names.ts';
import type { ConversationFrame } from './application.ts';
import type { BindingDraft } from './binding.ts';
import { type EndpointDraft, readEndpoint } from './endpoint.ts';
import { plainExchange } from './plain.ts';
import type { ExchangePlan } from './plan.ts';
import { partsOf } from './protection.ts';
import { invalid, unsupported } from './vocabulary.ts';

export interface Bootstrap {
  readonly endpoint: EndpointDraft;
  readonly binding: BindingDraft;
  readonly exchange: ExchangePlan;
}

/**
 * The BootstrapPolicy (WS-SecurityPolicy 1.2 §5.4.7): how RST and RSTR are protected before there is a context.
 * @param addressing version of the port; undefined: it has none, and the BootstrapPolicy may have any
 */
export function readBootstrap(
  { context, endpoint: outer, reading, dialect }: ConversationFrame,
  addressing: AddressingVersion | undefined,
): Bootstrap {
  const policy = context.bootstrap ?? unsupported(context.assertion, 'without a BootstrapPolicy');
  const endpoint = readEndpoint(policy.alternative, reading);
  const binding =
    endpoint.binding ?? invalid(policy.assertion, 'has no TransportBinding, SymmetricBinding or AsymmetricBinding');
  const own = endpoint.addressing;
  if (addressing !== undefined && own !== undefined && own.version !== addressing)
    invalid(own.assertion, 'is another version of WS-Addressing than the port has');
  const parts = partsOf(binding, endpoint);
  // Both entropies are in the Body: in clear they would give the key of the conversation away.
  if (binding.kind !== 'transport' && !parts.encrypted.body)
    unsupported(binding.assertion, 'without Body in EncryptedParts');
  // Any client with a certificate can have an answer encrypted to it, and encrypt that anew, as the answer to somebody
  // else's request. So no answer may hold the whole key.
  if (binding.kind === 'asymmetric' && !(endpoint.trust ?? outer.trust)?.clientEntropy)
    unsupported(binding.assertion, 'without RequireClientEntropy');
  const exchange = plainExchange({ binding, endpoint, dialect }, { request: parts, response: parts });
  return { endpoint, binding, exchange };
}
