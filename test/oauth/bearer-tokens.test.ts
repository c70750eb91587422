import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBearerToken, openRefreshToken } from '../../src/bearer/bearer-token.ts';
import type { Revocation } from '../../src/bearer/revocations.ts';
import { keepRing } from '../../src/keyring/keeper.ts';
import { ringInFile } from '../../src/keyring/ring-home.ts';
import { bearerTokens } from '../../src/oauth/bearer-tokens.ts';
import { removeUser } from '../../src/users/users-file.ts';
import { emptyFolder } from '../keyring/made.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { keptLog } from '../support/node.ts';
import { closeServers, listening, send } from './http.ts';
import {
  audience,
  files,
  type Parameters,
  page,
  password,
  reports,
  ring,
  startService,
  stock,
  type TestService,
} from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(closeServers);

const clientGrant = { grant_type: 'client_credentials' };
const basic = (id: string, secret: string) => ({
  headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
});
const opened = (token: string, of = audience) => openBearerToken(token, { audience: of }, ring, Date.now());
const refreshed = (token: string) => openRefreshToken(token, { audience }, ring, Date.now());

async function error(parameters: Parameters | string, path = '/token', sent = {}) {
  const { status, body, headers } = await service.post(path, parameters, sent);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
  const { error: code, error_description: description, ...rest } = JSON.parse(body);
  expect(rest).toEqual({});
  expect(description).toMatch(/^[\w ,./-]+$/);
  return `${status} ${code}`;
}

describe('the password grant', () => {
  test('gives an access token of the user, the roles and the scope, and a refresh token', async () => {
    const answer = await service.post('/token', { ...password, ...reports, scope: 'orders.read' });
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } });
    const { access_token: access, refresh_token: refresh, ...rest } = JSON.parse(answer.body);
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 1200, scope: 'orders.read' });
    const token = opened(access);
    expect(token).toMatchObject({ subject: 'alice', client: 'reports', scope: ['orders.read'] });
    expect(token?.claims).toEqual(['reader', 'editor'].map(value => ({ type: 'role', value })));
    expect(refreshed(refresh)).toMatchObject({ grant: token?.grant, subject: 'alice', scope: ['orders.read'] });
    expect(opened(refresh)).toBeUndefined();
  });

  test("gives the client's whole scope where none is asked for", async () => {
    expect(await service.granted({ ...password, ...reports })).toMatchObject({ scope: 'orders.read orders.write' });
    expect(await service.granted({ ...password, ...page })).toMatchObject({ scope: 'orders.read' });
  });

  test('refuses wrong passwords and unknown users with one answer', async () => {
    const answers = await Promise.all(
      [{ password: 'wrong' }, { username: 'carol' }, { username: '__proto__' }].map(wrong =>
        service.post('/token', { ...password, ...reports, ...wrong }),
      ),
    );
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 400 });
    expect(JSON.parse(answers[0]?.body ?? '').error).toBe('invalid_grant');
  });
});

describe('the client credentials grant', () => {
  test('gives a token of the client itself, without roles and without a refresh token', async () => {
    const granted = await service.granted({ ...clientGrant, ...reports });
    expect(granted.refresh_token).toBeUndefined();
    expect(opened(granted.access_token)).toMatchObject({ subject: 'reports', client: 'reports', claims: [] });
  });

  test('is not for a client without a secret', async () => {
    expect(await error({ ...clientGrant, ...page })).toBe('400 unauthorized_client');
  });

  test('takes id and secret by Basic, form-encoded as RFC 6749 wants them', async () => {
    const secret = encodeURIComponent(reports.client_secret ?? '').replaceAll('%20', '+');
    expect(await service.post('/token', clientGrant, basic('reports', secret))).toMatchObject({ status: 200 });
  });
});

