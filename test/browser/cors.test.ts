import { readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { demoUser, prepareDemoClient, prepareDemoData } from '../../src/farm/demo-data.ts';
import { createTokenServer, type TokenServer } from '../../src/oauth/token-server.ts';
import { closeServers, listening } from '../oauth/http.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';

/*
 * Pages of two origins in Debian's chromium ask a token service for tokens. CHROMIUM names another program than
 * /usr/bin/chromium.
 */

let browser: Browser;
let server: TokenServer;
let service = '';
let allowed: Page;
let other: Page;
let secret = '';
let password = '';

/** What a page gets: the answer's status and JSON, or the error that the browser gives it instead. */
interface Got {
  readonly status?: number;
  readonly json?: Record<string, unknown>;
  readonly error?: string;
}

beforeAll(async () => {
  const data = await prepareDemoData(newFolder(), Date.now(), systemRandom);
  const client = await prepareDemoClient(data, systemRandom);
  password = data.password;
  secret = readFileSync(client.secretFile, 'utf8').trim();
  const page = (origin: string) => origin.replace('127.0.0.1', 'localhost');
  const pages = await Promise.all([0, 1].map(() => listening((_request, response) => response.end('<!doctype html>'))));
  const [ours = '', theirs = ''] = pages.map(page);
  const { certificate, key } = data.tls;
  const tls = { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  const { ring, users: authenticate } = data;
  const publicClients = { shop: ['orders.read'] };
  const options = { ring, authenticate, publicClients, clients: client.clients, audience: 'https://orders.example' };
  server = createTokenServer({ ...options, cors: [ours] }, tls);
  service = `https://localhost:${await server.listen({ https: 0 })}/oauth`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  [allowed, other] = [await context.newPage(), await context.newPage()];
  await allowed.goto(ours);
  await other.goto(theirs);
});

afterAll(async () => {
  await browser?.close();
  await server?.drain(0);
  await closeServers();
  removeFolders();
});

/** Asks as a page's script does. */
function ask(page: Page, path: string, form: Readonly<Record<string, string>>, init: object = {}): Promise<Got> {
  return page.evaluate(
    async ({ url, form, init }) => {
      try {
        const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), ...init });
        return { status: response.status, json: (await response.json()) as Record<string, unknown> };
      } catch (error) {
        return { error: String(error) };
      }
    },
    { url: `${service}${path}`, form, init },
  );
}

const login = () => ({ grant_type: 'password', client_id: 'shop', username: demoUser, password });
const basic = () => ({ headers: { authorization: `Basic ${btoa(`demo-client:${secret}`)}` } });

describe('a page of an allowed origin', () => {
  test('gets a token, and refreshes it', async () => {
    const { status, json = {} } = await ask(allowed, '/token', login());
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: 'Bearer', scope: 'orders.read' });
    const refresh = { grant_type: 'refresh_token', client_id: 'shop', refresh_token: String(json.refresh_token) };
    expect(await ask(allowed, '/token', refresh)).toMatchObject({ status: 200 });
  });

  test('reads errors', async () => {
    const wrong = { ...login(), password: 'wrong' };
    expect(await ask(allowed, '/token', wrong)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('may send the header that needs a preflight, and no other', async () => {
    const { json = {} } = await ask(allowed, '/token', login());
    const token = { token: String(json.access_token) };
    expect(await ask(allowed, '/introspect', token, basic())).toMatchObject({ status: 200, json: { active: true } });
    const other = { headers: { ...basic().headers, 'x-other': '1' } };
    expect(await ask(allowed, '/introspect', token, other)).toEqual({ error: 'TypeError: Failed to fetch' });
  });

  test('does not get at the answer with credentials of the browser', async () => {
    const answer = await ask(allowed, '/token', login(), { credentials: 'include' });
    expect(answer).toEqual({ error: 'TypeError: Failed to fetch' });
  });
});

test('a page of another origin is blocked by its browser, preflight or not, and refused by the service', async () => {
  expect(await ask(other, '/token', login())).toEqual({ error: 'TypeError: Failed to fetch' });
  expect(await ask(other, '/introspect', { token: 'x' }, basic())).toEqual({ error: 'TypeError: Failed to fetch' });
  const [answer] = await Promise.all([
    other.waitForResponse(response => response.url().endsWith('/token')),
    ask(other, '/token', login(), { mode: 'no-cors' }),
  ]);
  expect(answer.status()).toBe(403);
});
