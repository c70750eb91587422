import { type Awaitable, after, recovered } from '../awaitable.ts';
import { systemRandom } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import type { Suite } from '../crypto/suites.ts';
import { CallerGone, Refusal, refuse, Unproven } from '../errors.ts';
import { ns } from '../names.ts';
import { decryptData, type EncryptedData } from '../security/encryption.ts';
import { addIds } from '../security/ids.ts';
import {
  hmacSigner,
  hmacVerifier,
  parseSignature,
  verifySignatureValue,
  writeSignature,
} from '../security/signature.ts';
import { checkConfirmed, parseSignatureConfirmation } from '../security/signature-confirmation.ts';
import { parseSupportingToken } from '../security/supporting-tokens.ts';
import { writeDirectReference } from '../security/token-reference.ts';
import { elementContent } from '../soap/structure.ts';
import type { Limits } from '../xml/limits.ts';
import { scanText } from '../xml/scan.ts';
import { type Element, type Fragment, isNamed } from '../xml/tree.ts';
import { encryptionKeyOf, signingKeyOf } from './derived-keys.ts';
import type { ProtectionKey, SigningToken, TokenKey } from './protection-key.ts';
import { checkKeyReferences, type Received } from './received.ts';
import { type ResolvedKeys, resolveKeys } from './signatures.ts';

/**
 * Signatures that stand in their message encrypted (WS-SecurityPolicy 1.2 §6.4): something has to be decrypted before
 * anything is proved. Under CBC an attacker who sends changed ciphertext and learns whether the padding was good, or
 * the XML, reads the plaintext octet by octet (Jager and Somorovsky, CCS 2011). So from the first decryption to the
 * last check there is one refusal, which comes at one time, whatever was wrong; and what does not come out is replaced
 * by a decoy, whose HMAC is computed and compared like any other.
 */

/** When a failure may be told: a time that was set before it was known. */
export interface FailureTime {
  readonly due: Promise<void>;
  /** There is nothing to wait for. */
  cancel(): void;
}

/**
 * Does what begins with a decryption of something that nobody has proved yet.
 * @param time when to tell that it failed; undefined: at once
 * @throws {Unproven} for every failure; a promise rejects with it
 */
export function concealed<T>(work: () => Awaitable<T>, time: FailureTime | undefined): Awaitable<T> {
  type Outcome = { readonly value: T } | { readonly error: unknown };
  const outcome = recovered<Outcome>(
    () => after(work(), value => ({ value })),
    error => ({ error }),
  );
  return after(outcome, done => {
    if ('value' in done) {
      time?.cancel();
      return done.value;
    }
    const failure = concealedFailure(done.error);
    if (time === undefined) throw failure;
    return time.due.then(() => {
      throw failure;
    });
  });
}

function concealedFailure(error: unknown): Error {
  if (error instanceof CallerGone) return error;
  return new Unproven(error instanceof Refusal ? error.reason : 'internal', error);
}

/** A token whose key is at hand. */
export interface HeldToken extends SigningToken {
  readonly key: TokenKey;
}

/** Finds the key of a token, for good. @throws {Refusal} as its `open` does */
export function heldToken(token: SigningToken): Awaitable<HeldToken> {
  return after(token.open(), key => ({ ...token, isCostly: false, key, open: () => key }));
}

/** Finds the keys of tokens, one after the other. */
export function heldTokens([first, ...others]: readonly SigningToken[]): Awaitable<readonly HeldToken[]> {
  if (first === undefined) return [];
  return after(heldToken(first), held => after(heldTokens(others), more => [held, ...more]));
}

/** A message with its signatures in clear, and whose they must be. */
export interface Revealed {
  readonly received: Received;
  readonly resolved: ResolvedKeys;
}

/**
 * Decrypts the signatures of a message, and finds out whose they must be. Nothing of them is verified.
 *
 * @param encryption what the key of each EncryptedData is derived by
 * @throws {Refusal} of any class, after an HMAC was computed in vain
 */
