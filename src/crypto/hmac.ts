/** HMAC (RFC 2104) with a prepared key: two one-shot digests a message, instead of an object of OpenSSL's for each. */
import { createHmac, hash as digestOnce } from 'node:crypto';
import { digestBytes, type HashName } from './digest.ts';
import { SecretKey, secretBytes } from './secret-key.ts';

export { equalBytes } from './digest.ts';

/** Block size of SHA-1 and SHA-256 alike. */
const blockBytes = 64;

/** Longest message that is copied behind the inner pad; for longer ones OpenSSL's own HMAC costs no more. */
const largestCopiedBytes = 8192;

/** One UTF-16 code unit becomes at most so many bytes of UTF-8. */
const maxUtf8BytesPerUnit = 3;

/** Inner pad and message, for the length of one call. */
const scratch = Buffer.alloc(blockBytes + largestCopiedBytes);

let compute: (key: HmacKey, data: string | Uint8Array, encoding: 'binary' | 'base64') => string;

/** A key ready for HMAC with one hash function. Its pads are as private as the bytes of a {@link SecretKey}. */
export class HmacKey {
  readonly hash: HashName;
  readonly #inner: Buffer;
  /** The outer pad, with room behind it for the inner digest. */
  readonly #outer: Buffer;
  readonly #key: SecretKey;

  constructor(key: SecretKey, hash: HashName) {
    const bytes = secretBytes(key);
    const block = bytes.length > blockBytes ? digestOnce(hash, bytes, 'buffer') : bytes;
    this.hash = hash;
    const pads = Buffer.alloc(2 * blockBytes + digestBytes[hash]);
    this.#inner = pad(pads.subarray(0, blockBytes), block, 0x36);
    this.#outer = pad(pads.subarray(blockBytes), block, 0x5c);
    this.#key = key;
  }

  static {
    // Digests come as strings: for each Buffer that it makes, node:crypto takes a microsecond more.
    compute = (key, data, encoding) => {
      const size = typeof data === 'string' ? data.length * maxUtf8BytesPerUnit : data.length;
      if (size > largestCopiedBytes) return createHmac(key.hash, secretBytes(key.#key)).update(data).digest(encoding);
      key.#inner.copy(scratch);
      const end = blockBytes + write(data);
      key.#outer.write(digestOnce(key.hash, scratch.subarray(0, end), 'binary'), blockBytes, 'binary');
      scratch.fill(0, 0, end);
      return digestOnce(key.hash, key.#outer, encoding);
    };
  }
}

function pad(padded: Buffer, block: Uint8Array, value: number): Buffer {
  for (let i = 0; i < blockBytes; i++) padded[i] = (block[i] ?? 0) ^ value;
  return padded;
}

function write(data: string | Uint8Array): number {
  if (typeof data === 'string') return scratch.write(data, blockBytes);
  scratch.set(data, blockBytes);
  return data.length;
}

const preparedKeys: Readonly<Record<HashName, WeakMap<SecretKey, HmacKey>>> = {
  sha1: new WeakMap(),
  sha256: new WeakMap(),
};

/**
 * Prepares a key for HMAC; for the same {@link SecretKey} it is done once.
 *
 * @param secret at least 16 bytes.
 * @throws {TypeError} for fewer: an empty or short key must not verify anything.
 */
export function hmacKey(secret: Uint8Array | SecretKey, hash: HashName): HmacKey {
  if (!(secret instanceof SecretKey)) return new HmacKey(new SecretKey(secret), hash);
  let key = preparedKeys[hash].get(secret);
  if (key === undefined) {
    key = new HmacKey(secret, hash);
    preparedKeys[hash].set(secret, key);
  }
  return key;
}

/** HMAC of `data` (a string is taken as UTF-8), never truncated. */
export function hmac(key: HmacKey, data: string | Uint8Array): Buffer {
  return Buffer.from(compute(key, data, 'binary'), 'binary');
}

/** HMAC of `data` as base64: the text of a SignatureValue. */
export function hmacBase64(key: HmacKey, data: string | Uint8Array): string {
  return compute(key, data, 'base64');
}

/** Writes the HMAC of `data` into `target` from `at` on; what does not fit is left out. */
export function hmacInto(target: Buffer, at: number, key: HmacKey, data: string | Uint8Array): void {
  target.write(compute(key, data, 'binary'), at, 'binary');
}
