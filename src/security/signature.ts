import type { KeyObject } from 'node:crypto';
import { type Awaitable, after } from '../awaitable.ts';
import { decodeBase64 } from '../crypto/base64.ts';
import { digest, digestOfTexts, equalBytes, type HashName } from '../crypto/digest.ts';
import { hmac, hmacBase64, hmacKey } from '../crypto/hmac.ts';
import { signRsa, verifyRsa } from '../crypto/rsa.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { HashAlgorithm, Suite } from '../crypto/suites.ts';
import { type FaultClass, refuse } from '../errors.ts';
import { algorithms, ns } from '../names.ts';
import { type CanonicalAllowance, canonicalize, canonicalTexts } from '../xml/canonical.ts';
import { trimSpace } from '../xml/characters.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import {
  algorithmOf,
  attributesOf,
  childrenOf,
  dsIdOf,
  leaf,
  named,
  noAttributes,
  noContent,
  onlyChild,
  securityLimits,
} from './grammar.ts';
import { elementById, type Ids, idOfReference } from './ids.ts';
import { parseKeyInfo, type TokenReference } from './token-reference.ts';

/** One ds:Reference: what it names and what its digest must be. */
export interface SignedReference {
  readonly id: string;
  /** InclusiveNamespaces PrefixList of the one transform. */
  readonly prefixes: readonly string[];
  /** base64 */
  readonly digest: string;
}

/**
 * ds:Signature (XML Signature §4) in the one shape that is accepted. All algorithms are the suite's; nothing here is
 * taken from the message.
 */
export interface Signature {
  readonly element: Element;
  readonly id: string | undefined;
  readonly kind: 'symmetric' | 'asymmetric';
  readonly signedInfo: Element;
  readonly prefixes: readonly string[];
  readonly references: readonly SignedReference[];
  readonly value: Buffer;
  readonly key: TokenReference;
}

/**
 * SignedInfo, SignatureValue, KeyInfo; algorithms are read from SignedInfo's own children only, and compared with the
 * suite.
 *
 * @throws {Refusal} `invalidSecurity` for another structure, `unsupportedAlgorithm` for an algorithm that isn't the
 * suite's, `failedCheck` for a SignatureValue that is no value of the algorithm.
 */
export function parseSignature(element: Element, suite: Suite): Signature {
  const id = dsIdOf(element);
  const children = childrenOf(element);
  if (children.length !== 3) refuse('invalidSecurity', 'signature-children');
  const signedInfo = named(children[0], ns.ds, 'SignedInfo');
  const value = named(children[1], ns.ds, 'SignatureValue');
  const key = parseKeyInfo(named(children[2], ns.ds, 'KeyInfo'));
  noAttributes(signedInfo);
  const [c14n, method, ...references] = childrenOf(signedInfo);
  const kind = signatureKind(named(method, ns.ds, 'SignatureMethod'), suite);
  if (references.length === 0 || references.length > securityLimits.references) {
    refuse('invalidSecurity', 'signature-references');
  }
  return {
    element,
    id,
    kind,
    signedInfo,
    prefixes: prefixListOf(named(c14n, ns.ds, 'CanonicalizationMethod')),
    references: parseReferences(references, suite),
    value: signatureValue(value),
    key,
  };
}

/** HMACOutputLength is a child of SignatureMethod: no content at all is allowed (BSP 1.1 R5401, CVE-2009-0217). */
function signatureKind(method: Element, suite: Suite): Signature['kind'] {
  const uri = algorithmOf(method);
  noContent(method);
  if (uri === suite.signature.uri) return 'symmetric';
  return uri === suite.asymmetricSignature.uri ? 'asymmetric' : refuse('unsupportedAlgorithm', 'signature-method');
}

function signatureValue(element: Element): Buffer {
  return decodeBase64(leaf(element), { minBytes: 1, maxBytes: 1024 }, 'failedCheck');
}

function parseReferences(elements: readonly Element[], suite: Suite): SignedReference[] {
  const references: SignedReference[] = [];
  for (const element of elements) {
    const reference = parseReference(element, suite);
    if (references.some(({ id }) => id === reference.id)) refuse('invalidSecurity', 'signed-twice');
    references.push(reference);
  }
  return references;
}

