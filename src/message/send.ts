import { type RandomSource, uuidText } from '../crypto/random.ts';
import { ConfigurationError } from '../errors.ts';
import { type AddressingVersion, ns, type SoapVersion } from '../names.ts';
import {
  isInMessage,
  isListed,
  type MessagePlan,
  type Parts,
  type ProvingToken,
  protectsTokens,
  provingTokens,
  type TokenUse,
} from '../policy/plan.ts';
import type { EncryptedKeyHandle } from '../security/encrypted-key.ts';
import { type EncryptedType, writeEncryptedData, writeReferenceList } from '../security/encryption.ts';
import { type PartToSign, type WrittenSignature, writeSignature } from '../security/signature.ts';
import { confirmations, writeSignatureConfirmation } from '../security/signature-confirmation.ts';
import { supportingTokens } from '../security/supporting-tokens.ts';
import { writeTimestamp } from '../security/timestamp.ts';
import { type AddressingHeader, addressingHeaders, writeAddressingHeader } from '../soap/addressing.ts';
import { mustUnderstand, soapDeclaration, writeEnvelope } from '../soap/envelope-writer.ts';
import { canonicalize } from '../xml/canonical.ts';
import { scanText } from '../xml/scan.ts';
import { attributeValue, type Element } from '../xml/tree.ts';
import { standalone } from '../xml/write.ts';
import type { Binding } from './binding.ts';
import { bindingOf } from './binding-of.ts';
import { identified } from './header-block.ts';
import { ids } from './part-ids.ts';
import { type BootstrapKeys, type SendingKeys, type SendKeys, sendingKeys } from './sending-key.ts';
import { bodyTags, type OutgoingBody, ownLimits, signedBody, signedCiphertext } from './sent-body.ts';
import { valuePrefixes } from './value-prefixes.ts';

/** What a message says. */
export interface Outgoing {
  readonly action: string;
  /** `urn:uuid:…`; a request (no `relatesTo`) gets a new one where it is absent, an answer none. */
  readonly messageId?: string;
  readonly relatesTo?: string;
  readonly to?: string;
  readonly replyToAnonymous?: boolean;
  /**
   * Header blocks that somebody else wrote, in the envelope they stand in; one that the plan wants signed has no
   * wsu:Id.
   */
  readonly headers?: readonly Element[];
  /** Of an answer, the SignatureValues of its request, where the plan has it confirm them; default: it had none. */
  readonly confirmed?: readonly string[];
  readonly body: OutgoingBody;
}

export interface SendOptions {
  readonly nowMs: number;
  readonly random: RandomSource;
  /** Expires − Created of the Timestamp. */
  readonly timestampTtlMs: number;
}

export interface Sent {
  readonly text: string;
  /** The key that was made for this message: the answer is protected with it. */
  readonly encryptedKey: EncryptedKeyHandle | undefined;
  readonly messageId: string | undefined;
  /** The SignatureValue of each Signature, in base64, the main one's first. */
  readonly signatureValues: readonly string[];
}

/** The versions that a message is written in; without addressing it has no addressing headers. */
export interface EnvelopeVersions {
  readonly soap: SoapVersion;
  readonly addressing: AddressingVersion | undefined;
}

/**
 * Writes, signs and encrypts a message by its plan.
 *
 * @throws {SecureConversationError} `CONFIG_INVALID` where a key or a token that the plan needs is absent
 * @throws {Refusal} `server` for a Body that is not well-formed
 */
