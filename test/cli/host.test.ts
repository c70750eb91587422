import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { heardAt } from '../support/heard.ts';
import { spawn } from '../support/started.ts';

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
let data = '';
let child: ChildProcess;

const tls = { certificate: 'tls.pem', key: 'tls-key.pem' };
const services = {
  sts: {
    config: { wsdl, certificate: 'service.pem', key: 'service-key.pem', tls, relays: { ca: 'ca.pem' } },
    words: ['--http', '0', '--https', '0', '--relay', '0'],
    sockets: 3,
  },
  tokens: {
    config: { audience: 'urn:orders', publicClients: { shop: ['read'] }, tls },
    words: ['--https', '0'],
    sockets: 1,
  },
};

beforeAll(async () => {
  data = await newData();
});
afterEach(() => {
  child.kill('SIGKILL');
});
afterAll(removeFolders);

/** Starts `wssc`. @returns where it says that it listens */
async function start(name: keyof typeof services, ...more: readonly string[]): Promise<readonly URL[]> {
  const { config, words, sockets } = services[name];
  const file = join(data, `${name}.json`);
  writeFileSync(file, JSON.stringify({ ring: 'ring.json', users: 'users.json', ...config }), { mode: 0o600 });
  const program = [mainProgram, name, '--config', file, '--store', 'none', ...words, ...more];
  const started = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  const found: URL[] = [];
  for await (const line of createInterface({ input: started.stdout })) {
    const [, base] = /^listening .*(https?:\/\/\S+)$/.exec(line) ?? [];
    if (base !== undefined && found.push(new URL(base)) === sockets) break;
  }
  return found;
}

describe.each(['sts', 'tokens'] as const)('wssc %s', name => {
  test('listens at this machine’s loopback addresses', async () => {
    const found = await start(name);
    expect(found.map(({ hostname }) => hostname)).toEqual(found.map(() => 'localhost'));
    expect(await Promise.all(found.map(({ port }) => heardAt(Number(port))))).toEqual(found.map(() => [true, false]));
  });

  test('listens where it is told to, and says so', async () => {
    const found = await start(name, '--host', '127.0.0.2');
    expect(found.map(({ hostname }) => hostname)).toEqual(found.map(() => '127.0.0.2'));
    expect(await Promise.all(found.map(({ port }) => heardAt(Number(port))))).toEqual(found.map(() => [false, true]));
  });
});
