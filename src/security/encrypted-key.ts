import { digest } from '../crypto/digest.ts';
import { unwrapKey, wrapKey } from '../crypto/keywrap.ts';
import type { RandomSource } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import { type Certificate, type CertificateIdentifier, findCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { refuse } from '../errors.ts';
import { algorithms, ns, tokenTypes } from '../names.ts';
import type { CertificateReference } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { escapeText } from '../xml/write.ts';
import { parseCipherData } from './encryption.ts';
import { algorithmOf, childrenOf, dsIdOf, named, noContent, onlyChild } from './grammar.ts';
import { parseKeyInfo, type TokenReference, writeKeyIdentifierReference } from './token-reference.ts';

/** xenc:EncryptedKey that protects a bootstrap (XML Encryption §3.5.1). */
export interface EncryptedKey {
  readonly element: Element;
  readonly id: string | undefined;
  /** The certificate that it was encrypted to. */
  readonly recipient: TokenReference;
  /** The encrypted octets. */
  readonly cipher: Buffer;
}

/** The key of an EncryptedKey, and the name that an answer has for it. */
export interface EncryptedKeyHandle {
  readonly secret: SecretKey;
  /** base64 SHA-1 of the encrypted octets: EncryptedKeySHA1 (WSS 1.1 §7.3). */
  readonly sha1: string;
}

/**
 * EncryptionMethod, KeyInfo, CipherData. A ReferenceList stands beside it in the header, not inside; Recipient, Type
 * and the like are refused (BSP 1.1 R3209, R5602, R5622, R5623).
 *
 * @throws {Refusal} `invalidSecurity`, or `unsupportedAlgorithm` for another key transport than the suite's
 */
export function parseEncryptedKey(element: Element, suite: Suite): EncryptedKey {
  const id = dsIdOf(element);
  const children = childrenOf(element);
  if (children.length !== 3) refuse('invalidSecurity', 'encrypted-key-children');
  checkMethod(named(children[0], ns.xenc, 'EncryptionMethod'), suite);
  return {
    element,
    id,
    recipient: parseKeyInfo(named(children[1], ns.ds, 'KeyInfo')),
    cipher: parseCipherData(named(children[2], ns.xenc, 'CipherData'), 128, 512),
  };
}

/** WCF writes the default digest of OAEP, SHA-1, out as a child. */
function checkMethod(method: Element, suite: Suite): void {
  if (algorithmOf(method) !== suite.keyTransport.uri) refuse('unsupportedAlgorithm', 'key-transport');
  if (method.contentStart === method.contentEnd) return;
  const digestMethod = onlyChild(method, ns.ds, 'DigestMethod');
  if (algorithmOf(digestMethod) !== algorithms.sha1) refuse('unsupportedAlgorithm', 'key-transport-digest');
  noContent(digestMethod);
}

/**
 * Whose key an EncryptedKey was encrypted to. Its octets are as many as the key's modulus has (RFC 8017 §7.1.2):
 * OpenSSL opens it without leading zeros, too, and each such text would give the key another name in the replay table.
 *
 * @throws {Refusal} `invalidSecurityToken` where it was to none of our certificates, `invalidSecurity` for another
 * length
 */
export function recipientOf(key: EncryptedKey, certificates: readonly OwnCertificate[]): OwnCertificate {
  // A key that is encrypted to another key of the message could be one in a ring or a chain of such keys.
  const identifier = certificateIdentifier(key.recipient) ?? refuse('invalidSecurity', 'encrypted-key-recipient');
  const own = findCertificate(certificates, identifier) ?? refuse('invalidSecurityToken', 'certificate-unknown');
  if (key.cipher.length !== own.modulusBytes) refuse('invalidSecurity', 'encrypted-key-length');
  return own;
}

/**
 * Opens an EncryptedKey. One that can't be opened yields a random key: the signature then fails as with any other wrong
 * key.
 */
export function openEncryptedKey(
  { cipher }: EncryptedKey,
  suite: Suite,
  { privateKey }: OwnCertificate,
  random: RandomSource,
): Promise<SecretKey> {
  return unwrapKey(privateKey, cipher, suite.encryption.keyBytes, random);
}

/** A reference as the certificate list takes it; undefined where it can't mean a certificate. */
export function certificateIdentifier(reference: TokenReference): CertificateIdentifier | undefined {
  if (reference.kind === 'issuerSerial') return reference;
  if (reference.kind !== 'keyIdentifier') return undefined;
  const { value, valueType } = reference;
  if (valueType === tokenTypes.thumbprintSha1) return { kind: 'thumbprint', value };
  return valueType === tokenTypes.subjectKeyIdentifier ? { kind: 'keyIdentifier', value } : undefined;
}

/** A new random key, encrypted to the recipient. Its text is canonical as written. */
export interface NewEncryptedKey {
  readonly handle: EncryptedKeyHandle;
  readonly text: string;
}

/** Makes a key of the suite's length and writes the EncryptedKey that carries it to `recipient`. */
export function makeEncryptedKey(
  id: string,
  recipient: Certificate,
  reference: CertificateReference,
  suite: Suite,
  random: RandomSource,
): NewEncryptedKey {
  const secret = new SecretKey(random(suite.encryption.keyBytes));
  const cipher = wrapKey(recipient.certificate.publicKey, secret);
  const text =
    `<e:EncryptedKey xmlns:e="${ns.xenc}" Id="${id}">` +
    `<e:EncryptionMethod Algorithm="${suite.keyTransport.uri}"></e:EncryptionMethod>` +
    `<ds:KeyInfo xmlns:ds="${ns.ds}">${writeCertificateReference(recipient, reference)}</ds:KeyInfo>` +
    `<e:CipherData><e:CipherValue>${cipher.toString('base64')}</e:CipherValue></e:CipherData></e:EncryptedKey>`;
  return { handle: { secret, sha1: sha1Of(cipher) }, text };
}

function writeCertificateReference(certificate: Certificate, reference: CertificateReference): string {
  const { thumbprintSha1, subjectKeyIdentifier, issuerSerial } = certificate;
  if (reference === 'keyIdentifier' && subjectKeyIdentifier !== undefined) {
    return writeKeyIdentifierReference(tokenTypes.subjectKeyIdentifier, subjectKeyIdentifier);
  }
  if (reference !== 'issuerSerial') return writeKeyIdentifierReference(tokenTypes.thumbprintSha1, thumbprintSha1);
  return (
    `<o:SecurityTokenReference xmlns:o="${ns.wsse}"><ds:X509Data><ds:X509IssuerSerial>` +
    `<ds:X509IssuerName>${escapeText(issuerSerial.issuer)}</ds:X509IssuerName>` +
    `<ds:X509SerialNumber>${issuerSerial.serialNumber}</ds:X509SerialNumber>` +
    '</ds:X509IssuerSerial></ds:X509Data></o:SecurityTokenReference>'
  );
}

/** EncryptedKeySHA1 of the encrypted octets. */
export function sha1Of(octets: Uint8Array): string {
  return digest('sha1', octets);
}
