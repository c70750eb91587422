import { type Awaitable, after } from '../awaitable.ts';
import { refuse } from '../errors.ts';
import { protectsTokens } from '../policy/plan.ts';
import type { DerivedKeyToken } from '../security/derived-key.ts';
import { addIds, findById } from '../security/ids.ts';
import {
  type DigestOptions,
  hmacVerifier,
  type Signature,
  type SignedReference,
  type VerificationKey,
  verifyDigests,
  verifySignatureValue,
} from '../security/signature.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import { checkDerivedKeys, checkUsed, meansKeyOf, resolveKey, signingKeyOf } from './derived-keys.ts';
import { partsOf } from './encrypted-parts.ts';
import { checkCovered } from './plan-check.ts';
import type { SigningToken, TokenKey } from './protection-key.ts';
import { checkReferences, mayBeSigned, type Received } from './received.ts';
import type { SignedScope } from './signed-names.ts';

/** Nothing was decrypted (yet). */
export const nothing: ReadonlyMap<Element, Fragment> = new Map();

/** A signature of a message, and whose it must be. */
export interface ResolvedSignature {
  readonly token: SigningToken;
  readonly signature: Signature;
  /** What its key is derived by; undefined where it is the token's own. */
  readonly derived: DerivedKeyToken | undefined;
  /** Its reference to what it must cover whatever else; undefined where the plan has no Timestamp. */
  readonly anchor: SignedReference | undefined;
  /** The Signature that it may cover; undefined for the main one, and where TLS is the protection. */
  readonly endorsed: Element | undefined;
}

export interface ResolvedKeys {
  readonly main: ResolvedSignature;
  readonly endorsing: readonly ResolvedSignature[];
  /** What the key of each EncryptedData is derived by. */
  readonly encryption: ReadonlyMap<Element, DerivedKeyToken | undefined>;
  /** The token that encrypts; undefined: that of the main signature does. */
  readonly encrypting: SigningToken | undefined;
}

/** What is known of the EncryptedData of a message: their keys, or the token that these come from. */
export type KnownEncryption = Partial<Pick<ResolvedKeys, 'encryption' | 'encrypting'>>;

/**
 * Finds out which key each EncryptedData must have been made with. No key is opened.
 *
 * @param token whose key it must be
 * @throws {Refusal} `invalidSecurity`
 */
export function resolveEncryption({ plan, header, parts }: Received, token: SigningToken): ResolvedKeys['encryption'] {
  const encryption = new Map<Element, DerivedKeyToken | undefined>();
  for (const { element, key } of partsOf(parts))
    encryption.set(element, resolveKey(key, plan.suite.encryptionKeyBytes, header, token, plan));
  return encryption;
}

/**
 * Finds out which key each signature and each EncryptedData must have been made with, and that each signature covers
 * what it must. No key is opened.
 *
 * @param token the main signature's
 * @param others those of the signatures that endorse
 * @param known what is known of the EncryptedData; default: they are encrypted by the main signature's token
 * @throws {Refusal} `invalidSecurity`
 */
export function resolveKeys(
  received: Received,
  token: SigningToken,
  others: readonly SigningToken[],
  { encryption: known, encrypting }: KnownEncryption = {},
): ResolvedKeys {
  const { header } = received;
  checkDerivedKeys(header, [token, ...others]);
  const main = resolveSignature(received, token, undefined);
  const endorsing = others.map(other => resolveSignature(received, other, main.signature));
  const encryption = known ?? resolveEncryption(received, encrypting ?? token);
  // One derived key for both uses is what two tokens with the same bytes would be.
  if (token.use.derivedKeys && [...encryption.values()].includes(main.derived))
    refuse('invalidSecurity', 'derived-key-overlap');
  const used = [main.derived, ...endorsing.map(({ derived }) => derived), ...encryption.values()];
  checkUsed(header.derivedKeys, used);
  return { main, endorsing, encryption, encrypting };
}

function resolveSignature(received: Received, token: SigningToken, main: Signature | undefined): ResolvedSignature {
  const { plan, header, binding } = received;
  const signature = signatureBy(received, token);
  // Of a supporting token's key only the finder knows the kind.
  if (token.use.kind !== 'supporting' && signature.kind !== 'symmetric')
    refuse('unsupportedAlgorithm', 'signature-kind');
  const derived = resolveKey(signature.key, plan.suite.signatureKeyBytes, header, token, plan);
  const endorsed = binding.endorsed === 'mainSignature' ? main : undefined;
  checkReferences(signature.references, received, endorsed?.element);
  if (main !== undefined) checkCovered(token.use.parts, received.envelope, referredTo(signature, received));
  checkTokenCovered(token, signature, received);
  const anchor = endorsed === undefined ? stampOf(received, signature) : endorsementOf(signature, endorsed);
  return { token, signature, derived, anchor, endorsed: endorsed?.element };
}

