import type { ChildProcess } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endFarms, mainProgram, startFarm } from '../farm/running-farm.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { issue } from '../support/pem.ts';
import { spawn } from '../support/started.ts';

/* Each program that serves with certificates, all of them with the same files. */

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));

/** A program that listens. */
interface Serving {
  readonly name: string;
  /** TCP ports of its sockets with TLS. */
  readonly ports: readonly number[];
  readonly said: readonly string[];
}

const running: ChildProcess[] = [];
let data = '';
let serving: readonly Serving[];

/** Starts `wssc` and waits until it listens on so many sockets. */
async function start(name: string, config: object, sockets: number, ...words: readonly string[]): Promise<Serving> {
  const file = join(data, `${name}.json`);
  writeFileSync(file, JSON.stringify({ ring: 'ring.json', users: 'users.json', ...config }), { mode: 0o600 });
  const program = [mainProgram, name, '--config', file, '--store', 'none', ...words];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const said: string[] = [];
  const ports: number[] = [];
  createInterface({ input: child.stderr }).on('line', line => said.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    const [, port] = /^listening .*https:\/\/localhost:(\d+)/.exec(line) ?? [];
    if (port !== undefined) ports.push(Number(port));
    if (ports.length === sockets) break;
  }
  expect(ports, said.join('\n')).toHaveLength(sockets);
  return { name, ports, said };
}

beforeAll(async () => {
  data = await newData();
  const tls = { certificate: 'tls.pem', key: 'tls-key.pem' };
  const own = { certificate: 'service.pem', key: 'service-key.pem' };
  const farm = await startFarm(data, '--nodes', '2', '--store', 'none');
  serving = [
    {
      name: 'farm',
      ports: [farm.shared, ...farm.nodes].map(({ https }) => Number(new URL(https).port)),
      said: farm.said,
    },
    await start('serve', { wsdl, service, ...own, tls }, 1, '--https', '0'),
    await start('sts', { wsdl, ...own, tls, relays: { ca: 'ca.pem' } }, 2, '--https', '0', '--relay', '0'),
    await start('tokens', { audience: 'urn:orders', publicClients: { shop: ['read'] }, tls }, 1, '--https', '0'),
  ];
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  endFarms();
  removeFolders();
});

const textOf = (name: string) => readFileSync(join(data, name), 'utf8');

/** Puts a file in the place of another, as whoever renews certificates does. */
function replace(name: string, text: string): void {
  writeFileSync(join(data, 'next'), text, { mode: 0o600 });
  renameSync(join(data, 'next'), join(data, name));
}

/** Fingerprints of the certificates that the sockets of a program are served with; a node's own is shown to them. */
function served({ ports }: Serving): Promise<string[]> {
  const own = { cert: textOf('node.pem'), key: textOf('node-key.pem') };
  return Promise.all(
    ports.map(async port => {
      const socket = connect({ port, host: 'localhost', ca: textOf('ca.pem'), ...own });
      await once(socket, 'secureConnect');
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    }),
  );
}

const patience = { timeout: 30_000, interval: 200 };

describe('while farm, serve, sts and tokens run', () => {
  test('a new key beside the old certificate is used by none, and each says so; the pair is used by all', async () => {
    const before = new X509Certificate(textOf('tls.pem')).fingerprint256;
    const ca = {
      certificate: new X509Certificate(textOf('ca.pem')),
      privateKey: createPrivateKey(textOf('ca-key.pem')),
    };
    const next = await issue('tls', ca);
    const { fingerprint256 } = new X509Certificate(next.certificate);
    const all = (fingerprint: string) => serving.map(({ name, ports }) => [name, ports.map(() => fingerprint)]);
    const now = () => Promise.all(serving.map(async each => [each.name, await served(each)]));
    expect(await now()).toEqual(all(before));

    replace('tls-key.pem', next.key);
    const saysSo = ({ said }: Serving) =>
      said.some(line => /certificate not read/.test(line) && /not the key of/.test(line));
    await expect.poll(() => serving.filter(each => !saysSo(each)).map(({ name }) => name), patience).toEqual([]);
    expect(await now()).toEqual(all(before));

    replace('tls.pem', next.certificate);
    await expect.poll(now, patience).toEqual(all(fingerprint256));
  });
});
