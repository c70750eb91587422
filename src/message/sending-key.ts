import type { RandomSource } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { Certificate } from '../crypto/x509.ts';
import { SecureConversationError } from '../errors.ts';
import type { MessagePlan } from '../policy/plan.ts';
import { deriveOutgoing, writeDerivedKeyToken } from '../security/derived-key.ts';
import { type EncryptedKeyHandle, makeEncryptedKey } from '../security/encrypted-key.ts';
import {
  writeDirectReference,
  writeEncryptedKeyReference,
  writeEncryptedKeySha1Reference,
} from '../security/token-reference.ts';
import { cipherKey } from './encrypted-parts.ts';
import { ids } from './part-ids.ts';
import { encryptsFirst } from './plan-check.ts';
import { type ContextKey, type TokenUse, tokenUseOf } from './protection-key.ts';

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
  const { signing, encryption, text } = derivedKeys(plan, source, nowMs, random);
  return { signing, encryption, token, derivedKeys: text, encryptedKey };
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
  throw new SecureConversationError('CONFIG_INVALID', `the plan of the message needs a ${what}`);
}

interface DerivedPair {
  readonly signing: NamedKey;
  readonly encryption: NamedKey;
  readonly text: string;
  /** What the pair was made for; another plan or reference makes another pair. */
  readonly plan: MessagePlan;
  readonly reference: string;
  readonly madeMs: number;
  messages: number;
}

/** The pair that this process sends with, by conversation; its IVs are random, so that one key serves many messages. */
const pairs = new WeakMap<SecretKey, DerivedPair>();
const pairLifeMs = 3_600_000;
const pairMessages = 2 ** 20;

function derivedKeys(plan: MessagePlan, source: KeySource, nowMs: number, random: RandomSource): DerivedPair {
  const known = pairs.get(source.secret);
  if (known !== undefined && isUsable(known, plan, source, nowMs)) {
    known.messages += 1;
    return known;
  }
  const pair = makePair(plan, source, nowMs, random);
  pairs.set(source.secret, pair);
  return pair;
}

function isUsable(pair: DerivedPair, plan: MessagePlan, source: KeySource, nowMs: number): boolean {
  const ageMs = nowMs - pair.madeMs;
  if (ageMs < 0 || ageMs >= pairLifeMs || pair.messages >= pairMessages) return false;
  const { dialect, suite, protection } = pair.plan;
  return (
    pair.reference === source.reference &&
    dialect === plan.dialect &&
    suite === plan.suite &&
    encryptsFirst(protection) === encryptsFirst(plan.protection)
  );
}

function makePair(
  plan: MessagePlan,
  { secret, reference }: KeySource,
  nowMs: number,
  random: RandomSource,
): DerivedPair {
  const { dialect, suite, protection } = plan;
  const make = (id: string, lengthBytes: number) => {
    const key = { nonce: Buffer.from(random(16)), lengthBytes };
    const named = { secret: deriveOutgoing(secret, key), reference: writeDirectReference(`#${id}`, dialect.dk) };
    return { named, text: writeDerivedKeyToken(dialect, id, key, reference) };
  };
  const signing = make(ids.signingKey, suite.signatureKeyBytes);
  const encryption = make(ids.encryptionKey, suite.encryptionKeyBytes);
  const texts = encryptsFirst(protection) ? [encryption.text, signing.text] : [signing.text, encryption.text];
  // One text, which many messages are written with, and not a tree of its parts.
  const text = Buffer.from(texts.join('')).toString();
  return { signing: signing.named, encryption: encryption.named, text, plan, reference, madeMs: nowMs, messages: 1 };
}
