import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type CertificateRole,
  createCertificatePem,
  createPrivateKeyPem,
  isCurrent,
} from '../../src/farm/certificates.ts';
import { anotherKeyPem } from '../support/rsa-keys.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const dayMs = 86_400_000;
const caKey = createPrivateKey(anotherKeyPem());
const ca = {
  privateKey: caKey,
  certificate: new X509Certificate(await createCertificatePem('ca', caKey, undefined, nowMs)),
};
const key = createPrivateKey(createPrivateKeyPem());

async function issued(role: CertificateRole, validDays?: number): Promise<X509Certificate> {
  return new X509Certificate(await createCertificatePem(role, key, ca, nowMs, validDays));
}

test('the CA signs itself and may sign others', () => {
  expect(ca.certificate.ca).toBe(true);
  expect(ca.certificate.verify(ca.certificate.publicKey)).toBe(true);
});

test('the service certificate is RSA-2048, has a subject key identifier, and may encrypt keys and sign', async () => {
  const service = await issued('service');
  const text = service.toLegacyObject();
  expect(service.ca).toBe(false);
  expect(text.bits).toBe(2048);
  expect(service.checkIssued(ca.certificate)).toBe(true);
  // DER of the extensions: subjectKeyIdentifier 2.5.29.14, and keyUsage 2.5.29.15 as a critical BIT STRING 101.
  expect(service.raw.includes(Buffer.from('0603551d0e', 'hex'))).toBe(true);
  expect(service.raw.includes(Buffer.from('0603551d0f0101ff0404030205a0', 'hex'))).toBe(true);
});

test('the TLS certificate is good for the loopback names and no other', async () => {
  const tls = await issued('tls');
  expect(tls.checkHost('localhost')).toBe('localhost');
  expect(tls.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(tls.checkIP('::1')).toBe('::1');
  expect(tls.checkHost('example.org')).toBeUndefined();
});

test('a certificate is current with 30 days left and not with less', async () => {
  const certificate = await issued('tls', 30);
  expect(isCurrent(certificate, key, ca, nowMs)).toBe(true);
  expect(isCurrent(certificate, key, ca, nowMs + 1_000)).toBe(false);
});

test('a certificate of another key or another CA is not current', async () => {
  const certificate = await issued('service');
  const otherKey = createPrivateKey(anotherKeyPem());
  const otherCa = {
    privateKey: otherKey,
    certificate: new X509Certificate(await createCertificatePem('ca', otherKey, undefined, nowMs)),
  };
  expect(isCurrent(certificate, otherKey, ca, nowMs)).toBe(false);
  expect(isCurrent(certificate, key, otherCa, nowMs)).toBe(false);
  expect(isCurrent(certificate, key, ca, nowMs + 400 * dayMs)).toBe(false);
});
