import { SecureConversationError } from '../errors.ts';
import type { Plan } from './plan.ts';

/**
 * Refuses a port that is understood but can't be served or called yet: SOAP 1.1 and WS-Addressing 2004/08 are read in messages only.
 * @throws {SecureConversationError} `POLICY_UNSUPPORTED`
 */
export function checkOffered({ port, soap, addressing }: Plan): void {
  if (soap.name === '1.2' && addressing.name === '1.0') return;
  throw new SecureConversationError(
    'POLICY_UNSUPPORTED',
    `port ${port} speaks SOAP ${soap.name} with WS-Addressing ${addressing.name}; only SOAP 1.2 with WS-Addressing 1.0 is offered`,
  );
}
