import { generateKeyPairSync, type KeyObject, randomBytes, webcrypto, type X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import type { Extension } from '@peculiar/x509';

/** Days that a certificate must still be good for; with fewer it is made anew. */
export const renewalDays = 30;

const dayMs = 86_400_000;
const signingAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/** What a demo certificate is for. */
export type CertificateRole = 'ca' | 'service' | 'tls' | 'node';

interface Profile {
  readonly subject: string;
  readonly days: number;
  readonly extensions: (x509: typeof import('@peculiar/x509')) => Extension[];
}

/**
 * The certificates of the demo. `service` is the one that an EncryptedKey is made for; its subject key identifier
 * lets WS-Security refer to it (X.509 Token Profile §3.1), and a client that takes it from the WSDL finds the host of
 * the service in it. `tls` is good for this machine's loopback names only, `node` for a client of TLS: a node shows it
 * to an issuer.
 */
const profiles: Readonly<Record<CertificateRole, Profile>> = {
  ca: {
    subject: 'CN=soap-secure-conversation demo CA',
    days: 3_650,
    extensions: x509 => [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  },
  service: {
    subject: 'CN=soap-secure-conversation demo service',
    days: 365,
    extensions: x509 => [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.digitalSignature, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
    ],
  },
  tls: {
    subject: 'CN=localhost',
    days: 365,
    extensions: x509 => [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  },
  node: {
    subject: 'CN=node.localhost',
    days: 365,
    extensions: x509 => [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'node.localhost' }]),
    ],
  },
};

/** Who signs a certificate: a CA's certificate and key, or undefined for one that signs itself. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

/** A new RSA-2048 private key as PKCS #8 PEM. */
export function createPrivateKeyPem(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * A new version 3 certificate over `privateKey`, as PEM.
 * @param validDays days from `nowMs` until it ends; default 3650 for the CA, 365 for the others.
 */
export async function createCertificatePem(
  role: CertificateRole,
  privateKey: KeyObject,
  issuer: Issuer | undefined,
  nowMs: number,
  validDays: number = profiles[role].days,
): Promise<string> {
  const x509 = await import('@peculiar/x509');
  const profile = profiles[role];
  const own = await webKeys(privateKey);
  const signer = issuer === undefined ? own : await webKeys(issuer.privateKey);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: positiveSerial(),
      subject: profile.subject,
      issuer: issuer === undefined ? profile.subject : new x509.X509Certificate(issuer.certificate.raw).subject,
      notBefore: new Date(nowMs - dayMs),
      notAfter: new Date(nowMs + validDays * dayMs),
      signingAlgorithm,
      publicKey: own.publicKey,
      signingKey: signer.privateKey,
      extensions: [
        ...profile.extensions(x509),
        await x509.SubjectKeyIdentifierExtension.create(own.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString('pem')}\n`;
}

/** True when the certificate has at least 30 days left at `nowMs`, belongs to the key and was signed by the issuer. */
export function isCurrent(
  certificate: X509Certificate,
  privateKey: KeyObject,
  issuer: Issuer | undefined,
  nowMs: number,
): boolean {
  const leftMs = Date.parse(certificate.validTo) - nowMs;
  return (
    leftMs >= renewalDays * dayMs &&
    certificate.checkPrivateKey(privateKey) &&
    certificate.verify(issuer === undefined ? certificate.publicKey : issuer.certificate.publicKey)
  );
}

/**
 * True for a certificate of the demo CA, be it of a former one, or of the CA that takes its place: only these may be
 * made anew.
 */
export function isOfDemo(certificate: X509Certificate, issuer: Issuer | undefined): boolean {
  return (
    certificate.issuer === profiles.ca.subject ||
    (issuer !== undefined && certificate.verify(issuer.certificate.publicKey))
  );
}

/** The key in the shape that WebCrypto wants it in. */
async function webKeys(
  privateKey: KeyObject,
): Promise<{ privateKey: webcrypto.CryptoKey; publicKey: webcrypto.CryptoKey }> {
  const { subtle } = webcrypto;
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  const { kty, n, e } = privateKey.export({ format: 'jwk' }) as webcrypto.JsonWebKey;
  return {
    privateKey: await subtle.importKey('pkcs8', new Uint8Array(pkcs8), signingAlgorithm, false, ['sign']),
    publicKey: await subtle.importKey('jwk', { kty, n, e } as webcrypto.JsonWebKey, signingAlgorithm, true, ['verify']),
  };
}

/**
 * A serial number must be a positive integer of at most 20 octets (RFC 5280 §4.1.2.2): 16 random ones, first bit clear,
 * second set.
 */
function positiveSerial(): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial.toString('hex');
}