export function send(
  plan: MessagePlan,
  versions: EnvelopeVersions,
  keys: SendKeys,
  out: Outgoing,
  options: SendOptions,
): Sent {
  const binding = bindingOf(plan);
  const messageId = messageIdOf(versions, out, options.random);
  const sending = sendingKeys(plan, binding, keys, options.nowMs, options.random);
  const signed = sending.map((): PartToSign[] => []);
  const writing: Writing = { plan, binding, versions, sending, options, signed, encrypted: [] };
  const timestamp = plan.timestamp ? timestampPart(writing, timestampId(writing, messageId, out)) : '';
  const supporting = confirmationParts(writing, out) + supportingParts(writing, keys);
  if (protectsTokens(plan)) signTokens(writing);
  const body = bodyPart(writing, out.body);
  const headers = headerParts(writing, out, messageId) + blockParts(writing, out.headers);
  const signatures = writtenSignatures(writing);
  const security = securityHeader(writing, timestamp, supporting, signatures);
  const text = writeEnvelope(versions.soap, headers + security, body);
  const signatureValues = signatures.map(({ value }) => value);
  return { text, encryptedKey: sending[0]?.encryptedKey, messageId, signatureValues };
}

/** A message as far as it is written. */
interface Writing {
  readonly plan: MessagePlan;
  readonly binding: Binding;
  readonly versions: EnvelopeVersions;
  readonly sending: readonly SendingKeys[];
  readonly options: SendOptions;
  /** Parts for each Signature, in the order of writing; the main one's first. */
  readonly signed: readonly PartToSign[][];
  /** Ids for the ReferenceList. */
  readonly encrypted: string[];
}

function messageIdOf({ addressing }: EnvelopeVersions, out: Outgoing, random: RandomSource): string | undefined {
  if (addressing === undefined) return undefined;
  return out.messageId ?? (out.relatesTo === undefined ? `urn:uuid:${uuidText(random)}` : undefined);
}

/** Whether any Signature covers a part. */
function isSigned({ sending }: Writing, isCovered: (parts: Parts) => boolean): boolean {
  return sending.some(({ use }) => isCovered(use.parts));
}

/** Has a part signed by each Signature that covers it. */
function sign({ sending, signed }: Writing, part: PartToSign, isCovered: (parts: Parts) => boolean): void {
  sending.forEach(({ use }, index) => {
    if (isCovered(use.parts)) signed[index]?.push(part);
  });
}

/**
 * What no signed MessageID or RelatesTo makes different from all others its Timestamp does: two equal calls in one
 * millisecond would have one signature, and the second would be a replay.
 */
function timestampId(
  { plan, versions: { addressing }, options }: Writing,
  messageId: string | undefined,
  { relatesTo }: Outgoing,
): string {
  const isKept = (local: string) =>
    addressing !== undefined && isListed({ namespace: addressing.namespace, local }, plan.signed.headers);
  const isTold = (messageId !== undefined && isKept('MessageID')) || (relatesTo !== undefined && isKept('RelatesTo'));
  return isTold ? ids.timestamp : `${ids.timestamp}-${uuidText(options.random)}`;
}

/**
 * The Timestamp is signed wherever anything is (WS-SecurityPolicy §6.2), and by what endorses where there is no other
 * signature that it could endorse.
 */
function timestampPart({ binding, options, signed }: Writing, id: string): string {
  const text = writeTimestamp(id, options.nowMs, options.timestampTtlMs);
  const signatures = binding.endorsed === 'timestamp' ? signed : signed.slice(0, 1);
  for (const parts of signatures) parts.push({ id, canonical: text });
  return text;
}

/**
 * The supporting tokens: over TLS in clear; in a message always encrypted, also where the policy only wants them
 * signed. One that signs stands there in clear, for the verifier that looks for its key.
 */
function supportingParts(writing: Writing, keys: SendKeys): string {
  const claims = 'tokens' in keys ? keys.tokens : undefined;
  let text = '';
  writing.sending.forEach(({ use }, index) => {
    if (isInMessage(use)) text += signingTokenPart(writing, index, use, claims);
  });
  for (const token of provingTokens(writing.plan)) text += tokenPart(writing, token, tokenText(token.kind, claims));
  return text;
}

