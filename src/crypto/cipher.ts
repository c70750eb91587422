/**
 * Block encryption of XML Encryption 1.1 §5.2. The CipherValue holds IV ‖ ciphertext (CBC) or IV ‖ ciphertext ‖ tag
 * (GCM).
 */
import {
  type Cipher,
  type CipherGCM,
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  type Decipher,
  type DecipherGCM,
} from 'node:crypto';
import { refuse } from '../errors.ts';
import { base64OfPieces } from './base64.ts';
import type { RandomSource } from './random.ts';
import { type SecretKey, secretBytes } from './secret-key.ts';
import type { EncryptionAlgorithm } from './suites.ts';
import { textPieces } from './text-pieces.ts';

/** A key of exactly the algorithm's length. */
export type CipherKey = SecretKey;

const aesBlockBytes = 16;
const gcmTagBytes = 16;

/** Without this length Node takes tags of 4 and 8 bytes as well. */
const gcmOptions = { authTagLength: gcmTagBytes } as const;

/**
 * IV ‖ ciphertext [‖ tag] of `plaintext` (a string is taken as UTF-8), with a new random IV.
 *
 * @throws {TypeError} for an algorithm that isn't supported or a key that isn't of its length.
 */
export function encrypt(
  algorithm: EncryptionAlgorithm,
  key: CipherKey,
  plaintext: string | Uint8Array,
  random: RandomSource,
): Buffer {
  checkKey(algorithm, key);
  const iv = random(algorithm.ivBytes);
  return modes[algorithm.mode].encrypt(algorithm.cipher, secretBytes(key), iv, plaintext);
}

/** Characters that are encrypted at once; a multiple of three, so that most pieces are whole groups of base64. */
const pieceChars = 3 * 65_536;

/** The same of a text as base64; a long one is encrypted piece by piece. @throws {TypeError} as {@link encrypt} */
export function encryptToBase64(
  algorithm: EncryptionAlgorithm,
  key: CipherKey,
  plaintext: string,
  random: RandomSource,
): string {
  if (plaintext.length <= pieceChars) return encrypt(algorithm, key, plaintext, random).toString('base64');
  checkKey(algorithm, key);
  return base64OfPieces(encryptedPieces(algorithm, key, plaintext, random(algorithm.ivBytes)));
}

function* encryptedPieces(
  { mode, cipher }: EncryptionAlgorithm,
  key: CipherKey,
  plaintext: string,
  iv: Uint8Array,
): Generator<Buffer> {
  const encipher = modes[mode].encipher(cipher, secretBytes(key), iv);
  yield Buffer.from(iv);
  let bytes = 0;
  for (const piece of textPieces(plaintext, pieceChars)) {
    const octets = Buffer.from(piece);
    bytes += octets.length;
    yield encipher.update(octets);
  }
  yield* modes[mode].end(encipher, bytes);
}

function checkKey(algorithm: EncryptionAlgorithm, key: CipherKey): void {
  if (!algorithm.supported) throw new TypeError('this encryption algorithm is not supported');
  if (key.length !== algorithm.keyBytes)
    throw new TypeError('the key is not of the length of the encryption algorithm');
}

/**
 * The plaintext of IV ‖ ciphertext [‖ tag].
 *
 * @throws {Refusal} `decrypt`, the same for every failure: which one it was depends on a secret.
 */
export function decrypt(algorithm: EncryptionAlgorithm, key: CipherKey, data: Uint8Array): Buffer {
  return tryDecrypt(algorithm, key, data) ?? refuse('failedCheck', 'decrypt');
}

function tryDecrypt(algorithm: EncryptionAlgorithm, key: CipherKey, data: Uint8Array): Buffer | undefined {
  if (!algorithm.supported) return undefined;
  const { ivBytes, mode, cipher } = algorithm;
  // IVs, keys and tags of another length and broken blocks are errors of node:crypto.
  try {
    return modes[mode].decrypt(cipher, secretBytes(key), data.subarray(0, ivBytes), data.subarray(ivBytes));
  } catch {
    return undefined;
  }
}

interface Mode {
  encipher(cipher: string, key: Uint8Array, iv: Uint8Array): Cipher | CipherGCM;
  /** What comes after the ciphertext of so many bytes of plaintext. */
  end(encipher: Cipher | CipherGCM, bytes: number): readonly Buffer[];
  encrypt(cipher: string, key: Uint8Array, iv: Uint8Array, data: string | Uint8Array): Buffer;
  /** Undefined, or any exception of node:crypto, when the data isn't genuine. */
  decrypt(cipher: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer | undefined;
}

const modes: Readonly<Record<EncryptionAlgorithm['mode'], Mode>> = {
  cbc: {
    encipher: (cipher, key, iv) => createCipheriv(cipher, key, iv).setAutoPadding(false),
    end: (encipher, bytes) => [encipher.update(padding(bytes)), encipher.final()],
    encrypt(cipher, key, iv, data) {
      const encipher = createCipheriv(cipher, key, iv).setAutoPadding(false);
      const blocks = encipher.update(padded(data));
      // Whole blocks leave nothing for the end.
      encipher.final();
      return Buffer.concat([iv, blocks]);
    },
    decrypt(cipher, key, iv, data) {
      return unpadded(whole(createDecipheriv(cipher, key, iv).setAutoPadding(false), data));
    },
  },
  gcm: {
    encipher: (cipher, key, iv) => createCipheriv(cipher as CipherGCMTypes, key, iv, gcmOptions),
    end: encipher => [encipher.final(), (encipher as CipherGCM).getAuthTag()],
    encrypt(cipher, key, iv, data) {
      const encipher = createCipheriv(cipher as CipherGCMTypes, key, iv, gcmOptions);
      const ciphertext = typeof data === 'string' ? encipher.update(data, 'utf8') : encipher.update(data);
      encipher.final();
      return Buffer.concat([iv, ciphertext, encipher.getAuthTag()]);
    },
    decrypt(cipher, key, iv, data) {
      const tagAt = data.length - gcmTagBytes;
      const decipher = createDecipheriv(cipher as CipherGCMTypes, key, iv, gcmOptions);
      decipher.setAuthTag(data.subarray(tagAt));
      return whole(decipher, data.subarray(0, tagAt));
    },
  },
};

/** update() releases plaintext before the tag is checked; nothing leaves here before final() returned. */
function whole(decipher: Decipher | DecipherGCM, data: Uint8Array): Buffer {
  const start = decipher.update(data);
  const end = decipher.final();
  return end.length === 0 ? start : Buffer.concat([start, end]);
}

/**
 * XML Encryption §5.2.1: at least one byte more, the last one says how many; the others are arbitrary and zero here.
 */
function padded(data: string | Uint8Array): Buffer {
  const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
  const pad = padding(bytes);
  const blocks = Buffer.alloc(bytes + pad.length);
  if (typeof data === 'string') blocks.write(data);
  else blocks.set(data);
  blocks.set(pad, bytes);
  return blocks;
}

/** What is put behind so many bytes. */
function padding(bytes: number): Buffer {
  const padBytes = aesBlockBytes - (bytes % aesBlockBytes);
  const pad = Buffer.alloc(padBytes);
  pad[padBytes - 1] = padBytes;
  return pad;
}

function unpadded(blocks: Buffer): Buffer | undefined {
  const padBytes = blocks[blocks.length - 1] ?? 0;
  if (padBytes < 1 || padBytes > aesBlockBytes) return undefined;
  return blocks.subarray(0, blocks.length - padBytes);
}
