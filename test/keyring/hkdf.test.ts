import { createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hkdfExpand } from '../../src/keyring/hkdf.ts';

test('expand is the second half of what node:crypto calls HKDF with SHA-512 (RFC 5869 §2.3)', () => {
  const bytes = (max: number) => fc.uint8Array({ maxLength: max });
  fc.assert(
    fc.property(bytes(80), bytes(80), bytes(300), fc.integer({ min: 1, max: 400 }), (input, salt, info, length) => {
      const extracted = createHmac('sha512', salt).update(input).digest();
      const whole = Buffer.from(hkdfSync('sha512', input, salt, info, length));
      expect(hkdfExpand(extracted, info, length)).toEqual(whole);
    }),
  );
});

test.each([0, -1, 1.5, 255 * 64 + 1])('an output of %d bytes is refused', length => {
  expect(() => hkdfExpand(Buffer.alloc(32, 1), Buffer.alloc(0), length)).toThrow(RangeError);
});