describe('the audience', () => {
  test('is the one that resource names, and the first where none is named', async () => {
    const { access_token: first } = await service.granted({ ...clientGrant, ...reports });
    const { access_token: second } = await service.granted({
      ...clientGrant,
      ...reports,
      resource: 'https://stock.example',
    });
    expect([opened(first)?.subject, opened(first, 'https://stock.example')]).toEqual(['reports', undefined]);
    expect([opened(second), opened(second, 'https://stock.example')?.subject]).toEqual([undefined, 'reports']);
    expect(await service.introspected(second)).toMatchObject({ aud: 'https://stock.example' });
  });

  test('is refused where the service has no such one', async () => {
    expect(await error({ ...clientGrant, ...reports, resource: 'https://bank.example' })).toBe('400 invalid_target');
  });
});

describe('services with one store', () => {
  const refresh = (token: string) => ({ grant_type: 'refresh_token', refresh_token: token, ...reports });

  test('take a refresh token once among them, and end its grant at each where it comes again', async () => {
    const store = waitingStore(Date.now);
    const [one, two] = [await startService({ store }), await startService({ store })];
    const first = await one.granted({ ...password, ...reports });
    const second = await one.granted(refresh(first.refresh_token));
    expect(await two.introspected(first.refresh_token)).toEqual({ active: false });
    expect(await two.introspected(second.access_token)).toMatchObject({ active: true });
    expect(await two.post('/token', refresh(first.refresh_token))).toMatchObject({ status: 400 });
    for (const each of [one, two]) expect(await each.introspected(second.access_token)).toEqual({ active: false });
  });

  test('refuse what was revoked at any of them', async () => {
    const store = waitingStore(Date.now);
    const [one, two] = [await startService({ store }), await startService({ store })];
    const { access_token: token } = await one.granted({ ...password, ...reports });
    expect(await one.post('/revoke', { token, ...reports })).toMatchObject({ status: 200 });
    expect(await two.introspected(token)).toEqual({ active: false });
  });
});

