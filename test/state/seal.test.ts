import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { Refusal } from '../../src/errors.ts';
import { hkdfExpand } from '../../src/keyring/hkdf.ts';
import { newKeyRecord } from '../../src/keyring/record.ts';
import { type KeyRing, keyRing } from '../../src/keyring/ring.ts';
import { keyIdOfSeal, open, seal } from '../../src/keyring/seal.ts';
import type { Context } from '../../src/state/context.ts';
import { isExpiredAt, type TokenBinding } from '../../src/state/seal.ts';
import { at, madeRing, seededRandom } from '../keyring/made.ts';
import { anyContext } from './any-context.ts';
import { openState, random, readVector, sealState, shown, stateVectors } from './made.ts';

const vector = readVector('alice');
const { context: alice, binding, ring, records } = vector;
const nowMs = alice.createdMs;
const sealed = Buffer.from(vector.sealed, 'base64');

function opened(bytes: Uint8Array | string, changes: Partial<TokenBinding> = {}, by: KeyRing = ring, atMs = nowMs) {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('base64');
  return openState(text, { ...binding, ...changes }, by, atMs);
}

describe.each(stateVectors())('vector $name', v => {
  test('is sealed to the bytes of the other implementation', () => {
    expect(v.ring.current(v.context.createdMs)?.purposeKey(v.purpose)).toEqual(v.purposeKey);
    expect(sealState(v.context, v.binding, v.ring, v.context.createdMs, () => v.salt)).toBe(v.sealed);
  });
  test('opens to its context', () => {
    expect(shown(openState(v.sealed, v.binding, v.ring, v.context.createdMs))).toEqual(shown(v.context));
  });
});

test('the state of alice with the roles reader and editor has 296 base64 characters', () => {
  expect(sealState(alice, binding, ring, nowMs, random)).toHaveLength(296);
});

test('open of seal is the context', () => {
  const fresh = (context: Context): Context => ({
    ...context,
    createdMs: nowMs,
    keyEffectiveMs: nowMs,
    keyExpiresMs: nowMs + 1000,
    tokenExpiresMs: nowMs + 1000,
    absoluteExpiresMs: nowMs + 1000,
  });
  fc.assert(
    fc.property(anyContext.map(fresh), fc.string(), fc.string(), (context, audience, wsc) => {
      const text = sealState(context, { audience, wsc }, ring, nowMs, random);
      const names = { audience, wsc, id: context.id, instance: context.instance };
      expect(shown(openState(text, names, ring, nowMs))).toEqual(shown(context));
    }),
  );
});

test('no single changed bit opens', () => {
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(opened(changed)).toBeUndefined();
  }
});

test('no single changed character opens', () => {
  for (let index = 0; index < vector.sealed.length; index += 1)
    for (const other of 'A/=-*') {
      const text = `${vector.sealed.slice(0, index)}${other}${vector.sealed.slice(index + 1)}`;
      if (text !== vector.sealed) expect(opened(text)).toBeUndefined();
    }
});

test('no truncation and no extension opens', () => {
  for (let length = 0; length < sealed.length; length += 1) expect(opened(sealed.subarray(0, length))).toBeUndefined();
  for (let length = 0; length < vector.sealed.length; length += 1)
    expect(opened(vector.sealed.slice(0, length))).toBeUndefined();
  for (let extra = 1; extra <= 64; extra += 1)
    expect(opened(Buffer.concat([sealed, Buffer.alloc(extra)]))).toBeUndefined();
  expect(
    opened(Buffer.concat([sealed.subarray(206), sealed.subarray(16, 206), sealed.subarray(0, 16)])),
  ).toBeUndefined();
});

test('anything at all gives undefined and does not throw', () => {
  const head = sealed.subarray(0, 10);
  const tail = fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.concat([head, bytes]));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), tail), bytes => opened(bytes) === undefined));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => opened(text) === undefined));
  expect(opened('A'.repeat(1_000_000))).toBeUndefined();
});

test('lines folded with XML white space open, other white space does not', () => {
  const folded = vector.sealed.replace(/.{76}/g, '$&\r\n\t ');
  expect(opened(folded)?.user).toBe('alice');
  expect(opened(`${vector.sealed}\u00a0`)).toBeUndefined();
  expect(opened(vector.sealed.padEnd(4096, ' '))?.user).toBe('alice');
  expect(opened(vector.sealed.padEnd(4097, ' '))).toBeUndefined();
});

