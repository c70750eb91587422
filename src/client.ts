/** The client alone: a plug-in for node-soap that loads nothing of the server. */

export type { AddressOrder, RetryMode } from './client/addresses.ts';
export { type FaultNames, PeerFault } from './client/peer-fault.ts';
export { type SecureConversation, secureConversation } from './client/secure-conversation.ts';
export { ServiceBusy } from './client/service-busy.ts';
export type { SessionStatus } from './client/session.ts';
export type { SecureConversationOptions, WireExchange } from './client/session-options.ts';
export { NetworkError } from './client/transport.ts';
export { type ErrorCode, type FaultClass, Refusal, SecureConversationError } from './errors.ts';
export type { QName } from './policy/plan.ts';
