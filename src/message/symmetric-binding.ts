import { encryptsFirst, type MessagePlan, type Protection, provingTokens, signersOf } from '../policy/plan.ts';
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
  const plaintext = plaintextOf(plan, signsCiphertext);
  return {
    signers,
    endorsed: 'mainSignature',
    derives: signers[0]?.derivedKeys ? keyUses(plan.encrypted.body || encryptsTokens, signsCiphertext) : [],
    signsCiphertext,
    encryptsTokens,
    mandatoryHeaders: noHeaders,
    checkStructure: header => checkStructure(header, plan, signers),
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

/** What of a plan can neither be written nor checked yet; undefined where all can. */
export function unsupportedIn(plan: MessagePlan, protection: SymmetricProtection): string | undefined {
  if (protection.encryptSignature) return 'EncryptSignature';
  if (protection.protectTokens) return 'ProtectTokens';
  if (encryptsFirst(protection) && provingTokens(plan).length !== 0)
    return 'a supporting token with EncryptBeforeSigning';
  return undefined;
}
