/** Digests of XML Signature, one call each. */
import { hash as digestOnce, timingSafeEqual } from 'node:crypto';

/** The hash functions that a suite can name. */
export type HashName = 'sha1' | 'sha256';

/** Bytes of one digest. */
export const digestBytes: Readonly<Record<HashName, number>> = Object.freeze({ sha1: 20, sha256: 32 });

/** Digest of `data` (a string is taken as UTF-8) as base64: the text of a DigestValue. */
export function digest(hash: HashName, data: string | Uint8Array): string {
  return digestOnce(hash, data, 'base64');
}

/** Digest of `data` (a string is taken as UTF-8) as bytes. */
export function digestOf(hash: HashName, data: string | Uint8Array): Buffer {
  return digestOnce(hash, data, 'buffer');
}

/** Whether two byte strings are equal; how long it takes depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
