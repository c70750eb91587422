import { constants, publicEncrypt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digest } from '../../src/crypto/digest.ts';
import { unwrapKey, wrapKey } from '../../src/crypto/keywrap.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { loadCertificate, loadPeerCertificate } from '../../src/crypto/x509.ts';
import { recordedBootstrap, vectorText } from './vector.ts';

const bob = loadCertificate(vectorText('keys/bob.crt'), vectorText('keys/bob.key'));
const alice = loadPeerCertificate(vectorText('keys/alice.crt'));
const publicKey = bob.certificate.publicKey;
const substitute = (bytes: number) => Buffer.alloc(bytes, 0x5b);

async function unwrapped(wrapped: Uint8Array, expectedBytes: number): Promise<string> {
  return secretBytes(await unwrapKey(bob.privateKey, wrapped, expectedBytes, substitute)).toString('hex');
}

async function isSubstitute(wrapped: Uint8Array, expectedBytes = 16): Promise<boolean> {
  return (await unwrapped(wrapped, expectedBytes)) === substitute(expectedBytes).toString('hex');
}

function numberOf(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
}

describe('an encrypted key', () => {
  test.each([16, 24, 32])('of %i bytes is opened by the certificate it was made for', async length => {
    const key = new SecretKey(systemRandom(length));
    const wrapped = wrapKey(publicKey, key);
    expect(wrapped.length).toBe(256);
    expect(await unwrapped(wrapped, length)).toBe(secretBytes(key).toString('hex'));
  });

  test('is never the same twice', () => {
    const key = new SecretKey(Buffer.alloc(16, 1));
    expect(wrapKey(publicKey, key).equals(wrapKey(publicKey, key))).toBe(false);
  });

  test('of Apache CXF is opened, and named by the SHA-1 of its bytes', async () => {
    const { encryptedKey, encryptedKeySha1 } = recordedBootstrap();
    const wrapped = Buffer.from(encryptedKey, 'base64');
    expect(await isSubstitute(wrapped)).toBe(false);
    expect(digest('sha1', wrapped)).toBe(encryptedKeySha1);
  });

  test('that was made for another certificate becomes a random key', async () => {
    expect(await isSubstitute(wrapKey(alice.certificate.publicKey, new SecretKey(Buffer.alloc(16, 1))))).toBe(true);
  });

  test('of another length than the suite asks for becomes a random key of the expected length', async () => {
    for (const length of [0, 1, 15, 17, 24, 32]) {
      const wrapped = publicEncrypt(
        { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
        Buffer.alloc(length, 1),
      );
      expect(await isSubstitute(wrapped), String(length)).toBe(true);
    }
  });

  test.each([0, 1, 255, 257])('of %i octets becomes a random key', async length => {
    expect(await isSubstitute(Buffer.alloc(length, 1))).toBe(true);
  });

  test('has one text of that length: with the modulus added to its number it becomes a random key', async () => {
    const modulus = numberOf(Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url'));
    let sum: string;
    do {
      sum = (numberOf(wrapKey(publicKey, new SecretKey(Buffer.alloc(16, 1)))) + modulus).toString(16);
    } while (sum.length > 2 * 256);
    expect(await isSubstitute(Buffer.from(sum, 'hex'))).toBe(true);
  });

  test.each([
    ['RSA 1.5', { padding: constants.RSA_PKCS1_PADDING }],
    ['another hash', { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }],
    ['a label', { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1', oaepLabel: Buffer.from('label') }],
  ])('with %s becomes a random key', async (_, options) => {
    expect(await isSubstitute(publicEncrypt({ key: publicKey, ...options }, Buffer.alloc(16, 1)))).toBe(true);
  });

  test('draws the random key whether it is needed or not', async () => {
    let drawn = 0;
    const counting = (bytes: number) => {
      drawn++;
      return systemRandom(bytes);
    };
    await unwrapKey(bob.privateKey, wrapKey(publicKey, new SecretKey(Buffer.alloc(16, 1))), 16, counting);
    await unwrapKey(bob.privateKey, Buffer.alloc(256, 1), 16, counting);
    expect(drawn).toBe(2);
  });
});
