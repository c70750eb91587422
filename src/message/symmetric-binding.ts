import {
  encryptsFirst,
  encryptsSignatures,
  isInMessage,
  type MessagePlan,
  type Protection,
  provingTokens,
  signersOf,
  type TokenUse,
} from '../policy/plan.ts';
import type { Binding, KeyUse } from './binding.ts';
import { checkStructure } from './plan-check.ts';
import type { SignedScope } from './signed-names.ts';

type SymmetricProtection = Extract<Protection, { kind: 'symmetric' }>;

const noHeaders: ReadonlySet<string> = new Set();

/** SymmetricBinding (WS-SecurityPolicy 1.3 §7.4): one token's key signs and encrypts the parts of the message. */
export function symmetricBinding(plan: MessagePlan): Binding {
  const signers = signersOf(plan);
  const signsCiphertext = encryptsFirst(plan.protection);
  const encryptsTokens = provingTokens(plan).length !== 0;
  const isHidden = encryptsSignatures(plan);
  const plaintext = plaintextOf(plan, signsCiphertext);
  return {
    signers,
    endorsed: 'mainSignature',
    derives: signers[0]?.derivedKeys ? keyUses(plan.encrypted.body || encryptsTokens || isHidden, signsCiphertext) : [],
    signsCiphertext,
    encryptsSignatures: isHidden,
    encryptsTokens,
    mandatoryHeaders: noHeaders,
    checkStructure: (header, confirmations) => checkStructure(header, plan, signers, confirmations, isHidden),
    // A genuine signature is unique to its message.
    replayId: (_, { value }) => value.toString('base64'),
    scopeOf: parts => ({ parts, plaintext }),
  };
}

/** A token that nothing uses is refused by receivers. */
function keyUses(encrypts: boolean, encryptsFirst: boolean): readonly KeyUse[] {
  if (!encrypts) return ['signing'];
  return encryptsFirst ? ['encryption', 'signing'] : ['signing', 'encryption'];
}

function plaintextOf({ encrypted }: MessagePlan, signsCiphertext: boolean): SignedScope['plaintext'] {
  if (signsCiphertext) return 'ciphertext';
  return encrypted.body ? 'octets' : 'canonical';
}

/** A certificate that is not in the message: only the signature says which one it is. */
function isReferredTo(use: TokenUse): boolean {
  return use.kind === 'supporting' && !isInMessage(use);
}

/** What of a plan can neither be written nor checked yet; undefined where all can. */
export function unsupportedIn(plan: MessagePlan, protection: SymmetricProtection): string | undefined {
  if (protection.encryptSignature && encryptsFirst(protection)) return 'EncryptSignature with EncryptBeforeSigning';
  if (protection.encryptSignature && signersOf(plan).some(isReferredTo))
    return 'EncryptSignature with a certificate that is not in the message';
  if (encryptsFirst(protection) && provingTokens(plan).length !== 0)
    return 'a supporting token with EncryptBeforeSigning';
  return undefined;
}