describe('a refresh token', () => {
  const refresh = (token: string, more: Parameters = reports) => ({
    grant_type: 'refresh_token',
    refresh_token: token,
    ...more,
  });

  test('gives new tokens of the same grant, which end no later than it', async () => {
    const first = await service.granted({ ...password, ...reports });
    const second = await service.granted(refresh(first.refresh_token));
    const [before, after] = [refreshed(first.refresh_token), refreshed(second.refresh_token)];
    expect(after).toMatchObject({ grant: before?.grant, expiresMs: before?.expiresMs, subject: 'alice' });
    expect(after?.id).not.toBe(before?.id);
    expect(opened(second.access_token)?.grant).toBe(before?.grant);
  });

  test('gives no access token that outlives the grant: what was revoked is remembered until then', async () => {
    const own = await startService({ refreshLifetimeMs: 60_000 });
    const granted = await own.granted({ ...password, ...reports });
    expect(granted.expires_in).toBeLessThanOrEqual(60);
    own.clock.aheadMs = 30_000;
    expect((await own.granted(refresh(granted.refresh_token))).expires_in).toBeLessThanOrEqual(30);
  });

  test('may be used for less than the whole scope, never for more, and keeps its own', async () => {
    const first = await service.granted({ ...password, ...reports });
    const less = await service.granted({ ...refresh(first.refresh_token), scope: 'orders.read' });
    expect(less.scope).toBe('orders.read');
    expect(refreshed(less.refresh_token)?.scope).toEqual(['orders.read', 'orders.write']);
    const narrow = await service.granted({ ...password, ...reports, scope: 'orders.read' });
    expect(await error({ ...refresh(narrow.refresh_token), scope: 'orders.write' })).toBe('400 invalid_scope');
    // A request that was refused has not spent it.
    expect(await service.granted(refresh(narrow.refresh_token))).toMatchObject({ scope: 'orders.read' });
  });

  test('is good once: used again, it ends all tokens of its grant', async () => {
    const first = await service.granted({ ...password, ...reports });
    const second = await service.granted(refresh(first.refresh_token));
    expect(await service.introspected(second.access_token)).toMatchObject({ active: true });
    expect(await error(refresh(first.refresh_token))).toBe('400 invalid_grant');
    expect(await error(refresh(second.refresh_token))).toBe('400 invalid_grant');
    for (const token of [first.access_token, second.access_token, second.refresh_token])
      expect(await service.introspected(token)).toEqual({ active: false });
  });

  test('is good once, however many use it at the same time', async () => {
    const { refresh_token: token } = await service.granted({ ...password, ...reports });
    const answers = await Promise.all(Array.from({ length: 8 }, () => service.post('/token', refresh(token))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('is refused to another client, for another audience, as an access token, and when it has ended', async () => {
    const granted = await service.granted({ ...password, ...reports });
    expect(await error(refresh(granted.refresh_token, stock))).toBe('400 invalid_grant');
    expect(await error(refresh(granted.refresh_token, page))).toBe('400 invalid_grant');
    expect(await error(refresh(granted.access_token))).toBe('400 invalid_grant');
    expect(await error(refresh('nonsense'))).toBe('400 invalid_grant');
    expect(await error({ ...refresh(granted.refresh_token), resource: 'https://stock.example' })).toBe(
      '400 invalid_target',
    );
    service.clock.aheadMs = 43_200_000;
    const late = await service.post('/token', refresh(granted.refresh_token));
    service.clock.aheadMs = 0;
    expect(JSON.parse(late.body)).toMatchObject({ error: 'invalid_grant' });
    expect(await service.granted(refresh(granted.refresh_token))).toMatchObject({ token_type: 'Bearer' });
  });

  test('is good as long as its user is in the users file', async () => {
    const users = join(emptyFolder(), 'users.json');
    copyFileSync(files.users, users);
    const own = await startService({ authenticate: users });
    const granted = await own.granted({ ...password, ...reports });
    removeUser(users, 'alice');
    const answer = await own.post('/token', refresh(granted.refresh_token));
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_grant' });
  });

  test('carries what findUser says of the user now, or what was said before where nobody can be asked', async () => {
    const authenticate = async () => ({ user: 'alice', roles: ['reader'] });
    const roles = [['reader'], ['auditor']];
    for (const [i, findUser] of [undefined, async () => ({ roles: ['auditor'] })].entries()) {
      const own = await startService({ authenticate, ...(findUser === undefined ? {} : { findUser }) });
      const first = await own.granted({ ...password, ...reports });
      const second = await own.granted(refresh(first.refresh_token));
      expect(opened(second.access_token)?.claims.map(({ value }) => value)).toEqual(roles[i]);
    }
  });
});

test('changed bits and truncations of a token are answered with the same bytes, wherever it is sent', async () => {
  const own = await startService({ attempts: { requestsPerMinute: 1_000_000 } });
  const granted = await own.granted({ ...password, ...reports });
  const answersTo = async (token: string, ask: (text: string) => Promise<unknown>) => {
    const bytes = Buffer.from(token, 'base64url');
    const answers = new Set<string>();
    // Each fifth: that no changed bit opens at all is shown where tokens are opened.
    for (let bit = 0; bit < bytes.length * 8; bit += 5) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      answers.add(JSON.stringify(await ask(changed.toString('base64url'))));
    }
    for (let length = 1; length < token.length; length += 5)
      answers.add(JSON.stringify(await ask(token.slice(0, length))));
    return [...answers];
  };
  const refresh = (token: string) =>
    own.post('/token', { grant_type: 'refresh_token', refresh_token: token, ...reports });
  const introspect = (token: string) => own.post('/introspect', { ...reports, token });
  const [refused, ...more] = await answersTo(granted.refresh_token, refresh);
  expect(more).toEqual([]);
  expect(refused).toContain('invalid_grant');
  for (const token of [granted.access_token, granted.refresh_token]) {
    const [inactive, ...others] = await answersTo(token, introspect);
    expect(others).toEqual([]);
    expect(JSON.parse(inactive ?? '')).toMatchObject({ status: 200, body: '{"active":false}' });
  }
});

describe('introspection', () => {
  test('describes an access token to a client with a secret', async () => {
    const { access_token: access } = await service.granted({ ...password, ...page });
    const token = opened(access);
    expect(await service.introspected(access)).toEqual({
      active: true,
      token_type: 'Bearer',
      scope: 'orders.read',
      client_id: 'page',
      username: 'alice',
      sub: 'alice',
      aud: audience,
      iat: Math.floor((token?.issuedMs ?? 0) / 1000),
      exp: Math.floor((token?.expiresMs ?? 0) / 1000),
      jti: token?.id,
      claims: token?.claims,
    });
  });

  test('says of everything else that it is not active, in the same bytes', async () => {
    const granted = await service.granted({ ...password, ...reports });
    const before = await service.post('/introspect', { ...reports, token: granted.access_token });
    expect(JSON.parse(before.body)).toMatchObject({ active: true });
    await service.post('/revoke', { ...reports, token: granted.access_token });
    const bad = ['nonsense', granted.access_token, granted.access_token.slice(1), `${granted.refresh_token}=`];
    const answers = await Promise.all(bad.map(token => service.post('/introspect', { ...reports, token })));
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 200, body: '{"active":false}' });
  });

  test('says of a refresh token that it is active until it is used', async () => {
    const { refresh_token: token } = await service.granted({ ...password, ...reports });
    const described = await service.introspected(token);
    expect(described).toMatchObject({ active: true, sub: 'alice' });
    expect(described).not.toHaveProperty('token_type');
    await service.granted({ grant_type: 'refresh_token', refresh_token: token, ...reports });
    expect(await service.introspected(token)).toEqual({ active: false });
  });

  test('is not for everyone', async () => {
    const { access_token: token } = await service.granted({ ...password, ...page });
    expect(await error({ token }, '/introspect')).toBe('401 invalid_client');
    expect(await error({ token, ...page }, '/introspect')).toBe('403 unauthorized_client');
    expect(await error({ token, ...reports, client_secret: 'wrong' }, '/introspect')).toBe('401 invalid_client');
    expect(await error({ ...reports }, '/introspect')).toBe('400 invalid_request');
  });
});

describe('revocation', () => {
  test('of an access token ends that one, of a refresh token all of its grant', async () => {
    const granted = await service.granted({ ...password, ...reports });
    const answer = await service.post('/revoke', {
      ...reports,
      token: granted.access_token,
      token_type_hint: 'access_token',
    });
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'cache-control': 'no-store' } });
    expect(await service.introspected(granted.access_token)).toEqual({ active: false });
    const next = await service.granted({
      grant_type: 'refresh_token',
      refresh_token: granted.refresh_token,
      ...reports,
    });
    expect(await service.introspected(next.access_token)).toMatchObject({ active: true });
    await service.post('/revoke', { ...reports, token: next.refresh_token });
    expect(await service.introspected(next.access_token)).toEqual({ active: false });
    expect(await error({ grant_type: 'refresh_token', refresh_token: next.refresh_token, ...reports })).toBe(
      '400 invalid_grant',
    );
  });

  test('of what is no token, or of one that is revoked, succeeds', async () => {
    const { access_token: token } = await service.granted({ ...password, ...page });
    for (const text of ['nonsense', token, token])
      expect(await service.post('/revoke', { ...page, token: text })).toMatchObject({ status: 200 });
  });

  test("of another client's token is refused", async () => {
    const { access_token: token } = await service.granted({ ...password, ...reports });
    expect(await error({ ...stock, token }, '/revoke')).toBe('400 invalid_grant');
    expect(await service.introspected(token)).toMatchObject({ active: true });
    expect(await error({ token }, '/revoke')).toBe('401 invalid_client');
  });

  test('is told to others before it is answered, and others can tell of theirs', async () => {
    const heard: Revocation[] = [];
    const first = await startService({
      onRevoke: async revocation => {
        await new Promise(resolve => setImmediate(resolve));
        heard.push(revocation);
      },
    });
    const second = await startService({ onRevoke: () => Promise.reject(new Error('nobody listens')) });
    const { access_token: token } = await first.granted({ ...password, ...reports });
    await first.post('/revoke', { ...reports, token });
    const { id, expiresMs = 0 } = opened(token) ?? {};
    expect(heard).toEqual([{ id: `urn:uuid:${id}`, untilMs: expiresMs + 300_000 }]);
    expect(await second.introspected(token)).toMatchObject({ active: true });
    for (const revocation of heard) second.tokens.revoked(revocation);
    expect(await second.introspected(token)).toEqual({ active: false });
    expect(await second.post('/revoke', { ...reports, token })).toMatchObject({ status: 200 });
  });
});

