import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyIdOfToken } from '../../src/bearer/bearer-token.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { prepareDemoData } from '../../src/farm/demo-data.ts';
import { updateRingFile, writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing, rotateRing } from '../../src/keyring/rotate.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { spawn } from '../support/started.ts';
import { send } from './http.ts';

/* Three processes of examples/bearer-api.mjs, which have nothing in common but the files of one data folder. */

const program = fileURLToPath(new URL('../../examples/bearer-api.mjs', import.meta.url));
/** Compressed: a node looks at the ring five times a second, and a new key takes over after a second. */
const policy = { refreshMs: 200, skewMs: 1_000, propagateMs: 1_000 };
let data = '';
let ca = '';
let password = '';
let nodes: Node[] = [];

interface Node {
  readonly child: ChildProcess;
  readonly base: string;
}

beforeAll(async () => {
  const folder = newFolder();
  data = join(folder, 'data');
  const made = await prepareDemoData(data, Date.now(), systemRandom);
  password = made.password;
  ca = readFileSync(made.ca, 'utf8');
  rmSync(made.ring);
  writeRingFile(made.ring, createRing({ nowMs: Date.now(), random: systemRandom, policy }));
  nodes = await startNodes();
});
afterAll(() => {
  for (const { child } of nodes) child.kill('SIGKILL');
  removeFolders();
});

function startNodes(): Promise<Node[]> {
  return Promise.all(Array.from({ length: 3 }, startNode));
}

async function startNode(): Promise<Node> {
  const child = spawn(process.execPath, [program, '0'], {
    cwd: dirname(data),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, base: String(line).replace('listening on ', '') };
}

function nodeAt(index: number): Node {
  const node = nodes[index % nodes.length];
  if (node === undefined) throw new Error('no node');
  return node;
}

async function kill({ child }: Node): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function tokenFrom(node: Node, grant: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const parameters = { grant_type: 'password', client_id: 'shop', username: 'demo', password, ...grant };
  const { status, body } = await send(`${node.base}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(parameters).toString(),
    ca,
  });
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body);
}

function orders({ base }: Node, token = ''): Promise<{ readonly status: number; readonly body: string }> {
  return send(`${base}/orders`, { headers: { authorization: `Bearer ${token}` }, ca });
}

test('a token of a node that was killed is good at the others', async () => {
  const granted = await tokenFrom(nodeAt(0), { scope: 'orders.read' });
  await kill(nodeAt(0));
  for (let call = 0; call < 200; call += 1)
    expect(await orders(nodeAt(1 + (call % 2)), granted.access_token)).toMatchObject({
      status: 200,
      body: '{"ordersOf":"demo","roles":["reader"],"scope":["orders.read"]}',
    });
  const refresh = { grant_type: 'refresh_token', refresh_token: granted.refresh_token ?? '' };
  const refreshed = await tokenFrom(nodeAt(1), refresh);
  expect(await orders(nodeAt(2), refreshed.access_token)).toMatchObject({ status: 200 });
  nodes = [await startNode(), ...nodes.slice(1)];
});

test('no token is refused while the ring is rotated three times under load', async () => {
  const first = (await tokenFrom(nodeAt(0))).access_token ?? '';
  const keyIds = new Set<string | undefined>([keyIdOfToken(first)]);
  const statuses: number[] = [];
  let isRotating = true;
  const load = async (worker: number) => {
    for (let call = worker; isRotating; call += 1) {
      const token = (await tokenFrom(nodeAt(call))).access_token ?? '';
      keyIds.add(keyIdOfToken(token));
      for (const node of nodes) statuses.push((await orders(node, token)).status, (await orders(node, first)).status);
    }
  };
  const workers = [0, 1].map(load);
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    updateRingFile(join(data, 'ring.json'), ring =>
      rotateRing(ring, { now: false, nowMs: Date.now(), random: systemRandom }),
    );
    await expect.poll(() => keyIds.size, { timeout: 30_000 }).toBe(1 + rotation);
  }
  await expect.poll(() => statuses.length, { timeout: 30_000 }).toBeGreaterThan(100);
  isRotating = false;
  await Promise.all(workers);
  expect(statuses.filter(status => status !== 200)).toEqual([]);
});

test('a token sealed before all nodes were killed and started again is good after it', async () => {
  const { access_token: token } = await tokenFrom(nodeAt(0));
  await Promise.all(nodes.map(kill));
  nodes = await startNodes();
  for (const node of nodes) expect(await orders(node, token)).toMatchObject({ status: 200 });
});

test('a token of another farm is refused by all', async () => {
  const { access_token: token } = await tokenFrom(nodeAt(0));
  await Promise.all(nodes.map(kill));
  rmSync(join(data, 'ring.json'));
  writeRingFile(join(data, 'ring.json'), createRing({ nowMs: Date.now(), random: systemRandom, policy }));
  nodes = await startNodes();
  for (const node of nodes) expect(await orders(node, token)).toMatchObject({ status: 401 });
});
