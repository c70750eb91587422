/**
 * A text that is made of many small pieces, as UTF-16 code units in one buffer: strings put together one after the
 * other take several times the memory of the text.
 */
export interface MadeText {
  /** Two bytes a unit, the low one first. */
  readonly bytes: Buffer;
  /** Bytes that are taken. */
  length: number;
  /** The bits of all units. */
  bits: number;
}

/** Room for so many code units. */
export function roomFor(units: number): MadeText {
  return { bytes: Buffer.allocUnsafe(2 * units), length: 0, bits: 0 };
}

/** Adds a code unit. */
export function addUnit(made: MadeText, unit: number): void {
  made.bytes[made.length] = unit;
  made.bytes[made.length + 1] = unit >> 8;
  made.length += 2;
  made.bits |= unit;
}

/** Adds the code units of a code point. */
export function addCodePoint(made: MadeText, code: number): void {
  if (code <= 0xffff) {
    addUnit(made, code);
    return;
  }
  addUnit(made, 0xd800 + ((code - 0x10000) >> 10));
  addUnit(made, 0xdc00 + ((code - 0x10000) & 0x3ff));
}

/** Adds a short text. */
export function addText(made: MadeText, text: string): void {
  for (let i = 0; i < text.length; i++) addUnit(made, text.charCodeAt(i));
}

/** The text; nothing can be added to it any more. */
export function textOf({ bytes, length, bits }: MadeText): string {
  if (bits > 0xff) return bytes.toString('utf16le', 0, length);
  const units = length / 2;
  for (let i = 0; i < units; i++) bytes[i] = bytes[2 * i] ?? 0;
  return bytes.toString('latin1', 0, units);
}
