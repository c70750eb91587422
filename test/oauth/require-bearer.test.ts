import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealBearerToken, sealRefreshToken } from '../../src/bearer/bearer-token.ts';
import { revocationOf, revocations } from '../../src/bearer/revocations.ts';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { keepRing } from '../../src/keyring/keeper.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { ringInFile } from '../../src/keyring/ring-home.ts';
import { formatRing } from '../../src/keyring/ring-text.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { type BearerRequest, bearerCheck, requireBearer } from '../../src/oauth/require-bearer.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { alice, nowMs, records, ring } from '../bearer/made.ts';
import { emptyFolder } from '../keyring/made.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { keptLog } from '../support/node.ts';
import { type Answer, closeServers, listening, send } from './http.ts';

const random = randomBytesPooled;
const ringFile = join(emptyFolder(), 'ring.json');
const { audience } = alice;
const token = sealBearerToken(alice, ring, nowMs, random);
const clock = { ms: nowMs };
const revoked = revocations(memoryStore({ clock: () => clock.ms }));
const common = { ring: ringFile, audience, clock: () => clock.ms, revocations: revoked };
let base = '';

beforeAll(async () => {
  writeRingFile(ringFile, records);
  const api = express();
  const whoAmI: express.RequestHandler = (request, response) => void response.json(request.bearer);
  api.get('/read', requireBearer({ ...common, scope: 'orders.read' }), whoAmI);
  api.get('/delete', requireBearer({ ...common, scope: ['orders.read', 'orders.delete'] }), whoAmI);
  api.get('/any', requireBearer(common), whoAmI);
  base = await listening(api);
});
afterAll(closeServers);

const get = (path: string, authorization?: string) =>
  send(`${base}${path}`, authorization === undefined ? {} : { headers: { authorization } });

const invalid = {
  status: 401,
  headers: {
    'www-authenticate': 'Bearer error="invalid_token"',
    'cache-control': 'no-store',
    'content-length': '0',
    'x-powered-by': 'Express',
    connection: 'keep-alive',
    'keep-alive': expect.any(String),
  },
  body: '',
};

test('a request with a good token reaches the API, with subject, claims, scope and end of the token', async () => {
  const { subject, claims, scope, expiresMs } = alice;
  const expected = JSON.stringify({ subject, claims, scope, expiresMs });
  for (const path of ['/read', '/any'])
    for (const scheme of ['Bearer', 'bearer', 'BEARER '])
      expect(await get(path, `${scheme} ${token}`)).toMatchObject({ status: 200, body: expected });
});

test('any changed bit, changed character and truncation of a token is refused with byte-equal answers', async () => {
  const bytes = Buffer.from(token, 'base64url');
  const changed = new Set<string>();
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    changed.add(flipped.toString('base64url'));
  }
  for (let at = 0; at < token.length; at += 1) {
    changed.add(token.slice(0, at));
    for (const other of 'A.=~ "\u00e9') changed.add(`${token.slice(0, at)}${other}${token.slice(at + 1)}`);
  }
  changed.delete(token);
  const answers = new Map<string, Answer>();
  for (const text of changed) {
    const answer = await get('/read', `Bearer ${text}`);
    answers.set(JSON.stringify(answer), answer);
  }
  expect([...answers.values()]).toEqual([invalid]);
});

describe('refused like a changed token is', () => {
  test.each<[string, () => string]>([
    ['one of another audience', () => sealBearerToken({ ...alice, audience: 'https://stock' }, ring, nowMs, random)],
    ['a refresh token', () => sealRefreshToken(alice, ring, nowMs, random)],
    ['one of another farm', () => sealBearerToken(alice, keyRing({ ...records, farm: '0'.repeat(16) }), nowMs, random)],
    [
      'one that has ended',
      () => sealBearerToken({ ...alice, issuedMs: nowMs - 2, expiresMs: nowMs }, ring, nowMs, random),
    ],
    ['two tokens in one header', () => `${token}, ${token}`],
    ['something of 10,000 characters', () => 'A'.repeat(10_000)],
    ['nothing', () => ''],
  ])('%s', async (_what, make) => {
    expect(await get('/read', `Bearer ${make()}`)).toEqual(invalid);
  });

  test('one that was revoked, by its own id or by that of its grant', async () => {
    const other = {
      ...alice,
      id: '11111111-1111-4111-8111-111111111111',
      grant: '22222222-2222-4222-8222-222222222222',
    };
    const third = { ...other, id: '33333333-3333-4333-8333-333333333333' };
    const [first, second] = [other, third].map(one => sealBearerToken(one, ring, nowMs, random));
    revoked.add(revocationOf(other.id, other.expiresMs), nowMs);
    expect(await get('/read', `Bearer ${first}`)).toEqual(invalid);
    expect(await get('/read', `Bearer ${second}`)).toMatchObject({ status: 200 });
    revoked.add(revocationOf(other.grant, other.expiresMs), nowMs);
    expect(await get('/read', `Bearer ${second}`)).toEqual(invalid);
    expect(await get('/read', `Bearer ${token}`)).toMatchObject({ status: 200 });
  });
});

