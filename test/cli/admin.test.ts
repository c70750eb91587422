import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echo, endFarms, mainProgram, sessionOf, startFarm, wssc } from '../farm/running-farm.ts';
import { send } from '../oauth/http.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { type Sample, samplesOf, sumOf } from '../support/exposition.ts';
import { spawn } from '../support/started.ts';

/* The admin addresses of real processes. */

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));
const port = 'EchoTls13';

let data = '';
const children: ChildProcess[] = [];

beforeAll(async () => {
  data = await newData();
  const common = {
    ...{ wsdl, users: 'users.json', ring: 'ring.json', certificate: 'service.pem', key: 'service-key.pem' },
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
  };
  write('node.json', { ...common, service, ports: { EchoTls13: {}, EchoSymmetric: {} } });
  write('sts.json', { ...common, ports: { EchoTls13: {}, EchoSymmetric: {} } });
  const { users, ring, tls } = common;
  write('tokens.json', {
    users,
    ring,
    tls,
    audience: 'https://orders.example',
    publicClients: { shop: ['orders.read'] },
  });
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  endFarms();
  removeFolders();
});

function write(name: string, config: object): void {
  writeFileSync(join(data, name), JSON.stringify(config));
}

interface Started {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Address of a line that it printed. */
  at(line: RegExp): string;
  /** What it wrote to its log so far. */
  log(): string;
}

