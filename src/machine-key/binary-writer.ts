/** A text as .NET's BinaryWriter writes it: its length in bytes, seven bits a byte, low ones first (a set top bit says that more follow), and UTF-8. */
export function writeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
