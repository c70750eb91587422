import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { send } from '../oauth/http.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { spawn } from '../support/started.ts';

/* Each command that serves writes its log as its options say, or its configuration where they say nothing. */

let data = '';
let child: ChildProcess | undefined;
beforeAll(async () => {
  data = await newData();
  const tls = { certificate: 'tls.pem', key: 'tls-key.pem' };
  const common = { users: 'users.json', ring: 'ring.json', tls };
  const service = { certificate: 'service.pem', key: 'service-key.pem', ports: { EchoSymmetric: {} } };
  const configs = {
    serve: {
      ...common,
      ...service,
      wsdl: resolve('wsdl/echo.wsdl'),
      service: resolve('test/faults/noted-service.mjs'),
    },
    sts: { ...common, ...service, ...configured, wsdl: [resolve('wsdl/echo.wsdl')] },
    tokens: { ...common, ...configured, audience: 'https://orders.example', publicClients: { shop: [] } },
  };
  for (const [name, config] of Object.entries(configs))
    writeFileSync(join(data, `${name}.json`), JSON.stringify(config));
});
afterEach(() => {
  child?.kill('SIGKILL');
});
afterAll(() => removeFolders());

const logging = ['--access-log', '--log-format', 'readable'];
const configured = { accessLog: true, logFormat: 'readable', logLevel: 'info' };

/** Starts a command, and gives what it has written by now. */
function startLogging(words: readonly string[]): { out: string; log: string } {
  const said = { out: '', log: '' };
  const started = spawn(process.execPath, [mainProgram, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = started;
  started.stdout?.setEncoding('utf8').on('data', text => {
    said.out += text;
  });
  started.stderr?.setEncoding('utf8').on('data', text => {
    said.log += text;
  });
  return said;
}

/** Starts a command, asks the first http address that it prints for something, and gives the lines of its log. */
async function linesOf(words: readonly string[], path: string): Promise<Record<string, unknown>[]> {
  const said = startLogging(words);
  const base = () => /(?:listening on |"shared":\{"http":")(http:\/\/localhost:\d+)/.exec(said.out)?.[1];
  await expect.poll(base).toBeDefined();
  expect((await fetch(`${base()}${path}`)).status).toBe(404);
  const lines = () => said.log.split('\n').filter(line => line.startsWith('{'));
  await expect.poll(() => lines().length).toBe(2);
  return lines().map(line => JSON.parse(line));
}

test.each<[string, () => readonly string[], object]>([
  ['serve', () => ['--http', '0', '--node', 'node7', ...logging], { node: 'node7' }],
  ['sts', () => ['--http', '0'], {}],
])('wssc %s writes a refusal and a request that was answered', async (command, words, node) => {
  const lines = await linesOf([command, '--config', join(data, `${command}.json`), ...words()], '/nothing?token=x');
  const common = { ...node, path: '/nothing', peer: expect.any(String), time: expect.stringMatching(/^\d{4}-.*Z$/) };
  expect(lines).toEqual([
    expect.objectContaining({ ...common, level: 'warn', reason: 'http-404', problem: 'path' }),
    expect.objectContaining({ ...common, level: 'info', status: 404, msg: 'request answered' }),
  ]);
});

test('wssc farm hands its options on to its nodes, each of which names itself', async () => {
  const folder = join(data, 'farm');
  const free = ['--http', '0', '--https', '0', '--admin', '0', '--nodes', '1', '--json', ...logging];
  const [refusal, answer] = await linesOf(['farm', '--data', folder, ...free], '/nothing');
  expect(refusal).toMatchObject({ node: 'node1', level: 'warn', reason: 'http-404' });
  expect(answer).toMatchObject({ node: 'node1', level: 'info', status: 404 });
});

test('what the command line says of the log is done instead of what the configuration says', async () => {
  const said = startLogging(['sts', '--config', join(data, 'sts.json'), '--http', '0', '--no-access-log']);
  const base = () => /listening on (http:\/\/localhost:\d+)/.exec(said.out)?.[1];
  await expect.poll(base).toBeDefined();
  for (const path of ['/one', '/two']) expect((await fetch(`${base()}${path}`)).status).toBe(404);
  const paths = () => said.log.split('\n').flatMap(line => (line.startsWith('{') ? JSON.parse(line).path : []));
  await expect.poll(() => paths().at(-1)).toBe('/two');
  expect(paths()).toEqual(['/one', '/two']);
});

test('wssc tokens writes which client was refused what, and for what', async () => {
  const said = startLogging(['tokens', '--config', join(data, 'tokens.json'), '--https', '0']);
  const base = () => /listening on (https:\S+)/.exec(said.out)?.[1];
  await expect.poll(base).toBeDefined();
  const { status } = await send(`${base()}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'client_id=shop&grant_type=magic',
    ca: readFileSync(join(data, 'ca.pem'), 'utf8'),
  });
  expect(status).toBe(400);
  const lines = () => said.log.split('\n').filter(line => line.startsWith('{'));
  await expect.poll(() => lines().length).toBe(2);
  const common = { path: '/token', client: 'shop', peer: expect.any(String) };
  expect(lines().map(line => JSON.parse(line))).toEqual([
    expect.objectContaining({ ...common, level: 'warn', error: 'unsupported_grant_type', found: 'magic' }),
    expect.objectContaining({ ...common, level: 'info', status: 400, method: 'POST' }),
  ]);
});
