/** Signatures with RSA: rsa-sha1 and rsa-sha256 of XML Signature (PKCS #1 v1.5 padding). */
import { constants, type KeyObject, sign, verify } from 'node:crypto';
import type { HashAlgorithm } from './suites.ts';

/**
 * Whether `signature` is the RSA signature of `data` (a string is taken as UTF-8) under the suite's asymmetric
 * algorithm. False, too, for a key that isn't an RSA public key: a symmetric key never gets here (it is a {@link
 * SecretKey}).
 */
export function verifyRsa(
  algorithm: HashAlgorithm,
  publicKey: KeyObject,
  data: string | Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.type !== 'public' || publicKey.asymmetricKeyType !== 'rsa') return false;
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  return verify(algorithm.hash, bytes, { key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signature);
}

/** The RSA signature of `data` (taken as UTF-8) under the suite's asymmetric algorithm, as base64. */
export function signRsa(algorithm: HashAlgorithm, privateKey: KeyObject, data: string): string {
  const key = { key: privateKey, padding: constants.RSA_PKCS1_PADDING };
  return sign(algorithm.hash, Buffer.from(data, 'utf8'), key).toString('base64');
}
