import { createDecipheriv, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { EncryptJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { decodeToken, encodeToken, maxTokenBytes } from '../../src/bearer/bearer-codec.ts';
import {
  type BearerToken,
  keyIdOfToken,
  maxTokenChars,
  openBearerToken,
  openRefreshToken,
  sealBearerToken,
  sealRefreshToken,
} from '../../src/bearer/bearer-token.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { Refusal, SealingError } from '../../src/errors.ts';
import { newKeyRecord } from '../../src/keyring/record.ts';
import { type KeyRing, keyRing } from '../../src/keyring/ring.ts';
import { open, seal } from '../../src/keyring/seal.ts';
import { seededRandom } from '../keyring/made.ts';
import { openState, readVector, sealState } from '../state/made.ts';
import { alice, nowMs, random, records, ring } from './made.ts';

const sealed = sealBearerToken(alice, ring, nowMs, random);
const bytes = Buffer.from(sealed, 'base64url');

function opened(token: string | Uint8Array, audience = alice.audience, by: KeyRing = ring, atMs = nowMs) {
  const text = typeof token === 'string' ? token : Buffer.from(token).toString('base64url');
  return openBearerToken(text, { audience }, by, atMs);
}

const text = fc.string({ unit: 'grapheme', maxLength: 80 });
const id = fc.uuid();
const scopeName = fc.stringMatching(/^[!#-[\]-~]{1,20}$/);
const anyToken: fc.Arbitrary<BearerToken> = fc.record({
  id,
  grant: id,
  subject: text.filter(subject => subject !== ''),
  client: text,
  audience: text.filter(audience => audience !== ''),
  scope: fc.uniqueArray(scopeName, { maxLength: 5 }),
  claims: fc.array(fc.record({ type: text.filter(type => type !== ''), value: text }), { maxLength: 5 }),
  issuedMs: fc.constant(nowMs),
  expiresMs: fc.integer({ min: nowMs + 1, max: nowMs + records.policy.lifeMs }),
});

test('open of seal is the token', () => {
  fc.assert(
    fc.property(anyToken, token => {
      expect(opened(sealBearerToken(token, ring, nowMs, random), token.audience)).toEqual(token);
      const refresh = sealRefreshToken(token, ring, nowMs, random);
      expect(openRefreshToken(refresh, token, ring, nowMs)).toEqual(token);
    }),
  );
});

test('a token is the documented bytes, as another implementation opens them', () => {
  const ringKey = secretBytes(ring.keys[0]?.key ?? new SecretKey(Buffer.alloc(32)));
  const lp = (value: string) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const context = Buffer.concat([lp(ring.farm), lp(alice.audience)]);
  const purposeKey = expand(ringKey, Buffer.from('soap-secure-conversation/purpose/bearer-token'), 32);
  const info = Buffer.concat([Buffer.from('soap-secure-conversation/state/v1\0'), bytes.subarray(0, 34), context]);
  const derived = expand(purposeKey, info, 76);
  expect(bytes.subarray(0, 2).toString('hex')).toBe('f501');
  expect(bytes.toString('hex', 2, 10)).toBe(ring.keys[0]?.id);
  expect(bytes.subarray(34, 66)).toEqual(derived.subarray(44));
  const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32, 44));
  decipher.setAAD(Buffer.concat([bytes.subarray(0, 66), context]));
  decipher.setAuthTag(bytes.subarray(-16));
  const plaintext = Buffer.concat([decipher.update(bytes.subarray(66, -16)), decipher.final()]);
  const short = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const hex = (value: string) => Buffer.from(value.replaceAll('-', ''), 'hex');
  const time = (value: number) => Buffer.from(value.toString(16).padStart(12, '0'), 'hex');
  const texts = ['role', 'reader', 'role', 'editor'].map(short);
  const fields = [alice.subject, alice.client, 'orders.read orders.write'].map(short);
  const times = [time(alice.issuedMs), time(alice.expiresMs)];
  const ids = [hex(alice.id), hex(alice.grant)];
  expect(plaintext).toEqual(Buffer.concat([Buffer.from([1]), ...ids, ...times, ...fields, Buffer.from([2]), ...texts]));
});

/** HKDF-Expand of RFC 5869 §2.3 as it is written there. */
function expand(key: Uint8Array, info: Uint8Array, length: number): Buffer {
  let output = Buffer.alloc(0);
  let block = Buffer.alloc(0);
  for (let i = 1; output.length < length; i += 1) {
    block = createHmac('sha512', key)
      .update(block)
      .update(info)
      .update(Buffer.from([i]))
      .digest();
    output = Buffer.concat([output, block]);
  }
  return output.subarray(0, length);
}

test('a token is at most half as long as a JWE (dir, A256GCM) of the same claims', async () => {
  const { audience, subject, client, scope, claims, issuedMs, expiresMs, grant } = alice;
  const jwe = await new EncryptJWT({ client_id: client, grant, scope: scope.join(' '), claims })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setSubject(subject)
    .setAudience(audience)
    .setJti(alice.id)
    .setIssuedAt(issuedMs / 1000)
    .setExpirationTime(expiresMs / 1000)
    .encrypt(Buffer.alloc(32, 1));
  expect(sealed.length).toBeLessThan(jwe.length / 2 + 20);
  expect(sealed).toHaveLength(250);
});

describe('what does not open:', () => {
  test('any single changed bit', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(opened(changed)).toBeUndefined();
    }
  });

  test('any single changed character, also one that only changes unused bits', () => {
    for (let index = 0; index < sealed.length; index += 1)
      for (const other of 'AB/=+-_ \n') {
        const changed = `${sealed.slice(0, index)}${other}${sealed.slice(index + 1)}`;
        if (changed !== sealed) expect(opened(changed)).toBeUndefined();
      }
  });

  test('any truncation and any extension', () => {
    for (let length = 0; length < sealed.length; length += 1) expect(opened(sealed.slice(0, length))).toBeUndefined();
    for (let length = 0; length < bytes.length; length += 1) expect(opened(bytes.subarray(0, length))).toBeUndefined();
    for (const more of ['=', '==', 'A', 'AA', ' ', '\n', '.']) expect(opened(sealed + more)).toBeUndefined();
    for (let extra = 1; extra <= 64; extra += 1)
      expect(opened(Buffer.concat([bytes, Buffer.alloc(extra)]))).toBeUndefined();
  });

  test('anything at all, and it does not throw', () => {
    const head = bytes.subarray(0, 10);
    const tail = fc.uint8Array({ maxLength: 400 }).map(rest => Buffer.concat([head, rest]));
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), tail), any => opened(any) === undefined));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), any => opened(any) === undefined));
    expect(opened('A'.repeat(1_000_000))).toBeUndefined();
  });

  test('a token of another audience, of none, or one whose border has moved', () => {
    for (const audience of ['https://stock.example', '', 'https://orders.exampl', 'https://orders.example/'])
      expect(opened(sealed, audience)).toBeUndefined();
    expect(opened(sealed, 'x'.repeat(100_000))).toBeUndefined();
    expect(opened(sealed, '\ud800')).toBeUndefined();
  });

  test('a token of another farm with the same keys, and of another ring', () => {
    expect(opened(sealed, alice.audience, keyRing({ ...records, farm: 'fedcba9876543210' }))).toBeUndefined();
    const key = newKeyRecord(records.policy, nowMs, nowMs, seededRandom('another ring'));
    expect(opened(sealed, alice.audience, keyRing({ ...records, keys: [key] }))).toBeUndefined();
  });

  test('a token of a revoked key', () => {
    const keys = records.keys.map(key => ({ ...key, revokedAtMs: nowMs }));
    expect(opened(sealed, alice.audience, keyRing({ ...records, keys }))).toBeUndefined();
  });

  test('a token before its time and from its end on, with the clock difference of the ring at its beginning', () => {
    const { skewMs } = records.policy;
    const by = ring;
    expect(opened(sealed, alice.audience, by, alice.expiresMs - 1)).toEqual(alice);
    expect(opened(sealed, alice.audience, by, alice.expiresMs)).toBeUndefined();
    const future = { ...alice, issuedMs: nowMs + skewMs, expiresMs: nowMs + skewMs + 1 };
    expect(opened(sealBearerToken(future, ring, nowMs, random))).toEqual(future);
    const late = { ...future, issuedMs: nowMs + skewMs + 1, expiresMs: nowMs + skewMs + 2 };
    expect(opened(sealBearerToken(late, ring, nowMs, random))).toBeUndefined();
  });

  test('a refresh token as an access token, and the reverse', () => {
    const refresh = sealRefreshToken(alice, ring, nowMs, random);
    expect(openRefreshToken(refresh, alice, ring, nowMs)).toEqual(alice);
    expect(opened(refresh)).toBeUndefined();
    expect(openRefreshToken(sealed, alice, ring, nowMs)).toBeUndefined();
  });

  test("a conversation's state as a token, and the reverse", () => {
    const { binding, context } = readVector('alice');
    const end = nowMs + 1_000;
    const times = {
      createdMs: nowMs,
      keyEffectiveMs: nowMs,
      keyExpiresMs: end,
      tokenExpiresMs: end,
      absoluteExpiresMs: end,
    };
    const of = { audience: alice.audience, wsc: binding.wsc };
    const token = { ...of, id: context.id, instance: undefined };
    const names = [of.audience, of.wsc, context.id, ''];
    const state = sealState({ ...context, ...times }, of, ring, nowMs, random);
    expect(openState(state, token, ring, nowMs)?.user).toBe('alice');
    expect(openState(bytes.toString('base64'), token, ring, nowMs)).toBeUndefined();
    for (const openToken of [openBearerToken, openRefreshToken])
      expect(openToken(Buffer.from(state, 'base64').toString('base64url'), alice, ring, nowMs)).toBeUndefined();
    // Neither purpose nor names alone would do: a token sealed for a state's names, and a state's plaintext for a
    // token's.
    const swapped = seal(plaintextOf(), { purpose: 'bearer-token', names }, ring.farm, currentKey(), random);
    expect(open(swapped, { purpose: 'sct-state', names }, ring, nowMs)).toBeUndefined();
    const asState = seal(
      plaintextOf(),
      { purpose: 'sct-state', names: [alice.audience] },
      ring.farm,
      currentKey(),
      random,
    );
    expect(opened(asState)).toBeUndefined();
  });
});

