import type { SendKeys } from '../message/sending-key.ts';
import { isReceiverFault, isSenderFault } from '../soap/fault-shape.ts';
import type { FaultNames } from './peer-fault.ts';

/**
 * What to do about an unsecured fault. A service that can't use what was encrypted or signed for it says no more than
 * that (it must not), so the likely cause is said here.
 * @param keys those that the request was sent with
 */
export function faultHint({ code, subcode }: FaultNames, keys: SendKeys): string | undefined {
  if (isReceiverFault(code)) return 'the service has a trouble of its own, which its log names; try again';
  if (subcode === undefined && isSenderFault(code))
    return 'the message may be beyond one of the limits of the service: its log says which';
  if ('recipient' in keys)
    return "see whether serviceCertificate is the service's present certificate, and user name and password are right";
  return 'tokens' in keys ? 'see whether user name and password are right' : undefined;
}
