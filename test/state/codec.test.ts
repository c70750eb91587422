import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { decodeContext, encodeContext, maxPlaintextBytes } from '../../src/state/codec.ts';
import { anyContext } from './any-context.ts';
import { readVector, shown, stateVectors } from './made.ts';

const { context: alice, plaintext: alicePlaintext } = readVector('alice');

test.each(stateVectors())('$name has the plaintext of the other implementation', ({ context, plaintext }) => {
  expect(encodeContext(context)?.toString('hex')).toBe(plaintext.toString('hex'));
  expect(shown(decodeContext(plaintext))).toEqual(shown(context));
});

test('decode of encode is the context', () => {
  fc.assert(
    fc.property(anyContext, context => {
      const plaintext = encodeContext(context);
      expect(plaintext).toBeDefined();
      expect(shown(decodeContext(plaintext ?? Buffer.alloc(0)))).toEqual(shown(context));
    }),
  );
});

test('any bytes give undefined or a context that encodes to them again', () => {
  const mutated = fc
    .tuple(anyContext, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }), fc.nat(3), fc.boolean())
    .map(([context, changes, cut, longer]) => {
      const bytes = encodeContext(context) ?? Buffer.alloc(0);
      for (const [index, value] of changes) if (index < bytes.length) bytes[index] = value;
      return longer ? Buffer.concat([bytes, Buffer.alloc(cut)]) : bytes.subarray(0, bytes.length - cut);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated), bytes => {
      const context = decodeContext(bytes);
      if (context !== undefined) expect(encodeContext(context)).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('every truncation and every appended byte gives undefined', () => {
  for (let length = 0; length < alicePlaintext.length; length += 1)
    expect(decodeContext(alicePlaintext.subarray(0, length))).toBeUndefined();
  expect(decodeContext(Buffer.concat([alicePlaintext, Buffer.of(0)]))).toBeUndefined();
});

const secretAt = 33;
const timesAt = secretAt + 2 + 32;
const methodAt = timesAt + 40 + 6;
const rolesAt = methodAt + 1 + 2 + 'alice'.length;

describe('a plaintext is refused with', () => {
  test.each<[string, number, number[]]>([
    ['schema 0', 0, [0]],
    ['schema 2', 0, [2]],
    ['a secret of 0 bytes', secretAt, [0, 0]],
    ['a secret that passes the end', secretAt, [0xff, 0xff]],
    ['a time past the end of time', timesAt, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a time one past the last', timesAt, [0x00, 0x1e, 0xb2, 0x08, 0xc2, 0xdc, 0x00, 0x01]],
    ['method 0', methodAt, [0]],
    ['method 4', methodAt, [4]],
    ['a user that is not UTF-8', methodAt + 3, [0xc0, 0x80]],
    ['a user that is half a character', methodAt + 7, [0xe2]],
    ['more roles than follow', rolesAt, [255]],
    ['fewer roles than follow', rolesAt, [1]],
    ['a credential of 1 byte', alicePlaintext.length - 2, [0, 1]],
  ])('%s', (_what, offset, bytes) => {
    const changed = Buffer.from(alicePlaintext);
    changed.set(bytes, offset);
    expect(decodeContext(changed)).toBeUndefined();
    if (_what === 'a credential of 1 byte')
      expect(decodeContext(Buffer.concat([changed, Buffer.of(1)]))).toBeUndefined();
  });

  test('a secret of 15 or 65 bytes', () => {
    for (const length of [15, 65]) {
      const rest = alicePlaintext.subarray(secretAt + 34);
      const changed = Buffer.concat([
        alicePlaintext.subarray(0, secretAt),
        Buffer.of(0, length),
        Buffer.alloc(length, 1),
        rest,
      ]);
      expect(decodeContext(changed)).toBeUndefined();
    }
  });
});

test('names of object members are users and roles like any other', () => {
  const context = { ...alice, user: '__proto__', roles: ['__proto__', 'constructor', 'toString'] };
  expect(shown(decodeContext(encodeContext(context) ?? Buffer.alloc(0)))).toEqual(shown(context));
  expect(Object.hasOwn(Object.prototype, 'reader')).toBe(false);
});

test('a context of 2,048 bytes is encoded, one byte more is not', () => {
  const userBytes = maxPlaintextBytes - alicePlaintext.length + 'alice'.length;
  expect(encodeContext({ ...alice, user: 'u'.repeat(userBytes) })).toHaveLength(maxPlaintextBytes);
  expect(encodeContext({ ...alice, user: 'u'.repeat(userBytes + 1) })).toBeUndefined();
});

test.each([
  ['10,000 roles', { roles: Array.from({ length: 10_000 }, () => 'r') }],
  ['256 roles', { roles: Array.from({ length: 256 }, () => 'r') }],
  ['a user name of 1 MB', { user: 'u'.repeat(1_000_000) }],
  ['a role of 70,000 bytes', { roles: ['r'.repeat(70_000)] }],
])('a context with %s does not fit', (_what, changes) => {
  expect(encodeContext({ ...alice, ...changes })).toBeUndefined();
});

test.each([
  ['an Identifier that is no uuid', { id: 'urn:example:1' }],
  ['an Identifier in upper case', { id: alice.id.toUpperCase() }],
  ['the nil uuid as Instance', { instance: 'urn:uuid:00000000-0000-0000-0000-000000000000' }],
  ['a secret of 65 bytes', { secret: new SecretKey(Buffer.alloc(65, 1)) }],
  ['a credential of 20 bytes', { credential: new Uint8Array(20) }],
  ['an empty credential', { credential: new Uint8Array(0) }],
  ['a time that is no number', { tokenExpiresMs: Number.NaN }],
  ['a fraction of a millisecond', { createdMs: 0.5 }],
  ['a time before 1970', { createdMs: -1 }],
  ['a time past the last of a Date', { absoluteExpiresMs: 8_640_000_000_000_001 }],
  ['65,536 renewals', { renewals: 65_536 }],
  ['one renewal and a half', { renewals: 1.5 }],
  ['a negative user epoch', { userEpoch: -1 }],
  ['a lone surrogate', { user: '\ud800' }],
])('a context with %s can not be encoded', (_what, changes) => {
  expect(() => encodeContext({ ...alice, ...changes })).toThrow(TypeError);
});
