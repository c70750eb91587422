import { SecureConversationError } from '../errors.ts';
import { expandedName } from '../names.ts';
import type { QName } from '../policy/plan.ts';
import { printable } from '../printable.ts';
import { specialName } from '../soap/fault-shape.ts';

/** What of a fault is told. */
export interface FaultNames {
  readonly code: QName;
  readonly subcode: QName | undefined;
  readonly reason: string;
}

/**
 * A SOAP fault that came without the protection that the policy asks of answers: it says that the exchange failed,
 * never what the service answered, and anybody on the way may have written it.
 */
export class PeerFault extends SecureConversationError {
  /** Its code; in SOAP 1.1 the one name that there is, which may be that of a subcode. */
  readonly faultCode: QName;
  /** Its first subcode; SOAP 1.1 has none. */
  readonly faultSubcode: QName | undefined;
  /** What it says, fit for a log or a terminal: at most 256 characters of it. */
  readonly reason: string;

  /**
   * @param contextNamespace of WS-SecureConversation, as the port's policy has it
   * @param hint what to do, where the exchange tells more than the fault does
   */
  constructor({ code, subcode, reason }: FaultNames, contextNamespace: string, hint?: string) {
    const special = specialName({ code, subcode });
    const lost = special.local === 'BadContextToken' && special.namespace === contextNamespace;
    const name = subcode === undefined ? code.local : expandedName(subcode.namespace, subcode.local);
    super(lost ? 'BAD_CONTEXT_TOKEN' : 'FAULT', `the service answered with an unsecured fault: ${printable(name)}`, {
      ...(hint === undefined ? {} : { hint }),
    });
    this.name = 'PeerFault';
    this.faultCode = code;
    this.faultSubcode = subcode;
    this.reason = printable(reason);
  }
}
