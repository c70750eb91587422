import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealBearerToken } from '../../src/bearer/bearer-token.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openKeyRing } from '../../src/keyring/ring-file.ts';
import { send } from '../oauth/http.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { echo, endFarms, type RunningFarm, sessionOf, startFarm, whoAmI } from './running-farm.ts';

let farm: RunningFarm;
let bases: readonly string[] = [];
beforeAll(async () => {
  farm = await startFarm(await newData(), '--tokens');
  bases = farm.nodes.map(({ https }) => `${https}/oauth`);
});
afterAll(() => {
  endFarms();
  removeFolders();
});

function post(url: string, parameters: Readonly<Record<string, string>>) {
  const { client = '', secretFile = '' } = farm.tokens ?? {};
  const secret = readFileSync(secretFile, 'utf8').trim();
  return send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: client, client_secret: secret, ...parameters }).toString(),
    ca: readFileSync(farm.ca, 'utf8'),
  });
}

const granted = async (base: string, parameters: Readonly<Record<string, string>> = {}) => {
  const login = { grant_type: 'password', username: farm.user, password: farm.password };
  return JSON.parse((await post(`${base}/token`, { ...login, ...parameters })).body);
};
const activeAt = (token: string) =>
  Promise.all(bases.map(async base => JSON.parse((await post(`${base}/introspect`, { token })).body).active));

test('wssc farm --tokens gives tokens at the shared address and at each node, and each node takes all', async () => {
  for (const base of [farm.tokens?.address ?? '', ...bases]) {
    const { access_token: token, scope } = await granted(base);
    expect(scope).toBe('echo.read echo.write');
    expect(await activeAt(token)).toEqual([true, true, true]);
  }
});

test('what is revoked at one node is refused by the others at once, and by one that starts later', async () => {
  const [first = '', second = ''] = bases;
  const { access_token: token, refresh_token: refresh } = await granted(first);
  const { access_token: other } = await granted(second);
  expect((await post(`${first}/revoke`, { token: refresh })).status).toBe(200);
  expect(await activeAt(token)).toEqual([false, false, false]);
  const { status } = await post(`${second}/token`, { grant_type: 'refresh_token', refresh_token: refresh });
  expect(status).toBe(400);
  const before = farm.nodes.map(({ pid }) => pid);
  farm.kill(1);
  await farm.allUp(before.slice(1, 2));
  expect(await activeAt(token)).toEqual([false, false, false]);
  expect(await activeAt(other)).toEqual([true, true, true]);
});

test('a token of a conversation ends at every node when the conversation is cancelled at one', async () => {
  const session = sessionOf(farm, 'EchoTls13');
  const { contextId } = await whoAmI(session, 'EchoTls13');
  const nowMs = Date.now();
  // What an operation would have made of currentContext().bearerToken().
  const token = sealBearerToken(
    {
      id: '00112233-4455-4677-8899-aabbccddeeff',
      grant: contextId.replace('urn:uuid:', ''),
      subject: farm.user,
      client: '',
      audience: farm.tokens?.audience ?? '',
      scope: [],
      claims: [],
      issuedMs: nowMs,
      expiresMs: nowMs + 600_000,
    },
    openKeyRing(join(farm.data, 'ring.json')),
    nowMs,
    systemRandom,
  );
  expect(await activeAt(token)).toEqual([true, true, true]);
  await session.close();
  expect(await activeAt(token)).toEqual([false, false, false]);
});

test('plain HTTP is refused, and conversations go on beside the tokens', async () => {
  const { status, body } = await post(`${farm.shared.http}/oauth/token`, { grant_type: 'client_credentials' });
  expect(status).toBe(403);
  expect(JSON.parse(body)).toEqual({ error: 'invalid_request', error_description: 'TLS is required' });
  const session = sessionOf(farm, 'EchoTls13');
  await echo(session, 'EchoTls13');
  await session.close();
});

test('neither first line nor status shows the secret of the client', async () => {
  const secret = readFileSync(farm.tokens?.secretFile ?? '', 'utf8').trim();
  expect(farm.line).not.toContain(secret);
  expect(JSON.stringify(await farm.status())).not.toContain(secret);
  expect(await farm.interrupt()).toBe(0);
});
