/** P_SHA1, the one key derivation of WS-Trust and WS-SecureConversation (RFC 2246 §5). */
import { digestBytes } from './digest.ts';
import { hmacInto, hmacKey } from './hmac.ts';
import type { SecretKey } from './secret-key.ts';

/** More than any key and offset of these protocols; each further 20 bytes cost two HMACs. */
const maxDerivedBytes = 1024;

/**
 * The first `bytes` bytes of P_SHA1(secret, seed): HMAC(A(1) ‖ seed) ‖ HMAC(A(2) ‖ seed) ‖ …, A(0) = seed, A(i) =
 * HMAC(A(i−1)).
 *
 * @param secret at least 16 bytes.
 * @param seed client and server entropy, or label ‖ nonce (WS-SecureConversation 1.3 §7).
 * @throws {TypeError} for a shorter secret; {RangeError} for `bytes` outside 0 to 1024.
 */
export function pSha1(secret: Uint8Array | SecretKey, seed: Uint8Array, bytes: number): Buffer {
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > maxDerivedBytes) {
    throw new RangeError('a derived length is between 0 and 1024 bytes');
  }
  const key = hmacKey(secret, 'sha1');
  const derived = Buffer.alloc(bytes);
  // A(i) ‖ seed
  const input = Buffer.alloc(digestBytes.sha1 + seed.length);
  const a = input.subarray(0, digestBytes.sha1);
  input.set(seed, digestBytes.sha1);
  for (let at = 0; at < bytes; at += digestBytes.sha1) {
    hmacInto(a, 0, key, at === 0 ? seed : a);
    hmacInto(derived, at, key, input);
  }
  return derived;
}

/**
 * The key of a conversation from both sides' entropy: P_SHA1(initiator's, responder's), first `keySizeBits / 8` bytes
 * (WS-Trust 1.3 §4.4.4, `…/CK/PSHA1`). Used with every suite, the Sha256 ones too.
 */
export function computedKey(
  initiatorEntropy: Uint8Array,
  responderEntropy: Uint8Array,
  keySizeBits: number,
): Uint8Array {
  return pSha1(initiatorEntropy, responderEntropy, keySizeBits / 8);
}