describe('what is refused, in the form of RFC 6749 §5.2:', () => {
  test.each<[string, Parameters | string, string]>([
    ['no parameter at all', '', '401 invalid_client'],
    ['no grant type', { ...reports }, '400 invalid_request'],
    ['another grant type', { ...reports, grant_type: 'authorization_code' }, '400 unsupported_grant_type'],
    ['a grant type of every object', { ...reports, grant_type: 'constructor' }, '400 unsupported_grant_type'],
    ['no password', { ...reports, ...password, password: '' }, '400 invalid_request'],
    ['no user name', { ...reports, grant_type: 'password', password: 'x' }, '400 invalid_request'],
    ['a scope that the client may not have', { ...page, ...password, scope: 'orders.write' }, '400 invalid_scope'],
    [
      'a scope that can not be',
      { ...reports, ...clientGrant, scope: 'orders.read  orders.write' },
      '400 invalid_scope',
    ],
    ['an unknown client', { ...clientGrant, client_id: 'nobody', client_secret: 'x' }, '401 invalid_client'],
    ['a wrong secret', { ...clientGrant, ...reports, client_secret: 'x' }, '401 invalid_client'],
    ['no secret', { ...clientGrant, client_id: 'reports' }, '401 invalid_client'],
    ['a client without secret that sends one', { ...password, ...page, client_secret: 'x' }, '401 invalid_client'],
    ['a client of every object', { ...password, client_id: '__proto__' }, '401 invalid_client'],
    [
      'a parameter twice',
      `${new URLSearchParams({ ...reports, ...clientGrant })}&scope=orders.read&scope=orders.read`,
      '400 invalid_request',
    ],
    [
      'a parameter twice, once empty',
      `${new URLSearchParams({ ...reports, ...clientGrant })}&scope=&scope=orders.read`,
      '400 invalid_request',
    ],
    [
      'a parameter of digits twice',
      `${new URLSearchParams({ ...reports, ...clientGrant })}&1=a&1=b`,
      '400 invalid_request',
    ],
    [
      'a body of 64 KiB',
      `${new URLSearchParams({ ...reports, ...clientGrant })}&x=${'x'.repeat(65_536)}`,
      '413 invalid_request',
    ],
  ])('%s', async (_what, parameters, expected) => {
    expect(await error(parameters)).toBe(expected);
  });

  test.each([
    ['application/json', '415 invalid_request'],
    ['multipart/form-data; boundary=x', '415 invalid_request'],
    ['text/plain', '415 invalid_request'],
    ['', '415 invalid_request'],
    ['application/x-www-form-urlencoded; charset=utf-7', '415 invalid_request'],
    ['application/x-www-form-urlencoded, text/plain', '415 invalid_request'],
    ['application/x-www-form-urlencoded; charset=utf-8; charset=utf-8', '415 invalid_request'],
    ['application/x-www-form-urlencoded; charset =utf-8', '415 invalid_request'],
    ['application/x-www-form-urlencoded; charset="utf-8', '415 invalid_request'],
    ['application/x-www-form-urlencoded; charset=utf-8; x=y', '415 invalid_request'],
    ['application/x-www-form-urlencoded; x=y', '415 invalid_request'],
  ])('the content type %s', async (type, expected) => {
    const sent = { headers: { 'content-type': type } };
    expect(await error({ ...reports, ...clientGrant }, '/token', sent)).toBe(expected);
  });

  test('a compressed body, two content types, two ways to authenticate, a Basic that is none', async () => {
    const form: Parameters = { ...clientGrant, ...reports };
    const encoded = encodeURIComponent(reports.client_secret ?? '');
    const { client_secret: _, ...withoutSecret } = form;
    const twice = { headers: { 'content-type': ['application/x-www-form-urlencoded', 'text/plain'] } };
    expect(await error(form, '/token', { headers: { 'content-encoding': 'gzip' } })).toBe('415 invalid_request');
    expect(await error(form, '/token', twice)).toBe('400 invalid_request');
    expect(await error(form, '/token', basic('reports', encoded))).toBe('400 invalid_request');
    expect(await error({ ...clientGrant, client_id: 'stock' }, '/token', basic('reports', encoded))).toBe(
      '400 invalid_request',
    );
    expect(await service.post('/token', withoutSecret, basic('reports', encoded))).toMatchObject({ status: 200 });
    for (const authorization of ['Basic', 'Basic ???', 'Bearer x', 'Basic OnNlY3JldA==', 'Basic cmVwb3J0czolJQ==']) {
      const answer = await service.post('/token', clientGrant, { headers: { authorization } });
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="token", charset="UTF-8"' },
      });
      expect(JSON.parse(answer.body).error).toBe('invalid_client');
    }
  });

  test('credentials in the query, and every method but POST', async () => {
    const query = new URLSearchParams({ ...reports, ...clientGrant });
    expect(await error('', `/token?${query}`)).toBe('401 invalid_client');
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD'])
      for (const path of ['/token', '/introspect', '/revoke'])
        expect(await send(`${service.base}/oauth${path}?${query}`, { method })).toMatchObject({
          status: 405,
          headers: { allow: 'POST' },
        });
  });

  test('plain HTTP, before anything is read', async () => {
    const strict = await startService({ dangerouslyAllowHttp: false });
    for (const path of ['/token', '/introspect', '/revoke']) {
      const answer = await strict.post(path, { ...reports, ...clientGrant });
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toEqual({ error: 'invalid_request', error_description: 'TLS is required' });
    }
  });
});