describe('a state does not open', () => {
  test.each<[string, Partial<TokenBinding>]>([
    ['under another Identifier', { id: 'urn:uuid:00112233-4455-4677-8899-aabbccddee00' }],
    ['under its Identifier in upper case', { id: alice.id.replace('aabb', 'AABB') }],
    ['under an Instance it does not have', { instance: 'urn:uuid:00112233-4455-4677-8899-aabbccddeeff' }],
    ['under an empty Instance', { instance: '' }],
    ['at another service of the farm', { audience: '{urn:soap-secure-conversation:echo}EchoService/EchoTls11' }],
    ['in another dialect', { wsc: 'http://schemas.xmlsoap.org/ws/2005/02/sc' }],
    ['with names whose border has moved', { audience: `${binding.audience}h`, wsc: binding.wsc.slice(1) }],
  ])('%s', (_what, changes) => {
    expect(opened(sealed, changes)).toBeUndefined();
  });

  test('without the Instance it was sealed for', () => {
    const { sealed: text, binding: names, ring: by, context } = readVector('renewed');
    expect(openState(text, names, by, context.createdMs)).toBeDefined();
    expect(openState(text, { ...names, instance: undefined }, by, context.createdMs)).toBeUndefined();
  });

  test('in another farm with the same key', () => {
    expect(opened(sealed, {}, keyRing({ ...records, farm: 'fedcba9876543210' }))).toBeUndefined();
  });

  test('with a ring that does not know its key', () => {
    expect(opened(sealed, {}, keyRing(madeRing(nowMs)))).toBeUndefined();
  });

  test('when its names are right and the ids inside are not', () => {
    const other = 'urn:uuid:00112233-4455-4677-8899-aabbccddee00';
    const key = ring.current(nowMs);
    if (key === undefined) throw new Error('no key');
    for (const token of [{ id: other }, { instance: other }]) {
      const { id, instance } = { id: alice.id, instance: '', ...token };
      const names = { purpose: 'sct-state', names: [binding.audience, binding.wsc, id, instance] };
      const moved = seal(vector.plaintext, names, ring.farm, key, random);
      expect(open(moved, names, ring, nowMs)).toBeDefined();
      expect(opened(moved, token)).toBeUndefined();
    }
  });
});

describe('a seal for one purpose', () => {
  const key = ring.current(nowMs);
  if (key === undefined) throw new Error('no key');
  const names = [binding.audience, binding.wsc, alice.id, ''];
  const forBearer = seal(vector.plaintext, { purpose: 'bearer', names }, ring.farm, key, random);
  test('opens for that purpose', () => {
    expect(open(forBearer, { purpose: 'bearer', names }, ring, nowMs)).toEqual(vector.plaintext);
  });
  test('does not open where any of its bytes are missing', () => {
    for (let length = 0; length < forBearer.length; length++)
      expect(
        open(forBearer.subarray(0, length), { purpose: 'bearer', names }, ring, nowMs),
        `${length}`,
      ).toBeUndefined();
  });
  test('does not open for another', () => {
    expect(open(forBearer, { purpose: 'sct-state', names }, ring, nowMs)).toBeUndefined();
    expect(opened(forBearer)).toBeUndefined();
    expect(open(sealed, { purpose: 'bearer', names }, ring, nowMs)).toBeUndefined();
  });
});

/** Seals as seal() does, with a commitment or first bytes of the test's choice. */
function sealedWithCommitment(choose: (right: Buffer) => Buffer, firstBytes = sealed.subarray(0, 2)): Buffer {
  const names = [ring.farm, binding.audience, binding.wsc, alice.id, ''].map(name => {
    const text = Buffer.from(name);
    return Buffer.concat([Buffer.of(text.length >> 8, text.length & 0xff), text]);
  });
  const header = Buffer.concat([firstBytes, sealed.subarray(2, 34)]);
  const label = Buffer.from('soap-secure-conversation/state/v1\0');
  const output = hkdfExpand(vector.purposeKey, Buffer.concat([label, header, ...names]), 76);
  const front = Buffer.concat([header, choose(output.subarray(44))]);
  const cipher = createCipheriv('aes-256-gcm', output.subarray(0, 32), output.subarray(32, 44), { authTagLength: 16 });
  cipher.setAAD(Buffer.concat([front, ...names]));
  return Buffer.concat([front, cipher.update(vector.plaintext), cipher.final(), cipher.getAuthTag()]);
}

test('a commitment to another key does not open, even when everything else is authentic', () => {
  expect(sealedWithCommitment(right => right)).toEqual(sealed);
  for (const byte of [0, 15, 31]) {
    const wrong = sealedWithCommitment(right => {
      const changed = Buffer.from(right);
      changed[byte] = (changed[byte] ?? 0) ^ 1;
      return changed;
    });
    expect(opened(wrong)).toBeUndefined();
  }
});

