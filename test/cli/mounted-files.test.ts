import type { ChildProcess } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { issue } from '../support/pem.ts';
import { spawn } from '../support/started.ts';
import { runInProcess } from './in-process.ts';

/*
 * A node whose configuration and secrets are mounted as Kubernetes does it: each name is a link through `..data`, which
 * is a link to a folder; a change is another folder and, by one rename, another `..data`. All are of mode 440.
 */

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));

const secrets = ['users.json', 'service.pem', 'service-key.pem', 'tls.pem', 'tls-key.pem'];
const patience = { timeout: 30_000, interval: 200 };

let data = '';
let node: ChildProcess;
let base = '';

const at = (...names: readonly string[]) => join(data, 'mounted', ...names);

/** Makes the folder of a version, of the secrets that the data folder has now. */
function writeVersion(name: string): void {
  mkdirSync(at(name), { recursive: true });
  for (const secret of secrets) cpSync(join(data, secret), at(name, secret));
  const pairs = {
    ...{ certificate: 'service.pem', key: 'service-key.pem' },
    tls: { certificate: 'tls.pem', key: 'tls-key.pem' },
  };
  const config = { wsdl, service, users: 'users.json', ring: join(data, 'ring.json'), ...pairs };
  writeFileSync(at(name, 'node.json'), JSON.stringify({ ...config, ports: { EchoTls13: {} } }));
  for (const file of [...secrets, 'node.json']) chmodSync(at(name, file), 0o440);
}

function mount(name: string): void {
  symlinkSync(name, at('..next'));
  renameSync(at('..next'), at('..data'));
}

beforeAll(async () => {
  data = await newData();
  writeVersion('..1');
  const textOf = (name: string) => readFileSync(join(data, name), 'utf8');
  const ca = {
    certificate: new X509Certificate(textOf('ca.pem')),
    privateKey: createPrivateKey(textOf('ca-key.pem')),
  };
  const next = await issue('tls', ca);
  writeFileSync(join(data, 'tls.pem'), next.certificate);
  writeFileSync(join(data, 'tls-key.pem'), next.key);
  const added = await runInProcess(['users', 'add', 'alice', '--users', 'users.json'], data, 'a second password\n');
  expect(added.status).toBe(0);
  writeVersion('..2');
  mount('..1');
  for (const file of [...secrets, 'node.json']) symlinkSync(`..data/${file}`, at(file));
  const words = ['serve', '--config', at('node.json'), '--store', 'none', '--https', '0'];
  node = spawn(process.execPath, [mainProgram, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (node.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: node.stdout })) {
    base = /^listening on (https:\S+)$/.exec(line)?.[1] ?? base;
    if (line.startsWith('EchoTls13')) break;
  }
});
afterAll(() => {
  node?.kill('SIGKILL');
  removeFolders();
});

/** What the node shows of itself now. */
async function shown() {
  const ca = readFileSync(join(data, 'ca.pem'), 'utf8');
  const socket = connect({ port: Number(new URL(base).port), host: 'localhost', ca });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  const words = [
    'call',
    '--wsdl',
    `${base}/EchoTls13?wsdl`,
    '--port',
    'EchoTls13',
    '--ca',
    'ca.pem',
    '--user',
    'alice',
  ];
  const sent = [...words, '--password-stdin', 'Echo', '{"text":"hi"}'];
  const { stdout } = await runInProcess(sent, data, 'a second password\n');
  return { fingerprint256, knowsAlice: stdout === '{"text":"hi"}\n' };
}

function fingerprintOf(version: string): string {
  return new X509Certificate(readFileSync(at(version, 'tls.pem'))).fingerprint256;
}

test('what is mounted anew is used by watching, and at SIGHUP: certificates with their keys, and users', async () => {
  const first = { fingerprint256: fingerprintOf('..1'), knowsAlice: false };
  const second = { fingerprint256: fingerprintOf('..2'), knowsAlice: true };
  expect(await shown()).toEqual(first);
  mount('..2');
  await expect.poll(shown, patience).toEqual(second);
  mount('..1');
  node.kill('SIGHUP');
  await expect.poll(shown, patience).toEqual(first);
  const ended = once(node, 'exit');
  node.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