function parseReference(element: Element, suite: Suite): SignedReference {
  const children = childrenOf(named(element, ns.ds, 'Reference'));
  const attribute = element.attributes[0];
  if (element.attributes.length !== 1 || attribute?.local !== 'URI' || attribute.namespace !== '') {
    return refuse('invalidSecurity', 'signature-reference');
  }
  if (children.length !== 3) refuse('invalidSecurity', 'signature-reference');
  const prefixes = transformOf(named(children[0], ns.ds, 'Transforms'));
  const method = named(children[1], ns.ds, 'DigestMethod');
  noContent(method);
  if (algorithmOf(method) !== suite.digest.uri) refuse('unsupportedAlgorithm', 'digest-method');
  const digestValue = leaf(named(children[2], ns.ds, 'DigestValue'), 128);
  return { id: idOfReference(attribute.value), prefixes, digest: digestValue };
}

/**
 * Exactly one transform, exclusive c14n without comments (BSP 1.1 R5404, R5423; everything else would let a message
 * choose what is hashed).
 */
function transformOf(transforms: Element): readonly string[] {
  noAttributes(transforms);
  return prefixListOf(onlyChild(transforms, ns.ds, 'Transform'));
}

const none: readonly string[] = [];
const prefix = /^(?:#default|[A-Za-z_\u00C0-\uFFFD][-.\w\u00B7-\uFFFD]*)$/;

/** The PrefixList of an element that names exclusive c14n. */
function prefixListOf(element: Element): readonly string[] {
  if (algorithmOf(element) !== algorithms.excC14n) return refuse('unsupportedAlgorithm', 'canonicalization-method');
  if (element.contentStart === element.contentEnd) return none;
  const inclusive = onlyChild(element, ns.excC14n, 'InclusiveNamespaces');
  noContent(inclusive);
  const { PrefixList } = attributesOf(inclusive, { PrefixList: '' });
  const prefixes = (PrefixList ?? refuse('invalidSecurity', 'prefix-list'))
    .split(/[\t\n\r ]+/)
    .filter(item => item !== '');
  if (prefixes.length > securityLimits.prefixes || !prefixes.every(item => prefix.test(item)))
    refuse('invalidSecurity', 'prefix-list');
  return prefixes;
}

/** A key that a signature is verified with. */
export interface VerificationKey {
  readonly kind: Signature['kind'];
  /**
   * Whether `value` is the signature of a SignedInfo, given as its canonical form. What costs a public-key operation
   * waits for its turn.
   */
  verify(signedInfo: string, value: Buffer): Awaitable<boolean>;
}

/** A shared key, by HMAC with the hash function of a suite. */
export function hmacVerifier(secret: SecretKey, hash: HashName): VerificationKey {
  const key = hmacKey(secret, hash);
  return { kind: 'symmetric', verify: (signedInfo, value) => equalBytes(hmac(key, signedInfo), value) };
}

/**
 * The key of a certificate, by RSA with the asymmetric algorithm of a suite.
 * @param inTurn has each verification done in its turn, or refuses it
 */
export function rsaVerifier(
  publicKey: KeyObject,
  algorithm: HashAlgorithm,
  inTurn: (work: () => Promise<boolean>) => Promise<boolean>,
): VerificationKey {
  const verify = async (signedInfo: string, value: Buffer) => verifyRsa(algorithm, publicKey, signedInfo, value);
  return { kind: 'asymmetric', verify: (signedInfo, value) => inTurn(() => verify(signedInfo, value)) };
}

/**
 * Checks the SignatureValue over SignedInfo. Nothing of what SignedInfo says has been used before.
 *
 * @throws {Refusal} `unsupportedAlgorithm` for a signature that wants another kind of key, `failedCheck`;
 * `invalidSecurity` for a form that is too long
 */
export function verifySignatureValue(
  signature: Signature,
  key: VerificationKey,
  allowance: CanonicalAllowance,
): Awaitable<void> {
  if (signature.kind !== key.kind) refuse('unsupportedAlgorithm', 'signature-kind');
  const signedInfo = canonicalize(signature.signedInfo, { prefixes: signature.prefixes, allowance });
  return after(key.verify(signedInfo, signature.value), isGood => {
    if (!isGood) refuse('failedCheck', 'signature-value');
  });
}

export interface DigestOptions {
  readonly suite: Suite;
  readonly ids: Ids;
  /** What stands in the place of each EncryptedData when the digest was made over plaintext. */
  readonly plaintexts: ReadonlyMap<Element, Fragment>;
  readonly allowance: CanonicalAllowance;
  /** Whether an element, found by its id, may be signed at all. */
  readonly mayBeSigned: (element: Element) => boolean;
}

/**
 * Checks the digests of references out of a SignedInfo whose signature was verified.
 *
 * @returns the elements that were signed, in the order of the references: the very nodes, not their names
 * @throws {Refusal} `invalidSecurity` for a reference to something that may not be signed; `failedCheck` instead as
 * soon as anything was decrypted, so that no answer depends on a plaintext that isn't authentic yet.
 */
export function verifyDigests(
  references: readonly SignedReference[],
  { suite, ids, plaintexts, allowance, mayBeSigned }: DigestOptions,
): Element[] {
  const fault: FaultClass = plaintexts.size === 0 ? 'invalidSecurity' : 'failedCheck';
  const signed: Element[] = [];
  for (const reference of references) {
    const element = elementById(ids, reference.id, fault);
    if (!mayBeSigned(element)) refuse(fault, 'signed-element');
    const canonical = canonicalTexts(element, { prefixes: reference.prefixes, plaintexts, allowance, fault });
    if (digestOfTexts(suite.digest.hash, canonical) !== trimSpace(reference.digest)) refuse('failedCheck', 'digest');
    signed.push(element);
  }
  return signed;
}

/** One part to be signed: its id, and the exclusive canonical form of the element that has it. */
export interface PartToSign {
  readonly id: string;
  /** A long one in texts that stand one behind the other. */
  readonly canonical: string | readonly string[];
  /** PrefixList that the form was made with; default: none. */
  readonly prefixes?: readonly string[];
}

/** A key that signatures are made with. */
export interface SigningKey {
  readonly kind: Signature['kind'];
  /** The signature of a SignedInfo, given as its canonical form, in base64. */
  sign(signedInfo: string): string;
}

/** A shared key, by HMAC with the hash function of a suite. */
export function hmacSigner(secret: SecretKey, hash: HashName): SigningKey {
  const key = hmacKey(secret, hash);
  return { kind: 'symmetric', sign: signedInfo => hmacBase64(key, signedInfo) };
}

/** The key of a certificate, by RSA with the asymmetric algorithm of a suite. */
export function rsaSigner(privateKey: KeyObject, algorithm: HashAlgorithm): SigningKey {
  return { kind: 'asymmetric', sign: signedInfo => signRsa(algorithm, privateKey, signedInfo) };
}

/** A Signature as text, and its SignatureValue in base64. */
export interface WrittenSignature {
  readonly text: string;
  readonly value: string;
}

/** Writes a Signature over the parts, canonical as written. @param keyReference text of the SecurityTokenReference */
export function writeSignature(
  suite: Suite,
  id: string,
  parts: readonly PartToSign[],
  key: SigningKey,
  keyReference: string,
): WrittenSignature {
  let references = '';
  for (const part of parts) {
    const value = digestOfPart(suite, part);
    references +=
      `<ds:Reference URI="#${part.id}">${transforms(part.prefixes)}${digestMethod(suite)}` +
      `<ds:DigestValue>${value}</ds:DigestValue></ds:Reference>`;
  }
  const signedInfo = `${openSignedInfo(suite, key.kind)}${references}</ds:SignedInfo>`;
  const value = key.sign(signedInfo);
  const text =
    `<ds:Signature xmlns:ds="${ns.ds}" Id="${id}">${signedInfo}<ds:SignatureValue>${value}</ds:SignatureValue>` +
    `<ds:KeyInfo>${keyReference}</ds:KeyInfo></ds:Signature>`;
  return { text, value };
}

function digestOfPart({ digest: { hash } }: Suite, { canonical }: PartToSign): string {
  return typeof canonical === 'string' ? digest(hash, canonical) : digestOfTexts(hash, canonical);
}

function transforms(prefixes: readonly string[] = none): string {
  const inclusive =
    prefixes.length === 0
      ? ''
      : `<ec:InclusiveNamespaces xmlns:ec="${ns.excC14n}" PrefixList="${prefixes.join(' ')}"></ec:InclusiveNamespaces>`;
  return `<ds:Transforms><ds:Transform Algorithm="${algorithms.excC14n}">${inclusive}</ds:Transform></ds:Transforms>`;
}

function digestMethod(suite: Suite): string {
  return `<ds:DigestMethod Algorithm="${suite.digest.uri}"></ds:DigestMethod>`;
}

function openSignedInfo(suite: Suite, kind: Signature['kind']): string {
  const method = kind === 'symmetric' ? suite.signature : suite.asymmetricSignature;
  return (
    `<ds:SignedInfo xmlns:ds="${ns.ds}">` +
    `<ds:CanonicalizationMethod Algorithm="${algorithms.excC14n}"></ds:CanonicalizationMethod>` +
    `<ds:SignatureMethod Algorithm="${method.uri}"></ds:SignatureMethod>`
  );
}