test('a ring that may lack keys issues nothing, spends nothing, and goes on introspecting', async () => {
  const clock = { ms: Date.now() };
  const file = join(emptyFolder(), 'ring.json');
  copyFileSync(files.ring, file);
  const keeper = keepRing(ringInFile(file), { clock: () => clock.ms });
  const own = await startService({ ring: keeper });
  const granted = await own.granted({ ...password, ...reports });
  writeFileSync(file, '{');
  clock.ms += 900_000;
  const refresh = { grant_type: 'refresh_token', refresh_token: granted.refresh_token, ...reports };
  const answer = await own.post('/token', refresh);
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body).error).toBe('temporarily_unavailable');
  expect(await own.introspected(granted.access_token)).toMatchObject({ active: true });
  copyFileSync(files.ring, file);
  clock.ms += 60_000;
  expect(await own.granted(refresh)).toMatchObject({ token_type: 'Bearer' });
  keeper.close();
});

test('a function that fails is answered with server_error, and says nothing', async () => {
  const authenticate = () => Promise.reject(new Error('the directory is down, password was hunter2'));
  const own = await startService({ authenticate });
  const answer = await own.post('/token', { ...password, ...reports });
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.body)).toEqual({
    error: 'server_error',
    error_description: 'the request could not be processed',
  });
});

