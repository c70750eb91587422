/** X.509 certificates and the ways in which a message refers to one (WSS X.509 Certificate Token Profile 1.1 §3.2). */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { attempt, invalidCertificate } from './certificate-error.ts';
import { type CertificateFields, readCertificate } from './der.ts';
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
  /** Its subject (RFC 4514), '' where it has none. */
  readonly subject: string;
  readonly fields: CertificateFields;
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

/** Shortest key that is taken unless less is asked for, in bits (NIST SP 800-131A §3). */
export const usualMinRsaBits = 2048;
/** Longest, and the shortest that can be asked for: those of the suites (WS-SecurityPolicy 1.2 §6.1). */
const maxKeyBits = 4096;
export const leastMinRsaBits = 1024;

/**
 * An exponent of 1 signs nothing, an even one has no inverse; a long one makes of each verification what a private
 * operation costs. OpenSSL draws the line at the same length for long keys.
 */
const leastExponent = 3n;
const exponentEnd = 1n << 64n;

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
  minRsaBits = usualMinRsaBits,
): OwnCertificate {
  const loaded = loadPeerCertificate(certificatePem, places.certificate, minRsaBits);
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
export function loadPeerCertificate(pem: string, place = 'certificate', minRsaBits = usualMinRsaBits): Certificate {
  const read = attempt(place, 'not a certificate in PEM format', () => new X509Certificate(pem));
  return describeCertificate(read, place, minRsaBits);
}

/** The certificate in a BinarySecurityToken, in DER; undefined for anything else, and for a key that is not taken. */
export function parseCertificate(der: Uint8Array, minRsaBits = usualMinRsaBits): Certificate | undefined {
  // X509Certificate reads PEM as well; DER starts with a SEQUENCE.
  if (der[0] !== sequenceTag) return undefined;
  try {
    return describeCertificate(new X509Certificate(der), 'token', minRsaBits);
  } catch {
    return undefined;
  }
}

/**
 * What refers to a certificate.
 *
 * @param minRsaBits shortest key that is taken, from 1024 on
 * @throws {SecureConversationError} `CERTIFICATE_INVALID` unless its key is an RSA key of so many to 4096 bits, with an
 * exponent that is odd, from 3 to 2^64.
 */
export function describeCertificate(
  certificate: X509Certificate,
  place = 'certificate',
  minRsaBits = usualMinRsaBits,
): Certificate {
  const publicKey = attempt(place, 'not a key that can be used', () => certificate.publicKey);
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < minRsaBits || bits > maxKeyBits)
    invalidCertificate(`${place}: not an RSA key of ${minRsaBits} to ${maxKeyBits} bits`);
  if (exponent < leastExponent || exponent >= exponentEnd || exponent % 2n === 0n)
    invalidCertificate(`${place}: an RSA key with an exponent that is not odd and from 3 to 2^64`);
  const fields = attempt(place, 'not a certificate', () => readCertificate(certificate.raw));
  return Object.freeze({
    certificate,
    modulusBytes: Math.ceil(bits / 8),
    thumbprintSha1: digest('sha1', certificate.raw),
    subjectKeyIdentifier: fields.subjectKeyIdentifier?.toString('base64'),
    issuerSerial: Object.freeze({
      issuer: writeName(fields.issuer),
      serialNumber: serialOf(certificate.serialNumber).toString(),
    }),
    subject: writeName(fields.subject),
    fields,
  });
}

/** Hexadecimal, with a sign where it is negative: RFC 5280 §4.1.2.2 forbids it, and wants it handled gracefully. */
function serialOf(hex: string): bigint {
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`);
}

/** An xs:integer, in the white space of XML; the longest serial number has 49 digits (20 octets). */
const integer = /^[\t\n\r ]*([+-]?[0-9]{1,60})[\t\n\r ]*$/;

/** Whether a text is this number, however it is written. */
function isInteger(text: string, value: bigint): boolean {
  const [, digits] = integer.exec(text) ?? [];
  return digits !== undefined && BigInt(digits.replace('+', '')) === value;
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
    return isInteger(identifier.serialNumber, BigInt(serialNumber)) && sameName(issuer, identifier.issuer);
  }
  const value = identifier.kind === 'thumbprint' ? own.thumbprintSha1 : own.subjectKeyIdentifier;
  return value === Buffer.from(identifier.value).toString('base64');
}
