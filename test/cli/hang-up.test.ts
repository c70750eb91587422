import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { spawn } from '../support/started.ts';

const wsdl = fileURLToPath(new URL('../../wsdl/echo.wsdl', import.meta.url));
const service = fileURLToPath(new URL('../../dist/farm/echo-service.js', import.meta.url));

let data = '';
let node: ChildProcess;
let base = '';

function configure(limits: object): void {
  const config = { wsdl, service, users: 'users.json', ring: 'ring.json', limits };
  const file = join(data, 'node.json');
  const own = { certificate: 'service.pem', key: 'service-key.pem' };
  writeFileSync(`${file}.next`, JSON.stringify({ ...config, ...own, ports: { EchoSymmetric: {} } }), { mode: 0o600 });
  renameSync(`${file}.next`, file);
}

beforeAll(async () => {
  data = await newData();
  configure({ maxBytes: 1_000 });
  const words = [mainProgram, 'serve', '--config', join(data, 'node.json'), '--store', 'none', '--http', '0'];
  node = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  if (node.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: node.stdout })) {
    base = /^listening on (http:\S+)$/.exec(line)?.[1] ?? base;
    if (base !== '') break;
  }
});
afterAll(() => {
  node.kill('SIGKILL');
  removeFolders();
});

async function statusOf(chars: number): Promise<number> {
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8' };
  const { status } = await fetch(`${base}/EchoSymmetric`, { method: 'POST', headers, body: 'x'.repeat(chars) });
  return status;
}

test('SIGHUP ends no node: it takes the limits that its configuration has by then, and drains at SIGTERM', async () => {
  expect(await statusOf(2_000)).toBe(413);
  configure({ maxBytes: 4_000 });
  node.kill('SIGHUP');
  await eventually(async () => expect(await statusOf(2_000)).toBe(400));
  expect(await statusOf(5_000)).toBe(413);
  const ended = once(node, 'exit');
  node.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
