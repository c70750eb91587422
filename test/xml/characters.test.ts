import { describe, expect, it } from 'vitest';
import { isPrintableAscii, trimSpace } from '../../src/xml/characters.ts';

/**
 * Bytes that begin at any place of a word, as parts of a socket's buffer do, among bytes that are no printable ASCII.
 */
function placed(bytes: readonly number[], offset: number): Uint8Array {
  const around = new Uint8Array(bytes.length + 8);
  around.set(bytes, offset);
  return around.subarray(offset, offset + bytes.length);
}

const offsets = [0, 1, 2, 3];
const lengths = Array.from({ length: 14 }, (_, length) => length);

describe('printable ASCII', () => {
  it('is told from every other byte, wherever it stands', () => {
    const wrong: string[] = [];
    for (const offset of offsets) {
      for (const length of lengths) {
        for (let at = 0; at < length; at++) {
          for (let byte = 0; byte < 256; byte++) {
            const bytes = new Array<number>(length).fill(0x41);
            bytes[at] = byte;
            if (isPrintableAscii(placed(bytes, offset)) !== (byte >= 0x20 && byte <= 0x7f))
              wrong.push(`byte ${byte} at ${at} of ${length}, offset ${offset}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is what no bytes at all are', () => {
    for (const offset of offsets) expect(isPrintableAscii(placed([], offset))).toBe(true);
  });

  it('is not what two bytes make of each other', () => {
    for (const pair of [
      [0x1f, 0x20],
      [0x20, 0x1f],
      [0x00, 0x80],
      [0x7f, 0x80],
      [0xff, 0x00],
    ]) {
      for (const offset of offsets) expect(isPrintableAscii(placed([...pair, 0x20, 0x7f], offset))).toBe(false);
    }
  });
});

describe('white space of XML', () => {
  it('is four characters: no other one is cut from a value', () => {
    expect(trimSpace(' \t\r\n a b \n\r\t ')).toBe('a b');
    expect(trimSpace(' \t')).toBe('');
    for (let code = 0; code <= 0xffff; code++) {
      const character = String.fromCharCode(code);
      const isSpace = [0x20, 0x9, 0xa, 0xd].includes(code);
      if (trimSpace(`${character}x${character}`) !== (isSpace ? 'x' : `${character}x${character}`))
        expect.fail(`U+${code.toString(16)}`);
    }
  });
});
