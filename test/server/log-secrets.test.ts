import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sealBearerToken } from '../../src/bearer/bearer-token.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { freshRing } from '../support/endpoint.ts';
import { call, converseWith } from '../support/initiator.ts';
import { noteSecret, secretsIn, takeLines } from '../support/log-secrets.ts';
import { startNode, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

/* The check of every log of every suite (test/support/check-logs.ts) finds what is logged on purpose. */

const forms = (bytes: Uint8Array) =>
  ['hex', 'base64', 'base64url'].map(form => Buffer.from(bytes).toString(form as 'hex'));

describe('what is secret is found in a line', () => {
  const ring = freshRing();
  const key = randomBytes(32);
  new SecretKey(key);
  const [, second = ''] = pem.service.key.split('\n');
  const nowMs = Date.now();
  const ids = { id: crypto.randomUUID(), grant: crypto.randomUUID() };
  const content = { ...ids, subject: 'alice', client: 'page', claims: [], scope: [], audience: 'x' };
  const token = sealBearerToken({ ...content, issuedMs: nowMs, expiresMs: nowMs + 1_000 }, keyRing(ring), nowMs);
  noteSecret('quote " and backslash \\');
  test.each<[string, readonly string[]]>([
    ['a password', [user.password, ...forms(Buffer.from(user.password)).slice(0, 2), 'quote " and backslash \\']],
    ['a key that was made', forms(key)],
    ['a key of a ring', forms(secretBytes(ring.keys[0]?.key as SecretKey))],
    ['a private key', [second, pem.tls.key.slice(0, 60)]],
    ['the text of a token', [token]],
  ])('%s', (_, texts) => {
    for (const text of texts)
      expect(secretsIn([JSON.stringify({ level: 40, err: `so ${text} it is` })])).toHaveLength(1);
  });

  test('and nothing where there is none', () => {
    const path = `at call (/home/somebody/${'deep/'.repeat(30)}node_modules/package/file.js:1:1)`;
    expect(
      secretsIn([JSON.stringify({ err: path, id: `urn:uuid:${crypto.randomUUID()}`, text: 'x'.repeat(256) })]),
    ).toEqual([]);
  });
});

test('a service that throws the key of its conversation is found out by the log of its node', async () => {
  let secret = '';
  const Echo = () => {
    throw new Error(`can't use ${secret}`);
  };
  const node = await startNode({
    ring: freshRing(),
    clock: { nowMs: Date.now() },
    services: { EchoService: { EchoTls11: { Echo }, EchoTls13: { Echo }, EchoSymmetric: { Echo } } },
  });
  const conversation = await converseWith(node, 'EchoSymmetric');
  secret = secretBytes(conversation.token.secret).toString('base64');
  await node.post('EchoSymmetric', call(conversation));
  expect(secretsIn(node.lines)).toHaveLength(1);
  // Else the check after this file finds it too.
  expect(secretsIn(takeLines())).toHaveLength(1);
});