/** What confirms the signatures of the request, encrypted where those of the answer are. */
function confirmationParts(writing: Writing, { confirmed = [] }: Outgoing): string {
  const { plan, binding, signed } = writing;
  if (!plan.confirmsSignatures) return '';
  const texts = confirmations(confirmed).map((value, index) => {
    const id = ids.confirmation(index);
    const text = writeSignatureConfirmation(id, value);
    signed[0]?.push({ id, canonical: text });
    return binding.encryptsSignatures ? encrypt(writing, ids.encryptedConfirmation(index), 'element', text) : text;
  });
  return texts.join('');
}

/** The tokens whose keys sign, and that are no supporting tokens: each by the signature of its key. */
function signTokens({ sending, signed }: Writing): void {
  sending.forEach(({ token }, index) => {
    if (token !== '') signed[index]?.push(signedToken(token));
  });
}

/** The text of a SecurityContextToken is its issuer's. */
function signedToken(text: string): PartToSign {
  const { root } = scanText(text, ownLimits);
  const id = attributeValue(root, ns.wsu, 'Id') ?? attributeValue(root, '', 'Id');
  if (id === undefined)
    throw new ConfigurationError('CONFIG_INVALID', 'the plan of the message needs a token with an Id: ProtectTokens');
  return { id, canonical: canonicalize(root) };
}

function signingTokenPart(
  { plan, signed }: Writing,
  index: number,
  use: TokenUse & { readonly kind: 'supporting' },
  claims: BootstrapKeys['tokens'],
): string {
  const text = tokenText(use.token, claims);
  const part = { id: ids.token(use.token), canonical: text };
  if (use.signed) signed[0]?.push(part);
  if (protectsTokens(plan) && !(use.signed && index === 0)) signed[index]?.push(part);
  return text;
}

function tokenText(kind: string, claims: BootstrapKeys['tokens']): string {
  const row = supportingTokens.get(kind);
  const said = claims?.[kind];
  if (row === undefined || said === undefined)
    throw new ConfigurationError('CONFIG_INVALID', `the plan of the message needs a token: ${kind}`);
  return row.write(ids.token(kind), said);
}

function tokenPart(writing: Writing, { kind, signed }: ProvingToken, text: string): string {
  if (!writing.binding.encryptsTokens) return text;
  if (signed) writing.signed[0]?.push({ id: ids.token(kind), canonical: text });
  return encrypt(writing, ids.encryptedToken(kind), 'element', text);
}

function encrypt(
  { plan, sending, options, encrypted }: Writing,
  id: string,
  type: EncryptedType,
  plaintext: string,
): string {
  const key = sending[0]?.encryption;
  if (key === undefined) throw new TypeError('nothing to encrypt with');
  encrypted.push(id);
  const { secret, reference } = key;
  return writeEncryptedData(id, type, plaintext, {
    suite: plan.suite,
    key: secret,
    keyReference: reference,
    random: options.random,
  });
}

/**
 * The Body. Its content was written by somebody else, so that its digest is that of what we find when we read it as a
 * receiver does; the bytes stay as they are.
 */
function bodyPart(writing: Writing, body: OutgoingBody): string {
  const { plan, binding, versions } = writing;
  const { content, declarations, element } = body;
  const hasBody = (parts: Parts) => parts.body;
  const isBodySigned = isSigned(writing, hasBody);
  const tags = bodyTags(versions.soap, declarations, isBodySigned);
  const afterEncryption = plan.encrypted.body && binding.signsCiphertext;
  if (isBodySigned && !afterEncryption) sign(writing, signedBody(tags, content, element), hasBody);
  const inner = plan.encrypted.body ? encrypt(writing, ids.encryptedBody, 'content', content) : content;
  if (isBodySigned && afterEncryption) sign(writing, signedCiphertext(tags, inner), hasBody);
  return tags.open + inner + tags.close;
}

