import { type Awaitable, after } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { Suite } from '../crypto/suites.ts';
import { type Certificate, findCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError, refuse } from '../errors.ts';
import type { MessagePlan, TokenUse } from '../policy/plan.ts';
import { type CertificateClaims, claimsOf } from '../security/binary-token.ts';
import { certificateIdentifier } from '../security/certificate-reference.ts';
import { type ContextKeys, contextKeys } from '../security/context-keys.ts';
import {
  type EncryptedKey,
  type EncryptedKeyHandle,
  openEncryptedKey,
  recipientOf,
  sha1Of,
} from '../security/encrypted-key.ts';
import type { SecurityHeader } from '../security/header.ts';
import type { VerificationKey } from '../security/signature.ts';
import {
  keyOfKind,
  type ProvenToken,
  refersToKey,
  type SupportingTokenElement,
} from '../security/supporting-tokens.ts';
import { refersToContext, refersToEncryptedKey, type TokenReference } from '../security/token-reference.ts';
import { type ContextToken, type FoundState, keysOf } from '../state/state-mode.ts';
import type { Element } from '../xml/tree.ts';
import type { Binding } from './binding.ts';

/** A context as its initiator holds it. */
export interface ContextKey {
  readonly id: string;
  readonly instance: string | undefined;
  readonly keys: ContextKeys;
}

