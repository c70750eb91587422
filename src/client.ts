/// <reference types="node" preserve="true" />
/** The client alone: a plug-in for node-soap that loads nothing of the server. */

export type { AddressOrder, RetryMode } from './client/addresses.ts';
export { NetworkError } from './client/network-error.ts';
export { type FaultNames, PeerFault } from './client/peer-fault.ts';
export { type SecureClient, type SecureClientOptions, secureClient } from './client/secure-client.ts';
export { type SecureConversation, secureConversation } from './client/secure-conversation.ts';
export { ServiceBusy } from './client/service-busy.ts';
export type { ServiceIdentityOptions } from './client/service-certificate.ts';
export type { SessionStatus } from './client/session.ts';
export type { SecureConversationOptions, WireExchange } from './client/session-options.ts';
export {
  type ConfigurationCode,
  ConfigurationError,
  type ErrorCode,
  type FaultClass,
  type HeaderName,
  Refusal,
  type RefusalDetails,
  SecureConversationError,
} from './errors.ts';
export type { GivenDialectName } from './names.ts';
export type { QName } from './policy/plan.ts';
export type { Limits } from './xml/limits.ts';
