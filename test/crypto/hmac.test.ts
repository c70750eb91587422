import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digest, digestOf, type HashName } from '../../src/crypto/digest.ts';
import { equalBytes, hmac, hmacBase64, hmacInto, hmacKey } from '../../src/crypto/hmac.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { vectorJson } from './vector.ts';

type Bytes = { byte: string; times: number } | { hex: string } | { text: string };
interface Vector {
  name: string;
  hash: HashName;
  key: Bytes;
  data: Bytes;
  hmac: string;
}

function bytesOf(bytes: Bytes): Buffer {
  if ('byte' in bytes) return Buffer.alloc(bytes.times, Number.parseInt(bytes.byte, 16));
  return 'hex' in bytes ? Buffer.from(bytes.hex, 'hex') : Buffer.from(bytes.text);
}

const { vectors } = vectorJson<{ vectors: Vector[] }>('crypto/hmac.json');
const hashes = fc.constantFrom<HashName>('sha1', 'sha256');
const secrets = fc.uint8Array({ minLength: 16, maxLength: 150 });

describe('HMAC', () => {
  test.each(vectors)('$name', ({ hash, key, data, hmac: expected }) => {
    const prepared = hmacKey(bytesOf(key), hash);
    expect(hmac(prepared, bytesOf(data)).toString('hex')).toBe(expected);
    expect(Buffer.from(hmacBase64(prepared, bytesOf(data)), 'base64').toString('hex')).toBe(expected);
  });

  test('equals that of node:crypto for bytes of any length', () => {
    const data = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(20_000).map(length => Buffer.alloc(length, 0x5a)),
    );
    fc.assert(
      fc.property(hashes, secrets, data, (hash, secret, bytes) => {
        const expected = createHmac(hash, secret).update(bytes).digest();
        expect(hmac(hmacKey(secret, hash), bytes).equals(expected)).toBe(true);
      }),
    );
  });

  test('equals that of node:crypto for text of any length', () => {
    const texts = fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constantFrom(1, 7, 200, 2000));
    fc.assert(
      fc.property(hashes, secrets, texts, (hash, secret, [text, times]) => {
        const long = text.repeat(times);
        const expected = createHmac(hash, secret).update(long, 'utf8').digest('base64');
        expect(hmacBase64(hmacKey(secret, hash), long)).toBe(expected);
      }),
    );
  });

  test.each([8191, 8192, 8193, 2730, 2731])('does not depend on how a message of %i units is hashed', length => {
    const secret = Buffer.alloc(32, 7);
    for (const unit of ['a', '\u20ac']) {
      const text = unit.repeat(length);
      expect(hmacBase64(hmacKey(secret, 'sha1'), text)).toBe(createHmac('sha1', secret).update(text).digest('base64'));
    }
  });

  test('is not disturbed by the message before', () => {
    const key = hmacKey(Buffer.alloc(20, 1), 'sha256');
    const before = hmac(key, 'short');
    hmac(key, 'x'.repeat(2000));
    hmac(hmacKey(Buffer.alloc(20, 2), 'sha256'), 'another key');
    expect(hmac(key, 'short').equals(before)).toBe(true);
  });

  test('is written into a buffer as far as it fits', () => {
    const key = hmacKey(Buffer.alloc(20, 1), 'sha1');
    const target = Buffer.alloc(24);
    hmacInto(target, 8, key, 'data');
    expect(target.subarray(8).equals(hmac(key, 'data').subarray(0, 16))).toBe(true);
    expect(target.subarray(0, 8).equals(Buffer.alloc(8))).toBe(true);
  });

  test.each([0, 1, 4, 15])('with a key of %i bytes is refused', length => {
    expect(() => hmacKey(Buffer.alloc(length, 1), 'sha1')).toThrow(TypeError);
  });

  test('of one secret key is another one with each hash function, and the same each time', () => {
    const secret = new SecretKey(Buffer.alloc(16, 3));
    for (const hash of ['sha1', 'sha256', 'sha1'] as const)
      expect(hmac(hmacKey(secret, hash), 'x')).toEqual(createHmac(hash, Buffer.alloc(16, 3)).update('x').digest());
  });
});

describe('a digest', () => {
  test('equals that of node:crypto, as base64 and as bytes', () => {
    fc.assert(
      fc.property(hashes, fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array()), (hash, data) => {
        const expected = createHash(hash).update(data).digest();
        expect(digestOf(hash, data)).toEqual(expected);
        expect(digest(hash, data)).toBe(expected.toString('base64'));
      }),
    );
  });

  test('of "abc" is that of FIPS 180', () => {
    expect(digestOf('sha1', 'abc').toString('hex')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(digest('sha256', 'abc')).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=');
  });
});

describe('comparing bytes', () => {
  test('tells equal bytes from others, of equal length or not', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(equalBytes(a, Uint8Array.from(a))).toBe(true);
      }),
    );
  });

  test('tells a truncated value from the whole one', () => {
    expect(equalBytes(Buffer.alloc(20, 1), Buffer.alloc(10, 1))).toBe(false);
    expect(equalBytes(Buffer.alloc(20, 1), Buffer.alloc(0))).toBe(false);
  });
});