function plaintextOf(): Buffer {
  return encodeToken(alice) ?? Buffer.alloc(0);
}

function currentKey() {
  const key = ring.current(nowMs);
  if (key === undefined) throw new Error('no key');
  return key;
}

describe('what is not sealed:', () => {
  const refusalOf = (token: BearerToken, by = ring) => {
    try {
      sealBearerToken(token, by, nowMs, random);
    } catch (error) {
      return error instanceof Refusal ? error.reason : 'no refusal';
    }
    return 'sealed';
  };

  test('a program is told by the class and code of the error, with what to do', () => {
    const outlives = () => sealBearerToken({ ...alice, expiresMs: nowMs + 1e13 }, ring, nowMs, random);
    expect(outlives).toThrow(SealingError);
    expect(outlives).toThrow(expect.objectContaining({ code: 'TOKEN_TOO_LONG', hint: expect.stringMatching(/lifeS/) }));
    expect(outlives).toThrow(/^the token would live longer than the keys of the ring open it$/);
  });

  test('a token that outlives its key', () => {
    const end = nowMs + records.policy.lifeMs;
    expect(refusalOf({ ...alice, expiresMs: end })).toBe('sealed');
    expect(refusalOf({ ...alice, expiresMs: end + 1 })).toBe('token-outlives-key');
  });

  test('a token where no key issues', () => {
    const keys = records.keys.map(key => ({ ...key, revokedAtMs: nowMs }));
    expect(refusalOf(alice, keyRing({ ...records, keys }))).toBe('ring-stale');
  });

  test('a token longer than 2,048 bytes, or with more than 255 claims', () => {
    const room = maxTokenBytes - plaintextOf().length - 2 - 'note'.length;
    const long = (length: number) => ({
      ...alice,
      claims: [...alice.claims, { type: 'note', value: 'x'.repeat(length) }],
    });
    expect(refusalOf(long(room - 1))).toBe('sealed');
    expect(sealBearerToken(long(room - 1), ring, nowMs, random)).toHaveLength(maxTokenChars);
    expect(refusalOf(long(room))).toBe('token-too-large');
    expect(refusalOf(long(1_000_000))).toBe('token-too-large');
    const many = (count: number) => ({
      ...alice,
      claims: Array.from({ length: count }, () => ({ type: 'r', value: '' })),
    });
    expect(opened(sealBearerToken(many(255), ring, nowMs, random))?.claims).toHaveLength(255);
    expect(refusalOf(many(256))).toBe('token-too-large');
  });

  test.each<[string, Partial<BearerToken>]>([
    ['no subject', { subject: '' }],
    ['an id that is no uuid', { id: 'abc' }],
    ['an id in upper case', { grant: alice.grant.toUpperCase() }],
    ['a scope with a space', { scope: ['a b'] }],
    ['a scope with a quote', { scope: ['a"'] }],
    ['an empty scope name', { scope: [''] }],
    ['a scope twice', { scope: ['a', 'a'] }],
    ['a claim without type', { claims: [{ type: '', value: 'x' }] }],
    ['a lone surrogate', { claims: [{ type: 'x', value: '\ud800' }] }],
    ['an end at its beginning', { expiresMs: nowMs }],
    ['a fraction of a millisecond', { issuedMs: nowMs - 0.5 }],
    ['an empty audience', { audience: '' }],
    ['an audience of 513 bytes', { audience: 'x'.repeat(513) }],
  ])('a token that can not be: %s', (_what, change) => {
    expect(() => sealBearerToken({ ...alice, ...change }, ring, nowMs, random)).toThrow(TypeError);
  });
});