/** Token Protection (WS-SecurityPolicy 1.3 §6.5): of derived keys it is the token that they come from. */
function checkTokenCovered({ element }: SigningToken, signature: Signature, received: Received): void {
  if (element === undefined || !protectsTokens(received.plan)) return;
  if (!referredTo(signature, received).has(element)) refuse('invalidSecurity', 'signing-token-not-signed');
}

/** What a signature refers to: it covers these where its digests are right. */
export function referredTo({ references }: Signature, { ids }: Received): ReadonlySet<Element> {
  const found = references.map(({ id }) => findById(ids, id));
  return new Set(found.filter(element => element !== undefined));
}

/** The one signature by a key of this token. Where there is but one it must be: its key is compared next. */
function signatureBy({ header, plan }: Received, token: SigningToken): Signature {
  const { signatures } = header;
  const own =
    signatures.length === 1 ? signatures : signatures.filter(({ key }) => meansKeyOf(key, header, token, plan));
  if (own.length > 1) refuse('invalidSecurity', 'signature-doubled');
  return own[0] ?? refuse('invalidSecurity', 'signature-missing');
}

/** The Timestamp must be signed, so that an old message can't be told to be new. */
function stampOf({ header }: Received, { references }: Signature): SignedReference | undefined {
  const timestamp = header.timestamps[0];
  if (timestamp === undefined) return undefined;
  return references.find(({ id }) => id === timestamp.id) ?? refuse('invalidSecurity', 'timestamp-not-signed');
}

/** The main signature must be signed: an endorsement of one message is none of another. */
function endorsementOf({ references }: Signature, main: Signature): SignedReference {
  return references.find(({ id }) => id === main.id) ?? refuse('invalidSecurity', 'signature-not-endorsed');
}

/** The keys of a message whose signatures are good, the main one's first. */
export type VerifiedKeys = readonly [TokenKey, ...TokenKey[]];

/**
 * Opens the keys and checks each SignatureValue over its SignedInfo, then the digest of what it must cover: of the
 * Timestamp, whose times were judged before, or of the main signature. A main signature whose key is costly comes last.
 */
export function verifySignatures(received: Received, { main, endorsing }: ResolvedKeys): Awaitable<VerifiedKeys> {
  if (main.token.isCostly) {
    return after(verifyAll(received, endorsing), keys => after(verifySignature(received, main), key => [key, ...keys]));
  }
  return after(verifySignature(received, main), key => after(verifyAll(received, endorsing), keys => [key, ...keys]));
}

/** One after the other: what is wrong with the first costs nothing of the next. */
function verifyAll(received: Received, signatures: readonly ResolvedSignature[]): Awaitable<readonly TokenKey[]> {
  const [first, ...others] = signatures;
  if (first === undefined) return [];
  return after(verifySignature(received, first), key => after(verifyAll(received, others), keys => [key, ...keys]));
}

function verifySignature(received: Received, resolved: ResolvedSignature): Awaitable<TokenKey> {
  const { token, signature, derived, anchor } = resolved;
  return after(token.open(), key => {
    const verification = verificationKeyOf(key, derived, received);
    return after(verifySignatureValue(signature, verification, received.allowance), () => {
      if (anchor !== undefined) verifyDigests([anchor], digestOptions(received, resolved, nothing));
      return key;
    });
  });
}

function verificationKeyOf(key: TokenKey, derived: DerivedKeyToken | undefined, { plan }: Received): VerificationKey {
  return 'keys' in key ? hmacVerifier(signingKeyOf(key.keys, derived), plan.suite.signature.hash) : key.verification;
}

/**
 * Verifies the digests of all parts that were not verified with the signatures.
 *
 * @returns every element that the main signature covers, with its PrefixList
 */
export function verifyParts(
  received: Received,
  { main, endorsing }: ResolvedKeys,
  plaintexts: ReadonlyMap<Element, Fragment>,
): SignedScope['parts'] {
  for (const fragment of plaintexts.values()) addIds(received.ids, fragment.ids, 'failedCheck');
  for (const endorsement of endorsing) verifyOthers(received, endorsement, plaintexts);
  const signed = verifyOthers(received, main, plaintexts);
  for (const { element } of received.header.timestamps) signed.set(element, []);
  return signed;
}

function verifyOthers(
  received: Received,
  resolved: ResolvedSignature,
  plaintexts: ReadonlyMap<Element, Fragment>,
): Map<Element, readonly string[]> {
  const others = resolved.signature.references.filter(({ id }) => id !== resolved.anchor?.id);
  const elements = verifyDigests(others, digestOptions(received, resolved, plaintexts));
  return new Map(elements.map((element, index) => [element, others[index]?.prefixes ?? []]));
}

function digestOptions(
  received: Received,
  { endorsed }: ResolvedSignature,
  plaintexts: ReadonlyMap<Element, Fragment>,
): DigestOptions {
  const { plan, ids, allowance } = received;
  return {
    suite: plan.suite,
    ids,
    plaintexts,
    allowance,
    mayBeSigned: element => mayBeSigned(element, received, endorsed),
  };
}
