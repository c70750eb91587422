/** WS-SecureConversation for SOAP services and clients on Node. */

export type { Claim } from './bearer/bearer-codec.ts';
export {
  type BearerBinding,
  type BearerToken,
  openBearerToken,
  sealBearerToken,
} from './bearer/bearer-token.ts';
export { joinCookie, splitCookie } from './bearer/katana-cookie.ts';
export type { KatanaClaim, KatanaTicket } from './bearer/katana-ticket.ts';
export {
  katanaCookiePurposes,
  katanaPurposes,
  katanaTicket,
  type NewKatanaTicket,
  openKatanaToken,
  sealKatanaToken,
  type ValidKatanaToken,
} from './bearer/katana-token.ts';
export type { Revocation, Revocations } from './bearer/revocations.ts';
export type { AddressOrder, RetryMode } from './client/addresses.ts';
export { PeerFault } from './client/peer-fault.ts';
export { type SecureConversation, secureConversation } from './client/secure-conversation.ts';
export { ServiceBusy } from './client/service-busy.ts';
export type { SecureConversationOptions, WireExchange } from './client/session-options.ts';
export { type ErrorCode, type FaultClass, Refusal, SecureConversationError } from './errors.ts';
export { type KeeperOptions, keepRing, type RingKeeper } from './keyring/keeper.ts';
export type { KeyRing } from './keyring/ring.ts';
export { openKeyRing } from './keyring/ring-file.ts';
export type { MachineKeyConfig } from './machine-key/config.ts';
export { type MachineKey, machineKey } from './machine-key/machine-key.ts';
export { type BearerTokens, bearerTokens } from './oauth/bearer-tokens.ts';
export type { ClientOptions } from './oauth/clients.ts';
export type { AttemptLimits } from './oauth/request-rate.ts';
export {
  type Bearer,
  type BearerRefusal,
  type BearerRequest,
  type BearerResult,
  bearerCheck,
  type RequireBearerOptions,
  requireBearer,
} from './oauth/require-bearer.ts';
export type { RingSource } from './oauth/ring-source.ts';
export type { BearerTokensOptions } from './oauth/service-options.ts';
export { compilePolicy } from './policy/compile.ts';
export { explain } from './policy/explain.ts';
export type { Plan } from './policy/plan.ts';
export type { ContextBearerOptions } from './server/context-bearer.ts';
export { type CurrentContext, currentContext, findCurrentContext } from './server/current-context.ts';
export { createEndpoint, type Endpoint, type EndpointListener } from './server/endpoint.ts';
export type { EndpointOptions, PortOverrides } from './server/endpoint-options.ts';
export type { Mounted } from './server/requests.ts';
export type { Statistics } from './server/statistics.ts';
export type { Authenticate, AuthenticatedUser, Caller } from './users/authenticate.ts';
export type { LoginLimits } from './users/login-limits.ts';
export { type LoginOptions, type Logins, openLogins } from './users/logins.ts';
