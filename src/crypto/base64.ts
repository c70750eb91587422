/** Base64 as messages carry it: one text for each byte string, apart from the folding of lines. */
import { type FaultClass, refuse } from '../errors.ts';

/** How many bytes a value may have; both bounds are allowed. */
export interface ByteBounds {
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** Room for folded and indented lines, beside the encoded text itself. */
const foldingFactor = 2;
const foldingChars = 64;

/**
 * The bytes of a base64 text, or undefined when it isn't the canonical encoding of a permitted number of bytes.
 * XML whitespace may stand anywhere. The length of the text is checked before anything is decoded.
 */
export function parseBase64(text: string, bounds: ByteBounds): Buffer | undefined {
  const maxChars = encodedChars(bounds.maxBytes);
  if (text.length > maxChars * foldingFactor + foldingChars) return undefined;
  return (text.length > pieceChars ? parsedInPieces(text, bounds) : undefined) ?? parsedWhole(text, bounds);
}

function parsedWhole(text: string, bounds: ByteBounds): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length > bounds.maxBytes || bytes.length < bounds.minBytes) return undefined;
  // Buffer reads the URL alphabet, missing padding, stray characters and non-zero pad bits too; writing it again shows
  // them all.
  const encoded = bytes.toString('base64');
  return encoded === text || isFolded(encoded, text) ? bytes : undefined;
}

/** Characters of a long text that are read at once: of a part of a string, Node makes UTF-16 before it decodes it. */
const pieceChars = 32_768;

/** The same of a long text, each piece written again while it is at hand; undefined, too, where it is folded. */
function parsedInPieces(text: string, { minBytes, maxBytes }: ByteBounds): Buffer | undefined {
  const byteLength = Buffer.byteLength(text, 'base64');
  if (byteLength > maxBytes || byteLength < minBytes) return undefined;
  const bytes = Buffer.allocUnsafe(byteLength);
  let end = 0;
  for (let from = 0; from < text.length; from += pieceChars) {
    const piece = text.slice(from, from + pieceChars);
    const at = end;
    end += bytes.write(piece, at, 'base64');
    if (bytes.toString('base64', at, end) !== piece) return undefined;
  }
  // Padding at the end of a piece inside makes fewer bytes: what is left over was never written.
  return end === byteLength ? bytes : undefined;
}

/** Base64 of bytes that come in pieces. */
export function base64OfPieces(pieces: Iterable<Buffer>): string {
  let text = '';
  /** Bytes that make no whole group of three yet. */
  let rest: Buffer | undefined;
  for (const piece of pieces) {
    const bytes = rest === undefined ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % 3);
    text += bytes.toString('base64', 0, whole);
    rest = whole === bytes.length ? undefined : bytes.subarray(whole);
  }
  return rest === undefined ? text : text + rest.toString('base64');
}

/** Whether a text is another one with white space put in; nothing is copied, however often it is folded. */
function isFolded(encoded: string, text: string): boolean {
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === encoded.charCodeAt(at)) at += 1;
    else if (code !== 0x20 && code !== 0x9 && code !== 0xd && code !== 0xa) return false;
  }
  return at === encoded.length;
}

/**
 * The bytes of a base64 text in a received message; see {@link parseBase64}.
 *
 * @param fault class of the refusal: `failedCheck` for a value that a secret decides, `invalidSecurity` (default)
 * elsewhere.
 * @throws {Refusal} `base64`.
 */
export function decodeBase64(text: string, bounds: ByteBounds, fault: FaultClass = 'invalidSecurity'): Buffer {
  return parseBase64(text, bounds) ?? refuse(fault, 'base64');
}

/**
 * The bytes of a base64url text without padding, or undefined when it isn't the canonical encoding of a permitted
 * number of bytes. Too long a text isn't looked at.
 */
export function parseBase64Url(text: string, { minBytes, maxBytes }: ByteBounds): Buffer | undefined {
  if (text.length > base64UrlChars(maxBytes)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Buffer reads both alphabets, padding, stray characters and non-zero last bits too; writing it again shows them all.
  return bytes.length >= minBytes && bytes.toString('base64url') === text ? bytes : undefined;
}

/** Length of a base64url text without padding. */
export function base64UrlChars(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

function encodedChars(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}
