import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { anotherKeyPem } from './rsa-keys.ts';

/** A certificate of a test, with the key that it is for and the one that signs what it issues. */
export interface Made {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  readonly pem: string;
  readonly key: string;
}

/** What a certificate is to say; default: one of a client that an authority has issued, good for a year. */
export interface Wanted {
  readonly subject: string;
  /** Default: itself. */
  readonly issuer?: Made;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly usage?: x509.KeyUsageFlags;
  readonly extendedUsage?: readonly string[];
  readonly bits?: number;
  readonly exponent?: number;
  readonly hash?: string;
  readonly from?: Date;
  readonly until?: Date;
  readonly extensions?: readonly x509.Extension[];
}

const newKey = (bits: number, exponent: number) =>
  bits === 2048 && exponent === 65_537
    ? createPrivateKey(anotherKeyPem())
    : generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent }).privateKey;

/** That of all clients: whose certificate is meant is never told by the key alone. */
const clientKey = newKey(2048, 65_537);

const dayMs = 86_400_000;
const yearsMs = 3_650 * dayMs;
let serial = 0x1000;

/** Makes a certificate with a key of its own. */
export async function makeCertificate(wanted: Wanted): Promise<Made> {
  const { subject, issuer, isAuthority = false, bits = 2048, exponent = 65_537, hash = 'SHA-256' } = wanted;
  const isUsual = !isAuthority && issuer !== undefined && bits === 2048 && exponent === 65_537;
  const privateKey = isUsual ? clientKey : newKey(bits, exponent);
  const signing = { name: 'RSASSA-PKCS1-v1_5', hash };
  const signer = issuer?.privateKey ?? privateKey;
  serial += 1;
  const made = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial.toString(16),
      subject,
      issuer: issuer === undefined ? subject : new x509.X509Certificate(issuer.certificate.raw).subject,
      notBefore: wanted.from ?? new Date(Date.now() - yearsMs),
      notAfter: wanted.until ?? new Date(Date.now() + yearsMs),
      signingAlgorithm: signing,
      publicKey: await publicKeyOf(privateKey, signing),
      signingKey: await signingKeyOf(signer, signing),
      extensions: [
        new x509.BasicConstraintsExtension(isAuthority, wanted.pathLength, true),
        new x509.KeyUsagesExtension(wanted.usage ?? (isAuthority ? authorityUsage : clientUsage), true),
        ...(wanted.extendedUsage === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...wanted.extendedUsage])]),
        await x509.SubjectKeyIdentifierExtension.create(await publicKeyOf(privateKey, signing), false, webcrypto),
        ...(wanted.extensions ?? []),
      ],
    },
    webcrypto,
  );
  const pem = `${made.toString('pem')}\n`;
  return {
    certificate: new X509Certificate(pem),
    privateKey,
    pem,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const { keyCertSign, cRLSign, digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
const authorityUsage = keyCertSign | cRLSign;
const clientUsage = digitalSignature | keyEncipherment;

/** A certificate revocation list by OpenSSL, PEM. */
export function makeCrl(
  issuer: Made,
  revoked: readonly Made[],
  { from = new Date(Date.now() - dayMs), until = new Date(Date.now() + dayMs) } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'crl-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const lines = revoked.map(({ certificate: { serialNumber } }) =>
    ['R', '350101000000Z', utcTime(from), serialNumber.padStart(6, '0'), 'unknown', '/CN=x'].join('\t'),
  );
  const index = file('index.txt', lines.map(line => `${line}\n`).join(''));
  const config = file('ca.cnf', `[ca]\ndefault_ca=x\n[x]\ndatabase=${index}\ndefault_md=sha256\n`);
  const words = ['ca', '-gencrl', '-batch', '-config', config, '-cert', file('ca.pem', issuer.pem)];
  const times = ['-crl_lastupdate', utcTime(from), '-crl_nextupdate', utcTime(until)];
  try {
    return execFileSync('openssl', [...words, '-keyfile', file('ca.key', issuer.key), ...times], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `YYMMDDHHMMSSZ` */
function utcTime(time: Date): string {
  return `${time.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`;
}

type Signing = { readonly name: string; readonly hash: string };

function signingKeyOf(key: KeyObject, signing: Signing): Promise<webcrypto.CryptoKey> {
  const der = new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
  return webcrypto.subtle.importKey('pkcs8', der, signing, false, ['sign']);
}

function publicKeyOf(key: KeyObject, signing: Signing): Promise<webcrypto.CryptoKey> {
  const { kty, n, e } = key.export({ format: 'jwk' }) as webcrypto.JsonWebKey;
  return webcrypto.subtle.importKey('jwk', { kty, n, e } as webcrypto.JsonWebKey, signing, true, ['verify']);
}

export { x509 };
