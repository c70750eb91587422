import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBase64, parseBase64 } from '../../src/crypto/base64.ts';
import { Refusal } from '../../src/errors.ts';

const any = { minBytes: 0, maxBytes: 1000 };

/** RFC 4648 §4 with the pad bits zero: the only text that each byte string has. */
const oracle = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

const byteStrings = fc.uint8Array({ maxLength: 200 });

describe('base64', () => {
  test('decoding what was encoded gives the bytes', () => {
    fc.assert(
      fc.property(byteStrings, bytes => {
        expect(parseBase64(Buffer.from(bytes).toString('base64'), any)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('a text is accepted exactly when it is canonical', () => {
    const almost = fc.string({ unit: fc.constantFrom(...'AQgwBz09+/=-_*%\u00e9'), maxLength: 12 });
    const broken = fc.tuple(byteStrings, fc.nat(), fc.constantFrom(...'AQgwB+/=-_*')).map(([bytes, at, char]) => {
      const text = Buffer.from(bytes).toString('base64');
      const index = at % (text.length + 1);
      return text.slice(0, index) + char + text.slice(index + (at % 2));
    });
    fc.assert(
      fc.property(
        fc.oneof(almost, broken),
        text => void expect(parseBase64(text, any) !== undefined).toBe(oracle.test(text)),
      ),
      { numRuns: 5000 },
    );
  });

  test('what is accepted is encoded to the same text again', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgwBz09+/='), maxLength: 12 }), text => {
        const decoded = parseBase64(text, any);
        expect(decoded?.toString('base64') ?? text).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test('XML whitespace may fold the text', () => {
    const breaks = fc.array(fc.tuple(fc.nat(), fc.constantFrom(' ', '\t', '\n', '\r\n', '\n    ')), { maxLength: 6 });
    fc.assert(
      fc.property(byteStrings, breaks, (bytes, folds) => {
        let text = Buffer.from(bytes).toString('base64');
        for (const [at, space] of folds) {
          const index = at % (text.length + 1);
          text = text.slice(0, index) + space + text.slice(index);
        }
        expect(parseBase64(text, any)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each(['\u00a0', '\u2028', '\ufeff', '\v', '\f', '\0'])('other white space is refused: %j', space => {
    expect(parseBase64(`AAAA${space}`, any)).toBeUndefined();
    expect(parseBase64(`AAAA ${space}`, any)).toBeUndefined();
  });

  test.each([
    ['missing padding', 'AAAAA'],
    ['missing padding', 'AA'],
    ['half the padding', 'AA='],
    ['too much padding', 'AAAA='],
    ['padding alone', '===='],
    ['the URL alphabet', 'AA-_'],
    ['a stray character', 'AA*A'],
    ['two texts in one', 'AA==AA=='],
    ['pad bits that are not zero', 'AB=='],
    ['pad bits that are not zero', 'AAB='],
  ])('%s is refused: %s', (_, text) => {
    expect(parseBase64(text, any)).toBeUndefined();
  });

  describe('a text of many pieces', () => {
    const bounds = { minBytes: 0, maxBytes: 100_000 };
    const bytes = Buffer.alloc(75_001, 'payload');
    const text = bytes.toString('base64');

    test('is read like a short one', () => {
      for (let less = 0; less < 3; less++) {
        const part = bytes.subarray(less);
        expect(parseBase64(part.toString('base64'), bounds)?.equals(part)).toBe(true);
      }
      expect(parseBase64(text.replace(/.{76}/g, '$&\r\n'), bounds)?.equals(bytes)).toBe(true);
      expect(parseBase64(text, { minBytes: 75_001, maxBytes: 75_001 })?.equals(bytes)).toBe(true);
      expect(parseBase64(text, { minBytes: 0, maxBytes: 75_000 })).toBeUndefined();
      expect(parseBase64(text, { minBytes: 75_002, maxBytes: 80_000 })).toBeUndefined();
    });

    test.each([
      ['padding at the end of a piece', `${text.slice(0, 32_764)}AA==${text.slice(32_768)}`],
      ['padding inside of a piece', `${text.slice(0, 40_000)}AA==${text.slice(40_004)}`],
      ['a stray character', `${text.slice(0, 60_000)}*${text.slice(60_001)}`],
      ['missing padding', text.slice(0, -1)],
      ['a character more', `${text}A`],
      ['pad bits that are not zero', `${text.slice(0, -4)}AB==`],
    ])('is refused for %s', (_, broken) => {
      expect(parseBase64(broken, bounds)).toBeUndefined();
    });
  });

  test('the number of bytes keeps to its bounds, both included', () => {
    fc.assert(
      fc.property(byteStrings, fc.nat(100), fc.nat(100), (bytes, minBytes, more) => {
        const maxBytes = minBytes + more;
        const accepted = parseBase64(Buffer.from(bytes).toString('base64'), { minBytes, maxBytes }) !== undefined;
        expect(accepted).toBe(bytes.length >= minBytes && bytes.length <= maxBytes);
      }),
    );
  });

  test.each([
    [15, false],
    [16, true],
    [17, false],
  ])('of %i bytes where 16 are wanted: accepted is %s', (length, accepted) => {
    const text = Buffer.alloc(length).toString('base64');
    expect(parseBase64(text, { minBytes: 16, maxBytes: 16 }) !== undefined).toBe(accepted);
  });

  test('a text of white space alone, far longer than its bytes, is refused before it is read', () => {
    expect(parseBase64(' '.repeat(1_000_000), { minBytes: 0, maxBytes: 16 })).toBeUndefined();
  });

  test('a refusal has the class that the caller asks for, invalidSecurity otherwise', () => {
    expect(() => decodeBase64('*', any)).toThrow(new Refusal('invalidSecurity', 'base64'));
    const classes = ['invalidSecurity', 'failedCheck'] as const;
    for (const fault of classes) {
      try {
        decodeBase64('*', any, fault);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ fault, reason: 'base64' });
      }
    }
  });
});

describe('a text of many pieces', () => {
  const bounds = { minBytes: 0, maxBytes: 1_000_000 };

  test.each([49_151, 49_152, 49_153, 98_304, 150_000])('of %i bytes is read whole', count => {
    const bytes = Buffer.from(Uint8Array.from({ length: count }, (_, i) => (i * 7) % 251));
    const text = bytes.toString('base64');
    expect(parseBase64(text, bounds)?.equals(bytes)).toBe(true);
    expect(parseBase64(text.replace(/.{76}/g, '$&\n'), bounds)?.equals(bytes)).toBe(true);
  });

  test.each([0, 65_535, 65_536, 65_537, 131_071, 131_072, 199_999])('is refused with a stray character at %i', at => {
    const text = Buffer.alloc(150_000, 'bytes').toString('base64');
    for (const stray of ['-', '!', '='])
      expect(parseBase64(`${text.slice(0, at)}${stray}${text.slice(at + 1)}`, bounds)).toBeUndefined();
  });
});
