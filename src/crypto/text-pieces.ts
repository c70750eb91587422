/**
 * A long text in pieces, so that what is made of it is not in memory as a whole too. None ends between two surrogates
 * that are one character.
 */
export function* textPieces(text: string, pieceChars: number): Generator<string> {
  let to: number;
  for (let from = 0; from < text.length; from = to) {
    to = from + pieceChars;
    if (isLeadSurrogate(text.charCodeAt(to - 1))) to += 1;
    yield text.slice(from, to);
  }
}

function isLeadSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