export function revealSignatures(
  received: Received,
  tokens: readonly [HeldToken, ...HeldToken[]],
  encryption: ResolvedKeys['encryption'],
  limits: Limits | undefined,
): Revealed {
  const [main, ...others] = tokens;
  const key = protectionKeyOf(main);
  try {
    const revealed = withSignatures(received, decryptedElements(received, key, encryption, limits));
    return { received: revealed, resolved: resolveKeys(revealed, main, others, { encryption }) };
  } catch (error) {
    verifyDecoy(received, key, encryption);
    throw error;
  }
}

function protectionKeyOf({ key }: HeldToken): ProtectionKey {
  if (!('keys' in key)) throw new TypeError('a key that only signs has encrypted something');
  return key;
}

/** What comes out of each EncryptedData in the header: all are decrypted, whatever is wrong with one of them. */
function decryptedElements(
  { plan, parts, ids }: Received,
  { keys }: ProtectionKey,
  encryption: ResolvedKeys['encryption'],
  limits: Limits | undefined,
): readonly Element[] {
  const keyOf = ({ element }: EncryptedData) => encryptionKeyOf(keys, encryption.get(element), plan.suite);
  const fragments = parts.hidden.map(part => decrypted(part, plan.suite, keyOf(part), limits));
  return fragments.map(fragment => {
    if (fragment === undefined) return refuse('failedCheck', 'decryption');
    addIds(ids, fragment.ids, 'failedCheck');
    const [element, ...more] = elementContent(fragment, 'failedCheck', 'signature-text');
    if (element === undefined || more.length !== 0) return refuse('failedCheck', 'signature-elements');
    return element;
  });
}

function decrypted(
  part: EncryptedData,
  suite: Suite,
  key: SecretKey,
  limits: Limits | undefined,
): Fragment | undefined {
  try {
    return decryptData(part, suite, key, limits);
  } catch {
    return undefined;
  }
}

/** The message as it would be had it not been encrypted, its Body aside. */
function withSignatures(received: Received, elements: readonly Element[]): Received {
  const { plan, binding, ids } = received;
  const isSignature = (element: Element) => isNamed(element, ns.ds, 'Signature');
  const signatures = elements.filter(isSignature).map(element => parseSignature(element, plan.suite));
  if (signatures.length !== binding.signers.length) refuse('failedCheck', 'signature-count');
  const isConfirmation = (element: Element) => isNamed(element, ns.wsse11, 'SignatureConfirmation');
  const signatureConfirmations = elements.filter(isConfirmation).map(parseSignatureConfirmation);
  checkConfirmed(signatureConfirmations, received.confirmed);
  const tokens = elements.filter(element => !isSignature(element) && !isConfirmation(element));
  const supportingTokens = [
    ...received.header.supportingTokens,
    ...tokens.map(element => parseSupportingToken(element, 'supporting-token-missing', true)),
  ];
  const header = { ...received.header, signatures, signatureConfirmations, supportingTokens, encryptedData: [] };
  const revealed = { ...received, header, parts: { ...received.parts, hidden: [] } };
  if (ids.lookAlikes.length !== 0) checkKeyReferences(revealed);
  return revealed;
}

/** Of as many references as an honest message has; nobody has the key of its HMAC. */
const decoys = new WeakMap<Suite, string>();

function decoyOf(suite: Suite): string {
  const known = decoys.get(suite);
  if (known !== undefined) return known;
  const parts = Array.from({ length: 6 }, (_, index) => ({ id: `decoy-${index}`, canonical: '' }));
  const key = hmacSigner(new SecretKey(systemRandom(32)), suite.signature.hash);
  const { text } = writeSignature(suite, 'decoy', parts, key, writeDirectReference('#decoy', ns.wsse));
  decoys.set(suite, text);
  return text;
}

/** Takes the steps that a signature takes whose HMAC is wrong. */
function verifyDecoy(
  { plan: { suite }, header, allowance }: Received,
  { keys }: ProtectionKey,
  encryption: ResolvedKeys['encryption'],
): void {
  const used = [...encryption.values()];
  const derived = header.derivedKeys.find(token => !used.includes(token));
  const signature = parseSignature(scanText(decoyOf(suite)).root, suite);
  const key = hmacVerifier(signingKeyOf(keys, derived), suite.signature.hash);
  recovered<unknown>(
    () => verifySignatureValue(signature, key, allowance),
    () => undefined,
  );
}
