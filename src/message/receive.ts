import { type Awaitable, after } from '../awaitable.ts';
import { hmacKey } from '../crypto/hmac.ts';
import type { RandomSource } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import type { MessagePlan } from '../policy/plan.ts';
import { parseSecurityHeader, type SecurityHeader } from '../security/header.ts';
import { addIds, collectIds, elementById, hasId, hasLookAlike, type Ids } from '../security/ids.ts';
import {
  type DigestOptions,
  type Signature,
  type SignedReference,
  verifyDigests,
  verifySignatureValue,
} from '../security/signature.ts';
import { checkFreshness, type Timestamp } from '../security/timestamp.ts';
import { checkRelationship } from '../soap/addressing.ts';
import type { Envelope } from '../soap/envelope.ts';
import { isFault } from '../soap/fault.ts';
import { type CanonicalAllowance, canonicalAllowance } from '../xml/canonical.ts';
import { defaultLimits, type Limits } from '../xml/limits.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import { decryptParts, type EncryptedParts, encryptedParts } from './encrypted-parts.ts';
import type { Message } from './message.ts';
import { checkSigned, checkStructure, checkSupported, encryptsFirst } from './plan-check.ts';
import {
  checkDerivedKeys,
  checkUsed,
  type ProtectionKey,
  protectionKey,
  type ReceiveKeys,
  type ResolvedKey,
  resolveKey,
  secretOf,
  type TokenUse,
  tokenUseOf,
} from './protection-key.ts';
import { checkNames, checkTypes, type SignedScope, signedNames } from './signed-names.ts';
import { contentOf, usernameTokenOf, type Verified } from './verified.ts';

export { EnvelopeRefusal, type Message, readMessage, unsecuredFault } from './message.ts';
export type { ContextKey, ContextTokenValue, EncryptedKeyHandle, FoundContext, ReceiveKeys } from './protection-key.ts';
export { bodyContent, contentText, type Verified } from './verified.ts';

export interface ReceiveOptions {
  readonly nowMs: number;
  readonly clockSkewMs: number;
  readonly timestampTtlMs: number;
  /** For decrypted content; defaults to `defaultLimits` of xml/limits. */
  readonly limits?: Limits;
  /**
   * Spends a replay key, which must be remembered for `timestampTtlMs + 2 * clockSkewMs`. Called once for each message with a good
   * signature, before anything is decrypted; not called where nothing is signed.
   */
  readonly replay?: (key: string) => 'new' | 'seen' | 'full';
  readonly random: RandomSource;
}

/**
 * Verifies a message by its plan. The order is the defence: the HMAC over SignedInfo and the Timestamp's digest come before anything is spent
 * or decrypted, and the replay key is spent before the decryption. So each genuine SignedInfo buys one decryption, which starves whoever
 * would use us as an oracle for the padding of CBC.
 *
 * @returns a promise only where the key has to be waited for
 * @throws {Refusal} of the class that the message is to be answered with; a promise rejects with it
 */
export function receive<C>(
  message: Message,
  plan: MessagePlan,
  keys: ReceiveKeys<C>,
  options: ReceiveOptions,
): Awaitable<Verified<C>> {
  checkSupported(plan);
  const received = readHeader(message, plan, options.limits ?? defaultLimits);
  const use = tokenUseOf(plan);
  if (use === undefined) return unsigned(message, received, options);
  const found = protectionKey(received.header, use, plan, keys, options.random);
  return after(found, key => receiveSigned(message, received, use, key, options));
}

function receiveSigned<C>(
  message: Message,
  received: Received,
  use: TokenUse,
  key: ProtectionKey<C>,
  options: ReceiveOptions,
): Verified<C> {
  const resolved = resolveKeys(received, use, key);
  const stamped = verifySignature(received, resolved, options);
  spendReplayKey(message, received, key, options);
  const early = encryptsFirst(received.plan.protection) ? verifyParts(received, stamped, nothing) : undefined;
  const plaintexts = decrypt(received, resolved, options);
  const signed = early ?? verifyParts(received, stamped, plaintexts);
  return verified(message, received, key, plaintexts, signed);
}

