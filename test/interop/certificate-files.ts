import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificatePem, createPrivateKeyPem, type Issuer } from '../../src/farm/certificates.ts';

/** PEM files of a certificate and its key. */
export interface PemFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Who has one. */
export type CertificateOwner = 'ca' | 'service' | 'tls' | 'client';

/** A CA, and of it certificates for a service, for a client, and for TLS on localhost: PEM files in `folder`. */
export async function makeCertificates(folder: string): Promise<Readonly<Record<CertificateOwner, PemFiles>>> {
  const make = async (owner: CertificateOwner, issuer?: Issuer) => {
    const files = { certificate: join(folder, `${owner}.pem`), key: join(folder, `${owner}-key.pem`) };
    const key = createPrivateKeyPem();
    const privateKey = createPrivateKey(key);
    const role = owner === 'client' ? 'service' : owner;
    const pem = await createCertificatePem(role, privateKey, issuer, Date.now());
    writeFileSync(files.key, key, { mode: 0o600 });
    writeFileSync(files.certificate, pem);
    return { files, issuer: { privateKey, certificate: new X509Certificate(pem) } };
  };
  const ca = await make('ca');
  const { files: service } = await make('service', ca.issuer);
  const { files: client } = await make('client', ca.issuer);
  const { files: tls } = await make('tls', ca.issuer);
  return { ca: ca.files, service, client, tls };
}
