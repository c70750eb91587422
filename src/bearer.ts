/// <reference types="node" preserve="true" />
/** Bearer tokens of the key ring: an OAuth 2.0 token service, and the check of tokens in APIs. */

export type { Awaitable } from './awaitable.ts';
export type { Claim, TokenContent } from './bearer/bearer-codec.ts';
export { type BearerBinding, type BearerToken, openBearerToken, sealBearerToken } from './bearer/bearer-token.ts';
export { openRevocations, type RevocableToken, type Revocation, type Revocations } from './bearer/revocations.ts';
export type { AccessToken } from './bearer/token-openers.ts';
export type { RandomSource } from './crypto/random.ts';
export type { SecretKey } from './crypto/secret-key.ts';
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
} from './errors.ts';
export type { KeeperOptions, RingKeeper } from './keyring/keeper.ts';
export type { KeyRecord, MachineKeyRecord, RingPolicy, RingRecords } from './keyring/record.ts';
export type { KeyRing, RingKey, RingMachineKey } from './keyring/ring.ts';
export { openKeyRing } from './keyring/ring-file.ts';
export { type OpenRingOptions, openRing, type RingSource } from './keyring/ring-source.ts';
export type { DecryptionName, ValidationName } from './machine-key/algorithms.ts';
export type { MachineKeySettings } from './machine-key/config.ts';
export type { MachineKey } from './machine-key/machine-key.ts';
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
export type { BearerTokensOptions } from './oauth/service-options.ts';
export { registerTokenMetrics } from './oauth/token-metrics.ts';
export type { TokenStatistics } from './oauth/token-statistics.ts';
export type { Cancellation } from './state/cancellation.ts';
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
