import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hmacBase64, hmacKey } from '../../src/crypto/hmac.ts';
import { unwrapKey } from '../../src/crypto/keywrap.ts';
import { pSha1 } from '../../src/crypto/psha1.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { loadCertificate } from '../../src/crypto/x509.ts';
import { recordedBootstrap, vectorText } from './vector.ts';

/** P_SHA1 as RFC 2246 §5 writes it, over node:crypto's HMAC. */
function specified(secret: Uint8Array, seed: Uint8Array, bytes: number): Buffer {
  const h = (data: Uint8Array) => createHmac('sha1', secret).update(data).digest();
  let a: Buffer = Buffer.from(seed);
  let output = Buffer.alloc(0);
  while (output.length < bytes) {
    a = h(a);
    output = Buffer.concat([output, h(Buffer.concat([a, seed]))]);
  }
  return output.subarray(0, bytes);
}

const secrets = fc.uint8Array({ minLength: 16, maxLength: 100 });
const seeds = fc.uint8Array({ maxLength: 200 });

describe('P_SHA1', () => {
  test('is what RFC 2246 says', () => {
    fc.assert(
      fc.property(secrets, seeds, fc.nat(130), (secret, seed, bytes) => {
        const expected = specified(secret, seed, bytes);
        expect(pSha1(secret, seed, bytes)).toEqual(expected);
        expect(pSha1(new SecretKey(secret), seed, bytes)).toEqual(expected);
      }),
    );
  });

  test('of a shorter length is a prefix of a longer one', () => {
    fc.assert(
      fc.property(
        secrets,
        seeds,
        fc.nat(128),
        (secret, seed, bytes) =>
          void expect(pSha1(secret, seed, 128).subarray(0, bytes)).toEqual(pSha1(secret, seed, bytes)),
      ),
    );
  });

  test('derives the key that Apache CXF signed with', async () => {
    const { label, encryptedKey, signature } = recordedBootstrap();
    const { privateKey } = loadCertificate(vectorText('keys/bob.crt'), vectorText('keys/bob.key'));
    const secret = await unwrapKey(privateKey, Buffer.from(encryptedKey, 'base64'), 16, systemRandom);
    const seed = Buffer.concat([Buffer.from(label), Buffer.from(signature.nonce, 'base64')]);
    const key = hmacKey(pSha1(secret, seed, signature.keyBytes), 'sha1');
    expect(hmacBase64(key, signature.signedInfo)).toBe(signature.signatureValue);
  });

  test('shares no memory with other buffers', () => {
    expect(pSha1(Buffer.alloc(32, 1), Buffer.alloc(32, 2), 24).buffer.byteLength).toBe(24);
  });

  test('refuses a secret under 16 bytes', () => {
    expect(() => pSha1(Buffer.alloc(15), Buffer.alloc(16), 16)).toThrow(TypeError);
  });

  test.each([-1, 1025, 1.5, Number.NaN, 2 ** 31])('refuses a length of %d', bytes => {
    expect(() => pSha1(Buffer.alloc(16), Buffer.alloc(16), bytes)).toThrow(RangeError);
  });
});
