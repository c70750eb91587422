import { createPublicKey, createSecretKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { verifyRsa } from '../../src/crypto/rsa.ts';
import { type HashAlgorithm, suiteNamed } from '../../src/crypto/suites.ts';
import { loadPeerCertificate } from '../../src/crypto/x509.ts';
import { vectorJson, vectorText } from './vector.ts';

const bob = loadPeerCertificate(vectorText('keys/bob.crt'));
const alice = loadPeerCertificate(vectorText('keys/alice.crt'));
const ca = loadPeerCertificate(vectorText('keys/ca.crt'));
const { text, rsaSha1, rsaSha256 } = vectorJson<{ text: string; rsaSha1: string; rsaSha256: string }>(
  'crypto/rsa.json',
);

function algorithmOf(suite: string): HashAlgorithm {
  const found = suiteNamed(suite);
  if (found === undefined) throw new Error(`no suite ${suite}`);
  return found.asymmetricSignature;
}

const cases = [
  ['rsa-sha1', algorithmOf('Basic128'), rsaSha1],
  ['rsa-sha256', algorithmOf('Basic128Sha256'), rsaSha256],
] as const;

describe('an RSA signature', () => {
  test.each(cases)('%s of OpenSSL is verified', (_, algorithm, value) => {
    const signature = Buffer.from(value, 'base64');
    expect(verifyRsa(algorithm, bob.certificate.publicKey, text, signature)).toBe(true);
    expect(verifyRsa(algorithm, bob.certificate.publicKey, Buffer.from(text), signature)).toBe(true);
  });

  test.each(cases)('%s does not verify other data, another key, or changed bytes', (_, algorithm, value) => {
    const signature = Buffer.from(value, 'base64');
    const key = bob.certificate.publicKey;
    expect(verifyRsa(algorithm, key, `${text} `, signature)).toBe(false);
    expect(verifyRsa(algorithm, alice.certificate.publicKey, text, signature)).toBe(false);
    expect(verifyRsa(algorithm, key, text, signature.subarray(1))).toBe(false);
    expect(verifyRsa(algorithm, key, text, Buffer.alloc(0))).toBe(false);
    signature.writeUInt8(signature.readUInt8(100) ^ 1, 100);
    expect(verifyRsa(algorithm, key, text, signature)).toBe(false);
  });

  test('of one hash function does not verify as one of the other', () => {
    const key = bob.certificate.publicKey;
    expect(verifyRsa(algorithmOf('Basic128'), key, text, Buffer.from(rsaSha256, 'base64'))).toBe(false);
    expect(verifyRsa(algorithmOf('Basic128Sha256'), key, text, Buffer.from(rsaSha1, 'base64'))).toBe(false);
  });

  test('on a certificate verifies with the key of its issuer', () => {
    // Certificate ::= SEQUENCE { tbs SEQUENCE (length in two bytes), algorithm, BIT STRING at the end }
    const der = bob.certificate.raw;
    const issuerKey = ca.certificate.publicKey;
    const signatureBytes = (issuerKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const tbs = der.subarray(4, 8 + der.readUInt16BE(6));
    expect(verifyRsa(algorithmOf('Basic128Sha256'), issuerKey, tbs, der.subarray(-signatureBytes))).toBe(true);
  });

  test('is never checked with a key that is not an RSA public key', () => {
    const signature = Buffer.from(rsaSha1, 'base64');
    const algorithm = algorithmOf('Basic128');
    const pem = bob.certificate.publicKey.export({ type: 'spki', format: 'pem' });
    expect(verifyRsa(algorithm, createSecretKey(Buffer.from(pem)), text, signature)).toBe(false);
    const elliptic = createPublicKey(vectorText('keys/ec.crt'));
    expect(verifyRsa(algorithm, elliptic, text, signature)).toBe(false);
  });
});
