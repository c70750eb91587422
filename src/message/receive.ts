import { type Awaitable, after } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import { refuse, refuseFor } from '../errors.ts';
import type { MessagePlan } from '../policy/plan.ts';
import { onceOf } from '../security/encrypted-key.ts';
import type { EncryptedData } from '../security/encryption.ts';
import { parseSecurityHeader } from '../security/header.ts';
import { collectIds } from '../security/ids.ts';
import { checkConfirmed, confirmations } from '../security/signature-confirmation.ts';
import type { ProvenToken } from '../security/supporting-tokens.ts';
import { checkFreshness } from '../security/timestamp.ts';
import { checkRelationship } from '../soap/addressing.ts';
import { type Envelope, isMandatory } from '../soap/envelope.ts';
import { isFault } from '../soap/fault-shape.ts';
import { canonicalAllowance } from '../xml/canonical.ts';
import { defaultLimits, type Limits } from '../xml/limits.ts';
import type { Element, Fragment } from '../xml/tree.ts';
import type { Binding } from './binding.ts';
import { bindingOf } from './binding-of.ts';
import { checkDerivedKeys, encryptionKeyOf } from './derived-keys.ts';
import { decryptParts, encryptedParts } from './encrypted-parts.ts';
import { concealed, type FailureTime, heldToken, heldTokens, revealSignatures } from './hidden-signatures.ts';
import type { Message } from './message.ts';
import { checkSigned } from './plan-check.ts';
import {
  encryptingToken,
  type ProtectionKey,
  type ReceiveKeys,
  type SigningToken,
  signingTokens,
  type TokenKey,
} from './protection-key.ts';
import { checkKeyReferences, type Received } from './received.ts';
import {
  nothing,
  type ResolvedKeys,
  referredTo,
  resolveEncryption,
  resolveKeys,
  type VerifiedKeys,
  verifyParts,
  verifySignatures,
} from './signatures.ts';
import { checkNames, checkTypes, type SignedScope, signedNames } from './signed-names.ts';
import { contentOf, provenBlocks, tokensOf, type Verified } from './verified.ts';

export interface ReceiveOptions {
  readonly nowMs: number;
  readonly clockSkewMs: number;
  readonly timestampTtlMs: number;
  /** For decrypted content; defaults to `defaultLimits` of xml/limits. */
  readonly limits?: Limits;
  /**
   * Spends a replay key, which must be remembered for `timestampTtlMs + 2 * clockSkewMs`. Called for each message with
   * a good signature, before anything is decrypted: once, and once more for an EncryptedKey that signs nothing; not
   * called where nothing is signed.
   */
  readonly replay?: (key: string) => 'new' | 'seen' | 'full';
  /**
   * Whether the receiver has made a signature itself, by its SignatureValue in base64: under one key for both
   * directions a message that comes back to its sender is as good as an answer. Default: none.
   */
  readonly isOwn?: (signatureValue: string) => boolean;
  /** The SignatureValues of the request, where the plan has its answer confirm them; default: it had none. */
  readonly confirmed?: readonly string[];
  /** Whether a replay key is spent, asked before a costly key is opened. */
  readonly isReplay?: (key: string) => boolean;
  /**
   * Sets the time at which a failure is told of a message of so many octets that is decrypted before anything is
   * proved; called before that. Default: at once.
   */
  readonly failureTime?: (octets: number) => FailureTime;
  readonly random: RandomSource;
}

/**
 * Verifies a message by its plan. The order is the defence: all that can be said without a key comes before a key is
 * looked for or opened. The HMAC over SignedInfo and the Timestamp's digest come before anything is spent or decrypted,
 * and the replay key is spent before the decryption. So each genuine SignedInfo buys one decryption, which starves an
 * attacker who would use us as an oracle for the padding of CBC. Encrypted signatures must be decrypted before that,
 * and with certificates one may sign what another has encrypted: every failure from there on is one and the same.
 *
 * @returns a promise only where the key has to be waited for
 * @throws {Refusal} of the class that the message is to be answered with; a promise rejects with it
 */
export function receive(
  message: Message,
  plan: MessagePlan,
  keys: ReceiveKeys,
  options: ReceiveOptions,
): Awaitable<Verified> {
  const binding = bindingOf(plan);
  const received = readHeader(message, plan, binding, options);
  const timestamp = received.header.timestamps[0];
  if (timestamp !== undefined) checkFreshness(timestamp, options);
  const tokens = signingTokens(received.header, binding, plan, keys, options.random);
  const [token, ...others] = tokens;
  if (token === undefined) return verified(message, received, undefined, [], nothing, new Map());
  if (binding.encryptsSignatures) return receiveHidden(message, received, token, others, options);
  const encrypting = encryptingToken(received.header, binding, plan, keys, options.random);
  const resolved = resolveKeys(received, token, others, { encrypting });
  if (tokens.some(({ isCostly }) => isCostly)) checkBeforeKey(message, received, resolved, options);
  return after(verifySignatures(received, resolved), keys => receiveSigned(message, received, resolved, keys, options));
}

