import { createHash } from 'node:crypto';
import type { RandomSource } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import type { MachineKeySettings } from '../machine-key/config.ts';

/** Schedule of a key ring. It stands in the ring file, so that writer and nodes always agree on it. */
export interface RingPolicy {
  /** A node reads the ring again this often at the latest. Default 60 s. */
  readonly refreshMs: number;
  /** The farm's clocks differ by no more than this. Default 5 min. */
  readonly skewMs: number;
  /**
   * A key is known to every node this long after it was made; a node whose ring is older stops issuing. Default 15 min.
   */
  readonly propagateMs: number;
  /** A key issues this long before its successor takes over. Default 12 h. */
  readonly issueMs: number;
  /** No token sealed with a key lives longer than this. Default 12 h. */
  readonly lifeMs: number;
}

export const defaultRingPolicy: RingPolicy = Object.freeze({
  refreshMs: 60_000,
  skewMs: 300_000,
  propagateMs: 900_000,
  issueMs: 43_200_000,
  lifeMs: 43_200_000,
});

/** One key of the ring as the ring file keeps it. Times are milliseconds since the epoch. */
export interface KeyRecord {
  /** 16 hex digits, see {@link keyId}. */
  readonly id: string;
  readonly createdMs: number;
  readonly issueFromMs: number;
  readonly issueUntilMs: number;
  readonly acceptUntilMs: number;
  readonly revokedAtMs: number | undefined;
  readonly key: SecretKey;
}

/** An ASP.NET server's machineKey in the ring. */
export interface MachineKeyRecord extends MachineKeySettings {
  /** 16 hex digits, made of keys and algorithms. */
  readonly id: string;
  readonly importedMs: number;
}

/** What a ring holds. */
export interface RingRecords {
  /** Farm id, 16 hex digits, made with the ring: tokens of another farm never open. */
  readonly farm: string;
  /** Grows with each change; nodes never go back to an older one. */
  readonly generation: number;
  /** Id of the KEK that its keys are wrapped by where it is kept, as 16 hex digits; undefined: by none. */
  readonly kek: string | undefined;
  readonly policy: RingPolicy;
  readonly keys: readonly KeyRecord[];
  /** Of ASP.NET servers, imported: the first one writes, all of them open. At most 4, often none. */
  readonly machineKeys: readonly MachineKeyRecord[];
}

export const ringKeyBytes = 32;

/** Names a ring key without telling it: the first 8 bytes of SHA-256("kid" ‖ key), as 16 hex digits. */
export function keyId(key: Uint8Array): string {
  return createHash('sha256').update('kid').update(key).digest('hex').slice(0, 16);
}

/**
 * True for bytes that can't be a ring key: wrong length, or all the same (a stuck random source; CVE-2020-13777 was an
 * all-zero key).
 */
export function isUnfitKey(key: Uint8Array): boolean {
  return key.length !== ringKeyBytes || key.every(byte => byte === key[0]) || /^0+$/.test(keyId(key));
}

/**
 * How long after `issuedUntilMs` a key must still open what was sealed with it: the life of a token, the clock
 * difference, and the time for which a node that lags behind may go on issuing.
 */
export function acceptedUntil(issuedUntilMs: number, policy: RingPolicy): number {
  return issuedUntilMs + policy.lifeMs + policy.skewMs + policy.propagateMs;
}

/**
 * Makes a new key.
 * @throws {RangeError} where the random source gives an unfit key
 */
export function newKeyRecord(policy: RingPolicy, nowMs: number, issueFromMs: number, random: RandomSource): KeyRecord {
  const key = random(ringKeyBytes);
  if (isUnfitKey(key)) throw new RangeError('the random source gave an unfit ring key');
  const issueUntilMs = issueFromMs + policy.issueMs;
  return {
    id: keyId(key),
    createdMs: nowMs,
    issueFromMs,
    issueUntilMs,
    acceptUntilMs: acceptedUntil(issueUntilMs, policy),
    revokedAtMs: undefined,
    key: new SecretKey(key),
  };
}
