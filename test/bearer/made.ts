import type { BearerToken } from '../../src/bearer/bearer-token.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { at, madeRing, seededRandom } from '../keyring/made.ts';

export const nowMs = at('2026-01-01T12:00:00Z');
export const records = madeRing(nowMs);
export const ring = keyRing(records);
export const random = seededRandom('bearer');

/** Alice's token of an hour. */
export const alice: BearerToken = {
  id: '00112233-4455-4677-8899-aabbccddeeff',
  grant: '8899aabb-ccdd-4eff-8011-223344556677',
  subject: 'alice',
  client: 'web',
  audience: 'https://orders.example',
  scope: ['orders.read', 'orders.write'],
  claims: [
    { type: 'role', value: 'reader' },
    { type: 'role', value: 'editor' },
  ],
  issuedMs: nowMs,
  expiresMs: nowMs + 3_600_000,
};