test('behind a body parser it answers that it can not serve, and says why in the log', async () => {
  const { log, lines } = keptLog();
  const common = { ring: files.ring, authenticate: files.users, audience, publicClients: { page: [] }, log };
  const tokens = bearerTokens({ ...common, dangerouslyAllowHttp: true });
  const base = await listening(express().use(express.urlencoded(), tokens));
  const sent = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' };
  const answer = await send(`${base}/token`, sent);
  expect([answer.status, JSON.parse(answer.body).error]).toEqual([500, 'server_error']);
  expect(lines.join('')).toContain('before body parsers');
});

test('a peer that goes away in the middle of a body leaves the service as it was', async () => {
  const { port } = new URL(service.base);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      'Content-Length: 99\r\n\r\na=',
  );
  await once(socket, 'connect');
  socket.destroy();
  expect(await service.granted({ ...clientGrant, ...reports })).toMatchObject({ token_type: 'Bearer' });
});

test('no line of the log holds a token, a password or a secret', async () => {
  const own = await startService();
  const granted = await own.granted({ ...password, ...reports });
  const refresh = { grant_type: 'refresh_token', refresh_token: granted.refresh_token, ...reports };
  await own.granted(refresh);
  await own.post('/token', refresh);
  await own.post('/token', { ...password, ...reports, password: 'wrong horse' });
  await own.post('/token', { ...password, ...reports, client_secret: 'wrong secret' });
  const log = own.lines.join('');
  expect(log).toContain('refresh-token-reused');
  expect(log).toContain('"error":"invalid_client"');
  for (const secret of [
    'horse',
    'secret:',
    'wrong secret',
    granted.access_token.slice(20, 60),
    granted.refresh_token.slice(20, 60),
  ])
    expect(log).not.toContain(secret);
});

