import { type Awaitable, after } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import type { MessagePlan, TokenUse } from '../policy/plan.ts';
import type { ContextKeys } from '../security/context-keys.ts';
import type { DerivedKeyToken } from '../security/derived-key.ts';
import type { EncryptedData } from '../security/encryption.ts';
import { parseSecurityHeader, type SecurityHeader } from '../security/header.ts';
import { addIds, collectIds, elementById, findById, hasId, hasLookAlike, type Ids } from '../security/ids.ts';
import {
  type DigestOptions,
  hmacVerifier,
  type Signature,
  type SignedReference,
  verifyDigests,
  verifySignatureValue,
} from '../security/signature.ts';
import { isSignableToken } from '../security/supporting-tokens.ts';
import { checkFreshness } from '../security/timestamp.ts';
import { checkRelationship } from '../soap/addressing.ts';
import type { Envelope } from '../soap/envelope.ts';
import { isFault } from '../soap/fault-shape.ts';
import { type CanonicalAllowance, canonicalAllowance } from '../xml/canonical.ts';
import { defaultLimits, type Limits } from '../xml/limits.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import type { Binding } from './binding.ts';
import { bindingOf } from './binding-of.ts';
import { decryptParts, type EncryptedParts, encryptedParts, partsOf } from './encrypted-parts.ts';
import type { Message } from './message.ts';
import { checkSigned } from './plan-check.ts';
import {
  checkDerivedKeys,
  checkUsed,
  encryptionKeyOf,
  type ProtectionKey,
  type ProtectionToken,
  protectionToken,
  type ReceiveKeys,
  resolveKey,
  signingKeyOf,
} from './protection-key.ts';
import { checkNames, checkTypes, type SignedScope, signedNames } from './signed-names.ts';
import { contentOf, tokensOf, type Verified } from './verified.ts';

export interface ReceiveOptions {
  readonly nowMs: number;
  readonly clockSkewMs: number;
  readonly timestampTtlMs: number;
  /** For decrypted content; defaults to `defaultLimits` of xml/limits. */
  readonly limits?: Limits;
  /**
   * Spends a replay key, which must be remembered for `timestampTtlMs + 2 * clockSkewMs`. Called once for each message
   * with a good signature, before anything is decrypted; not called where nothing is signed.
   */
  readonly replay?: (key: string) => 'new' | 'seen' | 'full';
  /** Whether a replay key is spent, asked before a costly key is opened. */
  readonly isReplay?: (key: string) => boolean;
  readonly random: RandomSource;
}

/**
 * Verifies a message by its plan. The order is the defence: all that can be said without a key comes before a key is
 * looked for or opened. The HMAC over SignedInfo and the Timestamp's digest come before anything is spent or decrypted,
 * and the replay key is spent before the decryption. So each genuine SignedInfo buys one decryption, which starves
 * whoever would use us as an oracle for the padding of CBC.
 *
 * @returns a promise only where the key has to be waited for
 * @throws {Refusal} of the class that the message is to be answered with; a promise rejects with it
 */
export function receive(
  message: Message,
  plan: MessagePlan,
  keys: ReceiveKeys,
  options: ReceiveOptions,
): Awaitable<Verified> {
  const binding = bindingOf(plan);
  const received = readHeader(message, plan, binding, options.limits ?? defaultLimits);
  const timestamp = received.header.timestamps[0];
  if (timestamp !== undefined) checkFreshness(timestamp, options);
  const use = binding.signer;
  if (use === undefined) return verified(message, received, undefined, nothing, new Map());
  const token = protectionToken(received.header, use, plan, keys, options.random);
  const resolved = resolveKeys(received, use, token);
  if (token.isCostly) checkBeforeKey(message, received, resolved, token, options);
  return after(token.open(), key => receiveSigned(message, received, resolved, token, key, options));
}

function receiveSigned(
  message: Message,
  received: Received,
  resolved: ResolvedKeys,
  token: ProtectionToken,
  key: ProtectionKey,
  options: ReceiveOptions,
): Verified {
  verifySignature(received, resolved, key.keys);
  spendReplayKey(message, received, resolved, token, options);
  const early = received.binding.signsCiphertext ? verifyParts(received, resolved, nothing) : undefined;
  const plaintexts = decrypt(received, resolved, key.keys, options);
  const signed = early ?? verifyParts(received, resolved, plaintexts);
  return verified(message, received, key, plaintexts, signed);
}

const nothing: ReadonlyMap<Element, Fragment> = new Map();

