import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBearerToken } from '../../src/bearer/bearer-token.ts';
import { openKeyRing } from '../../src/keyring/ring-file.ts';
import { mainProgram } from '../farm/running-farm.ts';
import { send } from '../oauth/http.ts';
import { endRedisServers, startRedis } from '../store/redis-server.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { spawn } from '../support/started.ts';

let data = '';
let base = '';
let server: ChildProcess;
const others: ChildProcess[] = [];

/** Starts `wssc tokens` of the data folder. @returns where it listens */
async function start(...more: readonly string[]): Promise<{ readonly child: ChildProcess; readonly base: string }> {
  const words = [mainProgram, 'tokens', '--config', join(data, 'tokens.json'), '--https', '0', ...more];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, found] = /^listening on (https:\/\/localhost:\d+\/oauth)$/.exec(line) ?? [];
    if (found !== undefined) return { child, base: found };
  }
  throw new Error('it ended');
}

beforeAll(async () => {
  data = await newData();
  const config = {
    ring: 'ring.json',
    users: 'users.json',
    audience: ['https://orders.example', 'https://stock.example'],
    publicClients: { shop: ['orders.read'] },
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
    lifetimeS: 60,
    cors: ['https://shop.example'],
    loginLimits: { failuresPerUserAndAddress: 3 },
  };
  writeFileSync(join(data, 'tokens.json'), JSON.stringify(config));
  ({ child: server, base } = await start());
});
afterAll(() => {
  for (const child of [server, ...others]) child.kill('SIGKILL');
  endRedisServers();
  removeFolders();
});

function post(address: string, parameters: Record<string, string>, headers: Readonly<Record<string, string>> = {}) {
  return send(address, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ client_id: 'shop', ...parameters }).toString(),
    ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
  });
}

function ask(path: string, password: string, headers: Readonly<Record<string, string>> = {}) {
  return post(`${base}${path}`, { grant_type: 'password', username: 'demo', password }, headers);
}

const demoPassword = () => readFileSync(join(data, 'demo-password'), 'utf8').trim();

test('wssc tokens gives tokens as its configuration says, with paths relative to it', async () => {
  const { status, body, headers } = await ask('/token', demoPassword(), { origin: 'https://shop.example' });
  expect({ status, origin: headers['access-control-allow-origin'] }).toEqual({
    status: 200,
    origin: 'https://shop.example',
  });
  const { access_token: token, expires_in: expiresS, scope } = JSON.parse(body);
  expect({ expiresS, scope }).toEqual({ expiresS: 60, scope: 'orders.read' });
  const opened = openBearerToken(
    token,
    { audience: 'https://orders.example' },
    openKeyRing(join(data, 'ring.json')),
    Date.now(),
  );
  expect(opened).toMatchObject({ subject: 'demo', claims: [{ type: 'role', value: 'reader' }] });
});

test('it serves nothing else', async () => {
  for (const path of ['', '/', '/token/x', '/../?wsdl', '/nothing'])
    expect((await ask(path, demoPassword())).status).toBe(404);
});

test('it says how it is, for a balancer', async () => {
  const { status, body } = await send(`${base.replace('/oauth', '')}/readyz`, {
    ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
  });
  expect({ status, ...JSON.parse(body) }).toMatchObject({
    status: 200,
    ready: true,
    store: { kind: 'sqlite', up: true },
    reasons: [],
  });
});

describe('several token services with one store', () => {
  const login = async (at: string) => {
    const { body } = await post(`${at}/token`, { grant_type: 'password', username: 'demo', password: demoPassword() });
    return JSON.parse(body) as { access_token: string; refresh_token: string };
  };
  const refresh = (at: string, token: string) =>
    post(`${at}/token`, { grant_type: 'refresh_token', refresh_token: token });
  /** The status of an answer, as soon as the store has given its own. */
  const answered = async (ask: () => ReturnType<typeof post>): Promise<number | undefined> => {
    for (;;) {
      const { status } = await ask();
      if (status !== 503) return status;
    }
  };
  const started = async (...words: readonly string[]) => {
    const { child, base: at } = await start(...words);
    others.push(child);
    return at;
  };
  const stores: readonly (readonly [string, () => Promise<readonly string[]>])[] = [
    ['the file beside the ring', async () => []],
    ['Redis', async () => ['--store', (await startRedis()).url.href]],
  ];

  test.each(stores)(
    'know of each other by %s: a refresh token is good once, and what is revoked is so at all',
    async (_, words) => {
      const given = await words();
      const [one, two] = [await started(...given), await started(...given)];
      const granted = await login(one);
      await answered(() => refresh(two, granted.refresh_token));
      expect(await answered(() => refresh(one, granted.refresh_token))).toBe(400);

      // Several, since each of them can be tried once.
      const revoked = await Promise.all(Array.from({ length: 40 }, () => login(one)));
      for (const { refresh_token: token } of revoked)
        expect(await answered(() => post(`${two}/revoke`, { token }))).toBe(200);
      const tried = () => answered(() => refresh(one, revoked.pop()?.refresh_token ?? ''));
      await expect.poll(tried, { interval: 250 }).toBe(400);
      expect(revoked.length).toBeGreaterThan(1);
      expect(await tried()).toBe(400);
    },
  );

  test('refuse for a while what needs a store that is down, with 503, and log in all the same', async () => {
    const redis = await startRedis();
    const at = await started('--store', redis.url.href);
    const { refresh_token: token } = await login(at);
    await expect.poll(async () => (await refresh(at, (await login(at)).refresh_token)).status).toBe(200);
    await redis.kill();
    const { status, body } = await refresh(at, token);
    expect([status, JSON.parse(body).error]).toEqual([503, 'temporarily_unavailable']);
    expect(await login(at)).toHaveProperty('access_token');
    await redis.restart();
    await expect.poll(async () => (await refresh(at, token)).status).not.toBe(503);
  });
});

test('it counts as it is told to', async () => {
  const wrong = [
    await ask('/token', 'a'),
    await ask('/token', 'b'),
    await ask('/token', 'c'),
    await ask('/token', 'd'),
  ];
  expect(wrong.map(({ status }) => status)).toEqual([400, 400, 400, 429]);
});

test('SIGTERM ends it with exit code 0', async () => {
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
});
