import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort, type ListeningNode, listen } from '../support/endpoint.ts';
import { user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { runInProcess } from './in-process.ts';
import { hostile } from './report-page.ts';

/* How a load test ends: when, and with which exit code. */

const folder = mkdtempSync(join(tmpdir(), 'load-ends-'));
const port = 'EchoSymmetric';
let node: ListeningNode;
let proxy: TcpProxy;
/** How many calls are answered, and what becomes of those after them. */
let answered = 0;
let after: () => unknown = () => {};
let calls = 0;

const operations = {
  Echo(given: { text: string }) {
    calls += 1;
    return calls > answered ? after() : given;
  },
};

beforeAll(async () => {
  writeFileSync(join(folder, 'service.pem'), pem.service.certificate);
  proxy = await tcpProxy(0);
  const ports = { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations };
  node = await listen({ services: { EchoService: ports }, addresses: [`http://localhost:${proxy.port}`] });
  proxy.upstream = node.http;
});
beforeEach(() => {
  calls = 0;
  answered = Number.POSITIVE_INFINITY;
  after = () => {};
});
afterAll(async () => {
  await proxy.close();
  await node.close();
  rmSync(folder, { recursive: true });
});

function load(conversations: number, ...more: readonly string[]) {
  const service = ['--wsdl', wsdl, '--port', port, '--service-certificate', 'service.pem'];
  const at = ['--nodes', `http://localhost:${proxy.port}`, '--conversations', `${conversations}`];
  const words = ['load', ...service, ...at, '--user', user.username, '--password-stdin', '--json', ...more];
  return runInProcess(words, folder, `${user.password}\n`);
}

test('a service that hangs once its conversations are open ends it with the drain time, as no answer', async () => {
  answered = 3;
  after = () => new Promise(() => {});
  const limits = ['--duration', '200ms', '--drain', '300ms', '--rate', '100', '--concurrency', '4'];
  const { status, stdout, stderr } = await load(3, ...limits);
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    calls: 20,
    failed: 20,
    answered: 0,
    errors: { 'no answer in time': 4, 'not started in time': 16 },
  });
  expect(stderr).toMatch(/^3 conversations opened in \d+\.\d s\nwssc: 20 of 20 calls failed, none may\n$/);
});

test('conversations of a service that hangs are not waited for when they are cancelled', async () => {
  answered = 2;
  // Nothing passes from here on: no answer, and no Cancel.
  after = () => proxy.forget();
  const { status, stdout } = await load(2, '--duration', '100ms', '--drain', '200ms', '--concurrency', '2');
  expect(status).toBe(3);
  expect(JSON.parse(stdout).errors).toEqual({ 'no answer in time': 2 });
});

test('all conversations share as many connections as there are callers', async () => {
  const before = proxy.made;
  const { status, stdout } = await load(30, '--duration', '200ms', '--concurrency', '2');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ conversations: 30, failed: 0 });
  expect(proxy.made - before).toBeLessThanOrEqual(2);
});

test.each<[readonly string[], number, RegExp]>([
  [[], 2, /\nwssc: 1 of \d+ calls failed, none may\n$/],
  [['--max-failed', '1'], 0, /opened in \d+\.\d s\n$/],
  [
    ['--max-failed', '1', '--max-p50', '0.001ms'],
    2,
    /\nwssc: the p50 latency was \S+ ms, at most 0\.001ms was wanted\n$/,
  ],
])(
  'a call that fails has its error, node and time in the report, and the exit code is by thresholds: %j',
  async (limits, code, said) => {
    answered = 8;
    after = () => {
      answered = Number.POSITIVE_INFINITY;
      throw { Fault: { Code: { Value: 'Sender' }, Reason: { Text: 'no \u202eroom' } } };
    };
    const { status, stdout, stderr } = await load(4, '--duration', '300ms', ...limits);
    const { failed, errors, firstErrors } = JSON.parse(stdout);
    expect({ failed, errors }).toEqual({ failed: 1, errors: { 'service fault Sender': 1 } });
    expect(firstErrors).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        node: `localhost:${proxy.port}`,
        error: 'service fault Sender',
        message: 'no \\u{202e}room',
      },
    ]);
    expect(stderr).toMatch(said);
    expect(status).toBe(code);
  },
);

test('a fault whose text means harm is text in the page of the report', async () => {
  answered = 2;
  after = () => {
    throw { Fault: { Code: { Value: 'Sender' }, Reason: { Text: hostile } } };
  };
  await load(2, '--duration', '100ms', '--report', 'report.html');
  const html = readFileSync(join(folder, 'report.html'), 'utf8');
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;img src=x onerror=');
});

test('a report whose folder is not there is refused before anything is sent', async () => {
  const { status, stderr } = await load(2, '--report', 'nowhere/report.html');
  expect({ status, calls }).toEqual({ status: 1, calls: 0 });
  expect(stderr).toMatch(/^wssc: option '--report <file>' argument 'nowhere\/report\.html' is invalid/);
});

test('a service that is gone once its conversations are open is no answer', async () => {
  answered = 2;
  const nowhere = await freePort();
  after = () => {
    proxy.upstream = nowhere;
    proxy.cut();
  };
  const { status, stdout } = await load(2, '--duration', '300ms', '--concurrency', '1');
  proxy.upstream = node.http;
  expect(status).toBe(3);
  const { errors, firstErrors } = JSON.parse(stdout);
  expect(Object.keys(errors)).toEqual(['NETWORK']);
  expect(firstErrors).toHaveLength(3);
});