function headerParts(writing: Writing, out: Outgoing, messageId: string | undefined): string {
  const { addressing } = writing.versions;
  if (addressing === undefined) return '';
  const { action, relatesTo, to, replyToAnonymous = false } = out;
  const headers = addressingHeaders(addressing, { action, messageId, relatesTo, to, replyToAnonymous });
  return headers.map(header => headerPart(writing, addressing, header)).join('');
}

function headerPart(writing: Writing, addressing: AddressingVersion, header: AddressingHeader): string {
  const { binding, versions } = writing;
  const name = { namespace: addressing.namespace, local: header.local };
  const hasHeader = ({ headers }: Parts) => isListed(name, headers);
  const mandatory = binding.mandatoryHeaders.has(header.local);
  const understood = mandatory ? mustUnderstand : '';
  if (!isSigned(writing, hasHeader)) return writeAddressingHeader(addressing, header, '', understood);
  const id = ids.header(header.local);
  const declarations = `${mandatory ? soapDeclaration(versions.soap) : ''} xmlns:u="${ns.wsu}"`;
  const text = writeAddressingHeader(addressing, header, declarations, ` u:Id="${id}"${understood}`);
  sign(writing, { id, canonical: text }, hasHeader);
  return text;
}

/** Header blocks of others: the Security header follows them, so that what it signs has been read by then. */
function blockParts(writing: Writing, blocks: Outgoing['headers'] = []): string {
  const texts = blocks.map((block, index) => {
    const hasBlock = ({ headers }: Parts) => isListed(block, headers);
    if (!isSigned(writing, hasBlock)) return standalone(block);
    const id = ids.header(`block${index}`);
    const text = identified(block, id);
    const { root } = scanText(text, ownLimits);
    const prefixes = valuePrefixes(root);
    sign(writing, { id, prefixes, canonical: canonicalize(root, { prefixes }) }, hasBlock);
    return text;
  });
  return texts.join('');
}

/**
 * The Security header: Timestamp, the tokens, derived keys, then ReferenceList, supporting tokens and Signatures as a
 * receiver undoes them; an EncryptedKey that only encrypts has the ReferenceList in it. A receiver takes the order of
 * protection from the order of these (CXF), and each token stands before its use (Strict).
 */
function securityHeader(
  { binding, sending, encrypted }: Writing,
  timestamp: string,
  supporting: string,
  signatures: readonly WrittenSignature[],
): string {
  const signed = signatures.map(({ text }) => text).join('');
  const references = encrypted.length === 0 ? '' : writeReferenceList(encrypted);
  const first = binding.signsCiphertext;
  let tokens = '';
  for (const { token, derivedKeys } of sending) tokens += token + derivedKeys;
  const listed = sending[0]?.encryptor?.(references) ?? references;
  const content = timestamp + tokens + (first ? '' : listed) + supporting + signed + (first ? listed : '');
  return content === '' ? '' : `<o:Security xmlns:o="${ns.wsse}"${mustUnderstand}>${content}</o:Security>`;
}

/** The main Signature, then those that endorse it, as they stand in the message. */
function writtenSignatures(writing: Writing): readonly WrittenSignature[] {
  const { plan, binding, sending, signed } = writing;
  let main: PartToSign[] = [];
  return sending.map(({ signing, reference }, index) => {
    const id = index === 0 ? ids.signature : ids.endorsement(index);
    const { text, value } = writeSignature(plan.suite, id, [...main, ...(signed[index] ?? [])], signing, reference);
    if (index === 0 && sending.length > 1 && binding.endorsed === 'mainSignature') main = [signedSignature(text)];
    if (!binding.encryptsSignatures) return { text, value };
    return { text: encrypt(writing, ids.encryptedSignature(index), 'element', text), value };
  });
}

/** As a receiver digests it: SignedInfo stands there with a declaration that is canonical only where it is signed. */
function signedSignature(text: string): PartToSign {
  return { id: ids.signature, canonical: canonicalize(scanText(text, ownLimits).root) };
}
