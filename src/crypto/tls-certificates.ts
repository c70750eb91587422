/** Certificates in PEM that TLS is given: a server's own with its key, and the authorities that a client trusts. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { attempt, invalidCertificate } from './certificate-error.ts';
import type { PemPair } from './pkcs12.ts';

/** A TLS server's certificate, or chain that begins with it, and its private key: PEM, or both in a PKCS#12 file. */
export interface TlsCertificate {
  /** PEM, or the bytes of a PKCS#12 file. */
  readonly certificate: string | Uint8Array;
  /** PEM; none beside a PKCS#12 file. Default: none. */
  readonly key?: string;
  /** Passphrase of the PKCS#12 file, or of a key that is encrypted. Default: none. */
  readonly passphrase?: string;
}

/**
 * Checks that TLS can serve with a certificate and key: Node says so only when it listens, and names neither.
 * @param places names of the files or options that the two come from
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`, also when the two don't belong together
 */
export function checkTlsCertificate({ certificate, key }: PemPair, places: PemPair): void {
  const own = attempt(places.certificate, 'not a certificate in PEM format', () => new X509Certificate(certificate));
  const privateKey = attempt(places.key, 'not an unencrypted private key in PEM format', () => createPrivateKey(key));
  if (!own.checkPrivateKey(privateKey)) invalidCertificate(`${places.key}: not the key of ${places.certificate}`);
  // What is left is OpenSSL's own: a key that is too short for it, a broken certificate further down the chain.
  attempt(places.certificate, "TLS can't use it", () => createSecureContext({ cert: certificate, key }));
}

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * The certificates in a text: Node takes any text and then trusts nobody.
 * @param place name of the file or option that it comes from
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` where there is none, or one that can't be read
 */
export function certificatesIn(pem: string, place: string): X509Certificate[] {
  const blocks = pem.match(certificateBlock) ?? invalidCertificate(`${place}: holds no certificate in PEM format`);
  return blocks.map((block, i) =>
    attempt(place, `certificate ${i + 1} can't be read`, () => new X509Certificate(block)),
  );
}
