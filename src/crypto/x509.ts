/** X.509 certificates and the ways in which a message refers to one (WSS X.509 Certificate Token Profile 1.1 §3.2). */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { attempt, invalidCertificate } from './certificate-error.ts';
import { readCertificate } from './der.ts';
import { digest } from './digest.ts';
import { sameName, writeName } from './distinguished-name.ts';

/** Issuer (RFC 4514) and serial number (decimal): the contents of an X509IssuerSerial. */
export interface IssuerSerial {
  readonly issuer: string;
  readonly serialNumber: string;
}

/** A certificate with an RSA key, and what refers to it. */
export interface Certificate {
  readonly certificate: X509Certificate;
  /** Octets of its key's modulus, and so of all that is encrypted to it. */
  readonly modulusBytes: number;
  /** Base64 SHA-1 of the certificate. */
  readonly thumbprintSha1: string;
  /** Base64 contents of the extension, or undefined when the certificate has none. */
  readonly subjectKeyIdentifier: string | undefined;
  readonly issuerSerial: IssuerSerial;
}

/** A certificate whose private key is ours. */
export interface OwnCertificate extends Certificate {
  readonly privateKey: KeyObject;
}

/** A reference to a certificate as a message writes it, base64 decoded. */
export type CertificateIdentifier =
  | { readonly kind: 'thumbprint'; readonly value: Uint8Array }
  | { readonly kind: 'keyIdentifier'; readonly value: Uint8Array }
  | { readonly kind: 'issuerSerial'; readonly issuer: string; readonly serialNumber: string }
  | { readonly kind: 'token'; readonly der: Uint8Array };

/** Lengths of the suites' asymmetric keys, in bits (WS-SecurityPolicy 1.2 §6.1). */
const minKeyBits = 1024;
const maxKeyBits = 4096;

const sequenceTag = 0x30;

/**
 * Reads a certificate of our own with its private key.
 *
 * @param certificatePem PEM text; the first certificate of several is taken.
 * @param keyPem its private key in PEM format, not encrypted.
 * @param places names of the files or options that the two come from, for error messages.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`, also when the two don't belong together.
 */
export function loadCertificate(
  certificatePem: string,
  keyPem: string,
  places: { readonly certificate?: string; readonly key?: string } = {},
): OwnCertificate {
  const loaded = loadPeerCertificate(certificatePem, places.certificate);
  const keyPlace = places.key ?? 'private key';
  const privateKey = attempt(keyPlace, 'not an unencrypted private key in PEM format', () => createPrivateKey(keyPem));
  if (!loaded.certificate.checkPrivateKey(privateKey))
    invalidCertificate(`${keyPlace}: not the key of the certificate`);
  return Object.freeze({ ...loaded, privateKey });
}

/**
 * Reads the certificate of a peer.
 *
 * @param pem PEM text; the first certificate of several is taken.
 * @param place name of the file or option that it comes from, for error messages.
 * @throws {SecureConversationError} `CERTIFICATE_INVALID`.
 */
export function loadPeerCertificate(pem: string, place = 'certificate'): Certificate {
  return describeCertificate(
    attempt(place, 'not a certificate in PEM format', () => new X509Certificate(pem)),
    place,
  );
}

/** The certificate in a BinarySecurityToken, in DER; undefined for anything else. */
export function parseCertificate(der: Uint8Array): Certificate | undefined {
  // X509Certificate reads PEM as well; DER starts with a SEQUENCE.
  if (der[0] !== sequenceTag) return undefined;
  try {
    return describeCertificate(new X509Certificate(der), 'token');
  } catch {
    return undefined;
  }
}

/**
 * What refers to a certificate.
 *
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` unless its key is an RSA key of 1024 to 4096 bits.
 */
export function describeCertificate(certificate: X509Certificate, place = 'certificate'): Certificate {
  const publicKey = attempt(place, 'not a key that can be used', () => certificate.publicKey);
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < minKeyBits || bits > maxKeyBits) {
    invalidCertificate(`${place}: not an RSA key of 1024 to 4096 bits`);
  }
  const fields = attempt(place, 'not a certificate', () => readCertificate(certificate.raw));
  return Object.freeze({
    certificate,
    modulusBytes: Math.ceil(bits / 8),
    thumbprintSha1: digest('sha1', certificate.raw),
    subjectKeyIdentifier: fields.subjectKeyIdentifier?.toString('base64'),
    issuerSerial: Object.freeze({
      issuer: writeName(fields.issuer),
      serialNumber: BigInt(`0x${certificate.serialNumber}`).toString(),
    }),
  });
}

/** The certificate of a list that a reference means, or undefined. */
export function findCertificate<C extends Certificate>(
  list: readonly C[],
  identifier: CertificateIdentifier,
): C | undefined {
  return list.find(certificate => isMeant(certificate, identifier));
}

function isMeant(own: Certificate, identifier: CertificateIdentifier): boolean {
  if (identifier.kind === 'token') return own.certificate.raw.equals(identifier.der);
  if (identifier.kind === 'issuerSerial') {
    const { issuer, serialNumber } = own.issuerSerial;
    return serialNumber === identifier.serialNumber && sameName(issuer, identifier.issuer);
  }
  const value = identifier.kind === 'thumbprint' ? own.thumbprintSha1 : own.subjectKeyIdentifier;
  return value === Buffer.from(identifier.value).toString('base64');
}
