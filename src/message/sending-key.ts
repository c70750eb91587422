import type { RandomSource } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { Certificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import type { Dialect } from '../names.ts';
import type { MessagePlan, TokenUse } from '../policy/plan.ts';
import {
  type ContextKeys,
  cipherKey,
  contextKeys,
  type SendingPair,
  type SentKey,
  sendingPair,
} from '../security/context-keys.ts';
import { writeDerivedKeyToken } from '../security/derived-key.ts';
import { type EncryptedKeyHandle, makeEncryptedKey } from '../security/encrypted-key.ts';
import {
  writeDirectReference,
  writeEncryptedKeyReference,
  writeEncryptedKeySha1Reference,
} from '../security/token-reference.ts';
import type { UsernameClaims } from '../security/username-token.ts';
import type { Binding, KeyUse } from './binding.ts';
import { ids } from './part-ids.ts';
import type { ContextKey } from './protection-key.ts';

/** A conversation, as the sender of a message refers to it. */
export interface ConversationKey extends ContextKey {
  /** The SecurityContextToken as text, to be put into the header of a request; undefined in an answer. */
  readonly token: string | undefined;
  /** Text of the SecurityTokenReference to it: attached in a request, unattached in an answer. */
  readonly reference: string;
}

/** What the initiator sends a bootstrap with, as far as its plan needs it. */
export interface BootstrapKeys {
  /** A new EncryptedKey is made for this certificate. */
  readonly recipient?: Certificate;
  /** What the supporting tokens say, by kind. */
  readonly tokens?: Readonly<Record<string, unknown>> & { readonly username?: UsernameClaims };
}

/**
 * Where the keys of sent messages come from: in a conversation its own, for both roles; before it, the initiator's
 * {@link BootstrapKeys}, and for the recipient the key that the request carried, undefined where it carried none.
 */
export type SendKeys =
  | { readonly context: ConversationKey }
  | { readonly encryptedKey: EncryptedKeyHandle | undefined }
  | BootstrapKeys;

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
  { signer, derives }: Binding,
  keys: SendKeys,
  nowMs: number,
  random: RandomSource,
): SendingKeys | undefined {
  if (signer === undefined) return undefined;
  const source = sourceOf(signer, plan, keys, random);
  const { keys: own, reference, token, encryptedKey } = source;
  if (!signer.derivedKeys) {
    const encryption = { secret: cipherKey(own, plan.suite), reference };
    return { signing: { secret: own.secret, reference }, encryption, token, derivedKeys: '', encryptedKey };
  }
  const pair = sendingPair(own, plan.suite, nowMs, random);
  return {
    signing: named(keyIds.signing, pair.signing, plan.dialect),
    encryption: named(keyIds.encryption, pair.encryption, plan.dialect),
    token,
    derivedKeys: writeDerivedKeys(plan.dialect, derives, pair, reference),
    encryptedKey,
  };
}

/** The token that a message's keys come from. */
interface KeySource {
  readonly keys: ContextKeys;
  /** Text of the SecurityTokenReference to it. */
  readonly reference: string;
  readonly token: string;
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

function sourceOf(use: TokenUse, plan: MessagePlan, given: SendKeys, random: RandomSource): KeySource {
  if (use.kind === 'context') {
    const { keys, token, reference } = 'context' in given ? given.context : missing('security context');
    return { keys, reference, token: token ?? '', encryptedKey: undefined };
  }
  if ('encryptedKey' in given && given.encryptedKey !== undefined) {
    const { secret, sha1 } = given.encryptedKey;
    const reference = writeEncryptedKeySha1Reference(sha1);
    return { keys: contextKeys(secret), reference, token: '', encryptedKey: undefined };
  }
  const recipient = 'recipient' in given ? given.recipient : undefined;
  const { handle, text } = makeEncryptedKey(
    ids.encryptedKey,
    recipient ?? missing('certificate of the recipient'),
    use.reference,
    plan.suite,
    random,
  );
  return {
    keys: contextKeys(handle.secret),
    reference: writeEncryptedKeyReference(ids.encryptedKey),
    token: text,
    encryptedKey: handle,
  };
}

function missing(what: string): never {
  throw new ConfigurationError('CONFIG_INVALID', `the plan of the message needs a ${what}`);
}

function named(id: string, { secret }: SentKey, dialect: Dialect): NamedKey {
  return { secret, reference: writeDirectReference(`#${id}`, dialect.dk) };
}

const keyIds = { signing: ids.signingKey, encryption: ids.encryptionKey };

/** The DerivedKeyTokens, in the order of their use. */
function writeDerivedKeys(dialect: Dialect, uses: readonly KeyUse[], pair: SendingPair, reference: string): string {
  let text = '';
  for (const use of uses) text += writeDerivedKeyToken(dialect, keyIds[use], pair[use], reference);
  return text;
}
