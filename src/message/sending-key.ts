import type { RandomSource } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import type { Certificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import type { Dialect } from '../names.ts';
import { encryptsFirst, type MessagePlan, type TokenUse, tokenUseOf, wantsUsername } from '../policy/plan.ts';
import { deriveOutgoing, type OutgoingDerivedKey, writeDerivedKeyToken } from '../security/derived-key.ts';
import { type EncryptedKeyHandle, makeEncryptedKey } from '../security/encrypted-key.ts';
import {
  writeDirectReference,
  writeEncryptedKeyReference,
  writeEncryptedKeySha1Reference,
} from '../security/token-reference.ts';
import { cipherKey } from './encrypted-parts.ts';
import { ids } from './part-ids.ts';
import type { ContextKey } from './protection-key.ts';

/** Where the keys of sent messages come from. */
export interface SendKeys {
  /** The conversation that the message belongs to. */
  readonly context?: ContextKey & {
    /** The SecurityContextToken as text, to be put into the header of a request; undefined in an answer. */
    readonly token: string | undefined;
    /** Text of the SecurityTokenReference to it: attached in a request, unattached in an answer. */
    readonly reference: string;
  };
  /** Initiator of a bootstrap: a new EncryptedKey is made for this certificate. */
  readonly recipient?: Certificate;
  /** Responder of a bootstrap: the key that the request carried. */
  readonly encryptedKey?: EncryptedKeyHandle;
  readonly usernameToken?: { readonly username: string; readonly password: string };
}

/** A key in use, and the text of the SecurityTokenReference that names it. */
export interface NamedKey {
  readonly secret: SecretKey;
  readonly reference: string;
}

/** The keys of one message and the tokens that announce them. */
export interface SendingKeys {
  readonly signing: NamedKey;
  readonly encryption: NamedKey;
  /** SecurityContextToken or EncryptedKey, or ''. */
  readonly token: string;
  /** DerivedKeyTokens in the order of their use, or ''. */
  readonly derivedKeys: string;
  /** The key of the EncryptedKey that was made for this message. */
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

/**
 * The keys that a message of this plan is sent with; undefined where nothing is signed.
 *
 * @throws {SecureConversationError} `CONFIG_INVALID` where `keys` lacks what the plan needs
 */
export function sendingKeys(
  plan: MessagePlan,
  keys: SendKeys,
  nowMs: number,
  random: RandomSource,
): SendingKeys | undefined {
  const use = tokenUseOf(plan);
  if (use === undefined) return undefined;
  const source = sourceOf(use, plan, keys, random);
  const { secret, reference, token, encryptedKey } = source;
  if (!use.derivedKeys) {
    const encryption = { secret: cipherKey(secret, plan.suite), reference };
    return { signing: { secret, reference }, encryption, token, derivedKeys: '', encryptedKey };
  }
  const pair = derivedPair(plan, secret, nowMs, random);
  return {
    signing: named(pair.signing, plan.dialect),
    encryption: named(pair.encryption, plan.dialect),
    token,
    derivedKeys: writeDerivedKeys(plan, pair, reference),
    encryptedKey,
  };
}

interface KeySource extends NamedKey {
  readonly token: string;
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

function sourceOf(use: TokenUse, plan: MessagePlan, keys: SendKeys, random: RandomSource): KeySource {
  if (use.kind === 'context') {
    const { secret, token, reference } = keys.context ?? missing('security context');
    return { secret, reference, token: token ?? '', encryptedKey: undefined };
  }
  if (keys.encryptedKey !== undefined) {
    const { secret, sha1 } = keys.encryptedKey;
    return { secret, reference: writeEncryptedKeySha1Reference(sha1), token: '', encryptedKey: undefined };
  }
  const { handle, text } = makeEncryptedKey(
    ids.encryptedKey,
    keys.recipient ?? missing('certificate of the recipient'),
    certificateReferenceOf(plan),
    plan.suite,
    random,
  );
  return {
    secret: handle.secret,
    reference: writeEncryptedKeyReference(ids.encryptedKey),
    token: text,
    encryptedKey: handle,
  };
}

function certificateReferenceOf({ protection }: MessagePlan) {
  return protection.kind === 'symmetric' && protection.token.kind === 'encryptedKey'
    ? protection.token.reference
    : 'thumbprint';
}

function missing(what: string): never {
  throw new ConfigurationError('CONFIG_INVALID', `the plan of the message needs a ${what}`);
}

/** A derived key, and what its DerivedKeyToken says. */
interface AnnouncedKey extends OutgoingDerivedKey {
  readonly id: string;
  readonly secret: SecretKey;
}

interface DerivedPair {
  readonly signing: AnnouncedKey;
  readonly encryption: AnnouncedKey;
  /** What the pair was made for. */
  readonly dialect: Dialect;
  readonly suite: Suite;
  readonly madeMs: number;
  messages: number;
}

/** The pair that this process sends with, by conversation; its IVs are random, so that one key serves many messages. */
const pairs = new WeakMap<SecretKey, DerivedPair>();
const pairLifeMs = 3_600_000;
const pairMessages = 2 ** 20;

function derivedPair(
  { dialect, suite }: MessagePlan,
  secret: SecretKey,
  nowMs: number,
  random: RandomSource,
): DerivedPair {
  const known = pairs.get(secret);
  if (known !== undefined && known.dialect === dialect && known.suite === suite && isFresh(known, nowMs)) {
    known.messages += 1;
    return known;
  }
  const make = (id: string, lengthBytes: number): AnnouncedKey => {
    const key = { nonce: Buffer.from(random(16)).toString('base64'), lengthBytes };
    return { id, ...key, secret: deriveOutgoing(secret, key) };
  };
  const signing = make(ids.signingKey, suite.signatureKeyBytes);
  const encryption = make(ids.encryptionKey, suite.encryptionKeyBytes);
  const pair: DerivedPair = { signing, encryption, dialect, suite, madeMs: nowMs, messages: 1 };
  pairs.set(secret, pair);
  return pair;
}

function isFresh({ madeMs, messages }: DerivedPair, nowMs: number): boolean {
  const ageMs = nowMs - madeMs;
  return ageMs >= 0 && ageMs < pairLifeMs && messages < pairMessages;
}

function named({ id, secret }: AnnouncedKey, dialect: Dialect): NamedKey {
  return { secret, reference: writeDirectReference(`#${id}`, dialect.dk) };
}

/** Whether anything is: a token that nothing uses is refused by receivers. */
function encrypts(plan: MessagePlan): boolean {
  return plan.encrypted.body || (plan.protection.kind === 'symmetric' && wantsUsername(plan));
}

/** The DerivedKeyTokens, in the order of their use. */
function writeDerivedKeys(plan: MessagePlan, pair: DerivedPair, reference: string): string {
  const { dialect, protection } = plan;
  const write = (key: AnnouncedKey) => writeDerivedKeyToken(dialect, key.id, key, reference);
  const { signing, encryption } = pair;
  if (!encrypts(plan)) return write(signing);
  return encryptsFirst(protection) ? write(encryption) + write(signing) : write(signing) + write(encryption);
}
