import { createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { HmacKey, hmacKey } from '../../src/crypto/hmac.ts';
import { SecretKey, secretBytes, secretKeyObject, wipeSecret } from '../../src/crypto/secret-key.ts';

const text = 'sixteen secret b';
const bytes = Buffer.from(text);
const deep = { depth: 9, showHidden: true, customInspect: false } as const;

/** Every way in which a value is usually shown, copied or looked through. */
function shown(value: object): string {
  const holder = { value };
  const seen: unknown[] = [
    JSON.stringify(holder),
    inspect(holder),
    inspect(holder, deep),
    inspect(holder, { depth: 9, showHidden: true, showProxy: true, getters: true }),
    String(value),
    `${value as unknown as string}`,
    `${[value]}`,
    inspect({ ...value }, deep),
    inspect(Object.getOwnPropertyDescriptors(value), deep),
    inspect(Reflect.ownKeys(value), deep),
    inspect(structuredClone({ ...value }), deep),
  ];
  for (const name in value) seen.push(name, inspect((value as Record<string, unknown>)[name], deep));
  return seen.join('\n');
}

/** The secret as text, as hex in both notations, as base64 and as a list of numbers. */
const forms = [text, bytes.toString('hex'), inspect(bytes).slice(8, 40), bytes.toString('base64'), bytes.join(',')];

describe('a secret key', () => {
  test('is not shown by JSON, inspection, string conversion, enumeration or copying', () => {
    const key = new SecretKey(bytes);
    secretKeyObject(key);
    const everything = shown(key);
    for (const form of [...forms, bytes.join(', ')]) expect(everything).not.toContain(form);
    expect(JSON.stringify({ key })).toBe('{"key":"[secret key]"}');
    expect(inspect(key)).toBe('[secret key]');
    expect(Object.keys(key)).toEqual(['length']);
  });

  test('does not survive structuredClone', () => {
    expect(inspect(structuredClone(new SecretKey(bytes)), deep)).toBe('{ length: 16 }');
  });

  test('prepared for HMAC shows no more than itself', () => {
    const key = hmacKey(new SecretKey(bytes), 'sha1');
    expect(key).toBeInstanceOf(HmacKey);
    const innerPad = Buffer.from(bytes.map(byte => byte ^ 0x36));
    for (const form of [...forms, innerPad.toString('hex'), innerPad.join(', '), innerPad.toString('latin1')]) {
      expect(shown(key)).not.toContain(form);
    }
    expect(Object.keys(key)).toEqual(['hash']);
  });

  test('gives its bytes to the functions that ask for them', () => {
    const key = new SecretKey(bytes);
    expect(secretBytes(key).equals(bytes)).toBe(true);
    expect(secretKeyObject(key).equals(createSecretKey(bytes))).toBe(true);
    expect(key.length).toBe(16);
  });

  test('is made into a KeyObject once', () => {
    const key = new SecretKey(bytes);
    expect(secretKeyObject(key)).toBe(secretKeyObject(key));
  });

  test('does not change with the bytes it was made from, and shares no memory with other buffers', () => {
    const source = Buffer.from(bytes);
    const key = new SecretKey(source);
    source.fill(0);
    expect(secretBytes(key).equals(bytes)).toBe(true);
    expect(secretBytes(key).buffer.byteLength).toBe(16);
  });

  test('can not be given new properties', () => {
    expect(Object.isFrozen(new SecretKey(bytes))).toBe(true);
  });

  test.each([0, 1, 15])('of %i bytes is refused', length => {
    expect(() => new SecretKey(Buffer.alloc(length))).toThrow(TypeError);
  });
});

test('a secret key that was wiped is overwritten, and used by nobody', () => {
  const key = new SecretKey(bytes);
  const inside = secretBytes(key);
  secretKeyObject(key);
  wipeSecret(key);
  expect(inside).toEqual(Buffer.alloc(bytes.length));
  expect(() => secretBytes(key)).toThrow(new TypeError('the secret key was wiped'));
  expect(() => secretKeyObject(key)).toThrow(new TypeError('the secret key was wiped'));
  expect(bytes.toString()).toBe(text);
});
