/** Key transport of XML Encryption: rsa-oaep-mgf1p, SHA-1 in both places and no label (XML Encryption 1.1 §5.5.2). */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { RandomSource } from './random.ts';
import { SecretKey, secretBytes } from './secret-key.ts';

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' } as const;

/** The CipherValue of an EncryptedKey. */
export function wrapKey(publicKey: KeyObject, key: SecretKey): Buffer {
  return publicEncrypt({ key: publicKey, ...oaep }, secretBytes(key));
}

/**
 * The key in an EncryptedKey, or, when it can't be opened or isn't of the expected length, a random one of that length: the
 * signature check then fails like that of any other wrong key, and how the unwrapping went is never told (CVE-2011-2487).
 *
 * @param expectedBytes length that the suite asks for: 16 to 32.
 */
export function unwrapKey(
  privateKey: KeyObject,
  wrapped: Uint8Array,
  expectedBytes: number,
  random: RandomSource,
): SecretKey {
  // Drawn whether it is needed or not, so that both ways cost the same.
  const substitute = random(expectedBytes);
  const opened = tryUnwrap(privateKey, wrapped);
  return new SecretKey(opened?.length === expectedBytes ? opened : substitute);
}

function tryUnwrap(privateKey: KeyObject, wrapped: Uint8Array): Buffer | undefined {
  try {
    return privateDecrypt({ key: privateKey, ...oaep }, wrapped);
  } catch {
    return undefined;
  }
}
