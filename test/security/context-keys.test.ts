import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { type ContextKeys, cipherKey, contextKeys, derivedKey, sendingPair } from '../../src/security/context-keys.ts';
import { suite } from '../message/plans.ts';

const nowMs = Date.UTC(2026, 10, 26);
const hourMs = 3_600_000;
const made = (): ContextKeys => contextKeys(new SecretKey(Buffer.alloc(32, 7)));
const token = (n: number) => ({ offset: 0, lengthBytes: 16, label: 'x', nonce: Buffer.alloc(16, n) });

describe('the keys of a context', () => {
  test('are only its secret until one is asked for', () => {
    const { secret, ...derived } = made();
    expect(Object.values(derived)).toEqual([undefined, undefined, undefined]);
    expect(secretBytes(secret)).toEqual(Buffer.alloc(32, 7));
  });

  test('are bounded: four of received messages, one pair to send with, one for a cipher', () => {
    const keys = made();
    for (let n = 0; n < 50; n += 1) {
      derivedKey(keys, token(n));
      sendingPair(keys, suite(n % 2 === 0 ? 'Basic128' : 'Basic256'), nowMs, systemRandom);
      cipherKey(keys, suite(n % 2 === 0 ? 'Basic128' : 'Basic192'));
    }
    expect(keys.received?.length).toBe(4);
    expect(Object.keys(keys)).toEqual(['secret', 'received', 'sending', 'cipher']);
    expect(secretBytes(cipherKey(keys, suite('Basic192')))).toEqual(Buffer.alloc(24, 7));
    expect(secretBytes(cipherKey(keys, suite('Basic128')))).toEqual(Buffer.alloc(16, 7));
    expect(cipherKey(keys, suite('Basic256'))).toBe(keys.secret);
  });

  test('to send with are the same for an hour and for one suite', () => {
    const keys = made();
    const at = (ms: number, name = 'Basic128') => sendingPair(keys, suite(name), nowMs + ms, systemRandom).signing;
    const first = at(0);
    expect(at(hourMs - 1)).toBe(first);
    const second = at(hourMs);
    expect(second).not.toBe(first);
    expect(second.nonce).not.toBe(first.nonce);
    expect(at(hourMs - 1)).not.toBe(second);
    const third = at(hourMs);
    expect(at(hourMs, 'Basic256')).not.toBe(third);
  });

  test('to send with are renewed after 2^20 messages', () => {
    const keys = made();
    const first = sendingPair(keys, suite('Basic128'), nowMs, systemRandom);
    first.messages = 2 ** 20 - 1;
    expect(sendingPair(keys, suite('Basic128'), nowMs, systemRandom)).toBe(first);
    expect(sendingPair(keys, suite('Basic128'), nowMs, systemRandom)).not.toBe(first);
  });
});
