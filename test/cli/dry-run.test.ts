import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { runInProcess } from './in-process.ts';

/* What `--dry-run` of serve, sts and tokens says of a configuration, before anything runs by it. */

let data = '';
beforeAll(async () => {
  data = await newData();
  writeFileSync(
    join(data, 'service.mjs'),
    'export default { EchoService: { EchoTls13: { Echo() {} }, EchoSymmetric: { Echo() {} } } };',
  );
});
afterAll(removeFolders);

const config = {
  wsdl: resolve('wsdl/echo.wsdl'),
  service: 'service.mjs',
  ...{ users: 'users.json', ring: 'ring.json', certificate: 'service.pem', key: 'service-key.pem' },
  tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
  ports: { EchoTls13: {}, EchoSymmetric: {} },
};
beforeEach(() => write({}));

function write(more: object): void {
  writeFileSync(join(data, 'node.json'), JSON.stringify({ ...config, ...more }));
}

const dryRun = (...words: readonly string[]) =>
  runInProcess(['serve', '--config', 'node.json', '--dry-run', ...words], data, '');

test('a configuration that a node starts with is told so, with what it would do', async () => {
  const listen = vi.spyOn(Object.getPrototypeOf(createServer()) as Server, 'listen');
  const before = readdirSync(data);
  const { status, stdout, stderr } = await dryRun('--http', '0', '--https', '8443', '--admin', '0.0.0.0:9464');
  expect([status, stderr]).toEqual([0, '']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^key ring of farm \w+, generation 1$/);
  expect(lines.slice(1)).toEqual([
    `what is cancelled is remembered in sqlite:${data}/ring.sqlite`,
    'would listen on http://localhost:0',
    'would listen on https://localhost:8443',
    'EchoTls13      https://localhost:8443/EchoTls13',
    'EchoSymmetric  http://localhost:0/EchoSymmetric  https://localhost:8443/EchoSymmetric',
    'node.json: a node starts with it; no port was opened, and no store was asked',
  ]);
  expect(listen).not.toHaveBeenCalled();
  expect(readdirSync(data)).toEqual(before);
  listen.mockRestore();
});

test.each<[string, object, readonly string[], string | RegExp]>([
  ['nothing to listen on', {}, [], 'there is nothing to listen on'],
  ['a missing users file', { users: 'nobody.json' }, ['--http', '0'], /nobody\.json: /],
  ['a key of another certificate', { key: 'tls-key.pem' }, ['--http', '0'], /not the key of /],
  ['a port that there is not', { ports: { Nowhere: {} } }, ['--http', '0'], /Nowhere/],
  ['a service without the operations', { service: 'users.json' }, ['--http', '0'], /services has no EchoService/],
  ['a ring that is not there', { ring: 'none.json' }, ['--http', '0'], /none\.json/],
  ['a ring in a store without a KEK', { ring: 'redis://localhost:1' }, ['--http', '0'], /must be wrapped/],
  ['shared replays without a store', { replay: 'shared', store: 'none' }, ['--http', '0'], /needs a store/],
  ['a page without its address', { statusNodes: ['http://a:1'] }, ['--http', '0'], /admin address/],
])('%s is what the node would end with', async (_, more, words, sentence) => {
  write(more);
  const { status, stdout, stderr } = await dryRun(...words);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(sentence);
});

test('a store is not asked, and a ring in it is not looked at', async () => {
  const kek = join(data, 'kek');
  writeFileSync(kek, Buffer.from(systemRandom(32)).toString('base64'), { mode: 0o600 });
  write({
    ring: 'redis://localhost:1',
    store: 'postgres://wssc@localhost:1/wssc',
    replay: 'shared',
    state: 'database',
  });
  const { status, stdout, stderr } = await dryRun('--http', '0', '--kek', kek);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('key ring redis://localhost:1: not looked at\n');
});

test('a ring that would be made is not made', async () => {
  const ring = join(data, 'ring.json');
  const text = readFileSync(ring);
  rmSync(ring);
  const { status, stdout } = await dryRun('--http', '0', '--init-ring');
  expect([status, existsSync(ring)]).toEqual([0, false]);
  expect(stdout).toContain('/ring.json: would be made\n');
  writeFileSync(ring, text, { mode: 0o600 });
});

const issuer = {
  wsdl: resolve('wsdl/echo.wsdl'),
  ...{ users: 'users.json', ring: 'ring.json', certificate: 'service.pem', key: 'service-key.pem' },
  tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
  relays: { ca: 'ca.pem', names: ['node'] },
};
const tokens = {
  ...{ users: 'users.json', ring: 'ring.json', audience: 'https://localhost' },
  publicClients: { app: ['read'] },
  tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
};
const others = { sts: issuer, tokens };

/** Tries out what is no service. */
function tryOther(command: keyof typeof others, more: object, ...words: readonly string[]) {
  writeFileSync(join(data, 'other.json'), JSON.stringify({ ...others[command], ...more }), { mode: 0o600 });
  return runInProcess([command, '--config', 'other.json', '--dry-run', ...words], data, '');
}

test.each<[keyof typeof others, readonly string[], readonly string[]]>([
  [
    'sts',
    ['--http', '0', '--https', '8443', '--relay', '9445'],
    [
      'would listen on http://localhost:0',
      'would listen on https://localhost:8443',
      'would listen for service nodes on https://localhost:9445',
    ],
  ],
  ['tokens', [], ['would listen on https://localhost:8443/oauth']],
])('%s says what it would do, and opens nothing', async (command, words, lines) => {
  const listen = vi.spyOn(Object.getPrototypeOf(createServer()) as Server, 'listen');
  const { status, stdout, stderr } = await tryOther(command, {}, ...words);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.trimEnd().split('\n').slice(1)).toEqual([
    `what is cancelled is remembered in sqlite:${data}/ring.sqlite`,
    ...lines,
    'other.json: a node starts with it; no port was opened, and no store was asked',
  ]);
  expect(listen).not.toHaveBeenCalled();
  expect(existsSync(join(data, 'ring.sqlite'))).toBe(false);
  listen.mockRestore();
});

test.each<[keyof typeof others, string, object, string | RegExp]>([
  ['sts', 'a missing users file', { users: 'nobody.json' }, /nobody\.json: /],
  [
    'sts',
    'a key of another certificate',
    { tls: { certificate: 'tls.pem', key: 'service-key.pem' } },
    /not the key of/,
  ],
  ['sts', 'a ring that is not there', { ring: 'none.json' }, /none\.json/],
  ['tokens', 'a missing users file', { users: 'nobody.json' }, /nobody\.json: /],
  [
    'tokens',
    'a key of another certificate',
    { tls: { certificate: 'tls.pem', key: 'service-key.pem' } },
    /not the key of/,
  ],
  ['tokens', 'a ring that is not there', { ring: 'none.json' }, /none\.json/],
])('%s: %s is what it would end with', async (command, _, more, sentence) => {
  const { status, stdout, stderr } = await tryOther(command, more, '--https', '0');
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(sentence);
});
