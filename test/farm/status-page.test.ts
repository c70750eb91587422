import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FarmStatus } from '../../src/farm/description.ts';
import { noStatistics } from '../../src/farm/node-slot.ts';
import { settlePorts } from '../../src/farm/ports.ts';
import { openStatusPage, writeHtml } from '../../src/farm/status-page.ts';
import { adminPages } from '../../src/server/admin.ts';

const status: FarmStatus = {
  nodes: [
    {
      ...noStatistics,
      name: 'node1',
      pid: 11,
      up: true,
      calls: 5,
      opened: { cache: 3, seal: 2, store: 0 },
      issued: 1,
      faults: { badContextToken: 2 },
    },
    { ...noStatistics, name: 'node2', pid: 12, up: false },
  ],
  ring: { generation: 4, keys: [{ id4: '0a1b2c3d', state: 'active', ageS: 11_520 }] },
};

const pages = adminPages({
  readiness: () => ({ ready: true }),
  metrics: async () => {
    throw new Error('no metrics now');
  },
});

let port = 0;
let close = () => {};

beforeAll(async () => {
  const hosts = ['127.0.0.1'];
  port = (await settlePorts({ admin: 0, http: 0, https: 0, nodes: 1 }, hosts)).admin;
  close = await openStatusPage({ port, hosts, status: async () => status, pages });
});
afterAll(() => close());

interface Answer {
  readonly code: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(path: string, { method = 'GET', host = `localhost:${port}` } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, method, headers: { Host: host } }, response => {
      let text = '';
      response.on('data', part => {
        text += part;
      });
      response.on('end', () => resolve({ code: response.statusCode, headers: response.headers, text }));
    })
      .on('error', reject)
      .end();
  });
}

test('status.json is the status and nothing else', async () => {
  const { code, headers, text } = await ask('/status.json');
  expect(code).toBe(200);
  expect(headers['content-type']).toBe('application/json');
  expect(JSON.parse(text)).toEqual(status);
});

test('the page shows nodes, counts and keys, and loads nothing from anywhere', async () => {
  const { text } = await ask('/');
  for (const shown of [
    'node1',
    '>up<',
    '>down<',
    '2 badContextToken',
    '0a1b2c3d',
    'active',
    '3 h 12 min',
    'Generation 4',
  ])
    expect(text).toContain(shown);
  expect(text).not.toMatch(/<script|<link|src=|url\(|http:|https:/);
});

test('every answer forbids scripts, framing, sniffing and caching', async () => {
  for (const path of ['/', '/status.json', '/nothing']) {
    const { headers } = await ask(path);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; frame-ancestors 'none'/,
    );
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
  }
});

test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:8079'])('the Host %s is a loopback name', async host => {
  expect((await ask('/', { host })).code).toBe(200);
});

test.each(['attacker.example', 'localhost.attacker.example', 'localhost:80@attacker.example', '10.0.0.1'])(
  'the Host %j is refused, so that a rebound DNS name reads nothing',
  async host => {
    const { code, text } = await ask('/status.json', { host });
    expect(code).toBe(421);
    expect(text).not.toContain('node1');
  },
);

test('the pages beside it are answered, and one that fails ends its connection alone', async () => {
  expect(await ask('/healthz')).toMatchObject({ code: 200, text: '{"alive":true}\n' });
  expect(await ask('/readyz')).toMatchObject({ code: 200, text: '{"ready":true}\n' });
  await expect(ask('/metrics')).rejects.toThrow();
  expect((await ask('/healthz')).code).toBe(200);
});

test('other paths and methods are refused', async () => {
  expect((await ask('/data/ring.json')).code).toBe(404);
  expect((await ask('/../ring.json')).code).toBe(404);
  expect((await ask('/__proto__')).code).toBe(404);
  expect((await ask('/', { method: 'POST' })).code).toBe(405);
});

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [61, '1 min 1 s'],
  [90_061, '1 d 1 h'],
])('an age of %i s reads %s', (ageS, text) => {
  expect(writeHtml({ nodes: [], ring: { generation: 1, keys: [{ id4: 'x', state: 'active', ageS }] } })).toContain(
    `<td>${text}</td>`,
  );
});
