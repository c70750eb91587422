import { type Awaitable, after } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { OwnCertificate } from '../crypto/x509.ts';
import { refuse } from '../errors.ts';
import type { Dialect } from '../names.ts';
import type { MessagePlan, TokenUse } from '../policy/plan.ts';
import { type DerivedKeyToken, derivedKey } from '../security/derived-key.ts';
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

export type { EncryptedKeyHandle };

/** A SecurityContextToken as it stood in a message. */
export interface ContextTokenValue {
  readonly dialect: Dialect;
  readonly id: string;
  readonly instance: string | undefined;
  /** Exact text of our State element; undefined where the token has none. */
  readonly state: string | undefined;
  readonly wsuId: string | undefined;
}

/** A context that was found for a token. `found` is the caller's own value and comes back in Verified. */
export interface FoundContext<C> {
  readonly secret: SecretKey;
  readonly found: C;
}

/** The context of a conversation, as its initiator knows it. */
export interface ContextKey {
  readonly id: string;
  readonly instance: string | undefined;
  readonly secret: SecretKey;
}

/** Where the keys of received messages come from. Each role fills in its own half. */
export interface ReceiveKeys<C> {
  /** Service: opens an EncryptedKey. */
  readonly ownCertificates?: readonly OwnCertificate[];
  /** Service: has a costly work done in its turn, or refuses it. Default: at once. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Service: the context of the token in the header; undefined is answered with `badContextToken`. */
  readonly findContext?: (token: ContextTokenValue) => Awaitable<FoundContext<C> | undefined>;
  /** Initiator: the conversation it speaks in; the answer carries no token. */
  readonly context?: ContextKey;
  /** Initiator: the key that its bootstrap request carried. */
  readonly encryptedKey?: EncryptedKeyHandle;
}

/** The token that all keys of a message come from, as far as it is known without any key. */
export interface ProtectionToken<C> {
  /** Identifies the key in the replay table. */
  readonly name: string;
  readonly refersTo: (reference: TokenReference) => boolean;
  /** Whether its key costs a private operation, so that all else is checked first. */
  readonly isCostly: boolean;
  /** Finds its key. @throws {Refusal} `badContextToken` for a context that isn't known */
  readonly open: () => Awaitable<ProtectionKey<C>>;
}

/** The key of a protection token. */
export interface ProtectionKey<C> {
  readonly secret: SecretKey;
  readonly context: C | undefined;
  readonly contextToken: ContextTokenValue | undefined;
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

/**
 * The token that a message is protected with: the service looks for it in the header, the initiator has it.
 *
 * @throws {Refusal} `invalidSecurity` where the token is missing or is one that has no place there, `invalidSecurityToken` for a key that
 * was encrypted to somebody else
 */
export function protectionToken<C>(
  header: SecurityHeader,
  use: TokenUse,
  plan: MessagePlan,
  keys: ReceiveKeys<C>,
  random: RandomSource,
): ProtectionToken<C> {
  if (use.kind === 'encryptedKey') return encryptedKeyOf(header, plan, keys, random);
  if (header.encryptedKeys.length !== 0) refuse('invalidSecurity', 'encrypted-key-unexpected');
  return keys.context === undefined ? contextInHeader(header, plan, keys) : ownContext(header, plan, keys.context);
}

function contextInHeader<C>(header: SecurityHeader, plan: MessagePlan, keys: ReceiveKeys<C>): ProtectionToken<C> {
  const token = header.contextTokens[0] ?? refuse('invalidSecurity', 'context-token-missing');
  const { dialect, id, instance, state, wsuId } = token;
  const value: ContextTokenValue = { dialect, id, instance, state, wsuId };
  return {
    name: contextName(value),
    refersTo: reference => refersToContext(reference, value, plan.dialect),
    isCostly: false,
    open: () => after(keys.findContext?.(value), found => keyOf(found, value)),
  };
}

function keyOf<C>(found: FoundContext<C> | undefined, contextToken: ContextTokenValue): ProtectionKey<C> {
  const { secret, found: context } = found ?? refuse('badContextToken', 'context-unknown');
  return { secret, context, contextToken, encryptedKey: undefined };
}

function ownContext<C>(header: SecurityHeader, plan: MessagePlan, context: ContextKey): ProtectionToken<C> {
  if (header.contextTokens.length !== 0) refuse('invalidSecurity', 'context-token-unexpected');
  const { id, instance, secret } = context;
  return {
    name: contextName(context),
    refersTo: reference => refersToContext(reference, { id, instance, wsuId: undefined }, plan.dialect),
    isCostly: false,
    open: () => ({ secret, context: undefined, contextToken: undefined, encryptedKey: undefined }),
  };
}

function contextName({ id, instance }: { readonly id: string; readonly instance: string | undefined }): string {
  return `${id} ${instance ?? ''}`;
}

function encryptedKeyOf<C>(
  header: SecurityHeader,
  plan: MessagePlan,
  keys: ReceiveKeys<C>,
  random: RandomSource,
): ProtectionToken<C> {
  if (header.contextTokens.length !== 0) refuse('invalidSecurity', 'context-token-unexpected');
  const token = header.encryptedKeys[0];
  if (keys.encryptedKey !== undefined && token !== undefined) refuse('invalidSecurity', 'encrypted-key-unexpected');
  const { sha1, isCostly, open } =
    keys.encryptedKey === undefined ? keyInHeader(token, plan, keys, random) : keyInHand(keys.encryptedKey);
  return {
    name: sha1,
    refersTo: reference => refersToEncryptedKey(reference, { id: token?.id, sha1 }),
    isCostly,
    open: () => after(open(), encryptedKeyHandle<C>),
  };
}

function encryptedKeyHandle<C>(encryptedKey: EncryptedKeyHandle): ProtectionKey<C> {
  return { secret: encryptedKey.secret, context: undefined, contextToken: undefined, encryptedKey };
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

function keyInHeader<C>(
  token: EncryptedKey | undefined,
  { suite }: MessagePlan,
  { ownCertificates = [], inTurn = work => work() }: ReceiveKeys<C>,
  random: RandomSource,
): FoundKey {
  if (token === undefined) return refuse('invalidSecurity', 'encrypted-key-missing');
  const own = recipientOf(token, ownCertificates);
  const sha1 = sha1Of(token.cipher);
  const open = async () => ({ secret: await openEncryptedKey(token, suite, own, random), sha1 });
  return { sha1, isCostly: true, open: () => inTurn(open) };
}

/**
 * Checks that a KeyInfo means the protection token, or a key of the right length derived from it where the plan wants derived keys.
 * Nothing is derived yet.
 *
 * @returns what the key is derived by; undefined where it is the token's own
 * @throws {Refusal} `invalidSecurity`
 */
export function resolveKey<C>(
  reference: TokenReference,
  lengthBytes: number,
  header: SecurityHeader,
  use: TokenUse,
  token: ProtectionToken<C>,
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
 * Every DerivedKeyToken must point at the protection token itself, and there is none where the plan forbids derived keys.
 *
 * @throws {Refusal} `invalidSecurity`
 */
export function checkDerivedKeys<C>(header: SecurityHeader, use: TokenUse, token: ProtectionToken<C>): void {
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

/** The key itself, derived where it has to be. */
export function secretOf(secret: SecretKey, derived: DerivedKeyToken | undefined): SecretKey {
  return derived === undefined ? secret : derivedKey(secret, derived);
}
