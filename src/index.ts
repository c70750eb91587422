/** WS-SecureConversation for SOAP services and clients on Node. */

export type { AddressOrder, RetryMode } from './client/addresses.ts';
export { PeerFault } from './client/peer-fault.ts';
export {
  type SecureConversation,
  type SecureConversationOptions,
  secureConversation,
} from './client/secure-conversation.ts';
export type { WireExchange } from './client/session-options.ts';
export { type ErrorCode, type FaultClass, Refusal, SecureConversationError } from './errors.ts';
export type { KeyRing } from './keyring/ring.ts';
export { openKeyRing } from './keyring/ring-file.ts';
export { compilePolicy } from './policy/compile.ts';
export { explain } from './policy/explain.ts';
export type { Plan } from './policy/plan.ts';
export { type CurrentContext, currentContext } from './server/current-context.ts';
export { createEndpoint, type Endpoint, type EndpointOptions } from './server/endpoint.ts';
export type { Authenticate } from './server/port.ts';
export type { Statistics } from './server/statistics.ts';
