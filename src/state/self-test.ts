import type { RandomSource } from '../crypto/random.ts';
import { SecretKey } from '../crypto/secret-key.ts';
import { ConfigurationError } from '../errors.ts';
import { newKeyRecord, type RingRecords } from '../keyring/record.ts';
import { keyRing } from '../keyring/ring.ts';
import { createRing } from '../keyring/rotate.ts';
import type { Context } from './context.ts';
import { openContext, sealContext, writeState } from './seal.ts';

const nowMs = Date.UTC(2026, 0, 1);
const ringKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index + 1));
const salt = Buffer.from(Array.from({ length: 24 }, (_, index) => index + 0xa0));
const binding = {
  audience: '{urn:soap-secure-conversation:echo}EchoService/EchoTls13',
  wsc: 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512',
};
const context: Context = {
  id: 'urn:uuid:00112233-4455-4677-8899-aabbccddeeff',
  instance: undefined,
  secret: new SecretKey(Buffer.from(Array.from({ length: 32 }, (_, index) => index + 0x40))),
  user: 'alice',
  roles: ['reader', 'editor'],
  authenticatedBy: 'usernameToken',
  credential: undefined,
  createdMs: nowMs,
  keyEffectiveMs: nowMs,
  keyExpiresMs: nowMs + 36_000_000,
  tokenExpiresMs: nowMs + 36_000_000,
  absoluteExpiresMs: nowMs + 43_200_000,
  renewals: 0,
  userEpoch: 0,
};
/** What this context gives with this key and salt, computed by another implementation. */
const knownAnswer =
  '9QFc6wc4w2UfYaChoqOkpaanqKmqq6ytrq+wsbKztLW2twRDfG+CXFFNvqFx5ZNWceYiGf3rhsg6hrpJpzpoXvtVVJ' +
  '6umre1fAqEbq2EmiGnWWCI+DJhjvUH/JDG1KcO+vlFpKu3M7bUwT5aLZ6+KxJQK4HHc9uCiNNVZA/bhW/BiHNN+bo3' +
  'eJJTQ4Eboxs/mehCHWk1lwqoXIn6x6FCYJsZnOnQEAq/FV1zHr90+l+/8A1hKjb9Gf2Rv3w/bW1P/1breFPsgiyAyx' +
  'y4mZpPrrv9Ybq4dI2pOCzwONwy';

/**
 * Tests the seal before it is relied on: a known answer, open of seal, a changed bit, and a random source that does not
 * repeat itself.
 * @throws {SecureConversationError} `RING_INVALID` where this machine's cryptography or random source can't be trusted
 */
export function checkSeal(random: RandomSource): void {
  const { keys, ...rest } = createRing({ nowMs, random });
  const known = newKeyRecord(rest.policy, nowMs, nowMs, () => ringKey);
  const fixed = keyRing({ ...rest, farm: '0123456789abcdef', keys: [known] });
  if (writeState(sealContext(context, binding, fixed, nowMs, () => salt)) !== knownAnswer) fail('the known answer');
  checkFresh({ ...rest, keys }, random);
}

function checkFresh(records: RingRecords, random: RandomSource): void {
  const ring = keyRing(records);
  const names = { ...binding, id: context.id, instance: undefined };
  const sealed = sealContext(context, binding, ring, nowMs, random);
  if (openContext(sealed, names, ring, nowMs)?.user !== context.user) fail('opening what was sealed');
  const changed = Buffer.from(sealed);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  if (openContext(changed, names, ring, nowMs) !== undefined) fail('refusing changed bytes');
  if (sealContext(context, binding, ring, nowMs, random).equals(sealed))
    fail('sealing twice, the random source repeats itself');
}

function fail(test: string): never {
  throw new ConfigurationError('RING_INVALID', `the self-test of the sealed state failed at ${test}`);
}
