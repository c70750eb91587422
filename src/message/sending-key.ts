import { type RandomSource, uuidText } from '../crypto/random.ts';
import type { SecretKey } from '../crypto/secret-key.ts';
import type { Certificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import type { Dialect } from '../names.ts';
import type { EncryptedKeyUse, MessagePlan, TokenUse } from '../policy/plan.ts';
import { type CertificateClaims, certificateOf } from '../security/binary-token.ts';
import { writeCertificateReference } from '../security/certificate-reference.ts';
import {
  type ContextKeys,
  cipherKey,
  contextKeys,
  type SendingPair,
  type SentKey,
  sendingPair,
} from '../security/context-keys.ts';
import { writeDerivedKeyToken } from '../security/derived-key.ts';
import { type EncryptedKeyHandle, makeEncryptedKey, type NewEncryptedKey } from '../security/encrypted-key.ts';
import { hmacSigner, type SigningKey } from '../security/signature.ts';
import { keyOfKind } from '../security/supporting-tokens.ts';
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

/** What a bootstrap, or an answer to one by certificates, is sent with, as far as its plan needs it. */
export interface BootstrapKeys {
  /** A new EncryptedKey is made for this certificate. */
  readonly recipient?: Certificate;
  /** What the supporting tokens say, by kind. */
  readonly tokens?: Readonly<Record<string, unknown>> & {
    readonly username?: UsernameClaims;
    readonly x509?: CertificateClaims;
  };
  /** The keys of those that sign, by kind. */
  readonly signingKeys?: Readonly<Record<string, SigningKey>>;
}

/**
 * Where the keys of sent messages come from: in a conversation its own, for both roles; before it, the initiator's
 * {@link BootstrapKeys}, and for the recipient the key that the request carried, undefined where it carried none. A
 * bootstrap that a conversation endorses takes both.
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

/** The keys of one token that signs a message, and what announces them. */
export interface SendingKeys {
  readonly use: TokenUse;
  readonly signing: SigningKey;
  /** Text of the SecurityTokenReference to the key that signs. */
  readonly reference: string;
  /** The key that encrypts, for the token of the main signature only. */
  readonly encryption: NamedKey | undefined;
  /** SecurityContextToken or EncryptedKey, or ''. */
  readonly token: string;
  /** Text of the EncryptedKey that only encrypts, with a ReferenceList inside; absent: there is none. */
  readonly encryptor?: NewEncryptedKey['write'];
  /** DerivedKeyTokens in the order of their use, or ''. */
  readonly derivedKeys: string;
  /** The key of the EncryptedKey that was made for this message. */
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

/**
 * The keys that a message of this plan is sent with, in the order of the binding's signers; none where nothing is
 * signed.
 *
 * @throws {SecureConversationError} `CONFIG_INVALID` where `keys` lacks what the plan needs
 */
export function sendingKeys(
  plan: MessagePlan,
  { signers, derives, encryptor }: Binding,
  keys: SendKeys,
  nowMs: number,
  random: RandomSource,
): readonly SendingKeys[] {
  return signers.map((use, index) => {
    if (use.kind === 'supporting')
      return { ...supportingKeys(use, keys), ...(index === 0 && encryptor && newKey(encryptor, plan, keys, random)) };
    const source = sourceOf(use, plan, keys, random);
    if (!use.derivedKeys) return ownKeys(use, source, plan, index === 0);
    const pair = sendingPair(source.keys, plan.suite, nowMs, random);
    return derivedKeys(use, source, plan, pair, index === 0 ? derives : undefined);
  });
}

/** A new key that encrypts, beside one that signs. */
function newKey(
  use: EncryptedKeyUse,
  plan: MessagePlan,
  given: SendKeys,
  random: RandomSource,
): Pick<SendingKeys, 'encryption' | 'encryptor'> {
  const { handle, write, reference } = newEncryptedKey(use, plan, given, random);
  const secret = cipherKey(contextKeys(handle.secret), plan.suite);
  return { encryption: { secret, reference }, encryptor: write };
}

/** A supporting token signs with a key of its sender's. It stands in the message with the other supporting tokens. */
function supportingKeys(use: TokenUse & { readonly kind: 'supporting' }, given: SendKeys): SendingKeys {
  const { token: kind } = use;
  const signing = ('signingKeys' in given ? given.signingKeys?.[kind] : undefined) ?? missing(`key of ${kind}`);
  const claims = ('tokens' in given ? given.tokens?.[kind] : undefined) ?? missing(`token: ${kind}`);
  const reference = supportingReference(use, claims);
  return { use, signing, reference, encryption: undefined, token: '', derivedKeys: '', encryptedKey: undefined };
}

function supportingReference(
  { token, certificate }: TokenUse & { readonly kind: 'supporting' },
  claims: unknown,
): string {
  const { reference } = certificate;
  if (reference === 'token') return writeDirectReference(`#${ids.token(token)}`, keyOfKind(token).valueType(claims));
  const known = certificateOf(claims as CertificateClaims) ?? missing('certificate with an RSA key');
  return writeCertificateReference(known, reference);
}

function ownKeys(use: TokenUse, source: KeySource, { suite }: MessagePlan, isMain: boolean): SendingKeys {
  const { keys, reference, token, encryptedKey } = source;
  return {
    use,
    signing: hmacSigner(keys.secret, suite.signature.hash),
    reference,
    encryption: isMain ? { secret: cipherKey(keys, suite), reference } : undefined,
    token,
    derivedKeys: '',
    encryptedKey,
  };
}

/** @param derives the uses of the keys of the main signature's token; undefined for one that endorses: it only signs */
function derivedKeys(
  use: TokenUse,
  { reference, token, encryptedKey }: KeySource,
  { suite, dialect }: MessagePlan,
  pair: SendingPair,
  derives: readonly KeyUse[] | undefined,
): SendingKeys {
  const keyIds = { signing: derives ? ids.signingKey : ids.endorsingKey, encryption: ids.encryptionKey };
  const { secret, reference: signingReference } = named(keyIds.signing, pair.signing, dialect);
  let tokens = '';
  for (const key of derives ?? signingOnly) tokens += writeDerivedKeyToken(dialect, keyIds[key], pair[key], reference);
  return {
    use,
    signing: hmacSigner(secret, suite.signature.hash),
    reference: signingReference,
    encryption: derives && named(keyIds.encryption, pair.encryption, dialect),
    token,
    derivedKeys: tokens,
    encryptedKey,
  };
}

const signingOnly: readonly KeyUse[] = ['signing'];

/** The token that a message's keys come from. */
interface KeySource {
  readonly keys: ContextKeys;
  /** Text of the SecurityTokenReference to it. */
  readonly reference: string;
  readonly token: string;
  readonly encryptedKey: EncryptedKeyHandle | undefined;
}

function sourceOf(
  use: Exclude<TokenUse, { kind: 'supporting' }>,
  plan: MessagePlan,
  given: SendKeys,
  random: RandomSource,
): KeySource {
  if (use.kind === 'context') {
    const { keys, token, reference } = 'context' in given ? given.context : missing('security context');
    return { keys, reference, token: token ?? '', encryptedKey: undefined };
  }
  if ('encryptedKey' in given && given.encryptedKey !== undefined) {
    const { secret, sha1 } = given.encryptedKey;
    const reference = writeEncryptedKeySha1Reference(sha1);
    return { keys: contextKeys(secret), reference, token: '', encryptedKey: undefined };
  }
  const { handle, write, reference } = newEncryptedKey(use, plan, given, random);
  return {
    keys: contextKeys(handle.secret),
    reference,
    token: write(''),
    encryptedKey: handle,
  };
}

/** Each has an id of its own: CXF's streaming server keeps keys by that, and would take the one before. */
function newEncryptedKey(
  { reference }: EncryptedKeyUse,
  { suite }: MessagePlan,
  given: SendKeys,
  random: RandomSource,
): NewEncryptedKey & { readonly reference: string } {
  const recipient = 'recipient' in given ? given.recipient : undefined;
  const certificate = recipient ?? missing('certificate of the recipient');
  const id = `${ids.encryptedKey}-${uuidText(random)}`;
  const made = makeEncryptedKey(id, certificate, reference, suite, random);
  return { ...made, reference: writeEncryptedKeyReference(id) };
}

function missing(what: string): never {
  throw new ConfigurationError('CONFIG_INVALID', `the plan of the message needs a ${what}`);
}

function named(id: string, { secret }: SentKey, dialect: Dialect): NamedKey {
  return { secret, reference: writeDirectReference(`#${id}`, dialect.dk) };
}
