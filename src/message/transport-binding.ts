import { type MessagePlan, signersOf } from '../policy/plan.ts';
import type { Signature } from '../security/signature.ts';
import { lacksHeader } from '../soap/addressing.ts';
import type { Binding } from './binding.ts';
import type { Message } from './message.ts';
import { checkStructure } from './plan-check.ts';

/**
 * As WCF: over TLS what routes a message must be understood. In a signed one nobody but its receiver can read it wrong.
 */
const mandatoryHeaders: ReadonlySet<string> = new Set(['Action', 'To']);

/** TransportBinding (WS-SecurityPolicy 1.3 §7.3): TLS protects the message, and only endorsing tokens sign. */
export function transportBinding(plan: MessagePlan): Binding {
  const signers = signersOf(plan);
  return {
    signers,
    endorsed: 'timestamp',
    derives: signers[0]?.derivedKeys ? ['signing'] : [],
    signsCiphertext: false,
    encryptsSignatures: false,
    encryptsTokens: false,
    mandatoryHeaders,
    checkStructure: (header, confirmations) => checkStructure(header, plan, signers, confirmations),
    replayId,
    scopeOf: () => undefined,
  };
}

/** Only a Timestamp in milliseconds may be signed, which two honest calls can share: the MessageID is spent. */
function replayId({ addressing }: Message, { value }: Signature): string {
  if (addressing === undefined) return value.toString('base64');
  return addressing.messageId ?? lacksHeader(addressing.version, 'MessageID', 'message-id-missing');
}
