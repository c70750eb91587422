/** Markup of any length: what the families of input repeat, nest, lengthen, alternate and interleave. */

/** Writes some `bytes` bytes. */
export type Fill = (bytes: number) => string;

/** Fills by name. */
export type Fills = Readonly<Record<string, Fill>>;

/** The same piece, again and again. */
export function repeated(piece: string): Fill {
  const pieceBytes = Buffer.byteLength(piece);
  return bytes => piece.repeat(Math.floor(bytes / pieceBytes));
}

/** Pieces that differ by their index. */
export function numbered(piece: (index: number) => string): Fill {
  return bytes => {
    const pieces: string[] = [];
    for (let index = 0, length = 0; length < bytes; index++) {
      const text = piece(index);
      pieces.push(text);
      length += Buffer.byteLength(text);
    }
    return pieces.join('');
  };
}

/** Two pieces by turns. */
export function alternated(one: string, other: string): Fill {
  return repeated(one + other);
}

/** One thing that grows inside. */
export function around(open: string, inside: Fill, close: string): Fill {
  return bytes => open + inside(bytes) + close;
}

/** Elements nested `depth` deep, again and again. */
export function nested(depth: number, inside = ''): Fill {
  return repeated('<a>'.repeat(depth) + inside + '</a>'.repeat(depth));
}

/** Texts for the indices 0 to `count` - 1, joined by `separator`. */
export function series(count: number, text: (index: number) => string, separator = ''): string {
  return Array.from({ length: count }, (_, index) => text(index)).join(separator);
}
