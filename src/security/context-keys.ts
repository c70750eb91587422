import { pSha1 } from '../crypto/psha1.ts';
import type { RandomSource } from '../crypto/random.ts';
import { SecretKey, secretBytes } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import { type DerivedKeyToken, deriveOutgoing, type OutgoingDerivedKey, seedOf } from './derived-key.ts';

/**
 * The keys of one context in this process: its secret, and what was made from it last. The holder of the context holds
 * them, so that they go when it goes. An EncryptedKey has its own, for the one exchange that it protects.
 *
 * Each is made when it is first asked for: {@link derivedKey}, {@link sendingPair}, {@link cipherKey}.
 */
export interface ContextKeys {
  readonly secret: SecretKey;
  /** Derived keys of the last messages received, newest first, at most four. */
  received: ReceivedKey[] | undefined;
  /** The pair that this process sends with. */
  sending: SendingPair | undefined;
  /** The secret, cut to the length of a cipher. */
  cipher: SecretKey | undefined;
}

interface ReceivedKey {
  readonly name: string;
  readonly key: SecretKey;
}

/** A derived key that we made, and what its DerivedKeyToken says. */
export interface SentKey extends OutgoingDerivedKey {
  readonly secret: SecretKey;
}

/** One key to sign with and one to encrypt with; IVs are random, so that one pair serves many messages. */
export interface SendingPair {
  readonly signing: SentKey;
  readonly encryption: SentKey;
  /** What the pair was made for. */
  readonly suite: Suite;
  readonly madeMs: number;
  messages: number;
}

/** The keys of a context of which only the secret is known so far. */
export function contextKeys(secret: SecretKey): ContextKeys {
  return { secret, received: undefined, sending: undefined, cipher: undefined };
}

const keptPerContext = 4;

/**
 * P_SHA1(secret, label ‖ nonce)[offset, offset + length), the same object for the same octets as long as it is among
 * the last four: peers that reuse their nonces cost no derivation.
 */
export function derivedKey(
  keys: ContextKeys,
  token: Pick<DerivedKeyToken, 'offset' | 'lengthBytes' | 'label' | 'nonce'>,
): SecretKey {
  const seed = seedOf(token);
  const name = `${token.offset} ${token.lengthBytes} ${seed}`;
  const found = keys.received?.find(entry => entry.name === name);
  if (found !== undefined) return found.key;
  const octets = pSha1(keys.secret, Buffer.from(seed, 'latin1'), token.offset + token.lengthBytes);
  const key = new SecretKey(octets.subarray(token.offset));
  keys.received ??= [];
  // A name in memory of its own: a label is a part of its message and would keep the whole of it.
  keys.received.unshift({ name: Buffer.from(name, 'utf16le').toString('utf16le'), key });
  if (keys.received.length > keptPerContext) keys.received.pop();
  return key;
}

/**
 * The key for the suite's cipher: a longer secret that encrypts without being derived from gives its first bytes (as
 * WSS4J).
 */
export function cipherKey(keys: ContextKeys, suite: Suite): SecretKey {
  const { keyBytes } = suite.encryption;
  if (keys.secret.length === keyBytes) return keys.secret;
  if (keys.cipher?.length !== keyBytes) keys.cipher = new SecretKey(secretBytes(keys.secret).subarray(0, keyBytes));
  return keys.cipher;
}

const pairLifeMs = 3_600_000;
const pairMessages = 2 ** 20;

/** The pair to send one more message with, for an hour or 2^20 messages the same. */
export function sendingPair(keys: ContextKeys, suite: Suite, nowMs: number, random: RandomSource): SendingPair {
  const known = keys.sending;
  if (known !== undefined && known.suite === suite && isFresh(known, nowMs)) {
    known.messages += 1;
    return known;
  }
  const make = (lengthBytes: number): SentKey => {
    const key = { nonce: Buffer.from(random(16)).toString('base64'), lengthBytes };
    return { ...key, secret: deriveOutgoing(keys.secret, key) };
  };
  const signing = make(suite.signatureKeyBytes);
  keys.sending = { signing, encryption: make(suite.encryptionKeyBytes), suite, madeMs: nowMs, messages: 1 };
  return keys.sending;
}

function isFresh({ madeMs, messages }: SendingPair, nowMs: number): boolean {
  const ageMs = nowMs - madeMs;
  return ageMs >= 0 && ageMs < pairLifeMs && messages < pairMessages;
}
