import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { type Conversation, call, cancel, converse, issueRequest } from '../support/initiator.ts';
import { spawn } from '../support/started.ts';
import { endPostgresServers } from './postgres-server.ts';
import { endRedisServers, startRedis } from './redis-server.ts';
import {
  cancelled,
  endNodes,
  type NamedStore,
  postgresWords,
  redisWords,
  refusedWithinASecond,
  type ServeNode,
  serviceFolder,
  settledAnswer,
  sqliteWords,
  startNode,
} from './serve-nodes.ts';

/* Processes that have a store in common, and no parent that tells them anything. */

afterEach(endNodes);
afterAll(() => {
  endRedisServers();
  endPostgresServers();
  removeFolders();
});

const refused = { status: 500, body: expect.stringContaining('BadContextToken') };

function startNodes(folder: string, ...words: readonly string[]): Promise<ServeNode[]> {
  return Promise.all([0, 1, 2].map(() => startNode(folder, ...words)));
}

function converseWith([first]: readonly ServeNode[]): Promise<Conversation> {
  return eventually(() =>
    converse('EchoSymmetric', async message => (await first?.post(message)) ?? { body: undefined }),
  );
}

async function statusesAt(nodes: readonly ServeNode[], conversation: Conversation): Promise<number[]> {
  return Promise.all(nodes.map(async node => (await settledAnswer(node, () => call(conversation))).status));
}

/** The stores that nodes may have in common: the words of the command line for one that is empty. */
const stores: readonly NamedStore[] = [
  ['a file beside the ring', () => []],
  ['a file elsewhere', sqliteWords],
  ['Redis', redisWords],
  ['PostgreSQL', postgresWords],
];

describe.each(stores)('three nodes with %s', (_, words) => {
  test('refuse within a second what was cancelled at one of them, and none forgets it over kill -9', async () => {
    const folder = await serviceFolder();
    const given = await words();
    const nodes = await startNodes(folder, ...given);
    const [conversation, other] = [await converseWith(nodes), await converseWith(nodes)];
    expect(await statusesAt(nodes, conversation)).toEqual([200, 200, 200]);
    await cancelled(nodes[1] as ServeNode, conversation);
    expect(await nodes[1]?.post(call(conversation))).toMatchObject(refused);
    await refusedWithinASecond(nodes, conversation, given);
    expect(await statusesAt(nodes, other)).toEqual([200, 200, 200]);

    // A second one ends, and all of them with it as soon as that is acknowledged.
    await cancelled(nodes[2] as ServeNode, other);
    await Promise.all(nodes.map(node => node.kill()));
    const again = await startNodes(folder, ...given);
    for (const node of again)
      for (const ended of [conversation, other])
        expect(await settledAnswer(node, () => call(ended))).toMatchObject(refused);
    expect(await statusesAt(again, await converseWith(again))).toEqual([200, 200, 200]);
  });
});

describe.each(stores)('two nodes with %s', (_, words) => {
  test('count the wrong passwords of an address together', async () => {
    const limits = { failuresPerUserAndAddress: 3, failuresPerAddress: 1_000 };
    const folder = await serviceFolder({ loginLimits: limits });
    const given = await words();
    const nodes = [await startNode(folder, ...given), await startNode(folder, ...given)] as const;
    const conversation = await converseWith(nodes);
    for (const node of nodes) expect((await settledAnswer(node, () => call(conversation))).status).toBe(200);
    const guess = async (node: ServeNode, username: string) => {
      const credentials = { username, password: `guess ${randomUUID()}` };
      return (await node.post(issueRequest('EchoSymmetric', { credentials }).sent.text)).status;
    };
    // While the store is late with an answer each node counts by itself.
    await eventually(async () => {
      const username = randomUUID();
      for (let i = 0; i < 3; i += 1) expect(await guess(nodes[0], username)).toBe(500);
      expect(await guess(nodes[0], username)).toBe(503);
      // The first at the other node tells it of the three: it need not get as many itself.
      expect(await guess(nodes[1], username)).toBe(500);
      expect([await guess(nodes[1], username), await guess(nodes[1], username)]).toContain(503);
    });
  });
});

