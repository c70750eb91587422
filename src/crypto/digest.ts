/** Digests of XML Signature, one call each where they are of a short text. */
import { createHash, hash as digestOnce, timingSafeEqual } from 'node:crypto';
import { textPieces } from './text-pieces.ts';

/** The hash functions that a suite can name. */
export type HashName = 'sha1' | 'sha256';

/** Bytes of one digest. */
export const digestBytes: Readonly<Record<HashName, number>> = Object.freeze({ sha1: 20, sha256: 32 });

/** Digest of `data` (a string is taken as UTF-8) as base64: the text of a DigestValue. */
export function digest(hash: HashName, data: string | Uint8Array): string {
  return digestOnce(hash, data, 'base64');
}

/** Characters that are digested at once: no more of a long text is in memory as bytes too. */
const pieceChars = 65_536;

/** Digest of a well-formed text that stands in several ones, as base64; see {@link digest}. */
export function digestOfTexts(hash: HashName, texts: readonly string[]): string {
  let chars = 0;
  for (const text of texts) chars += text.length;
  if (chars <= pieceChars) return digest(hash, texts.join(''));
  const made = createHash(hash);
  for (const text of texts) for (const piece of textPieces(text, pieceChars)) made.update(piece);
  return made.digest('base64');
}

/** Digest of `data` (a string is taken as UTF-8) as bytes. */
export function digestOf(hash: HashName, data: string | Uint8Array): Buffer {
  return digestOnce(hash, data, 'buffer');
}

/** Whether two byte strings are equal; how long it takes depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
