import type { EncryptedKeyUse, TokenUse } from '../policy/plan.ts';
import type { SecurityHeader } from '../security/header.ts';
import type { Signature } from '../security/signature.ts';
import type { Message } from './message.ts';
import type { SignedScope } from './signed-names.ts';

/** A use of a derived key. */
export type KeyUse = 'signing' | 'encryption';

/**
 * What a security binding (WS-SecurityPolicy 1.3 §7) means for the messages of one plan, made from it once. Whatever is
 * done with a message otherwise is the same for all bindings.
 */
export interface Binding {
  /**
   * The tokens whose keys make the message's signatures: the main one's first, then those that endorse; none where
   * nothing is signed.
   */
  readonly signers: readonly TokenUse[];
  /** The EncryptedKey whose key encrypts; absent: that of the main signature's token does. */
  readonly encryptor?: EncryptedKeyUse;
  /** What an endorsing signature covers whatever else. */
  readonly endorsed: 'mainSignature' | 'timestamp';
  /** The uses that keys are derived for from the first of them, in their order; none where its own key is used. */
  readonly derives: readonly KeyUse[];
  /** Whether the digests are made over what was encrypted already. */
  readonly signsCiphertext: boolean;
  /** Whether the signatures themselves are encrypted: nothing is proved before something is decrypted. */
  readonly encryptsSignatures: boolean;
  /** Whether supporting tokens are encrypted in the message. */
  readonly encryptsTokens: boolean;
  /** Whether messages have no Security header at all; default: no. */
  readonly isWithoutSecurity?: boolean;
  /** Local names of the addressing headers that are written with mustUnderstand. */
  readonly mandatoryHeaders: ReadonlySet<string>;
  /**
   * Compares what a header holds with what the plan has a use for, before any key is touched.
   *
   * @param confirmations how many SignatureConfirmations the message must have
   * @throws {Refusal} `invalidSecurity`
   */
  checkStructure(header: SecurityHeader, confirmations: number): void;
  /**
   * What of a message is spent against replays, beside the name of its key.
   *
   * @throws {Refusal} `addressingHeaderRequired`
   */
  replayId(message: Message, signature: Signature): string;
  /** How far declarations are signed; undefined where the whole message is protected. */
  scopeOf(parts: SignedScope['parts']): SignedScope | undefined;
}
