/** WS-SecureConversation for SOAP services and clients on Node. */

export type { AddressOrder, RetryMode } from './client/addresses.ts';
export { PeerFault } from './client/peer-fault.ts';
export { type SecureConversation, secureConversation } from './client/secure-conversation.ts';
export { ServiceBusy } from './client/service-busy.ts';
export type { SecureConversationOptions, WireExchange } from './client/session-options.ts';
export type { Claim } from './conversation/bearer/bearer-codec.ts';
export {
  type BearerBinding,
  type BearerToken,
  openBearerToken,
  sealBearerToken,
} from './conversation/bearer/bearer-token.ts';
export { joinCookie, splitCookie } from './conversation/bearer/katana-cookie.ts';
export type { KatanaClaim, KatanaTicket } from './conversation/bearer/katana-ticket.ts';
export {
  katanaCookiePurposes,
  katanaPurposes,
  katanaTicket,
  type NewKatanaTicket,
  openKatanaToken,
  sealKatanaToken,
  type ValidKatanaToken,
} from './conversation/bearer/katana-token.ts';
export type { Revocation, Revocations } from './conversation/bearer/revocations.ts';
export { type ErrorCode, type FaultClass, Refusal, SecureConversationError } from './errors.ts';
export { type KeeperOptions, keepRing, type RingKeeper } from './keyring/keeper.ts';
export { type MachineKey, machineKey } from './keyring/machine-key.ts';
export type { MachineKeyConfig } from './keyring/machine-key-config.ts';
export type { KeyRing } from './keyring/ring.ts';
export { openKeyRing } from './keyring/ring-file.ts';
export { compilePolicy } from './policy/compile.ts';
export { explain } from './policy/explain.ts';
export type { Plan } from './policy/plan.ts';
export type { ContextBearerOptions } from './server/context-bearer.ts';
export { type CurrentContext, currentContext } from './server/current-context.ts';
export { createEndpoint, type Endpoint, type EndpointListener } from './server/endpoint.ts';
export type { EndpointOptions, PortOverrides } from './server/endpoint-options.ts';
export type { Mounted } from './server/listener.ts';
export { type LoginOptions, type Logins, openLogins } from './server/logins.ts';
export { type BearerTokens, bearerTokens } from './server/oauth/bearer-tokens.ts';
export type { ClientOptions } from './server/oauth/clients.ts';
export type { AttemptLimits } from './server/oauth/request-rate.ts';
export {
  type Bearer,
  type BearerRefusal,
  type BearerRequest,
  type BearerResult,
  bearerCheck,
  type RequireBearerOptions,
  requireBearer,
} from './server/oauth/require-bearer.ts';
export type { RingSource } from './server/oauth/ring-source.ts';
export type { BearerTokensOptions } from './server/oauth/service-options.ts';
export type { Statistics } from './server/statistics.ts';
export type { Authenticate, AuthenticatedUser, Caller } from './users/authenticate.ts';
export type { LoginLimits } from './users/login-limits.ts';