/**
 * The keys are found before anything is decrypted, those of the tokens that endorse first: who is believed must not
 * depend on what comes out.
 */
function receiveHidden(
  message: Message,
  received: Received,
  token: SigningToken,
  others: readonly SigningToken[],
  options: ReceiveOptions,
): Awaitable<Verified> {
  checkDerivedKeys(received.header, [token, ...others]);
  const encryption = resolveEncryption(received, token);
  return after(heldTokens(others), endorsing =>
    after(heldToken(token), main =>
      concealed(() => {
        const revealed = revealSignatures(received, [main, ...endorsing], encryption, options.limits);
        return after(verifySignatures(revealed.received, revealed.resolved), keys =>
          receiveSigned(message, revealed.received, revealed.resolved, keys, options),
        );
      }, options.failureTime?.(message.bytes)),
    ),
  );
}

function receiveSigned(
  message: Message,
  received: Received,
  resolved: ResolvedKeys,
  keys: VerifiedKeys,
  options: ReceiveOptions,
): Awaitable<Verified> {
  checkNotOwn(resolved, options);
  spendReplayKeys(message, received, resolved, options);
  const early = received.binding.signsCiphertext ? verifyParts(received, resolved, nothing) : undefined;
  const revealed = (key: TokenKey, known: readonly TokenKey[]) => {
    const plaintexts = decrypt(received, resolved, key, options);
    const signed = early ?? verifyParts(received, resolved, plaintexts);
    return verified(message, received, resolved, known, plaintexts, signed);
  };
  const { encrypting } = resolved;
  if (encrypting === undefined) return revealed(keys[0], keys);
  return after(encrypting.open(), key =>
    concealed(() => revealed(key, [...keys, key]), options.failureTime?.(message.bytes)),
  );
}

function readHeader(
  message: Message,
  plan: MessagePlan,
  binding: Binding,
  { limits = defaultLimits, confirmed: requested = [] }: ReceiveOptions,
): Received {
  const { envelope, tree } = message;
  const ids = collectIds(tree.ids);
  const { dialect, mixedWith, suite, layout } = plan;
  const header = parseSecurityHeader(securityFor(binding, envelope), {
    soap: envelope.soap,
    dialect,
    mixedWith,
    suite,
    layout,
  });
  const confirmed = plan.confirmsSignatures ? requested : undefined;
  binding.checkStructure(header, confirmations(confirmed).length);
  if (!binding.encryptsSignatures) checkConfirmed(header.signatureConfirmations, confirmed);
  const parts = encryptedParts(envelope, header, plan, binding, ids);
  const received = {
    plan,
    binding,
    envelope,
    ids,
    header,
    parts,
    confirmed,
    allowance: canonicalAllowance(message.bytes, limits),
  };
  if (ids.lookAlikes.length !== 0) checkKeyReferences(received);
  return received;
}

/**
 * The Security header that a binding reads. Where there is no security it is a header block that is not understood:
 * refused where it must be, else passed over (SOAP 1.2 Part 1 §2.4).
 */
function securityFor({ isWithoutSecurity }: Binding, { soap, security }: Envelope): Element | undefined {
  if (!isWithoutSecurity || security === undefined) return security;
  if (isMandatory(soap, security)) refuseFor('mustUnderstand', 'security-not-understood', security);
  return undefined;
}

/**
 * What else can be said of a message whose keys cost a public-key operation. All of it is checked again with the key: a
 * replay key is spent only by a good signature, and what is referred to is signed only where its digest is right.
 */
function checkBeforeKey(
  message: Message,
  received: Received,
  resolved: ResolvedKeys,
  { isReplay = () => false }: ReceiveOptions,
): void {
  const { plan, binding, envelope } = received;
  if (replayKeys(message, received, resolved).some(isReplay)) refuse('invalidSecurity', 'replay');
  const signed = referredTo(resolved.main.signature, received);
  const parts = { envelope, signed, tokens: undefined, confirmations: received.header.signatureConfirmations };
  checkSigned(plan, binding.signers, parts);
}

/** Nobody else has the key: a value that is good twice is that of one SignedInfo. */
function checkNotOwn(resolved: ResolvedKeys, { isOwn }: ReceiveOptions): void {
  if (isOwn !== undefined && signatureValuesOf(resolved).some(isOwn)) refuse('invalidSecurity', 'own-message');
}