describe('a node without a store', () => {
  test('acknowledges a Cancel all the same, holds to it until it is restarted, and says so', async () => {
    const folder = await serviceFolder({ store: 'none' });
    const node = await startNode(folder);
    expect(node.said).toEqual(['there is no store, so what is cancelled is remembered until restart']);
    const conversation = await converseWith([node]);
    expect((await node.post(cancel(conversation))).status).toBe(200);
    expect(await node.post(call(conversation))).toMatchObject(refused);
    await node.kill();
    expect((await (await startNode(folder)).post(call(conversation))).status).toBe(200);
  });
});

test('a node says where it remembers what is cancelled, by its option, its configuration or the default', async () => {
  const folder = await serviceFolder();
  const saidBy = async (at: string, ...words: string[]) => (await startNode(at, ...words)).said;
  const sentence = 'what is cancelled is remembered in sqlite:';
  expect(await saidBy(folder)).toEqual([`${sentence}${join(folder, 'ring.sqlite')}`]);
  const configured = await serviceFolder({ store: 'sqlite:own.sqlite' });
  expect(await saidBy(configured)).toEqual([`${sentence}${join(configured, 'own.sqlite')}`]);
  const file = join(newFolder(), 'a b%20#?.sqlite');
  expect(await saidBy(configured, '--store', `sqlite:${file}`)).toEqual([`${sentence}${file}`]);
  chmodSync(file, 0o644);
  await expect(saidBy(configured, '--store', `sqlite:${file}`)).rejects.toThrow('the node ended');
});

test("a node reads its store's password from a file that others can't read, and says it nowhere", async () => {
  const { port } = await startRedis('--requirepass', 'secret word');
  const folder = await serviceFolder({ store: `redis://127.0.0.1:${port}/1` });
  const file = join(folder, 'store-password');
  writeFileSync(file, 'secret word\n', { mode: 0o600 });
  const node = await startNode(folder, '--store-password-file', file);
  expect(node.said).toEqual([`what is cancelled is remembered in redis://127.0.0.1:${port}/1`]);
  const conversation = await converseWith([node]);
  await cancelled(node, conversation);
  expect(await node.post(call(conversation))).toMatchObject(refused);
  chmodSync(file, 0o604);
  await expect(startNode(folder, '--store-password-file', file)).rejects.toThrow('the node ended');
});

const openStore = fileURLToPath(new URL('../../dist/store/open-store.js', import.meta.url));

/** Opens the store, claims one key and counts; prints what came of it. */
const program = `
import { openStore } from ${JSON.stringify(openStore)};
const laterMs = Date.now() + 60_000;
const store = openStore(new URL(process.argv[1]));
/** What is refused because the others hold the file was not done. */
async function done(ask) {
  for (;;) try { return await ask(); } catch (error) { if (error.code !== 'STORE_UNAVAILABLE') throw error; }
}
const claimed = await done(() => store.claim('race/claim', laterMs));
const put = await done(() => store.put('race/record', Buffer.from('x'), { untilMs: laterMs, ifVersion: 0 }));
console.log(claimed, typeof put, await done(() => store.add('race/count', 1, laterMs)));
store.close();`;

test('ten processes that open a new store at the same time make one store', async () => {
  const url = `sqlite:${join(newFolder(), 'store.sqlite')}`;
  const open = async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', data => (text += data));
    expect(await once(child, 'close')).toEqual([0, null]);
    return text.trim().split(' ');
  };
  const outcomes = await Promise.all(Array.from({ length: 10 }, open));
  const of = (column: number) => outcomes.map(words => words[column]).sort();
  expect(of(0)).toEqual(['new', ...Array(9).fill('seen')]);
  expect(of(1)).toEqual(['number', ...Array(9).fill('string')]);
  expect(
    of(2)
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
