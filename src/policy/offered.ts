import { SecureConversationError } from '../errors.ts';
import type { Plan } from './plan.ts';

/**
 * Refuses a port that is understood but can't be served or called yet: SOAP 1.1 and WS-Addressing 2004/08 are read in messages only, and every
 * request gets an answer.
 * @throws {SecureConversationError} `POLICY_UNSUPPORTED`
 */
export function checkOffered({ port, soap, addressing, operations }: Plan): void {
  if (soap.name !== '1.2' || addressing.name !== '1.0')
    throw notOffered(
      `port ${port} speaks SOAP ${soap.name} with WS-Addressing ${addressing.name}; only SOAP 1.2 with WS-Addressing 1.0 is offered`,
    );
  const oneWay = operations.find(({ output }) => output === undefined);
  if (oneWay !== undefined)
    throw notOffered(`operation ${oneWay.name} of port ${port} has no output; one-way operations are not offered`);
}

function notOffered(message: string): SecureConversationError {
  return new SecureConversationError('POLICY_UNSUPPORTED', message);
}
