import { decodeBase64 } from '../crypto/base64.ts';
import { type CipherKey, decrypt, encryptToBase64 } from '../crypto/cipher.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { Suite } from '../crypto/suites.ts';
import { refuse } from '../errors.ts';
import { algorithms, ns } from '../names.ts';
import type { Limits } from '../xml/limits.ts';
import { scanFragment } from '../xml/scan.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import {
  algorithmOf,
  attributesOf,
  childrenOf,
  leafContent,
  named,
  noAttributes,
  noContent,
  onlyChild,
  securityLimits,
} from './grammar.ts';
import { idOfReference } from './ids.ts';
import { parseKeyInfo, type TokenReference } from './token-reference.ts';

/** What an EncryptedData stands for: the content of the element around it, or an element in its own place. */
export type EncryptedType = 'content' | 'element';

/** xenc:EncryptedData (XML Encryption §3.4). */
export interface EncryptedData {
  readonly element: Element;
  readonly id: string;
  readonly type: EncryptedType;
  readonly key: TokenReference;
  /** IV and ciphertext. */
  readonly cipher: Buffer;
}

const typeOf = new Map<string, EncryptedType>([
  [algorithms.encryptedContent, 'content'],
  [algorithms.encryptedElement, 'element'],
]);

/**
 * EncryptionMethod, KeyInfo, CipherData with a CipherValue. Id and Type must be there; MimeType, Encoding and
 * CipherReference are refused (BSP 1.1 R5622, R5623), and so is an algorithm that isn't the suite's.
 *
 * @throws {Refusal} `invalidSecurity` or `unsupportedAlgorithm`
 */
export function parseEncryptedData(element: Element, suite: Suite): EncryptedData {
  const { Id, Type } = attributesOf(element, { Id: '', Type: '' });
  const children = childrenOf(element);
  if (children.length !== 3) refuse('invalidSecurity', 'encrypted-data-children');
  const method = named(children[0], ns.xenc, 'EncryptionMethod');
  if (algorithmOf(method) !== suite.encryption.uri) refuse('unsupportedAlgorithm', 'encryption-method');
  noContent(method);
  return {
    element,
    id: Id ?? refuse('invalidSecurity', 'encrypted-data-id'),
    type: typeOf.get(Type ?? '') ?? refuse('invalidSecurity', 'encrypted-data-type'),
    key: parseKeyInfo(named(children[1], ns.ds, 'KeyInfo')),
    cipher: parseCipherData(
      named(children[2], ns.xenc, 'CipherData'),
      suite.encryption.ivBytes + 1,
      // No more than stands there: how long a message may be is the affair of its limits alone.
      element.contentEnd - element.contentStart,
    ),
  };
}

/** The octets of a CipherData; a CipherReference would make us fetch something. @throws {Refusal} `invalidSecurity` */
export function parseCipherData(element: Element, minBytes: number, maxBytes: number): Buffer {
  noAttributes(element);
  const value = onlyChild(element, ns.xenc, 'CipherValue');
  noAttributes(value);
  return decodeBase64(leafContent(value, Math.ceil(maxBytes * 1.5)), { minBytes, maxBytes });
}

/**
 * The ids of the EncryptedData that a ReferenceList names.
 * @throws {Refusal} `invalidSecurity` for anything but DataReferences
 */
export function parseReferenceList(element: Element): string[] {
  noAttributes(element);
  const children = childrenOf(element);
  if (children.length === 0 || children.length > securityLimits.dataReferences)
    refuse('invalidSecurity', 'reference-list-size');
  return children.map(child => {
    const { URI } = attributesOf(named(child, ns.xenc, 'DataReference'), { URI: '' });
    noContent(child);
    return idOfReference(URI ?? refuse('invalidSecurity', 'data-reference'));
  });
}

/**
 * Decrypts what an EncryptedData stands for and scans it, under the same limits, in the namespace scope of the element
 * around it.
 *
 * @throws {Refusal} `failedCheck` for every failure alike: padding, tag, UTF-8, well-formedness
 */
export function decryptData(data: EncryptedData, suite: Suite, key: CipherKey, limits: Limits | undefined): Fragment {
  try {
    const plaintext = decrypt(suite.encryption, key, data.cipher);
    const parent = data.element.parent;
    if (parent === undefined) return refuse('failedCheck', 'decryption');
    return scanFragment(plaintext, parent, limits);
  } catch (error) {
    return refuse('failedCheck', 'decryption', error);
  }
}

/** What an EncryptedData is made of beside the plaintext. */
export interface EncryptionOptions {
  readonly suite: Suite;
  readonly key: CipherKey;
  /** Text of the SecurityTokenReference. */
  readonly keyReference: string;
  readonly random: RandomSource;
}

/** Encrypts text to an EncryptedData, canonical as written. */
export function writeEncryptedData(
  id: string,
  type: EncryptedType,
  plaintext: string,
  options: EncryptionOptions,
): string {
  const { suite, key, keyReference, random } = options;
  const cipher = encryptToBase64(suite.encryption, key, plaintext, random);
  const uri = type === 'content' ? algorithms.encryptedContent : algorithms.encryptedElement;
  return (
    `<e:EncryptedData xmlns:e="${ns.xenc}" Id="${id}" Type="${uri}">` +
    `<e:EncryptionMethod Algorithm="${suite.encryption.uri}"></e:EncryptionMethod>` +
    `<ds:KeyInfo xmlns:ds="${ns.ds}">${keyReference}</ds:KeyInfo>` +
    `<e:CipherData><e:CipherValue>${cipher}</e:CipherValue></e:CipherData></e:EncryptedData>`
  );
}

/** Names the EncryptedData of a message, canonical as written. */
export function writeReferenceList(ids: readonly string[]): string {
  const references = ids.map(id => `<e:DataReference URI="#${id}"></e:DataReference>`).join('');
  return `<e:ReferenceList xmlns:e="${ns.xenc}">${references}</e:ReferenceList>`;
}