test.each([
  ['magic', [0xf4, 0x01]],
  ['magic', [0x00, 0x01]],
  ['version', [0xf5, 0x00]],
  ['version', [0xf5, 0x02]],
  ['version', [0xf5, 0xff]],
])('another %s does not open, even when everything else is authentic (%#)', (_what, firstBytes) => {
  expect(opened(sealedWithCommitment(right => right, Buffer.from(firstBytes)))).toBeUndefined();
});

test('a tag cut to 4, 8, 12 or 15 bytes does not open', () => {
  for (const tagBytes of [4, 8, 12, 13, 14, 15])
    expect(opened(sealed.subarray(0, sealed.length - 16 + tagBytes))).toBeUndefined();
});

describe('key states', () => {
  const old = madeRing(at('2026-01-01T00:00:00Z'));
  const pending = newKeyRecord(
    old.policy,
    at('2026-01-01T11:30:00Z'),
    at('2026-01-01T12:00:00Z'),
    seededRandom('next'),
  );
  const both = { ...old, keys: [...old.keys, pending] };
  const state = (byRing: KeyRing, utc: string): [string, Context] => {
    const expires = at(utc) + 36_000_000;
    const context = {
      ...alice,
      createdMs: at(utc),
      keyEffectiveMs: at(utc),
      keyExpiresMs: expires,
      tokenExpiresMs: expires,
    };
    const whole = { ...context, absoluteExpiresMs: expires };
    return [sealState(whole, binding, byRing, at(utc), random), whole];
  };

  test('a pending key opens what a node with a faster clock sealed', () => {
    const [text] = state(keyRing(both), '2026-01-01T12:00:00Z');
    expect(keyIdOfSeal(Buffer.from(text, 'base64'))).toBe(pending.id);
    expect(opened(text, {}, keyRing(both), at('2026-01-01T11:56:00Z'))?.user).toBe('alice');
  });

  test('a retired key opens to the end of the last token it sealed, a destroyed key no more', () => {
    const [text, { tokenExpiresMs }] = state(keyRing(old), '2026-01-01T11:59:59.999Z');
    expect(opened(text, {}, keyRing(both), at('2026-01-01T12:00:00Z'))?.user).toBe('alice');
    expect(opened(text, {}, keyRing(both), tokenExpiresMs - 1)?.user).toBe('alice');
    const timeless = {
      ...alice,
      keyExpiresMs: 4e12,
      absoluteExpiresMs: 4e12,
      tokenExpiresMs: at('2026-01-01T22:00:00Z'),
    };
    const long = { ...keyRing(old), policy: { ...old.policy, lifeMs: 4e12 } };
    const eternal = sealState(
      { ...timeless, tokenExpiresMs: 4e12 - 1 },
      binding,
      long,
      at('2026-01-01T11:00:00Z'),
      random,
    );
    expect(opened(eternal, {}, keyRing(both), at('2026-01-02T00:19:59.999Z'))?.user).toBe('alice');
    expect(opened(eternal, {}, keyRing(both), at('2026-01-02T00:20:00Z'))).toBeUndefined();
  });

  test('a token that the last key sealed past its issue time lives its whole life', () => {
    const late = newKeyRecord(old.policy, at('2026-01-09T00:00:00Z'), at('2026-01-09T00:15:00Z'), seededRandom('late'));
    const [text, { tokenExpiresMs }] = state(keyRing(old), '2026-01-09T00:14:59.999Z');
    const renewed = keyRing({ ...old, keys: [...old.keys, late] });
    expect(renewed.current(at('2026-01-09T00:15:00Z'))?.id).toBe(late.id);
    expect(opened(text, {}, renewed, tokenExpiresMs - 1)?.user).toBe('alice');
  });

  test('a revoked key opens nothing', () => {
    const [text] = state(keyRing(old), '2026-01-01T01:00:00Z');
    const revoked = { ...old, keys: old.keys.map(key => ({ ...key, revokedAtMs: at('2026-01-01T01:30:00Z') })) };
    expect(opened(text, {}, keyRing(revoked), at('2026-01-01T01:30:00Z'))).toBeUndefined();
  });
});