test('a request waits for revocations that are elsewhere, and is refused where they can not be looked up', async () => {
  const store = waitingStore(() => clock.ms);
  let isDown = false;
  const get = async (key: string) => {
    if (isDown) throw new Error('the store is down');
    return store.get(key);
  };
  // Its feed has not told yet what was revoked before, so that each token is looked up.
  const changes = () => store.changes('silent');
  const known = revocations({ ...store, get, changes }, () => clock.ms);
  const api = express().get('/any', requireBearer({ ...common, revocations: known }), (request, response) => {
    response.json(request.bearer);
  });
  const url = `${await listening(api)}/any`;
  const headers = { authorization: `Bearer ${token}` };
  expect(await send(url, { headers })).toMatchObject({ status: 200 });
  isDown = true;
  expect(await send(url, { headers })).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: '' });
  isDown = false;
  await known.add(revocationOf(alice.grant, alice.expiresMs), nowMs);
  expect(await send(url, { headers })).toEqual(invalid);
});

test('without credentials, or with those of another scheme, nothing is said about an error', async () => {
  for (const authorization of [undefined, 'Basic YTpi', `Bearerx ${token}`, token, `Basic Bearer ${token}`])
    expect(await get('/read', authorization)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="token"' },
    });
});

test('a token in any other form of the header is no token, and every answer is one of two', async () => {
  const none = [
    ...['', 'B', 'Bearertoken', `Bearer\t${token}`, `Bearer=${token}`, `Bearer:${token}`, `BearerX ${token}`],
    ...[token, `Token ${token}`, `OAuth ${token}`, `"Bearer" ${token}`, `, Bearer ${token}`, `Basic ${token}`],
    ...[`Negotiate Bearer ${token}`, `MAC Bearer ${token}`],
  ];
  for (const authorization of none)
    expect(await get('/read', authorization)).toEqual({
      ...invalid,
      headers: { ...invalid.headers, 'www-authenticate': 'Bearer realm="token"' },
    });
  const bad = [
    ...['Bearer', 'Bearer ', `Bearer ${token}, Bearer ${token}`, `Bearer ${token},`, `Bearer ${token} ${token}`],
    ...[`Bearer "${token}"`, `Bearer <${token}>`, `Bearer Bearer ${token}`, `Bearer ${token}=`, `Bearer ${token};a=b`],
    ...[`Bearer token="${token}"`, `Bearer ${token}\u00a0`, `Bearer \u00a0${token}`, `Bearer ${'A'.repeat(15_000)}`],
    ...[`Bearer ${encodeURIComponent(`${token}=`)}`, `Bearer ${Buffer.from(token).toString('base64url')}`],
  ];
  for (const authorization of bad) expect(await get('/read', authorization)).toEqual(invalid);
  const others = ['proxy-authorization', 'x-authorization', 'authentication', 'x-access-token', 'cookie'];
  for (const name of others)
    expect(await send(`${base}/read`, { headers: { [name]: `Bearer ${token}` } })).toMatchObject({ status: 401 });
});

test('two Authorization headers are refused, in whichever order', async () => {
  for (const pair of [
    [`Bearer ${token}`, 'Bearer x'],
    ['Bearer x', `Bearer ${token}`],
    [`Bearer ${token}`, `Bearer ${token}`],
  ])
    expect(await send(`${base}/read`, { headers: { authorization: pair } })).toMatchObject({
      status: 400,
      headers: { 'www-authenticate': 'Bearer error="invalid_request"' },
    });
});

test('a token without the whole scope is refused with 403, and is told which', async () => {
  expect(await get('/delete', `Bearer ${token}`)).toMatchObject({
    status: 403,
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="orders.read orders.delete"' },
    body: '',
  });
});

