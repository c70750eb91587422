/** Certificates in PEM that TLS is given: a server's own with its key, and the authorities that a client trusts. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { attempt, invalidCertificate } from './certificate-error.ts';

/** A TLS server's certificate, or chain that begins with it, and its private key (PEM, not encrypted). */
export interface TlsCertificate {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Checks that TLS can serve with a certificate and key: Node says so only when it listens, and names neither.
 * @param places names of the files or options that the two come from
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`, also when the two don't belong together
 */
export function checkTlsCertificate({ certificate, key }: TlsCertificate, places: TlsCertificate): void {
  const own = attempt(places.certificate, 'not a certificate in PEM format', () => new X509Certificate(certificate));
  const privateKey = attempt(places.key, 'not an unencrypted private key in PEM format', () => createPrivateKey(key));
  if (!own.checkPrivateKey(privateKey)) invalidCertificate(`${places.key}: not the key of ${places.certificate}`);
  // What is left is OpenSSL's own: a key that is too short for it, a broken certificate further down the chain.
  attempt(places.certificate, "TLS can't use it", () => createSecureContext({ cert: certificate, key }));
}

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * Checks that a text holds certificates of authorities: Node takes any text and then trusts nobody.
 * @param place name of the file or option that it comes from
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` where there is none, or one that can't be read
 */
export function checkAuthorities(pem: string, place: string): void {
  const blocks = pem.match(certificateBlock) ?? invalidCertificate(`${place}: holds no certificate in PEM format`);
  for (const [i, block] of blocks.entries())
    attempt(place, `certificate ${i + 1} can't be read`, () => new X509Certificate(block));
}
