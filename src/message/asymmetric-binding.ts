import { type EncryptedKeyUse, type MessagePlan, type Protection, signersOf } from '../policy/plan.ts';
import type { Binding } from './binding.ts';
import { checkStructure } from './plan-check.ts';

type AsymmetricProtection = Extract<Protection, { kind: 'asymmetric' }>;

const noHeaders: ReadonlySet<string> = new Set();

/**
 * AsymmetricBinding (WS-SecurityPolicy 1.3 §7.5): the key of the sender's certificate signs, and a new key that is
 * encrypted to the recipient's encrypts, where anything is to be encrypted. Anybody can make such a key, so nothing is
 * proved by what it encrypted: every name in the plaintext must be signed.
 */
export function asymmetricBinding(plan: MessagePlan, protection: AsymmetricProtection): Binding {
  const signers = signersOf(plan);
  return {
    signers,
    ...(plan.encrypted.body ? { encryptor: encryptorOf(protection) } : {}),
    endorsed: 'mainSignature',
    derives: [],
    signsCiphertext: false,
    encryptsSignatures: false,
    encryptsTokens: false,
    mandatoryHeaders: noHeaders,
    checkStructure: (header, confirmations) => checkStructure(header, plan, signers, confirmations),
    // A genuine signature is unique to its message: RSASSA-PKCS1-v1_5 makes one of each, and takes no other.
    replayId: (_, { value }) => value.toString('base64'),
    scopeOf: parts => ({ parts, plaintext: 'canonical' }),
  };
}

function encryptorOf({ encryption: reference }: AsymmetricProtection): EncryptedKeyUse {
  return { kind: 'encryptedKey', reference, derivedKeys: false, parts: { body: false, headers: [] } };
}

/** What of a plan can neither be written nor checked; undefined where all can. */
export function unsupportedBesideCertificates({ supporting }: MessagePlan): string | undefined {
  const isProving = supporting.some(token => !token.endorsing);
  return isProving ? 'a token that proves by what it says, with an AsymmetricBinding' : undefined;
}
