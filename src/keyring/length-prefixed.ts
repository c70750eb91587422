/** Texts as octets that no other texts give: of each its length (2 octets), then the text in UTF-8. */
export function lengthPrefixed(texts: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 2 + Buffer.byteLength(text), 0));
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 2);
    at = bytes.writeUInt16BE(length, at) + length;
  }
  return bytes;
}
