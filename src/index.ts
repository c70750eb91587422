/// <reference types="node" preserve="true" />
/**
 * WS-SecureConversation for SOAP services and clients on Node. Bearer tokens and ASP.NET's keys have entries of their
 * own.
 */

export type { Awaitable } from './awaitable.ts';
export type { AddressOrder, RetryMode } from './client/addresses.ts';
export { NetworkError } from './client/network-error.ts';
export { type FaultNames, PeerFault } from './client/peer-fault.ts';
export { type SecureClient, type SecureClientOptions, secureClient } from './client/secure-client.ts';
export { type SecureConversation, secureConversation } from './client/secure-conversation.ts';
export { ServiceBusy } from './client/service-busy.ts';
export type { ServiceIdentityOptions } from './client/service-certificate.ts';
export type { SessionStatus } from './client/session.ts';
export type { SecureConversationOptions, WireExchange } from './client/session-options.ts';
export type { IssueRate } from './conversation/issue-rate.ts';
export type { RandomSource } from './crypto/random.ts';
export type { SecretKey } from './crypto/secret-key.ts';
export type { TlsCertificate } from './crypto/tls-certificates.ts';
export {
  type ConfigurationCode,
  ConfigurationError,
  type ErrorCode,
  type FaultClass,
  type HeaderName,
  Overload,
  Refusal,
  type RefusalDetails,
  type SealingCode,
  SealingError,
  SecureConversationError,
  StoreUnavailable,
} from './errors.ts';
export type { KeeperOptions, RingKeeper } from './keyring/keeper.ts';
export type { KeyRecord, MachineKeyRecord, RingPolicy, RingRecords } from './keyring/record.ts';
export type { KeyRing, RingKey, RingMachineKey } from './keyring/ring.ts';
export { openKeyRing } from './keyring/ring-file.ts';
export { type OpenRingOptions, openRing, type RingSource } from './keyring/ring-source.ts';
export type { DecryptionName, ValidationName } from './machine-key/algorithms.ts';
export type { MachineKeySettings } from './machine-key/config.ts';
export type { MachineKey } from './machine-key/machine-key.ts';
export type { GivenDialectName } from './names.ts';
export type { PolicyProblem } from './policy/check.ts';
export {
  type ExplainedPort,
  type ExplainPolicyOptions,
  explainPolicy,
  type PolicyPort,
} from './policy/explain-policy.ts';
export { type LoadedWsdl, type LoadWsdlOptions, loadWsdl } from './policy/load-wsdl.ts';
export type { QName } from './policy/plan.ts';
export type { Authorities } from './server/authorities.ts';
export type { ContextBearerOptions } from './server/context-bearer.ts';
export { type CurrentContext, currentContext, findCurrentContext } from './server/current-context.ts';
export type { Durations } from './server/durations.ts';
export { createEndpoint } from './server/endpoint.ts';
export type { EndpointOptions, UserOfCertificate } from './server/endpoint-options.ts';
export type { IssuerOptions } from './server/issuer-options.ts';
export type { ListenOptions } from './server/listen-options.ts';
export { type Measured, registerMetrics } from './server/metrics.ts';
export type { Middleware } from './server/middleware.ts';
export type { Endpoint, EndpointListener } from './server/open-endpoint.ts';
export type { Certificates } from './server/own-pairs.ts';
export type { PathNames } from './server/port-addresses.ts';
export type { PortOverrides } from './server/port-overrides.ts';
export type { Readiness, ReadinessReason } from './server/readiness.ts';
export type { Mounted } from './server/requests.ts';
export type { LeftOutPort } from './server/servable-plans.ts';
export type { SoapHeader, SoapHeaders, WriteSoapHeader } from './server/soap-headers.ts';
export type { ConversationEvent, EndpointEvent, OperationStatistics, Statistics } from './server/statistics.ts';
export type { Cancellation } from './state/cancellation.ts';
export { decodeContext, encodeContext } from './state/codec.ts';
export type { AuthenticationMethod, Context, OpenedFrom } from './state/context.ts';
export type { ReplayMode } from './state/farm-replay.ts';
export { type Revoked, type RevokeOptions, type RevokeTarget, revoke } from './state/revoke.ts';
export type { StateName } from './state/several-modes.ts';
export type { ContextToken, FoundState, StateMode, TokenAudience, TokenDialect } from './state/state-mode.ts';
export { openStore, type StoreOptions } from './store/open-store.ts';
export type { Change, PutOptions, Store, StoredRecord, StoreHealth } from './store/store.ts';
export type {
  Authenticate,
  AuthenticateByToken,
  AuthenticatedUser,
  Caller,
  CountedCaller,
} from './users/authenticate.ts';
export type { LoginLimits } from './users/login-limits.ts';
export { type LoginOptions, type Logins, openLogins } from './users/logins.ts';
export type { Limits } from './xml/limits.ts';
