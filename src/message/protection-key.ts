import { type Awaitable, after } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import type { OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError, refuse } from '../errors.ts';
import type { Dialect } from '../names.ts';
import type { MessagePlan, TokenUse } from '../policy/plan.ts';
import { type ContextKeys, cipherKey, contextKeys, derivedKey } from '../security/context-keys.ts';
import type { DerivedKeyToken } from '../security/derived-key.ts';
import {
  type EncryptedKey,
  type EncryptedKeyHandle,
  openEncryptedKey,
  recipientOf,
  sha1Of,
} from '../security/encrypted-key.ts';
import type { SecurityHeader } from '../security/header.ts';
import {
  derivedKeyIdOf,
  refersToContext,
  refersToEncryptedKey,
  type TokenReference,
} from '../security/token-reference.ts';
import { type ContextToken, type FoundState, keysOf } from '../state/state-mode.ts';

/** A context as its initiator holds it. */
export interface ContextKey {
  readonly id: string;
  readonly instance: string | undefined;
  readonly keys: ContextKeys;
}

/** How the recipient, a service, comes to the keys of what it receives. */
export interface RecipientKeys {
  /** They open an EncryptedKey. */
  readonly ownCertificates: readonly OwnCertificate[];
  /** The context of the token in the header; undefined is answered with `badContextToken`. */
  readonly findContext: (token: ContextToken) => Awaitable<FoundState | undefined>;
  /** Has a costly work done in its turn, or refuses it. Default: at once. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * What the initiator awaits an answer with: the conversation it speaks in (the answer carries no token), or the key
 * that its bootstrap request carried, undefined where it carried none.
 */
export type InitiatorKeys =
  | { readonly context: ContextKey }
  | { readonly encryptedKey: EncryptedKeyHandle | undefined };

/** Where the keys of received messages come from, by role. */
export type ReceiveKeys = RecipientKeys | InitiatorKeys;

/** The token that all keys of a message come from, as far as it is known without any key. */
export interface ProtectionToken {
  /** Identifies the key in the replay table. */
  readonly name: string;
  readonly refersTo: (reference: TokenReference) => boolean;
  /** Whether its key costs a private operation, so that all else is checked first. */
  readonly isCostly: boolean;
  /** Finds its key. @throws {Refusal} `badContextToken` for a context that isn't known */
  readonly open: () => Awaitable<ProtectionKey>;
}

/** The key of a protection token. */
export interface ProtectionKey {
  readonly keys: ContextKeys;
  readonly context: FoundState | undefined;
  readonly contextToken: ContextToken | undefined;
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

/**
 * The token that a message is protected with: the service looks for it in the header, the initiator has it.
 *
 * @throws {Refusal} `invalidSecurity` where the token is missing or is one that has no place there,
 * `invalidSecurityToken` for a key that was encrypted to somebody else
 */
export function protectionToken(
  header: SecurityHeader,
  use: TokenUse,
  plan: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): ProtectionToken {
  if (use.kind === 'encryptedKey') return encryptedKeyOf(header, plan, keys, random);
  if (header.encryptedKeys.length !== 0) refuse('invalidSecurity', 'encrypted-key-unexpected');
  if ('findContext' in keys) return contextInHeader(header, plan, keys);
  if ('context' in keys) return ownContext(header, plan, keys.context);
  throw new ConfigurationError('CONFIG_INVALID', 'the answer is of a conversation, and none was given');
}

function contextInHeader(header: SecurityHeader, plan: MessagePlan, keys: RecipientKeys): ProtectionToken {
  const token = header.contextTokens[0] ?? refuse('invalidSecurity', 'context-token-missing');
  return {
    name: contextName(token),
    refersTo: reference => refersToContext(reference, token, plan.dialect),
    isCostly: false,
    open: () => after(keys.findContext(token), found => keyOf(found, token)),
  };
}

function keyOf(found: FoundState | undefined, contextToken: ContextToken): ProtectionKey {
  const context = found ?? refuse('badContextToken', 'context-unknown');
  return { keys: keysOf(context), context, contextToken, encryptedKey: undefined };
}

function ownContext(header: SecurityHeader, plan: MessagePlan, context: ContextKey): ProtectionToken {
  if (header.contextTokens.length !== 0) refuse('invalidSecurity', 'context-token-unexpected');
  const { id, instance, keys } = context;
  return {
    name: contextName(context),
    refersTo: reference => refersToContext(reference, { id, instance, wsuId: undefined }, plan.dialect),
    isCostly: false,
    open: () => ({ keys, context: undefined, contextToken: undefined, encryptedKey: undefined }),
  };
}

function contextName({ id, instance }: { readonly id: string; readonly instance: string | undefined }): string {
  return `${id} ${instance ?? ''}`;
}

function encryptedKeyOf(
  header: SecurityHeader,
  plan: MessagePlan,
  keys: ReceiveKeys,
  random: RandomSource,
): ProtectionToken {
  if (header.contextTokens.length !== 0) refuse('invalidSecurity', 'context-token-unexpected');
  const token = header.encryptedKeys[0];
  const held = 'encryptedKey' in keys ? keys.encryptedKey : undefined;
  if (held !== undefined && token !== undefined) refuse('invalidSecurity', 'encrypted-key-unexpected');
  const { sha1, isCostly, open } = held === undefined ? keyInHeader(token, plan, keys, random) : keyInHand(held);
  return {
    name: sha1,
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
  // An initiator has no certificate that a key could be encrypted to.
  const none: Pick<RecipientKeys, 'ownCertificates' | 'inTurn'> = { ownCertificates: [] };
  const { ownCertificates, inTurn = work => work() } = 'findContext' in keys ? keys : none;
  const own = recipientOf(token, ownCertificates);
  const sha1 = sha1Of(token.cipher);
  const open = async () => ({ secret: await openEncryptedKey(token, suite, own, random), sha1 });
  return { sha1, isCostly: true, open: () => inTurn(open) };
}

/**
 * Checks that a KeyInfo means the protection token, or a key of the right length derived from it where the plan wants
 * derived keys. Nothing is derived yet.
 *
 * @returns what the key is derived by; undefined where it is the token's own
 * @throws {Refusal} `invalidSecurity`
 */
export function resolveKey(
  reference: TokenReference,
  lengthBytes: number,
  header: SecurityHeader,
  use: TokenUse,
  token: ProtectionToken,
  dialect: Dialect,
): DerivedKeyToken | undefined {
  if (!use.derivedKeys) {
    if (!token.refersTo(reference)) refuse('invalidSecurity', 'key-reference');
    return undefined;
  }
  const id = derivedKeyIdOf(reference, dialect);
  const derived = header.derivedKeys.find(key => key.id === id) ?? refuse('invalidSecurity', 'derived-key-reference');
  if (derived.lengthBytes !== lengthBytes) refuse('invalidSecurity', 'derived-key-length');
  return derived;
}

/**
 * Every DerivedKeyToken must point at the protection token itself, and there is none where the plan forbids derived
 * keys.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkDerivedKeys(header: SecurityHeader, use: TokenUse, token: ProtectionToken): void {
  if (!use.derivedKeys && header.derivedKeys.length !== 0) refuse('invalidSecurity', 'derived-key-unexpected');
  for (const { reference } of header.derivedKeys) {
    if (!token.refersTo(reference)) refuse('invalidSecurity', 'derivation-source');
  }
}

/**
 * What nobody checks must not be there: a DerivedKeyToken that nothing is signed or encrypted with.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkUsed(tokens: readonly DerivedKeyToken[], used: readonly (DerivedKeyToken | undefined)[]): void {
  for (const token of tokens) {
    if (!used.includes(token)) refuse('invalidSecurity', 'derived-key-unused');
  }
}

/** The key that signs: the token's own, or derived from it. */
export function signingKeyOf(keys: ContextKeys, derived: DerivedKeyToken | undefined): SecretKey {
  return derived === undefined ? keys.secret : derivedKey(keys, derived);
}

/** The key that encrypts: the token's own in the length of the cipher, or derived from it. */
export function encryptionKeyOf(keys: ContextKeys, derived: DerivedKeyToken | undefined, suite: Suite): SecretKey {
  return derived === undefined ? cipherKey(keys, suite) : derivedKey(keys, derived);
}
