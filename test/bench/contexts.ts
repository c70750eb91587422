import { randomBytesPooled, uuidText } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import type { Context } from '../../src/state/context.ts';

const lifetimeMs = 36_000_000;

/** A context as a bootstrap of user `alice` makes it. @param keyBytes length of the conversation's secret */
export function newContext(nowMs: number, keyBytes = 32): Context {
  const expiresMs = nowMs + lifetimeMs;
  return {
    id: `urn:uuid:${uuidText(randomBytesPooled)}`,
    instance: undefined,
    secret: new SecretKey(randomBytesPooled(keyBytes)),
    user: 'alice',
    roles: ['reader', 'editor'],
    authenticatedBy: 'usernameToken',
    credential: undefined,
    createdMs: nowMs,
    keyEffectiveMs: nowMs,
    keyExpiresMs: expiresMs,
    tokenExpiresMs: expiresMs,
    absoluteExpiresMs: expiresMs,
    renewals: 0,
    userEpoch: 0,
  };
}
