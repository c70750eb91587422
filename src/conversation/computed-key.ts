import { pSha1 } from '../crypto/psha1.ts';

/**
 * The key of a conversation from both sides' entropy: P_SHA1(initiator's, responder's), first `keySizeBits / 8` bytes
 * (WS-Trust 1.3 §4.4.4, `…/CK/PSHA1`). Used with every suite, the Sha256 ones too.
 */
export function computedKey(
  initiatorEntropy: Uint8Array,
  responderEntropy: Uint8Array,
  keySizeBits: number,
): Uint8Array {
  return pSha1(initiatorEntropy, responderEntropy, keySizeBits / 8);
}
