import { ConfigurationError, type SecureConversationError } from '../errors.ts';
import type { Plan } from './plan.ts';

/**
 * Refuses a port that is understood but can't be served: SOAP 1.1 and WS-Addressing 2004/08 are read in messages only.
 * @throws {SecureConversationError} `POLICY_UNSUPPORTED`
 */
export function checkServable({ port, soap, addressing }: Plan): void {
  if (soap.name !== '1.2' || addressing.name !== '1.0')
    throw notOffered(
      `port ${port} speaks SOAP ${soap.name} with WS-Addressing ${addressing.name}; ` +
        'only SOAP 1.2 with WS-Addressing 1.0 is offered',
    );
}

/**
 * Refuses a port that can't be called: the client waits for an answer to each of its calls.
 * @throws {SecureConversationError} `POLICY_UNSUPPORTED`
 */
export function checkOffered(plan: Plan): void {
  checkServable(plan);
  const oneWay = plan.operations.find(({ output }) => output === undefined);
  if (oneWay !== undefined)
    throw notOffered(
      `operation ${oneWay.name} of port ${plan.port} has no output; ` +
        'a server serves one-way operations, the client does not call them',
    );
}

function notOffered(message: string): SecureConversationError {
  return new ConfigurationError('POLICY_UNSUPPORTED', message);
}
