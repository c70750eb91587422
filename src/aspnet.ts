/// <reference types="node" preserve="true" />
/** What is shared with ASP.NET servers: their machineKey, and the tokens and cookies of OWIN (Katana). */

export { joinCookie, splitCookie } from './bearer/katana-cookie.ts';
export type { KatanaClaim, KatanaTicket } from './bearer/katana-ticket.ts';
export {
  type KatanaToken,
  katanaCookiePurposes,
  katanaPurposes,
  katanaTicket,
  type NewKatanaTicket,
  openKatanaToken,
  sealKatanaToken,
  type ValidKatanaToken,
} from './bearer/katana-token.ts';
export type { RandomSource } from './crypto/random.ts';
export type { SecretKey } from './crypto/secret-key.ts';
export { type ConfigurationCode, ConfigurationError, type ErrorCode, SecureConversationError } from './errors.ts';
export type { KeyRecord, MachineKeyRecord, RingPolicy, RingRecords } from './keyring/record.ts';
export type { KeyRing, RingKey, RingMachineKey } from './keyring/ring.ts';
export { openKeyRing } from './keyring/ring-file.ts';
export type { DecryptionName, ValidationName } from './machine-key/algorithms.ts';
export type { MachineKeyConfig, MachineKeySettings } from './machine-key/config.ts';
export { type MachineKey, machineKey } from './machine-key/machine-key.ts';
