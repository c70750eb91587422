import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import { type Awaitable, after } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import { refuse, SecureConversationError } from '../errors.ts';
import { hkdfExpand } from './hkdf.ts';
import type { RingKeeper } from './keeper.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import type { KeyRing, RingKey } from './ring.ts';

/*
 * Sealed bytes, version 1. Nothing in them chooses an algorithm.
 *
 *   0   1  magic F5, which no UTF-8 text begins with
 *   1   1  version 01: HKDF-Expand-SHA-512, AES-256-GCM with a tag of 16 bytes, commitment of 32 bytes
 *   2   8  id of the ring key
 *  10  24  salt, random
 *  34  32  key commitment
 *  66   n  ciphertext
 * 66+n 16  tag
 *
 * context = lp of each bound name, the farm id first.
 * OKM     = HKDF-Expand(purpose key, "soap-secure-conversation/state/v1" ‖ 00 ‖ bytes 0…33 ‖ context, 76)
 *         = AES key 32 ‖ nonce 12 ‖ commitment 32
 * AAD     = bytes 0…65 ‖ context
 *
 * Each seal has a key and a nonce of its own, from 192 random bits, so there is no counter to keep. The commitment ties
 * the bytes to one ring key (AES-GCM alone does not) and is checked before anything is decrypted.
 */

const magic = 0xf5;
const version = 0x01;
const keyIdAt = 2;
const saltAt = 10;
const saltBytes = 24;
const commitmentAt = 34;
const ciphertextAt = 66;
const tagBytes = 16;
/** What a seal adds to its plaintext. */
export const overheadBytes = ciphertextAt + tagBytes;
const label = Buffer.from('soap-secure-conversation/state/v1\0');
const cipher = 'aes-256-gcm';

/**
 * What a seal is for, and what it is bound to beside the farm. What was sealed under one binding does not open under
 * another.
 */
export interface SealBinding {
  /** Names the key that is derived from the ring key: `sct-state` for contexts. */
  readonly purpose: string;
  readonly names: readonly string[];
}

/**
 * The ring, to seal with. A node that did not run for longer than the propagation time, as where its machine slept,
 * reads it first.
 * @throws {Refusal} as {@link ringAtHand}; may reject with it
 */
export function ringToSealWith(keeper: Pick<RingKeeper, 'ring' | 'stale' | 'refresh'>): Awaitable<KeyRing> {
  return after(keeper.stale() && keeper.refresh(), () => ringAtHand(keeper));
}

/**
 * The ring as it was last read, to seal with.
 * @throws {Refusal} `server`, with an error `RING_STALE` as its cause, while the ring may lack keys that other nodes
 * have
 */
export function ringAtHand(keeper: Pick<RingKeeper, 'ring' | 'stale'>): KeyRing {
  if (keeper.stale()) refuseStale('the ring was not read for longer than its propagation time');
  return keeper.ring();
}

/**
 * The key that seals now.
 * @param untilMs when what is sealed ends
 * @throws {Refusal} `server` where no key issues now (an error `RING_STALE` is its cause), and where it would outlive
 * its key
 */
export function sealingKey(ring: KeyRing, untilMs: number, nowMs: number): RingKey {
  const key = ring.current(nowMs) ?? refuseStale('no key of the ring issues now');
  if (untilMs > nowMs + ring.policy.lifeMs) refuse('server', 'token-outlives-key');
  return key;
}

function refuseStale(sentence: string): never {
  return refuse('server', 'ring-stale', new SecureConversationError('RING_STALE', sentence));
}

/**
 * Opens with the ring as it is, and once more with a newer one where a key is named that is not known yet. The keeper
 * limits how often it looks: anyone can send unknown key ids.
 * @param keyId the key that it was sealed with, as 16 hex digits; asked for where it did not open
 */
export function openWith<T>(
  keeper: Pick<RingKeeper, 'ring' | 'refresh'>,
  keyId: () => string | undefined,
  open: (ring: KeyRing) => T | undefined,
): Awaitable<T | undefined> {
  const opened = open(keeper.ring());
  if (opened !== undefined) return opened;
  const named = keyId();
  const isUnknown = named !== undefined && !keeper.ring().keys.some(({ id }) => id === named);
  if (!isUnknown) return undefined;
  return after(keeper.refresh(named), isChanged => (isChanged ? open(keeper.ring()) : undefined));
}