function signatureValuesOf({ main, endorsing }: ResolvedKeys): readonly string[] {
  return [main, ...endorsing].map(({ signature }) => signature.value.toString('base64'));
}

function spendReplayKeys(
  message: Message,
  received: Received,
  resolved: ResolvedKeys,
  { replay }: ReceiveOptions,
): void {
  for (const key of replayKeys(message, received, resolved)) if (replay !== undefined) spendKey(key, replay);
}

/**
 * Spends a key once.
 * @throws {Refusal} `invalidSecurity` for a replay, `server` where nothing more can be remembered
 */
export function spendKey(key: string, replay: (key: string) => 'new' | 'seen' | 'full'): void {
  const outcome = replay(key);
  if (outcome === 'full') refuse('server', 'replay-table-full');
  if (outcome === 'seen') refuse('invalidSecurity', 'replay');
}

/**
 * That of the main signature: what endorses it makes no other message of it. An EncryptedKey is taken once, and not
 * with each signature: who has another certificate could have the service read for them what it has read before, at
 * this port or at another one where certificates sign.
 */
function replayKeys(message: Message, { binding }: Received, { main, encrypting }: ResolvedKeys): readonly string[] {
  const { token, signature } = main;
  if (token.use.kind === 'encryptedKey') return [onceOf(token.name)];
  const own = `${token.name} ${binding.replayId(message, signature)}`;
  return encrypting === undefined ? [own] : [own, onceOf(encrypting.name)];
}

function decrypt({ plan, parts }: Received, { encryption }: ResolvedKeys, key: TokenKey, { limits }: ReceiveOptions) {
  const keyOf = (part: EncryptedData) => {
    if (!('keys' in key)) throw new TypeError('a key that only signs has encrypted something');
    return encryptionKeyOf(key.keys, encryption.get(part.element), plan.suite);
  };
  return decryptParts(parts, plan.suite, keyOf, limits);
}

function verified(
  message: Message,
  { plan, binding, envelope, header, parts }: Received,
  resolved: ResolvedKeys | undefined,
  keys: readonly TokenKey[],
  plaintexts: ReadonlyMap<Element, Fragment>,
  signed: SignedScope['parts'],
): Verified {
  const tokens = tokensOf(header, parts, plaintexts);
  checkSigned(plan, binding.signers, { envelope, signed, tokens, confirmations: header.signatureConfirmations });
  const content = contentOf(envelope.body, parts, plaintexts);
  const scope = binding.scopeOf(signed);
  if (scope !== undefined) checkMeaning(message, content, scope);
  return {
    soap: envelope.soap,
    addressing: message.addressing,
    body: envelope.body,
    blocks: provenBlocks(envelope, scope),
    content,
    plaintexts,
    context: heldBy(keys, 'context'),
    contextToken: heldBy(keys, 'contextToken'),
    tokens: [...tokens, ...absentTokens(resolved)],
    encryptedKey: heldBy(keys, 'encryptedKey'),
    signatureValues: resolved === undefined ? [] : signatureValuesOf(resolved),
    signed,
    scope,
  };
}

/** The tokens that signed the message and are not in it. */
function absentTokens(resolved: ResolvedKeys | undefined): readonly ProvenToken[] {
  if (resolved === undefined) return [];
  return [resolved.main, ...resolved.endorsing].flatMap(({ token }) => token.absent ?? []);
}

/** What one of the keys came with. */
function heldBy<P extends 'context' | 'contextToken' | 'encryptedKey'>(
  keys: readonly TokenKey[],
  part: P,
): ProtectionKey[P] | undefined {
  for (const key of keys) if ('keys' in key && key[part] !== undefined) return key[part];
  return undefined;
}

/**
 * What names and values mean must be signed, not only how they are written. In a fault it is for the reader to leave
 * out what is not: it is a fault all the same.
 */
function checkMeaning({ addressing }: Message, content: Element | undefined, scope: SignedScope): void {
  const namespaceIn = signedNames(scope);
  if (addressing !== undefined) checkRelationship(addressing, namespaceIn);
  if (content === undefined) return;
  // As for digests: once anything was decrypted, every refusal is one and the same.
  const decrypted = content.parent !== undefined && content.source !== content.parent.source;
  const fault = decrypted ? 'failedCheck' : 'invalidSecurity';
  if (decrypted && scope.plaintext === 'ciphertext') checkNames(content, namespaceIn, fault);
  if (!isFault(content)) checkTypes(content, namespaceIn, fault);
}