const nothing: ReadonlyMap<Element, Fragment> = new Map();

/** A message with its structure known: all that can be said of it without a key. */
interface Received {
  readonly plan: MessagePlan;
  readonly envelope: Envelope;
  readonly ids: Ids;
  readonly header: SecurityHeader;
  readonly parts: EncryptedParts;
  /** For the canonical forms of everything that its signature covers. */
  readonly allowance: CanonicalAllowance;
}

function readHeader(message: Message, plan: MessagePlan, limits: Limits): Received {
  const { envelope, tree } = message;
  const ids = collectIds(tree.ids);
  const { dialect, suite, layout } = plan;
  const header = parseSecurityHeader(envelope.security, { soap: envelope.soap, dialect, suite, layout });
  checkStructure(header, plan);
  const parts = encryptedParts(envelope, header, plan, ids);
  const received = { plan, envelope, ids, header, parts, allowance: canonicalAllowance(message.bytes, limits) };
  for (const { references } of header.signatures) checkReferences(references, received);
  if (ids.others.size !== 0) checkKeyReferences(received);
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

/** Only the UsernameToken may be signed out of sight, inside an EncryptedData. */
function checkReferences(references: readonly SignedReference[], received: Received): void {
  let hidden = received.parts.usernameToken === undefined ? 0 : 1;
  for (const { id } of references) {
    if (hidden > 0 && !hasId(received.ids, id)) hidden -= 1;
    else if (!mayBeSigned(elementById(received.ids, id), received)) refuse('invalidSecurity', 'signed-element');
  }
}

/** A message that TLS alone protects: its Timestamp must be fresh, and there is nothing more to check. */
function unsigned<C>(message: Message, received: Received, options: ReceiveOptions): Verified<C> {
  const timestamp = received.header.timestamps[0];
  if (timestamp !== undefined) checkFreshness(timestamp, options);
  return verified(message, received, undefined, nothing, new Map());
}

interface ResolvedKeys {
  readonly signature: Signature;
  readonly signing: ResolvedKey;
  /** The key of each EncryptedData. */
  readonly encryption: ReadonlyMap<Element, ResolvedKey>;
}

function resolveKeys<C>({ plan, header, parts }: Received, use: TokenUse, key: ProtectionKey<C>): ResolvedKeys {
  const signature = header.signatures[0] ?? refuse('invalidSecurity', 'signature-missing');
  checkDerivedKeys(header, use, key);
  const { suite, dialect } = plan;
  const signing = resolveKey(signature.key, suite.signatureKeyBytes, header, use, key, dialect);
  const encryption = new Map<Element, ResolvedKey>();
  for (const part of [parts.body, parts.usernameToken]) {
    if (part === undefined) continue;
    const resolved = resolveKey(part.key, suite.encryptionKeyBytes, header, use, key, dialect);
    // One derived key for both uses is what two tokens with the same bytes would be.
    if (use.derivedKeys && resolved.derived === signing.derived) refuse('invalidSecurity', 'derived-key-overlap');
    encryption.set(part.element, resolved);
  }
  checkUsed(header.derivedKeys, [signing, ...encryption.values()]);
  return { signature, signing, encryption };
}

/**
 * Checks the HMAC over SignedInfo, then that the Timestamp is signed and fresh, so that an old message can't be told to be new.
 *
 * @returns the Timestamp; undefined where the plan has none
 */
function verifySignature(
  received: Received,
  { signature, signing }: ResolvedKeys,
  options: ReceiveOptions,
): Timestamp | undefined {
  const { plan, header, allowance } = received;
  verifySignatureValue(signature, hmacKey(secretOf(signing), plan.suite.signature.hash), allowance);
  const timestamp = header.timestamps[0];
  if (timestamp === undefined) return undefined;
  const reference = signature.references.find(({ id }) => id === timestamp.id);
  verifyDigests([reference ?? refuse('invalidSecurity', 'timestamp-not-signed')], digestOptions(received, nothing));
  checkFreshness(timestamp, options);
  return timestamp;
}

/** Verifies the digests of all parts but the Timestamp, which has been. @returns every signed element, with its PrefixList */
function verifyParts(
  received: Received,
  stamped: Timestamp | undefined,
  plaintexts: ReadonlyMap<Element, Fragment>,
): SignedScope['parts'] {
  for (const fragment of plaintexts.values()) addIds(received.ids, fragment.ids, 'failedCheck');
  const references = received.header.signatures[0]?.references ?? [];
  const others = references.filter(({ id }) => id !== stamped?.id);
  const elements = verifyDigests(others, digestOptions(received, plaintexts));
  const signed = new Map(elements.map((element, index) => [element, others[index]?.prefixes ?? []]));
  if (stamped !== undefined) signed.set(stamped.element, []);
  return signed;
}

function digestOptions(received: Received, plaintexts: ReadonlyMap<Element, Fragment>): DigestOptions {
  const { plan, ids, allowance } = received;
  return { suite: plan.suite, ids, plaintexts, allowance, mayBeSigned: element => mayBeSigned(element, received) };
}

const signableTokens: ReadonlySet<string> = new Set(['UsernameToken', 'BinarySecurityToken']);

/**
 * Only whole parts at their own places are signed: the Body, a header block, the Timestamp or a token of the Security header
 * (OnlySignEntireHeadersAndBody). A copy of a part in a wrapper somewhere else is none.
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
  return namespace === ns.wsse && signableTokens.has(local);
}

/**
 * Message-protected: a genuine signature is unique to its message. Over TLS only a Timestamp in milliseconds may be signed, which two
 * honest calls can share, so that there the MessageID is spent.
 */
function spendReplayKey<C>(
  message: Message,
  { plan, header }: Received,
  key: ProtectionKey<C>,
  { replay }: ReceiveOptions,
): void {
  if (replay === undefined) return;
  const byMessageId = plan.protection.kind === 'transport' && message.addressing !== undefined;
  const id = byMessageId
    ? (message.addressing?.messageId ?? refuse('addressingHeaderRequired', 'message-id-missing'))
    : (header.signatures[0]?.value.toString('base64') ?? '');
  const outcome = replay(`${key.name} ${id}`);
  if (outcome === 'full') refuse('server', 'replay-table-full');
  if (outcome === 'seen') refuse('invalidSecurity', 'replay');
}

function decrypt({ plan, parts }: Received, { encryption, signing }: ResolvedKeys, options: ReceiveOptions) {
  return decryptParts(parts, plan.suite, part => secretOf(encryption.get(part.element) ?? signing), options.limits);
}

function verified<C>(
  message: Message,
  { plan, envelope, header, parts }: Received,
  key: ProtectionKey<C> | undefined,
  plaintexts: ReadonlyMap<Element, Fragment>,
  signed: SignedScope['parts'],
): Verified<C> {
  const token = usernameTokenOf(header, parts, plaintexts);
  checkSigned(plan, { envelope, signed, usernameToken: token?.element });
  const content = contentOf(envelope.body, parts, plaintexts);
  const scope = scopeOf(plan, signed);
  if (scope !== undefined) checkMeaning(message, content, scope);
  return {
    soap: envelope.soap,
    addressing: message.addressing,
    body: envelope.body,
    content,
    plaintexts,
    context: key?.context,
    contextToken: key?.contextToken,
    usernameToken: token && { username: token.username, password: token.password },
    encryptedKey: key?.encryptedKey,
    signed: new Set(signed.keys()),
    scope,
  };
}

/** How far declarations are signed; undefined over TLS, which protects the whole message. */
function scopeOf({ protection, suite }: MessagePlan, parts: SignedScope['parts']): SignedScope | undefined {
  if (protection.kind === 'transport') return undefined;
  if (encryptsFirst(protection)) return { parts, plaintext: 'ciphertext' };
  return { parts, plaintext: suite.encryption.mode === 'gcm' ? 'octets' : 'canonical' };
}

/**
 * What names and values mean must be signed, not only how they are written. In a fault it is for the reader to leave out what is not: it is
 * a fault all the same.
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