/** Seals bytes with one ring key. */
export function seal(
  plaintext: Uint8Array,
  binding: SealBinding,
  farm: string,
  key: RingKey,
  random: RandomSource,
): Buffer {
  const sealed = Buffer.allocUnsafe(overheadBytes + plaintext.length);
  sealed[0] = magic;
  sealed[1] = version;
  sealed.set(key.idBytes, keyIdAt);
  sealed.set(freshSalt(random), saltAt);
  const context = boundContext(farm, binding);
  const derived = derive(sealed, context, key.purposeKey(binding.purpose));
  sealed.set(derived.commitment, commitmentAt);
  const encryption = createCipheriv(cipher, derived.key, derived.nonce, { authTagLength: tagBytes });
  encryption.setAAD(associatedData(sealed, context));
  sealed.set(encryption.update(plaintext), ciphertextAt);
  encryption.final();
  sealed.set(encryption.getAuthTag(), ciphertextAt + plaintext.length);
  return sealed;
}

function freshSalt(random: RandomSource): Uint8Array {
  const salt = random(saltBytes);
  if (salt.length !== saltBytes) throw new RangeError('the random source gave a salt of another length');
  return salt;
}

/**
 * Opens sealed bytes with the one ring key that they name; there is no trying of others.
 * @returns undefined for anything that was not sealed by this farm under this binding with a key that opens at this
 * time
 */
export function open(sealed: Uint8Array, binding: SealBinding, ring: KeyRing, nowMs: number): Buffer | undefined {
  const key = keyOf(sealed, ring, nowMs);
  if (key === undefined) return undefined;
  const context = boundContext(ring.farm, binding);
  const derived = derive(sealed, context, key.purposeKey(binding.purpose));
  if (!timingSafeEqual(derived.commitment, sealed.subarray(commitmentAt, ciphertextAt))) return undefined;
  const decryption = createDecipheriv(cipher, derived.key, derived.nonce, { authTagLength: tagBytes });
  decryption.setAAD(associatedData(sealed, context));
  decryption.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  return finished(decryption, sealed.subarray(ciphertextAt, sealed.length - tagBytes));
}

function keyOf(sealed: Uint8Array, ring: KeyRing, nowMs: number): RingKey | undefined {
  if (sealed.length < overheadBytes || sealed[0] !== magic || sealed[1] !== version) return undefined;
  return ring.find(sealed.subarray(keyIdAt, saltAt), nowMs);
}

/** Nothing is given out before the tag was checked: update() alone yields unauthenticated bytes. */
function finished(decryption: ReturnType<typeof createDecipheriv>, ciphertext: Uint8Array): Buffer | undefined {
  const plaintext = decryption.update(ciphertext);
  try {
    decryption.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

function derive(sealed: Uint8Array, context: Uint8Array, purposeKey: Uint8Array) {
  const output = hkdfExpand(purposeKey, Buffer.concat([label, sealed.subarray(0, commitmentAt), context]), 76);
  return { key: output.subarray(0, 32), nonce: output.subarray(32, 44), commitment: output.subarray(44) };
}

function associatedData(sealed: Uint8Array, context: Uint8Array): Buffer {
  return Buffer.concat([sealed.subarray(0, ciphertextAt), context]);
}

/** lp of the farm id and of each name. */
function boundContext(farm: string, { names }: SealBinding): Buffer {
  return lengthPrefixed([farm, ...names]);
}

/**
 * Id of the ring key that sealed bytes name, as 16 hex digits; undefined for anything that does not begin as they do.
 */
export function keyIdOfSeal(sealed: Buffer): string | undefined {
  const isSeal = sealed.length >= overheadBytes && sealed[0] === magic && sealed[1] === version;
  return isSeal ? sealed.toString('hex', keyIdAt, saltAt) : undefined;
}