/** A message with its structure known: all that can be said of it without a key. */
interface Received {
  readonly plan: MessagePlan;
  readonly binding: Binding;
  readonly envelope: Envelope;
  readonly ids: Ids;
  readonly header: SecurityHeader;
  readonly parts: EncryptedParts;
  /** For the canonical forms of everything that its signature covers. */
  readonly allowance: CanonicalAllowance;
}

function readHeader(message: Message, plan: MessagePlan, binding: Binding, limits: Limits): Received {
  const { envelope, tree } = message;
  const ids = collectIds(tree.ids);
  const { dialect, suite, layout } = plan;
  const header = parseSecurityHeader(envelope.security, { soap: envelope.soap, dialect, suite, layout });
  binding.checkStructure(header);
  const parts = encryptedParts(envelope, header, plan, binding, ids);
  const received = {
    plan,
    binding,
    envelope,
    ids,
    header,
    parts,
    allowance: canonicalAllowance(message.bytes, limits),
  };
  for (const { references } of header.signatures) checkReferences(references, received);
  if (ids.lookAlikes.length !== 0) checkKeyReferences(received);
  return received;
}

/** A key may not be named by an id that something else in the message seems to have, too. */
function checkKeyReferences({ header, parts, ids }: Received): void {
  const users = [...header.signatures, ...header.encryptedData, ...(parts.body === undefined ? [] : [parts.body])];
  for (const reference of [...users.map(({ key }) => key), ...header.derivedKeys.map(token => token.reference)]) {
    const isAmbiguous = reference.kind === 'direct' && hasLookAlike(ids, reference.uri.slice(1));
    if (isAmbiguous) refuse('invalidSecurity', 'ambiguous-id');
  }
}

/** Only supporting tokens may be signed out of sight, inside an EncryptedData. */
function checkReferences(references: readonly SignedReference[], received: Received): void {
  let hidden = received.parts.tokens.length;
  for (const { id } of references) {
    if (hidden > 0 && !hasId(received.ids, id)) hidden -= 1;
    else if (!mayBeSigned(elementById(received.ids, id), received)) refuse('invalidSecurity', 'signed-element');
  }
}

interface ResolvedKeys {
  readonly signature: Signature;
  /** What the key is derived by; undefined where it is the token's own. */
  readonly signing: DerivedKeyToken | undefined;
  /** The same of each EncryptedData. */
  readonly encryption: ReadonlyMap<Element, DerivedKeyToken | undefined>;
  /** The signature's reference to the Timestamp; undefined where the plan has none. */
  readonly stamp: SignedReference | undefined;
}

function resolveKeys(received: Received, use: TokenUse, token: ProtectionToken): ResolvedKeys {
  const { plan, header, parts } = received;
  const signature = header.signatures[0] ?? refuse('invalidSecurity', 'signature-missing');
  checkDerivedKeys(header, use, token);
  const { suite, dialect } = plan;
  const signing = resolveKey(signature.key, suite.signatureKeyBytes, header, use, token, dialect);
  const encryption = new Map<Element, DerivedKeyToken | undefined>();
  for (const part of partsOf(parts)) {
    const resolved = resolveKey(part.key, suite.encryptionKeyBytes, header, use, token, dialect);
    // One derived key for both uses is what two tokens with the same bytes would be.
    if (use.derivedKeys && resolved === signing) refuse('invalidSecurity', 'derived-key-overlap');
    encryption.set(part.element, resolved);
  }
  checkUsed(header.derivedKeys, [signing, ...encryption.values()]);
  return { signature, signing, encryption, stamp: stampOf(received, signature) };
}

/** The Timestamp must be signed, so that an old message can't be told to be new. */
function stampOf({ header }: Received, { references }: Signature): SignedReference | undefined {
  const timestamp = header.timestamps[0];
  if (timestamp === undefined) return undefined;
  return references.find(({ id }) => id === timestamp.id) ?? refuse('invalidSecurity', 'timestamp-not-signed');
}

/** Checks the SignatureValue over SignedInfo, then the digest of the Timestamp, whose times were judged before. */
function verifySignature(received: Received, { signature, signing, stamp }: ResolvedKeys, keys: ContextKeys): void {
  const key = hmacVerifier(signingKeyOf(keys, signing), received.plan.suite.signature.hash);
  verifySignatureValue(signature, key, received.allowance);
  if (stamp !== undefined) verifyDigests([stamp], digestOptions(received, nothing));
}

/** Verifies the digests of all parts but the Timestamp's. @returns every signed element, with its PrefixList */
function verifyParts(
  received: Received,
  { signature, stamp }: ResolvedKeys,
  plaintexts: ReadonlyMap<Element, Fragment>,
): SignedScope['parts'] {
  for (const fragment of plaintexts.values()) addIds(received.ids, fragment.ids, 'failedCheck');
  const others = signature.references.filter(({ id }) => id !== stamp?.id);
  const elements = verifyDigests(others, digestOptions(received, plaintexts));
  const signed = new Map(elements.map((element, index) => [element, others[index]?.prefixes ?? []]));
  for (const { element } of received.header.timestamps) signed.set(element, []);
  return signed;
}