test('a token anywhere but in the header is no token', async () => {
  expect(await get(`/read?access_token=${token}`)).toMatchObject({ status: 401 });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const sent = { method: 'POST', headers, body: `access_token=${token}` };
  expect(await send(`${base}/read`, sent)).toMatchObject({ status: 404 });
});

test('the same check serves node:http, as a middleware and as a plain function', async () => {
  const guard = requireBearer(common);
  const check = bearerCheck(common);
  const own = await listening((request: BearerRequest, response) =>
    guard(request, response, () => {
      const result = check(request);
      response.end(`${request.bearer?.subject} ${'bearer' in result && result.bearer.subject}`);
    }),
  );
  expect(await send(own, { headers: { authorization: `Bearer ${token}` } })).toMatchObject({ body: 'alice alice' });
  expect(await send(own)).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="token"' } });
});

test('a token of a key that the node does not know yet is opened after one look at the ring file', () => {
  const file = join(emptyFolder(), 'ring.json');
  copyFileSync(ringFile, file);
  const time = { ms: nowMs };
  const keeper = keepRing(ringInFile(file), { clock: () => time.ms });
  const check = bearerCheck({ ...common, ring: keeper });
  const rotated = rotateRing(records, { now: true, nowMs, random });
  const fresh = sealBearerToken(alice, keyRing(rotated), nowMs + 1, random);
  const ask = () => check({ headersDistinct: { authorization: [`Bearer ${fresh}`] } } as unknown as BearerRequest);
  writeFileSync(file, formatRing(rotated));
  expect(ask()).toMatchObject({ refusal: { status: 401 } });
  time.ms += 5_000;
  expect(ask()).toMatchObject({ bearer: { subject: 'alice' } });
  keeper.close();
});

test.each<[string, object, RegExp]>([
  ['an empty audience', { audience: '' }, /^requireBearer: audience must be a text of 1 to 512 bytes$/],
  ['a list of audiences', { audience: ['a', 'b'] }, /^requireBearer: audience must be a text/],
  ['no audience', { audience: undefined }, /^requireBearer: lacks the key audience$/],
  ['no ring', { ring: undefined }, /^requireBearer: lacks the key ring$/],
  [
    'a ring that was only opened',
    { ring },
    /^requireBearer: ring must be the path of a key ring file, or what openRing/,
  ],
  ['a scope that can not be', { scope: 'a "b"' }, /^requireBearer: scope\[1\] must be a scope's name: printable ASCII/],
  ['a scope with a name twice', { scope: ['a', 'a'] }, /^requireBearer: scope has a name twice$/],
  ['a scope that is a number', { scope: 7 }, /^requireBearer: scope must be a list$/],
  ['an option that is none', { audiences: 'a' }, /^requireBearer: unknown key audiences$/],
  ['a ring that is not there', { ring: '/nowhere/ring.json' }, /^key ring \/nowhere\/ring.json: does not exist$/],
])('%s is refused at once', (_what, change, message) => {
  expect(() => requireBearer({ ...common, ...change })).toThrow(message);
});

describe('a refused request is a line of the log', () => {
  const { log, lines } = keptLog();
  const withScope = (scope: readonly string[]) => sealBearerToken({ ...alice, scope }, ring, nowMs, random);
  let address = '';
  beforeAll(async () => {
    const api = express();
    const orders = express.Router().get('/orders', requireBearer({ ...common, scope: 'orders.delete', log }));
    address = await listening(api.use('/api', orders));
  });
  const ask = (headers: Readonly<Record<string, string>>) =>
    fetch(`${address}/api/orders?access_token=${token}`, { headers });

  test.each<[string, () => string | undefined, object]>([
    ['no token', () => undefined, { level: 20, reason: 'no-token', status: 401 }],
    ['nonsense', () => 'Bearer nonsense', { level: 40, reason: 'token-not-good', status: 401 }],
    [
      'a token without the scope, which names its user',
      () => `Bearer ${withScope(['orders.read'])}`,
      { level: 40, reason: 'scope-missing', missing: 'orders.delete', user: alice.subject, status: 403 },
    ],
  ])('%s', async (_, authorization, said) => {
    lines.length = 0;
    const shown = authorization();
    await ask(shown === undefined ? {} : { authorization: shown });
    expect(lines).toHaveLength(1);
    const peer = expect.stringMatching(/^(127\.0\.0\.1|::1)$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ ...said, peer, method: 'GET', path: '/api/orders' });
    expect(lines.join()).not.toContain(token.slice(0, 20));
  });
});
