import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pSha1 } from '../../src/crypto/psha1.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { contextKeys, derivedKey } from '../../src/security/context-keys.ts';

const secret = Buffer.alloc(32, 3);
const standardLabel = 'WS-SecureConversationWS-SecureConversation';

/** Tokens that differ in as little as they can: each field has two or three values. */
const tokens = fc.record({
  offset: fc.constantFrom(0, 16, 32),
  lengthBytes: fc.constantFrom(16, 24, 32),
  label: fc.constantFrom(standardLabel, 'a', 'b'),
  nonce: fc.constantFrom(Buffer.alloc(16, 1), Buffer.alloc(16, 2)),
});

describe('a derived key', () => {
  test('is the one of its own token, whatever was derived from the secret before', () => {
    fc.assert(
      fc.property(fc.array(tokens, { minLength: 2, maxLength: 6 }), list => {
        const kept = contextKeys(new SecretKey(secret));
        for (const token of list) {
          const { offset, lengthBytes, label, nonce } = token;
          const bytes = pSha1(secret, Buffer.concat([Buffer.from(label), nonce]), offset + lengthBytes);
          expect(secretBytes(derivedKey(kept, token))).toEqual(bytes.subarray(offset));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is the one of its own secret', () => {
    const token = { offset: 0, lengthBytes: 16, label: standardLabel, nonce: Buffer.alloc(16, 1) };
    const [one, two] = [contextKeys(new SecretKey(secret)), contextKeys(new SecretKey(Buffer.alloc(32, 4)))];
    expect(secretBytes(derivedKey(one, token))).not.toEqual(secretBytes(derivedKey(two, token)));
  });
});
