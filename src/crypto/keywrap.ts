/** Key transport of XML Encryption: rsa-oaep-mgf1p, SHA-1 in both places and no label (XML Encryption 1.1 §5.5.2). */
import { constants, type KeyObject, publicEncrypt, webcrypto } from 'node:crypto';
import type { RandomSource } from './random.ts';
import { SecretKey, secretBytes } from './secret-key.ts';

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' } as const;

/** The CipherValue of an EncryptedKey. */
export function wrapKey(publicKey: KeyObject, key: SecretKey): Buffer {
  return publicEncrypt({ key: publicKey, ...oaep }, secretBytes(key));
}

/**
 * The key in an EncryptedKey, or, when it can't be opened or isn't of the expected length, a random one of that length:
 * the signature check then fails like that of any other wrong key, and how the unwrapping went is never told
 * (CVE-2011-2487).
 *
 * The private operation runs on a thread of the pool: on the main thread it would hold up every call of the process,
 * five times as long.
 *
 * @param expectedBytes length that the suite asks for: 16 to 32.
 */
export async function unwrapKey(
  privateKey: KeyObject,
  wrapped: Uint8Array,
  expectedBytes: number,
  random: RandomSource,
): Promise<SecretKey> {
  // Drawn whether it is needed or not, so that both ways cost the same.
  const substitute = random(expectedBytes);
  const opened = await tryUnwrap(await imported(privateKey), wrapped);
  return new SecretKey(opened?.length === expectedBytes ? opened : substitute);
}

async function tryUnwrap(key: webcrypto.CryptoKey, wrapped: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await webcrypto.subtle.decrypt('RSA-OAEP', key, wrapped));
  } catch {
    return undefined;
  }
}

/**
 * The keys that have been used, as the Web Crypto API takes them: node:crypto itself has no RSA off the main thread.
 */
const importedKeys = new WeakMap<KeyObject, Promise<webcrypto.CryptoKey>>();

function imported(privateKey: KeyObject): Promise<webcrypto.CryptoKey> {
  const known = importedKeys.get(privateKey);
  if (known !== undefined) return known;
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const key = webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'RSA-OAEP', hash: 'SHA-1' }, false, ['decrypt']);
  importedKeys.set(privateKey, key);
  return key;
}