/** How who has certificates comes to the keys of what was encrypted to them, and signed with those of others. */
export interface CertificateKeys {
  /** They open an EncryptedKey. */
  readonly ownCertificates: readonly OwnCertificate[];
  /**
   * The key of a supporting token that signs, by the algorithms of a suite; undefined for one that isn't believed,
   * which is answered with `invalidSecurityToken`. Without this function none is.
   */
  readonly findTokenKey?: (token: ProvenToken, suite: Suite) => Awaitable<VerificationKey | undefined>;
  /** Certificates that a message may refer to without carrying them; absent: none. */
  readonly knownCertificates?: readonly Certificate[];
  /** Has a costly work done in its turn, or refuses it. Default: at once. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** How the recipient, a service, comes to the keys of what it receives. */
export interface RecipientKeys extends CertificateKeys {
  /** The context of the token in the header; undefined is answered with `badContextToken`. */
  readonly findContext: (token: ContextToken) => Awaitable<FoundState | undefined>;
}

/**
 * What the initiator awaits an answer with: the conversation it speaks in (the answer carries no token), the key that
 * its bootstrap request carried, undefined where it carried none, or the certificates of both sides.
 */
export type InitiatorKeys =
  | { readonly context: ContextKey }
  | { readonly encryptedKey: EncryptedKeyHandle | undefined }
  | CertificateKeys;

/** Where the keys of received messages come from, by role. */
export type ReceiveKeys = RecipientKeys | InitiatorKeys;

/** A token that the key of a signature, or of what is encrypted, comes from, as far as it is known without any key. */
export interface SigningToken {
  readonly use: TokenUse;
  /** Identifies the key in the replay table. */
  readonly name: string;
  readonly refersTo: (reference: TokenReference) => boolean;
  /** The token, where it is in the message. */
  readonly element: Element | undefined;
  /** What a supporting token claims that is not in the message. */
  readonly absent?: ProvenToken;
  /** Whether its key costs a public-key operation, so that all else is checked first. */
  readonly isCostly: boolean;
  /**
   * Finds its key.
   * @throws {Refusal} `badContextToken` for a context that isn't known, `invalidSecurityToken` for a supporting token
   * that isn't believed
   */
  readonly open: () => Awaitable<TokenKey>;
}

/** The key of a token that signs. */
export type TokenKey = ProtectionKey | { readonly verification: VerificationKey };

/** The key of a token that protects: it signs, encrypts and is derived from. */
export interface ProtectionKey {
  readonly keys: ContextKeys;
  readonly context: FoundState | undefined;
  readonly contextToken: ContextToken | undefined;
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

/**
 * The tokens that a message is signed with, in the order of its binding: the service looks for them in the header, the
 * initiator has them.
 *
 * @throws {Refusal} `invalidSecurity` where one of them is missing or is one that has no place there,
 * `invalidSecurityToken` for a key that was encrypted to somebody else
 */
export function signingTokens(
  header: SecurityHeader,
  { signers, encryptor }: Binding,
  plan: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): readonly SigningToken[] {
  const isUsed = (kind: TokenUse['kind']) => kind === encryptor?.kind || signers.some(use => use.kind === kind);
  if (header.encryptedKeys.length !== 0 && !isUsed('encryptedKey'))
    refuse('invalidSecurity', 'encrypted-key-unexpected');
  if (header.contextTokens.length !== 0 && !isUsed('context')) refuse('invalidSecurity', 'context-token-unexpected');
  return signers.map(use => signingToken(header, use, plan, keys, random));
}

/**
 * The EncryptedKey of a message that is encrypted with another key than it is signed with; undefined where it is not.
 *
 * @throws {Refusal} like {@link signingTokens}
 */
export function encryptingToken(
  header: SecurityHeader,
  { encryptor }: Binding,
  plan: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): SigningToken | undefined {
  return encryptor && encryptedKeyOf(header, encryptor, plan, keys, random);
}

function signingToken(
  header: SecurityHeader,
  use: TokenUse,
  plan: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): SigningToken {
  if (use.kind === 'encryptedKey') return encryptedKeyOf(header, use, plan, keys, random);
  if (use.kind === 'supporting') return supportingTokenOf(header, use, plan, keys);
  if ('findContext' in keys) return contextInHeader(header, use, plan, keys);
  if ('context' in keys) return ownContext(header, use, plan, keys.context);
  throw new ConfigurationError('CONFIG_INVALID', 'the answer is of a conversation, and none was given');
}

function contextInHeader(header: SecurityHeader, use: TokenUse, plan: MessagePlan, keys: RecipientKeys): SigningToken {
  const token = header.contextTokens[0] ?? refuse('invalidSecurity', 'context-token-missing');
  return {
    use,
    name: contextName(token),
    element: token.element,
    refersTo: reference => refersToContext(reference, token, plan),
    isCostly: false,
    open: () => after(keys.findContext(token), found => keyOf(found, token)),
  };
}

function keyOf(found: FoundState | undefined, contextToken: ContextToken): ProtectionKey {
  const context = found ?? refuse('badContextToken', 'context-unknown');
  return { keys: keysOf(context), context, contextToken, encryptedKey: undefined };
}

function ownContext(header: SecurityHeader, use: TokenUse, plan: MessagePlan, context: ContextKey): SigningToken {
  if (header.contextTokens.length !== 0) refuse('invalidSecurity', 'context-token-unexpected');
  const { id, instance, keys } = context;
  return {
    use,
    name: contextName(context),
    element: undefined,
    refersTo: reference => refersToContext(reference, { id, instance, wsuId: undefined }, plan),
    isCostly: false,
    open: () => ({ keys, context: undefined, contextToken: undefined, encryptedKey: undefined }),
  };
}

/** Identifies the key of a context in the replay table. */
export function contextName({ id, instance }: Pick<ContextKey, 'id' | 'instance'>): string {
  return `${id} ${instance ?? ''}`;
}

function encryptedKeyOf(
  header: SecurityHeader,
  use: TokenUse,
  plan: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): SigningToken {
  const token = header.encryptedKeys[0];
  const held = 'encryptedKey' in keys ? keys.encryptedKey : undefined;
  if (held !== undefined && token !== undefined) refuse('invalidSecurity', 'encrypted-key-unexpected');
  const { sha1, isCostly, open } = held === undefined ? keyInHeader(token, plan, keys, random) : keyInHand(held);
  return {
    use,
    name: sha1,
    element: token?.element,
    refersTo: reference => refersToEncryptedKey(reference, { id: token?.id, sha1 }),
    isCostly,
    open: () => after(open(), encryptedKeyHandle),
  };
}

function encryptedKeyHandle(encryptedKey: EncryptedKeyHandle): ProtectionKey {
  return { keys: contextKeys(encryptedKey.secret), context: undefined, contextToken: undefined, encryptedKey };
}

/** An EncryptedKey's name, and what its key is had with. */
interface FoundKey {
  readonly sha1: string;
  readonly isCostly: boolean;
  readonly open: () => Awaitable<EncryptedKeyHandle>;
}

function keyInHand(handle: EncryptedKeyHandle): FoundKey {
  return { sha1: handle.sha1, isCostly: false, open: () => handle };
}

function keyInHeader(
  token: EncryptedKey | undefined,
  { suite }: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): FoundKey {
  if (token === undefined) return refuse('invalidSecurity', 'encrypted-key-missing');
  const none: CertificateKeys = { ownCertificates: [] };
  const { ownCertificates, inTurn = work => work() } = 'ownCertificates' in keys ? keys : none;
  const own = recipientOf(token, ownCertificates);
  const sha1 = sha1Of(token.cipher);
  const open = async () => ({ secret: await openEncryptedKey(token, suite, own, random), sha1, recipient: own });
  return { sha1, isCostly: true, open: () => inTurn(open) };
}

type SupportingUse = TokenUse & { readonly kind: 'supporting' };

/**
 * A supporting token whose key signs, in the header or referred to. Whose key that is, and whether it is believed, the
 * one who receives it says.
 */
function supportingTokenOf(
  header: SecurityHeader,
  use: SupportingUse,
  { suite }: MessagePlan,
  keys: ReceiveKeys,
): SigningToken {
  const none: Pick<CertificateKeys, 'findTokenKey' | 'knownCertificates'> = {};
  const { findTokenKey = () => undefined, knownCertificates = [] } = 'ownCertificates' in keys ? keys : none;
  const isAbsent = use.certificate.include === 'never';
  const token = isAbsent ? certificateReferredTo(header, use, knownCertificates) : tokenInHeader(header, use);
  return {
    use,
    name: `${use.token} ${keyOfKind(use.token).nameOf(token.claims)}`,
    element: token.element,
    refersTo: reference => refersToKey(reference, token),
    isCostly: true,
    open: () => after(findTokenKey(token, suite), verificationOf),
    ...(isAbsent ? { absent: token } : {}),
  };
}

function tokenInHeader({ supportingTokens: tokens }: SecurityHeader, { token: kind, certificate }: SupportingUse) {
  const token = tokens.find(one => one.kind === kind) ?? refuse('invalidSecurity', 'endorsing-token-missing');
  const isPath = (token.claims as Partial<CertificateClaims>).issuers !== undefined;
  if (isPath !== (certificate.include === 'path')) refuse('invalidSecurityToken', 'binary-token-type');
  return token;
}

/** A certificate that is not in the message: that which one of the signatures means. */
function certificateReferredTo(
  { signatures }: SecurityHeader,
  { token: kind }: SupportingUse,
  known: readonly Certificate[],
): Omit<SupportingTokenElement, 'element'> & { readonly element: undefined } {
  for (const { key } of signatures) {
    const identifier = certificateIdentifier(key);
    const found = identifier && findCertificate(known, identifier);
    if (found !== undefined) return { element: undefined, id: undefined, kind, claims: claimsOf(found) };
  }
  return refuse('invalidSecurityToken', 'certificate-unknown');
}

function verificationOf(key: VerificationKey | undefined): TokenKey {
  return { verification: key ?? refuse('invalidSecurityToken', 'token-key-unknown') };
}
