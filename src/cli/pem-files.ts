import { readFileSync } from 'node:fs';
import { checkAuthorities, checkTlsCertificate } from '../crypto/tls-certificates.ts';
import { loadCertificate, loadPeerCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';

/** Names of the files of a certificate and its private key (PEM), or their texts. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Texts of the files that `tls` of a configuration names.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file that TLS can't use
 */
export function tlsTexts(files: CertificateAndKey): CertificateAndKey {
  const texts = textsOf(files);
  checkTlsCertificate(texts, files);
  return texts;
}

/**
 * Texts of the files of a service's certificate, which messages are encrypted to, and its key.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file that can't be used
 */
export function serviceTexts(files: CertificateAndKey): CertificateAndKey {
  const texts = textsOf(files);
  loadCertificate(texts.certificate, texts.key, files);
  return texts;
}

/**
 * Text of a file with the certificates of trusted authorities; undefined where none was named.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file
 */
export function authoritiesText(file: string | undefined): string | undefined {
  return file === undefined ? undefined : checked(file, checkAuthorities);
}

/**
 * Text of a file with the certificate of a service; undefined where none was named.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` naming the file
 */
export function peerText(file: string | undefined): string | undefined {
  return file === undefined ? undefined : checked(file, loadPeerCertificate);
}

function checked(file: string, check: (text: string, place: string) => unknown): string {
  const text = pemText(file);
  check(text, file);
  return text;
}

function textsOf({ certificate, key }: CertificateAndKey): CertificateAndKey {
  return { certificate: pemText(certificate), key: pemText(key) };
}

function pemText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      'CERTIFICATE_INVALID',
      `${file}: can't be read (${(cause as NodeJS.ErrnoException).code})`,
      { cause },
    );
  }
}