/** Starts a command with an admin address, which is the last that it prints. */
async function start(command: string, ...words: readonly string[]): Promise<Started> {
  const config = join(data, `${command === 'serve' ? 'node' : command}.json`);
  const child = spawn(process.execPath, [mainProgram, command, '--config', config, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr.on('data', part => {
    log += part;
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith('admin address ')) break;
  }
  const at = (line: RegExp) => lines.map(text => line.exec(text)?.[1]).find(found => found !== undefined) ?? '';
  return { child, lines, at, log: () => log };
}

const adminLine = /^admin address (http:\/\/\S+)$/;

async function scrape(admin: string): Promise<readonly Sample[]> {
  const answer = await fetch(`${admin}/metrics`);
  expect(answer.status).toBe(200);
  return samplesOf(await answer.text());
}

const names = (samples: readonly Sample[]) => [...new Set(samples.map(({ name }) => name))];

describe('wssc serve --admin', () => {
  test('says what its calls were, that it is well, and what is refused; probes leave its log empty', async () => {
    const node = await start('serve', '--https', '0', '--admin', '0');
    const [base, admin] = [node.at(/^listening on (\S+)$/), node.at(adminLine)];
    const password = readFileSync(join(data, 'demo-password'), 'utf8');
    const call = ['call', '--wsdl', wsdl, '--address', `${base}/${port}`, '--port', port, '--ca', join(data, 'ca.pem')];
    const input = { input: password, encoding: 'utf8' } as const;
    const words = [mainProgram, ...call, '--user', 'demo', '--password-stdin', 'Echo', '{"text":"hello"}'];
    expect(spawnSync(process.execPath, words, input).stdout).toBe('{"text":"hello"}\n');
    for (const path of ['/healthz', '/readyz', '/metrics', '/favicon.ico'])
      await (await fetch(`${admin}${path}`)).arrayBuffer();
    const samples = await scrape(admin);
    expect(sumOf(samples, 'wssc_calls_total', { port, operation: 'Echo', outcome: 'answered' })).toBe(1);
    expect(sumOf(samples, 'wssc_call_seconds_count', { port, operation: 'Echo' })).toBe(1);
    expect(sumOf(samples, 'wssc_conversations_total', { event: 'issued' })).toBe(1);
    expect(sumOf(samples, 'wssc_ready', {})).toBe(1);
    expect(names(samples)).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(node.log()).toBe('');
    const ca = readFileSync(join(data, 'ca.pem'), 'utf8');
    expect((await send(`${base}/nothing`, { method: 'POST', body: 'x', ca })).status).toBe(404);
    expect(sumOf(await scrape(admin), 'wssc_refusals_total', { reason: 'http-404' })).toBe(1);
    node.child.kill('SIGTERM');
    expect(await once(node.child, 'exit')).toEqual([0, null]);
  });

  test('is not there without the option', () => {
    const { stdout } = wssc('serve', '--help');
    expect(stdout).toContain('--admin <[host:]port>');
  });

  test.each(['x', '9464x', '::1:9464', '[::1]', 'a b:9464', '65536', 'localhost:70000', '[localhost]:1'])(
    'refuses %j',
    address => {
      const { status, stderr } = wssc('serve', '--config', 'node.json', '--http', '0', '--admin', address);
      expect(status).not.toBe(0);
      expect(stderr).toContain('--admin');
    },
  );

  test('ends with a sentence where somebody else listens there, and leaves nothing running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: taken } = other.address() as { port: number };
    const config = join(data, 'node.json');
    const { status, stderr } = wssc('serve', '--config', config, '--http', '0', '--admin', `127.0.0.1:${taken}`);
    other.close();
    expect(status).toBe(1);
    expect(stderr).toContain(`TCP port ${taken} is in use already`);
  });
});

test('wssc sts --admin says what it issued', async () => {
  const sts = await start('sts', '--https', '0', '--admin', '127.0.0.1:0');
  const samples = await scrape(sts.at(adminLine));
  expect(sumOf(samples, 'wssc_ready', {})).toBe(1);
  expect(samples.some(({ name }) => name === 'wssc_conversations_total')).toBe(true);
  expect(samples.some(({ name }) => name === 'wssc_calls_total')).toBe(false);
});

test('wssc tokens --admin counts its requests by path and outcome', async () => {
  const tokens = await start('tokens', '--https', '0', '--admin', '0');
  const base = tokens.at(/^listening on (\S+)$/);
  const post = (path: string, form: Record<string, string>) =>
    send(`${base}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: 'shop', ...form }).toString(),
      ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
    });
  const password = readFileSync(join(data, 'demo-password'), 'utf8').trim();
  const login = { grant_type: 'password', username: 'demo' };
  expect((await post('/token', { ...login, password })).status).toBe(200);
  expect((await post('/token', { ...login, password: 'wrong' })).status).toBe(400);
  await post('/TOKEN', { grant_type: 'none' });
  const samples = await scrape(tokens.at(adminLine));
  const counted = (path: string, outcome: string) => sumOf(samples, 'wssc_token_requests_total', { path, outcome });
  expect([counted('/token', 'answered'), counted('/token', 'invalid_grant')]).toEqual([1, 1]);
  const paths = samples.filter(({ name }) => name === 'wssc_token_requests_total').map(({ labels }) => labels.path);
  expect(new Set(paths)).toEqual(new Set(['/token', '/introspect', '/revoke', 'other']));
  expect([sumOf(samples, 'wssc_ready', {}), sumOf(samples, 'wssc_token_password_queue', {})]).toEqual([1, 0]);
});

test('wssc farm says the metrics of each node, with its name, and goes on without one that is gone', async () => {
  const farm = await startFarm(await newData(), '--no-restart');
  const session = sessionOf(farm, port, { order: 'rotate' });
  for (let i = 0; i < 6; i++) await echo(session, port);
  await session.close();
  const samples = await scrape(farm.admin);
  const nodes = ['node1', 'node2', 'node3'];
  expect(nodes.map(node => sumOf(samples, 'wssc_calls_total', { node }))).toEqual([2, 2, 2]);
  expect(nodes.map(node => sumOf(samples, 'wssc_call_seconds_count', { node, operation: 'Echo' }))).toEqual([2, 2, 2]);
  expect(sumOf(samples, 'wssc_conversations_total', { event: 'opened' })).toBeGreaterThan(0);
  for (const node of nodes)
    expect(samples.some(({ name, labels }) => name.startsWith('nodejs_eventloop_lag') && labels.node === node)).toBe(
      true,
    );
  expect(samples.filter(({ labels }) => labels.node === undefined)).toEqual([]);
  process.kill(farm.nodes[0]?.pid ?? 0, 'SIGKILL');
  await eventually(async () => {
    const { nodes: now } = (await (await fetch(`${farm.admin}/readyz`)).json()) as { nodes: { up: boolean }[] };
    expect(now.map(({ up }) => up)).toEqual([false, true, true]);
  });
  expect((await fetch(`${farm.admin}/readyz`)).status).toBe(200);
  const left = await scrape(farm.admin);
  expect(nodes.map(node => sumOf(left, 'wssc_calls_total', { node }))).toEqual([0, 2, 2]);
  await farm.interrupt();
});
