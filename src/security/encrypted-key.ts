import { digest } from '../crypto/digest.ts';
import { unwrapKey, wrapKey } from '../crypto/keywrap.ts';
import type { RandomSource } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import { type Certificate, findCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { refuse } from '../errors.ts';
import { algorithms, ns } from '../names.ts';
import type { CertificateReference } from '../policy/plan.ts';
import type { Element } from '../xml/tree.ts';
import { certificateIdentifier, writeCertificateReference } from './certificate-reference.ts';
import { parseCipherData } from './encryption.ts';
import { algorithmOf, childrenOf, dsIdOf, named, noContent, onlyChild } from './grammar.ts';
import { parseKeyInfo, type TokenReference } from './token-reference.ts';

/** xenc:EncryptedKey that protects a bootstrap (XML Encryption §3.5.1). */
export interface EncryptedKey {
  readonly element: Element;
  readonly id: string | undefined;
  /** The certificate that it was encrypted to. */
  readonly recipient: TokenReference;
  /** The encrypted octets. */
  readonly cipher: Buffer;
  /** What is encrypted with it, where it says so itself. */
  readonly referenceList: Element | undefined;
}

/** The key of an EncryptedKey, and the name that an answer has for it. */
export interface EncryptedKeyHandle {
  readonly secret: SecretKey;
  /** base64 SHA-1 of the encrypted octets: EncryptedKeySHA1 (WSS 1.1 §7.3). */
  readonly sha1: string;
  /** Our certificate that it was encrypted to; absent: it was encrypted to somebody else's. */
  readonly recipient?: OwnCertificate;
}

/**
 * EncryptionMethod, KeyInfo, CipherData, and a ReferenceList, which may stand beside it in the header instead;
 * Recipient, Type and the like are refused (BSP 1.1 R3209, R5602, R5622, R5623).
 *
 * @throws {Refusal} `invalidSecurity`, or `unsupportedAlgorithm` for another key transport than the suite's
 */
export function parseEncryptedKey(element: Element, suite: Suite): EncryptedKey {
  const id = dsIdOf(element);
  const children = childrenOf(element);
  if (children.length !== 3 && children.length !== 4) refuse('invalidSecurity', 'encrypted-key-children');
  checkMethod(named(children[0], ns.xenc, 'EncryptionMethod'), suite);
  return {
    element,
    id,
    recipient: parseKeyInfo(named(children[1], ns.ds, 'KeyInfo')),
    cipher: parseCipherData(named(children[2], ns.xenc, 'CipherData'), 128, 512),
    referenceList: children[3] && named(children[3], ns.xenc, 'ReferenceList'),
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

/** A new random key, encrypted to the recipient. */
export interface NewEncryptedKey {
  readonly handle: EncryptedKeyHandle;
  /** Its text, canonical as written, with the ReferenceList of what it encrypts, or ''. */
  write(referenceList: string): string;
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
  const write = (referenceList: string) =>
    `<e:EncryptedKey xmlns:e="${ns.xenc}" Id="${id}">` +
    `<e:EncryptionMethod Algorithm="${suite.keyTransport.uri}"></e:EncryptionMethod>` +
    `<ds:KeyInfo xmlns:ds="${ns.ds}">${writeCertificateReference(recipient, reference)}</ds:KeyInfo>` +
    `<e:CipherData><e:CipherValue>${cipher.toString('base64')}</e:CipherValue></e:CipherData>` +
    `${referenceList}</e:EncryptedKey>`;
  return { handle: { secret, sha1: sha1Of(cipher) }, write };
}

/** EncryptedKeySHA1 of the encrypted octets. */
export function sha1Of(octets: Uint8Array): string {
  return digest('sha1', octets);
}

const once = 'encrypts ';

/** The replay key of an EncryptedKey, which is the same at all ports. @param sha1 its EncryptedKeySHA1 */
export function onceOf(sha1: string): string {
  return `${once}${sha1}`;
}

/** Whether a replay key is that of an EncryptedKey. */
export function isOnceOfKey(replayKey: string): boolean {
  return replayKey.startsWith(once);
}
