/** Octets that come in pieces, such as the body of an HTTP message. */
export interface Octets {
  /** How many there are. */
  readonly bytes: number;
  /** @returns false where they are more than they may be, or come in too many pieces: then all are let go of */
  add(piece: Buffer): boolean;
  /** All that were added. */
  whole(): Buffer;
}

/**
 * Pieces that are not counted, and what further ones hold on average at least. Each costs some microseconds, however
 * small it is, and no honest peer sends a message octet by octet.
 */
const freePieces = 16_384;
const leastPieceBytes = 64;

const nothing = Buffer.alloc(0);

/**
 * Gathers octets in one place as they come: a list of pieces would take a hundred times the memory where each is one
 * octet.
 * @param declaredBytes how many there are said to be: no more room is made than for those, and none for what has not
 * come; default: nothing is said
 */
export function gatherOctets(maxBytes: number, declaredBytes = Number.POSITIVE_INFINITY): Octets {
  let kept: Buffer = nothing;
  let bytes = 0;
  let pieces = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(piece) {
      pieces += 1;
      const after = bytes + piece.length;
      if (after > maxBytes || pieces > freePieces + after / leastPieceBytes) {
        kept = nothing;
        bytes = 0;
        return false;
      }
      kept = bytes === 0 ? piece : joined(kept, bytes, piece, Math.min(maxBytes, declaredBytes));
      bytes = after;
      return true;
    },
    whole: () => kept.subarray(0, bytes),
  };
}

/**
 * The octets of a stream; undefined where {@link Octets.add} takes no more of them, and the rest is left unread.
 * @param declaredBytes how many there are said to be, where something is
 * @param grown waited for after each piece, with the number of octets that there are then; default: nothing is
 */
export async function octetsOf(
  stream: AsyncIterable<Buffer>,
  maxBytes: number,
  declaredBytes?: number,
  grown: (bytes: number) => Promise<void> | undefined = () => undefined,
): Promise<Buffer | undefined> {
  const octets = gatherOctets(maxBytes, declaredBytes);
  for await (const piece of stream) {
    if (!octets.add(piece)) return undefined;
    const waited = grown(octets.bytes);
    if (waited !== undefined) await waited;
  }
  return octets.whole();
}

/** Longest text that is left to Node: it puts the head of the message before it, and makes octets of both together. */
const longestTextChars = 65_536;

/** A text to be sent; a long one as octets, which nothing on the way copies. */
export function toSend(text: string, encoding: 'latin1' | 'utf8'): string | Buffer {
  return text.length > longestTextChars ? Buffer.from(text, encoding) : text;
}

/**
 * The first `bytes` octets of what is kept and a piece behind them, in more room where there is none left: twice as
 * much, but no more than for `mostBytes`.
 */
function joined(kept: Buffer, bytes: number, piece: Buffer, mostBytes: number): Buffer {
  const after = bytes + piece.length;
  // More than there should be are not copied again with each piece.
  const most = after > mostBytes ? Number.POSITIVE_INFINITY : mostBytes;
  const room = after <= kept.length ? kept : Buffer.allocUnsafe(Math.max(Math.min(2 * bytes, most), after));
  if (room !== kept) kept.copy(room, 0, 0, bytes);
  piece.copy(room, bytes);
  return room;
}