describe('a state', () => {
  test('opens until its absolute end and not a millisecond longer', () => {
    const text = sealState({ ...alice, absoluteExpiresMs: nowMs + 60_000 }, binding, ring, nowMs, random);
    expect(opened(text, {}, ring, nowMs + 59_999)?.user).toBe('alice');
    for (const lateMs of [0, 1000, 299_000, 301_000])
      expect(opened(text, {}, ring, nowMs + 60_000 + lateMs)).toBeUndefined();
  });

  test.each(['tokenExpiresMs', 'keyExpiresMs'] as const)(
    'has expired from its %s on, to the millisecond, and still opens',
    field => {
      const text = sealState({ ...alice, [field]: nowMs + 60_000 }, binding, ring, nowMs, random);
      const expiredAt = (atMs: number) => {
        const context = opened(text, {}, ring, atMs);
        return context && isExpiredAt(context, atMs);
      };
      expect(expiredAt(nowMs + 59_999)).toBe(false);
      for (const lateMs of [0, 1000, 299_000, 301_000]) expect(expiredAt(nowMs + 60_000 + lateMs)).toBe(true);
      expect(expiredAt(alice.absoluteExpiresMs)).toBeUndefined();
    },
  );

  test.each(['createdMs', 'keyEffectiveMs'] as const)(
    'is good a clock difference before its %s and not sooner',
    field => {
      const text = sealState({ ...alice, [field]: nowMs + 300_000 }, binding, ring, nowMs, random);
      expect(opened(text)?.user).toBe('alice');
      expect(opened(text, {}, ring, nowMs - 1)).toBeUndefined();
    },
  );
});

describe('nothing is sealed', () => {
  const refusal = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (error instanceof Refusal) return { fault: error.fault, reason: error.reason, cause: error.cause };
    }
    return undefined;
  };

  test('while no key issues', () => {
    const { skewMs } = ring.policy;
    expect(refusal(() => sealState(alice, binding, ring, nowMs - skewMs - 1, random))).toMatchObject({
      fault: 'server',
      reason: 'ring-stale',
      cause: { code: 'RING_STALE' },
    });
  });
  test('that would outlive its key', () => {
    const { lifeMs } = ring.policy;
    const longest = { ...alice, absoluteExpiresMs: nowMs + lifeMs };
    expect(sealState(longest, binding, ring, nowMs, random)).toHaveLength(296);
    const longer = { ...alice, absoluteExpiresMs: nowMs + lifeMs + 1 };
    expect(refusal(() => sealState(longer, binding, ring, nowMs, random))).toMatchObject({
      fault: 'server',
      reason: 'token-outlives-key',
    });
  });
  test('that is too large', () => {
    const large = { ...alice, roles: Array.from({ length: 255 }, () => 'role-name') };
    expect(refusal(() => sealState(large, binding, ring, nowMs, random))).toMatchObject({
      fault: 'server',
      reason: 'state-too-large',
    });
  });
  test('with a salt of the wrong length', () => {
    expect(() => sealState(alice, binding, ring, nowMs, () => new Uint8Array(8))).toThrow();
    expect(() => sealState(alice, binding, ring, nowMs, () => new Uint8Array(40))).toThrow();
  });
});

test('the largest state that is made opens and fits into 4,096 base64 characters', () => {
  const large = { ...alice, user: 'u'.repeat(2048 - vector.plaintext.length + 5) };
  const text = sealState(large, binding, ring, nowMs, random);
  expect(text.length).toBeLessThanOrEqual(4096);
  expect(opened(text)?.user).toHaveLength(large.user.length);
});

test('two seals of one context share nothing but magic, version and key id', () => {
  const [a, b] = [1, 2].map(() => Buffer.from(sealState(alice, binding, ring, nowMs, random), 'base64')) as [
    Buffer,
    Buffer,
  ];
  expect(a.subarray(0, 10)).toEqual(b.subarray(0, 10));
  for (const [from, to] of [
    [10, 34],
    [34, 66],
    [66, 206],
    [206, 222],
  ])
    expect(a.subarray(from, to)).not.toEqual(b.subarray(from, to));
});

test('weak ring keys do not open what a ring seals', () => {
  const text = sealState(alice, binding, keyRing(madeRing(nowMs)), nowMs, random);
  const claimed = keyIdOfSeal(Buffer.from(text, 'base64')) ?? '';
  for (const byte of [0x00, 0x41, 0xff]) {
    const key = { ...newKeyRecord(records.policy, nowMs, nowMs, seededRandom('weak')), id: claimed };
    const weak = keyRing({ ...madeRing(nowMs), keys: [{ ...key, key: new SecretKey(Buffer.alloc(32, byte)) }] });
    expect(opened(text, {}, weak)).toBeUndefined();
  }
});