function digestOptions(received: Received, plaintexts: ReadonlyMap<Element, Fragment>): DigestOptions {
  const { plan, ids, allowance } = received;
  return { suite: plan.suite, ids, plaintexts, allowance, mayBeSigned: element => mayBeSigned(element, received) };
}

/**
 * Only whole parts at their own places are signed: the Body, a header block, the Timestamp or a token of the Security
 * header (OnlySignEntireHeadersAndBody). A copy of a part in a wrapper somewhere else is none.
 */
function mayBeSigned(element: Element, { envelope, plan }: Received): boolean {
  const { body, header, security } = envelope;
  if (element === body) return true;
  if (element === security || element.parent === undefined) return false;
  if (element.parent === header[0]?.parent) return true;
  if (element.parent !== security) return false;
  const { namespace, local } = element;
  if (namespace === ns.wsu) return local === 'Timestamp';
  if (namespace === plan.dialect.wsc) return true;
  return isSignableToken(element) || (namespace === ns.wsse && local === 'BinarySecurityToken');
}

/**
 * What else can be said of a message whose key costs a private operation. All of it is checked again with the key: a
 * replay key is spent only by a good signature, and what is referred to is signed only where its digest is right.
 */
function checkBeforeKey(
  message: Message,
  received: Received,
  { signature }: ResolvedKeys,
  token: ProtectionToken,
  { isReplay }: ReceiveOptions,
): void {
  const { plan, envelope, ids } = received;
  if (isReplay?.(replayKey(message, received, signature, token)) === true) refuse('invalidSecurity', 'replay');
  const found = signature.references.map(({ id }) => findById(ids, id));
  const signed = new Set(found.filter(element => element !== undefined));
  checkSigned(plan, { envelope, signed, tokens: undefined });
}

function spendReplayKey(
  message: Message,
  received: Received,
  { signature }: ResolvedKeys,
  token: ProtectionToken,
  { replay }: ReceiveOptions,
): void {
  const outcome = replay?.(replayKey(message, received, signature, token));
  if (outcome === 'full') refuse('server', 'replay-table-full');
  if (outcome === 'seen') refuse('invalidSecurity', 'replay');
}

function replayKey(message: Message, { binding }: Received, signature: Signature, { name }: ProtectionToken): string {
  return `${name} ${binding.replayId(message, signature)}`;
}

function decrypt(
  { plan, parts }: Received,
  { encryption }: ResolvedKeys,
  keys: ContextKeys,
  { limits }: ReceiveOptions,
) {
  const keyOf = (part: EncryptedData) => encryptionKeyOf(keys, encryption.get(part.element), plan.suite);
  return decryptParts(parts, plan.suite, keyOf, limits);
}

function verified(
  message: Message,
  { plan, binding, envelope, header, parts }: Received,
  key: ProtectionKey | undefined,
  plaintexts: ReadonlyMap<Element, Fragment>,
  signed: SignedScope['parts'],
): Verified {
  const tokens = tokensOf(header, parts, plaintexts);
  checkSigned(plan, { envelope, signed, tokens });
  const content = contentOf(envelope.body, parts, plaintexts);
  const scope = binding.scopeOf(signed);
  if (scope !== undefined) checkMeaning(message, content, scope);
  return {
    soap: envelope.soap,
    addressing: message.addressing,
    body: envelope.body,
    content,
    plaintexts,
    context: key?.context,
    contextToken: key?.contextToken,
    tokens,
    encryptedKey: key?.encryptedKey,
    signed,
    scope,
  };
}

/**
 * What names and values mean must be signed, not only how they are written. In a fault it is for the reader to leave
 * out what is not: it is a fault all the same.
 */
function checkMeaning({ addressing }: Message, content: Element | undefined, scope: SignedScope): void {
  const namespaceIn = signedNames(scope);
  if (addressing !== undefined) checkRelationship(addressing, namespaceIn);
  if (content === undefined) return;
  // As for digests: once anything was decrypted, every refusal is one and the same.
  const decrypted = content.parent !== undefined && content.source !== content.parent.source;
  const fault = decrypted ? 'failedCheck' : 'invalidSecurity';
  if (decrypted && scope.plaintext === 'ciphertext') checkNames(content, namespaceIn, fault);
  if (!isFault(content)) checkTypes(content, namespaceIn, fault);
}