describe('the plaintext', () => {
  test('has one form only: whatever is read is written as it was', () => {
    const seed = plaintextOf();
    const mutant = fc
      .tuple(fc.nat(seed.length - 1), fc.nat(255), fc.nat(3))
      .map(([index, value, cut]) =>
        Buffer.from(seed.map((byte, i) => (i === index ? value : byte))).subarray(0, seed.length - cut),
      );
    fc.assert(
      fc.property(fc.oneof(mutant, fc.uint8Array({ maxLength: 200 })), any => {
        const token = decodeToken(Buffer.from(any));
        if (token !== undefined) expect(encodeToken(token)).toEqual(Buffer.from(any));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each<[string, (seed: Buffer) => Buffer]>([
    ['of another schema', seed => withByte(seed, 0, 2)],
    ['with a byte after the last field', seed => Buffer.concat([seed, Buffer.alloc(1)])],
    ['cut in its last field', seed => seed.subarray(0, -1)],
    ['with one claim more than there is', seed => withByte(seed, 80, 3)],
    ['with one claim less than there is', seed => withByte(seed, 80, 1)],
    ['with bytes that are no UTF-8', seed => withByte(seed, 46, 0xff)],
    [
      'with a length in two bytes that fits in one',
      seed => Buffer.concat([seed.subarray(0, 45), Buffer.from([0x80, 5]), seed.subarray(46)]),
    ],
    ['that ends before it begins', seed => withByte(seed, 39, 0)],
    ['without subject', seed => Buffer.concat([seed.subarray(0, 45), Buffer.from([0]), seed.subarray(51)])],
    ['with a scope that begins with a space', seed => withByte(seed, 56, 0x20)],
    ['with a claim that has no type', seed => Buffer.concat([withByte(seed, 80, 3), Buffer.alloc(2)])],
    [
      'longer than any is made',
      seed => Buffer.concat([withByte(seed, 80, 3), Buffer.from([1, 0x61, 0x88, 0]), Buffer.alloc(maxTokenBytes, 'x')]),
    ],
    ['of nothing', () => Buffer.alloc(0)],
  ])('%s is not read', (_what, change) => {
    const seed = plaintextOf();
    expect(decodeToken(seed)).toBeDefined();
    expect(decodeToken(change(seed))).toBeUndefined();
  });
});

function withByte(seed: Buffer, index: number, value: number): Buffer {
  const changed = Buffer.from(seed);
  changed[index] = value;
  return changed;
}

test('a token names the ring key that it was sealed with, anything else names none', () => {
  expect(keyIdOfToken(sealed)).toBe(ring.keys[0]?.id);
  for (const other of ['', 'abc', `${sealed}=`, sealed.slice(1), 'A'.repeat(300), 'A'.repeat(5_000)])
    expect(keyIdOfToken(other)).toBeUndefined();
});
