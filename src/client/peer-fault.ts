import { SecureConversationError } from '../errors.ts';
import type { Dialect } from '../names.ts';
import { expandedName } from '../names.ts';
import type { QName } from '../policy/plan.ts';
import { printable } from '../printable.ts';
import type { Fault } from '../soap/fault-shape.ts';

/**
 * A SOAP fault that came without the protection that the policy asks of answers: it says that the exchange failed, never what the
 * service answered, and anybody on the way may have written it.
 */
export class PeerFault extends SecureConversationError {
  readonly faultCode: QName;
  readonly faultSubcode: QName | undefined;
  /** What it says, fit for a log or a terminal: at most 256 characters of it. */
  readonly reason: string;

  constructor(fault: Fault, dialect: Dialect) {
    const { code, subcode, reason } = fault;
    const lost = subcode?.local === 'BadContextToken' && subcode.namespace === dialect.wsc;
    const name = subcode === undefined ? code.local : expandedName(subcode.namespace, subcode.local);
    super(lost ? 'BAD_CONTEXT_TOKEN' : 'FAULT', `the service answered with an unsecured fault: ${printable(name)}`);
    this.name = 'PeerFault';
    this.faultCode = code;
    this.faultSubcode = subcode;
    this.reason = printable(reason);
  }
}
