import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBearerToken } from '../../src/bearer/bearer-token.ts';
import { openKeyRing } from '../../src/keyring/ring-file.ts';
import { mainProgram } from '../farm/running-farm.ts';
import { send } from '../oauth/http.ts';
import { newData, removeFolders } from '../support/data-folder.ts';

let data = '';
let base = '';
let server: ChildProcess;
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
  const words = [mainProgram, 'tokens', '--config', join(data, 'tokens.json'), '--https', '0'];
  server = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  if (server.stdout === null) throw new Error('no output');
  const [line] = await once(createInterface({ input: server.stdout }), 'line');
  base = /^listening on (https:\/\/localhost:\d+\/oauth)$/.exec(String(line))?.[1] ?? '';
});
afterAll(() => {
  server.kill('SIGKILL');
  removeFolders();
});

function ask(path: string, password: string, headers: Readonly<Record<string, string>> = {}) {
  return send(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ grant_type: 'password', client_id: 'shop', username: 'demo', password }).toString(),
    ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
  });
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
