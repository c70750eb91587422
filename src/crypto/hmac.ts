/** HMAC (RFC 2104): two one-shot digests a message, instead of an object of OpenSSL's for each. */
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

/** Inner pad and message, outer pad and inner digest, for the length of one call. */
const inner = Buffer.alloc(blockBytes + largestCopiedBytes);
const outer = Buffer.alloc(blockBytes + digestBytes.sha256);

let compute: (key: HmacKey, data: string | Uint8Array, encoding: 'binary' | 'base64') => string;

/**
 * A key for HMAC with one hash function, as private as the {@link SecretKey} that it is. Its pads are made for each
 * message: that costs little beside the two digests, and a node holds thousands of keys.
 */
export class HmacKey {
  readonly hash: HashName;
  readonly #key: SecretKey;

  constructor(key: SecretKey, hash: HashName) {
    this.hash = hash;
    this.#key = key;
  }

  static {
    // Digests come as strings: for each Buffer that it makes, node:crypto takes a microsecond more.
    compute = (key, data, encoding) => {
      const { hash } = key;
      const bytes = secretBytes(key.#key);
      const size = typeof data === 'string' ? data.length * maxUtf8BytesPerUnit : data.length;
      if (size > largestCopiedBytes) return createHmac(hash, bytes).update(data).digest(encoding);
      const block = bytes.length > blockBytes ? digestOnce(hash, bytes, 'buffer') : bytes;
      pad(inner, block, 0x36);
      pad(outer, block, 0x5c);
      const end = blockBytes + write(data);
      outer.write(digestOnce(hash, inner.subarray(0, end), 'binary'), blockBytes, 'binary');
      inner.fill(0, 0, end);
      const code = digestOnce(hash, outer.subarray(0, blockBytes + digestBytes[hash]), encoding);
      outer.fill(0);
      return code;
    };
  }
}

function pad(padded: Buffer, block: Uint8Array, value: number): void {
  for (let i = 0; i < blockBytes; i++) padded[i] = (block[i] ?? 0) ^ value;
}

function write(data: string | Uint8Array): number {
  if (typeof data === 'string') return inner.write(data, blockBytes);
  inner.set(data, blockBytes);
  return data.length;
}

/**
 * A key for HMAC.
 *
 * @param secret at least 16 bytes.
 * @throws {TypeError} for fewer: an empty or short key must not verify anything.
 */
export function hmacKey(secret: Uint8Array | SecretKey, hash: HashName): HmacKey {
  return new HmacKey(secret instanceof SecretKey ? secret : new SecretKey(secret), hash);
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
