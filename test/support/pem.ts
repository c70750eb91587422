import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type CertificateRole, createCertificatePem, type Issuer } from '../../src/farm/certificates.ts';
import { noteSecret } from './log-secrets.ts';
import { anotherKeyPem } from './rsa-keys.ts';

/** Makes a certificate over a key that no other has. */
export async function issue(role: CertificateRole, issuer?: Issuer) {
  const key = anotherKeyPem();
  const privateKey = createPrivateKey(key);
  const certificate = await createCertificatePem(role, privateKey, issuer, Date.now());
  return { certificate, key, issuer: { certificate: new X509Certificate(certificate), privateKey } };
}

const ca = await issue('ca');

/** Certificates and keys of one test run. */
export const pem = {
  ca,
  service: await issue('service', ca.issuer),
  tls: await issue('tls', ca.issuer),
  node: await issue('node', ca.issuer),
};
for (const { key } of Object.values(pem)) for (const line of key.split('\n')) noteSecret(line.length > 40 ? line : '');