test.each<[string, object, RegExp]>([
  ['no audience', { audience: [] }, /^audience must be one, or a list of 1 to 16$/],
  ['an empty audience', { audience: ['a', ''] }, /^bearerTokens: audience\[1\] must be a text of 1 to 512 bytes$/],
  ['a life longer than the keys', { lifetimeMs: 43_200_001 }, /^lifetimeMs is 43200001, allowed are 1000 to 43200000$/],
  ['a life of nothing', { refreshLifetimeMs: 0 }, /^bearerTokens: refreshLifetimeMs must be a whole number from 1000/],
  ['any origin', { cors: ['*'] }, /^bearerTokens: cors\[0\] must be an origin as browsers write it/],
  ['an origin with a path', { cors: ['https://shop.example/'] }, /^bearerTokens: cors\[0\] must be an origin/],
  ['an origin of no server', { cors: ['https://shop.example', 'null'] }, /^bearerTokens: cors\[1\] must be an origin/],
  ['one origin without a list', { cors: 'https://shop.example' }, /^bearerTokens: cors must be a list$/],
  [
    'a scope that can not be',
    { publicClients: { page: ['a b'] } },
    /^bearerTokens: publicClients\.page\[0\] must be a scope's name: printable ASCII/,
  ],
  ['a scope that is no list', { publicClients: { page: 'a' } }, /^bearerTokens: publicClients\.page must be a list$/],
  [
    'a client with a secret that needs none',
    { clients: files.clients, publicClients: { page: [], reports: ['orders.read'] } },
    /^publicClients\.reports has a secret in .*clients\.json: a client is known with a secret or without$/,
  ],
  ['no client at all', { publicClients: undefined }, /^bearerTokens: lacks clients or publicClients/],
  ['nobody who knows users', { authenticate: undefined }, /^bearerTokens: lacks the key authenticate$/],
  [
    'a limit of nothing',
    { loginLimits: { failuresPerAddress: 0 } },
    /^bearerTokens: loginLimits\.failuresPerAddress must be a whole/,
  ],
  [
    'plain HTTP by a text',
    { dangerouslyAllowHttp: 'no' },
    /^bearerTokens: dangerouslyAllowHttp must be true or false$/,
  ],
  ['an option that is none', { lifetimeS: 60 }, /^bearerTokens: unknown key lifetimeS$/],
  ['no users file', { authenticate: '/nowhere' }, /^users file \/nowhere: does not exist$/],
  ['no clients file', { clients: '/nowhere' }, /^users file \/nowhere: does not exist$/],
  ['no ring', { ring: '/nowhere' }, /^key ring \/nowhere: does not exist$/],
])('%s is refused at once', (_what, change, message) => {
  const common = { ring: files.ring, authenticate: files.users, audience, publicClients: {} };
  expect(() => bearerTokens({ ...common, ...change })).toThrow(message);
});
