import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomSource } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { type PrivateFileKind, readMountedFile } from '../files/private-file.ts';
import { base64Bytes } from '../files/strict-json.ts';
import { hkdfExpand } from './hkdf.ts';
import { lengthPrefixed } from './length-prefixed.ts';

/*
 * Keys of a ring that are wrapped by a key-encryption key (KEK), so that where the ring lies nobody can use it.
 *
 * wrapped = nonce 12, random ‖ ciphertext ‖ tag 16: AES-256-GCM
 * key     = HKDF-Expand(KEK, "soap-secure-conversation/kek/wrap", 32)
 * AAD     = lp("soap-secure-conversation/kek/v1") lp(farm id) lp(key id) lp(what of it): nothing is moved to another
 *           place, or into another farm's ring
 *
 * The ring as a whole has a MAC, so that nobody without the KEK gives a revoked key back its life, or a key more time:
 *
 * mac     = HMAC-SHA-256(HKDF-Expand(KEK, "soap-secure-conversation/kek/ring", 32), the ring's JSON without `mac`)
 */

const kekBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = 'aes-256-gcm';
const maxKeks = 4;
const label = 'soap-secure-conversation/kek';

/** A key that wraps the keys of a ring. */
export interface Kek {
  /** Names it without telling it: the first 8 bytes of SHA-256("kekid" ‖ KEK), as 16 hex digits. */
  readonly id: string;
  wrap(key: Uint8Array, names: WrappedNames, random: RandomSource): Buffer;
  /** Undefined for anything that this KEK did not wrap under these names. */
  unwrap(wrapped: Uint8Array, names: WrappedNames): Buffer | undefined;
  mac(text: string): Buffer;
  isMac(text: string, mac: Uint8Array): boolean;
}

/** What a wrapped key is bound to. */
export interface WrappedNames {
  readonly farm: string;
  readonly keyId: string;
  /** `key`, or which key of a machineKey. */
  readonly what: string;
}

/** Gives the KEKs as they are now: the first one wraps, all of them unwrap. @throws {SecureConversationError} */
export type KekSource = () => readonly Kek[];

/** Of a ring whose keys are not wrapped. */
export const noKek: KekSource = () => [];

/** The KEK as somebody gives it: the text itself, or a file. */
export interface GivenKek {
  readonly kek?: string | undefined;
  readonly kekFile?: string | undefined;
}

/**
 * The KEKs that were given; none where nothing was.
 * @param from names the text in errors
 * @throws {SecureConversationError} `RING_INVALID` for a text that holds none
 */
export function keksOf({ kek, kekFile }: GivenKek, from: string): KekSource {
  if (kek !== undefined) {
    const keks = parseKeks(kek, from);
    return () => keks;
  }
  return kekFile === undefined ? noKek : kekInFile(kekFile);
}

/**
 * Reads KEKs: each base64 of 32 bytes or 64 hex digits, with white space between them; the first one wraps, so that one
 * can be changed for another.
 * @param from names where they come from
 * @throws {SecureConversationError} `RING_INVALID`; nothing of the text is in it
 */
export function parseKeks(text: string, from: string): readonly Kek[] {
  const words = text.split(/\s+/).filter(word => word !== '');
  if (words.length === 0 || words.length > maxKeks) throw kekError(from, `must be 1 to ${maxKeks} keys`);
  return words.map((word, i) => {
    const bytes = /^[0-9a-f]{64}$/i.test(word) ? Buffer.from(word, 'hex') : base64Bytes(word);
    const place = words.length === 1 ? '' : `key ${i + 1} `;
    if (bytes?.length !== kekBytes) throw kekError(from, `${place}must be base64 of ${kekBytes} bytes, or hex digits`);
    if (bytes.every(byte => byte === bytes[0]))
      throw kekError(from, `${place}is not random, all its bytes are the same`);
    return openKek(bytes);
  });
}

const newKekHint = 'make one with "openssl rand -base64 32"';

const fileKind: PrivateFileKind = {
  what: 'KEK',
  code: 'RING_INVALID',
  forbiddenMode: 0o037,
  missingHint: newKekHint,
};

/** KEKs in a file, read each time that they are asked for: it may be a link that leads to another one by now. */
export function kekInFile(file: string): KekSource {
  return () => parseKeks(readMountedFile(file, fileKind), file);
}

function kekError(from: string, problem: string): Error {
  return new ConfigurationError('RING_INVALID', `KEK ${from}: ${problem}`, {
    hint: newKekHint,
  });
}

function openKek(bytes: Uint8Array): Kek {
  const wrapKey = hkdfExpand(bytes, Buffer.from(`${label}/wrap`), kekBytes);
  const macKey = hkdfExpand(bytes, Buffer.from(`${label}/ring`), kekBytes);
  const mac = (text: string) => createHmac('sha256', macKey).update(text).digest();
  return Object.freeze({
    id: createHash('sha256').update('kekid').update(bytes).digest('hex').slice(0, 16),
    wrap(key: Uint8Array, names: WrappedNames, random: RandomSource) {
      const nonce = random(nonceBytes);
      if (nonce.length !== nonceBytes) throw new RangeError('the random source gave a nonce of another length');
      const encryption = createCipheriv(cipher, wrapKey, nonce, { authTagLength: tagBytes });
      encryption.setAAD(boundTo(names));
      const ciphertext = encryption.update(key);
      encryption.final();
      return Buffer.concat([nonce, ciphertext, encryption.getAuthTag()]);
    },
    unwrap: (wrapped: Uint8Array, names: WrappedNames) => unwrapped(wrapKey, wrapped, boundTo(names)),
    mac,
    isMac: (text: string, given: Uint8Array) => given.length === 32 && timingSafeEqual(mac(text), given),
  });
}

function unwrapped(key: Uint8Array, wrapped: Uint8Array, names: Uint8Array): Buffer | undefined {
  if (wrapped.length <= nonceBytes + tagBytes) return undefined;
  const decryption = createDecipheriv(cipher, key, wrapped.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decryption.setAAD(names);
  decryption.setAuthTag(wrapped.subarray(wrapped.length - tagBytes));
  const plaintext = decryption.update(wrapped.subarray(nonceBytes, wrapped.length - tagBytes));
  try {
    decryption.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** lp of each name. */
function boundTo({ farm, keyId, what }: WrappedNames): Buffer {
  return lengthPrefixed([`${label}/v1`, farm, keyId, what]);
}
