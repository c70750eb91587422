import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { parseKeks } from '../../src/keyring/kek.ts';
import { type OpenHome, openHome } from '../../src/keyring/open-home.ts';
import type { RingPolicy, RingRecords } from '../../src/keyring/record.ts';
import { formatRing } from '../../src/keyring/ring-text.ts';
import { createRing, rotateRing } from '../../src/keyring/rotate.ts';
import { ringPolicy } from '../../src/keyring/schedule.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { mainProgram } from '../farm/running-farm.ts';
import { endPostgresServers, startPostgres } from '../store/postgres-server.ts';
import { endRedisServers, startRedis } from '../store/redis-server.ts';
import { removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { spawn } from '../support/started.ts';
import { printFigures } from './farm/figures.ts';
import { type Line, layLine } from './farm/line.ts';
import { echoOnce, reasonsOf, sessionWith, startLoad } from './farm/load.ts';
import { endNodes, type FaultFarm, type FaultNode, faultFarm } from './farm/nodes.ts';

/* The key ring in a store that nodes share: how it rotates, and what they do where it can't be read or was changed. */

const kekText = randomBytes(32).toString('base64');
const keks = () => parseKeks(kekText, 'test');
const kek = keks()[0];
const open: { close(): unknown }[] = [];
const lines: Line[] = [];

afterEach(async () => {
  endNodes();
  for (const each of open.splice(0)) await each.close();
  for (const line of lines.splice(0)) line.close();
});
afterAll(() => {
  endRedisServers();
  endPostgresServers();
  removeFolders();
});

function homeOf(url: URL): OpenHome {
  const home = openHome(url, { keks });
  open.push(home);
  return home;
}

function storeOf(url: URL): Store {
  const store = openStore(url);
  open.push(store);
  return store;
}

/** The ring that is there. A store on a busy machine may take more than its time for an answer. */
async function ringOf(home: OpenHome): Promise<RingRecords> {
  return eventually(async () => {
    const ring = await home.read();
    if (ring === undefined) throw new Error('no ring');
    return ring;
  });
}

/** Writes a new ring, as soon as the store is connected to. */
async function madeIn(home: OpenHome, policy: Partial<RingPolicy> = {}): Promise<RingRecords> {
  const ring = createRing({ nowMs: Date.now(), random: systemRandom, policy, kek: kek?.id });
  await eventually(async () => home.change(present => (present === undefined ? ring : undefined)));
  return ring;
}

/** A farm whose ring is in that store, which nodes are told of without its password. */
function farmWith(url: URL, ...words: readonly string[]): Promise<FaultFarm> {
  const told = new URL(url);
  const password = decodeURIComponent(told.password);
  told.password = '';
  return faultFarm({
    words: ['--ring', told.href, '--store', 'none', ...words],
    environment: { WSSC_KEK: kekText, WSSC_RING_PASSWORD: password },
  });
}

/** Runs wssc beside what goes on in this process. */
async function wssc(url: URL, ...words: readonly string[]): Promise<void> {
  const told = new URL(url);
  const environment = { WSSC_KEK: kekText, WSSC_RING_PASSWORD: decodeURIComponent(told.password) };
  told.password = '';
  const child = spawn(process.execPath, [mainProgram, ...words, '--ring', told.href], {
    stdio: 'ignore',
    env: { ...process.env, ...environment },
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
}

interface Ready {
  readonly status: number;
  readonly ring: { readonly generation: number; readonly stale: boolean; readonly issuing: boolean };
  readonly reasons: readonly string[];
}

async function readyOf(node: FaultNode): Promise<Ready> {
  const answer = await fetch(`${node.http}/readyz`);
  return { status: answer.status, ...((await answer.json()) as Omit<Ready, 'status'>) };
}

/** Settles when each node has said a sentence. */
function allSaid(nodes: readonly FaultNode[], sentence: RegExp): Promise<void> {
  return eventually(() => {
    for (const { lines: said } of nodes) expect(said.join('\n')).toMatch(sentence);
  });
}

const port = 'EchoTls13';

/** Calls each node in a conversation that the first has begun. */
async function callAll(farm: FaultFarm): Promise<void> {
  const session = sessionWith({ port, addresses: farm.addresses(port) });
  for (const node of farm.nodes) await echoOnce(session, port, randomUUID(), node.address(port));
  expect(session.bootstraps).toBe(1);
}

/** Four callers that go on to another node where one does not answer. */
function callsTo(farm: FaultFarm): ReturnType<typeof startLoad> {
  return startLoad({ port, addresses: farm.addresses(port), callers: 4, pauseMs: 20, session: { retry: 'any' } });
}

const stores: readonly (readonly [name: string, url: () => Promise<URL>])[] = [
  ['Redis', async () => (await startRedis()).url],
  ['PostgreSQL', async () => (await startPostgres()).url],
];

describe.each(stores)('K0 an empty ring in %s', (_name, start) => {
  test('gets one key from three nodes that are started at the same time with --init-ring', async () => {
    const url = await start();
    const farm = await farmWith(url, '--init-ring');
    await farm.start();
    await eventually(async () => {
      for (const node of farm.nodes)
        expect(await readyOf(node)).toMatchObject({ status: 200, ring: { generation: 1 } });
    });
    expect((await ringOf(homeOf(url))).keys).toHaveLength(1);
    await callAll(farm);
  });

  test('leaves nodes not ready that were not told to fill it, until somebody does', async () => {
    const url = await start();
    const farm = await farmWith(url);
    await farm.start();
    await allSaid(farm.nodes, /^not ready: key ring \w+:\S+: there is none \(it is made by "wssc keys create"/m);
    for (const node of farm.nodes)
      expect(await readyOf(node)).toMatchObject({ status: 503, reasons: expect.arrayContaining(['ring-missing']) });
    await wssc(url, 'keys', 'create');
    await allSaid(farm.nodes, /^ready: key ring of farm [0-9a-f]{16}, generation 1$/m);
    for (const node of farm.nodes) expect((await readyOf(node)).status).toBe(200);
    await callAll(farm);
  });
});

const rotations = 10;
const compressed = { refreshMs: 500, skewMs: 500, propagateMs: 2_000, issueMs: 4_000, lifeMs: 120_000 };

test('K1 ten rotations under load, while nodes hang nearly as long as a key propagates: no call fails', async () => {
  const { url } = await startRedis();
  const home = homeOf(url);
  await madeIn(home, compressed);
  const farm = await farmWith(url);
  await farm.start();
  const load = await callsTo(farm);
  const used = new Set<string>();
  for (let turn = 0; used.size <= rotations; turn += 1) {
    const ring = await ringOf(home);
    const { current } = ringPolicy(ring.keys, ring.policy, Date.now());
    if (current !== undefined) used.add(current.id);
    if (turn % 100 === 50) {
      const node = farm.nodes[(turn / 50) % farm.nodes.length];
      node?.hang();
      await setTimeout(compressed.propagateMs - 500);
      node?.goOn();
    }
    await setTimeout(50);
  }
  await load.stop();
  const { generation } = await ringOf(home);
  printFigures('K1', { ...load.figures(), rotations: used.size - 1, generation });
  expect(reasonsOf(load.failed)).toEqual({});
  expect(load.sessions.map(({ bootstraps }) => bootstraps)).toEqual(load.sessions.map(() => 1));
  // Each of three nodes rotates, and each rotation makes one key.
  expect(generation).toBeLessThanOrEqual(used.size + 3);
});

test('K2 a node that is cut off from its ring issues nothing and goes on opening, as it says', async () => {
  const redis = await startRedis();
  await madeIn(homeOf(redis.url), compressed);
  const line = await layLine(redis.port);
  lines.push(line);
  const farm = await farmWith(redis.url);
  const [first, , last] = farm.nodes as [FaultNode, FaultNode, FaultNode];
  await first.start();
  await last.start({ words: ['--ring', `redis://127.0.0.1:${line.port}`, '--store', 'none'] });
  await eventually(async () => expect((await readyOf(last)).ring.issuing).toBe(true));
  const session = sessionWith({ port, addresses: [first.address(port)] });
  await echoOnce(session, port, 'before');
  line.cut();
  const beganMs = performance.now();
  await eventually(async () => expect((await readyOf(last)).reasons).toContain('ring-stale'));
  const staleMs = performance.now() - beganMs;
  await allSaid([last], /was not read for 2 s, so this node issues nothing until it is, and goes on opening/);
  await echoOnce(session, port, 'opened at the stale node', last.address(port));
  await expect(echoOnce(sessionWith({ port, addresses: [last.address(port)] }), port, 'x')).rejects.toThrow();
  line.mend();
  const mendedMs = performance.now();
  await eventually(async () => expect((await readyOf(last)).ring.issuing).toBe(true));
  printFigures('K2', { 'stale after ms': staleMs, 'issues again after ms': performance.now() - mendedMs });
  await echoOnce(sessionWith({ port, addresses: [last.address(port)] }), port, 'begun here again');
});

test('K3 a revoked key opens nothing any more within a moment, and clients lose no call', async () => {
  const { url } = await startRedis();
  const home = homeOf(url);
  const ring = await madeIn(home);
  const farm = await farmWith(url);
  await farm.start();
  const load = await callsTo(farm);
  await load.answered(50);
  await wssc(url, 'keys', 'revoke', ring.keys[0]?.id.slice(0, 8) ?? '', '--yes');
  const beganMs = performance.now();
  await eventually(async () => {
    for (const node of farm.nodes) expect((await readyOf(node)).ring.generation).toBe(2);
  });
  const heldMs = performance.now() - beganMs;
  await load.answered(100);
  await load.stop();
  printFigures('K3', { ...load.figures(), 'revoked at all nodes after ms': heldMs });
  expect(reasonsOf(load.failed)).toEqual({});
  expect(load.sessions.map(({ bootstraps }) => bootstraps)).toEqual(load.sessions.map(() => 2));
  // By its word, not by the look that comes each minute.
  expect(heldMs).toBeLessThan(20_000);
});

describe('K4 a ring that was changed by somebody else', () => {
  /** A farm that runs with the second generation of a ring, in which the first key is revoked. */
  async function begun() {
    const { url } = await startRedis();
    const home = homeOf(url);
    const backup = await madeIn(home, { refreshMs: 500 });
    await wssc(url, 'keys', 'revoke', backup.keys[0]?.id ?? '', '--yes');
    const farm = await farmWith(url);
    const [first, second, third] = farm.nodes as [FaultNode, FaultNode, FaultNode];
    await Promise.all([first.start(), second.start()]);
    const running = { ...farm, nodes: [first, second] };
    await eventually(async () => {
      for (const node of running.nodes) expect((await readyOf(node)).ring.generation).toBe(2);
    });
    const write = (text: string) => storeOf(url).put('ring/current', Buffer.from(text), { untilMs: Date.UTC(9999, 1) });
    const put = (text: string) => eventually(async () => expect(await write(text)).toEqual(expect.any(Number)));
    return { url, home, backup, farm: running, third, put };
  }

  test.each([
    ['garbage', () => 'garbage', /is not JSON/],
    [
      'cut',
      (ring: RingRecords) => formatRing(ring, { kek: kek as never, random: systemRandom }).slice(0, 300),
      /is not JSON/,
    ],
    [
      'in clear',
      (ring: RingRecords) => formatRing({ ...ring, generation: 9, kek: undefined }),
      /its keys are not wrapped/,
    ],
    [
      'of another KEK',
      (ring: RingRecords) => {
        const [other] = parseKeks(randomBytes(32).toString('hex'), 'other');
        return formatRing({ ...ring, generation: 9 }, { kek: other as never, random: systemRandom });
      },
      /its keys are wrapped by KEK [0-9a-f]{16}, not by/,
    ],
  ])('%s: it is named, and the last good one goes on; no node starts with it', async (_what, spoilt, sentence) => {
    const { backup, farm, third, put } = await begun();
    await put(spoilt(backup));
    await allSaid(farm.nodes, sentence);
    await callAll(farm);
    await expect(third.start()).rejects.toThrow(/exit code 1: .*wssc: key ring redis:/s);
  });

  test('an older backup: no key is un-revoked, and the nodes put back what they hold', async () => {
    const { home, backup, farm, third, put } = await begun();
    await put(formatRing(backup, { kek: kek as never, random: systemRandom }));
    await eventually(async () => expect((await ringOf(home)).generation).toBe(2));
    await third.start();
    await eventually(async () => expect((await readyOf(third)).ring.generation).toBe(2));
    const ring = await ringOf(home);
    expect(ring.keys.find(({ id }) => id === backup.keys[0]?.id)?.revokedAtMs).toBeDefined();
    await callAll({ ...farm, nodes: [...farm.nodes, third] });
  });

  test('an emptied store that is filled anew: the ring is refused by its farm id', async () => {
    const { url, backup, farm } = await begun();
    const session = sessionWith({ port, addresses: farm.addresses(port) });
    await echoOnce(session, port, 'begun before');
    const cleared = await import('redis').then(({ createClient }) => createClient({ url: url.href }).connect());
    await cleared.sendCommand(['FLUSHALL']);
    cleared.destroy();
    await allSaid(farm.nodes, /key ring redis:\S+ there is none/);
    await wssc(url, 'keys', 'create');
    await allSaid(farm.nodes, new RegExp(`is the ring of farm [0-9a-f]{16}, not of ${backup.farm}`));
    for (const node of farm.nodes) {
      await echoOnce(session, port, 'goes on', node.address(port));
      expect((await readyOf(node)).ring.generation).toBe(2);
    }
  });
});

const dist = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../dist/${name}`, import.meta.url)));

/** A writer that stops itself where it has read the ring, has the lease, and is about to write. */
const sleeper = `
import { ringInStore } from ${dist('keyring/ring-home.js')};
import { parseKeks } from ${dist('keyring/kek.js')};
import { rotateRing } from ${dist('keyring/rotate.js')};
import { systemRandom } from ${dist('crypto/random.js')};
import { openStore } from ${dist('store/open-store.js')};
const store = openStore(new URL(process.argv[1]));
const put = (...given) => {
  process.kill(process.pid, 'SIGSTOP');
  return store.put(...given);
};
const home = ringInStore({ ...store, put }, 'store', { keks: () => parseKeks(process.env.WSSC_KEK, 'test') });
while (!(await home.read().catch(() => undefined)));
const found = await home.read();
if (!(await home.lease(found.generation, Date.now() + 1_000))) throw new Error('no lease');
const options = { now: true, nowMs: Date.now(), random: systemRandom };
const next = present => (present.generation === found.generation ? rotateRing(present, options) : undefined);
for (;;) try {
  console.log((await home.change(next)) === undefined ? 'lost' : 'won');
  break;
} catch (error) {
  if (error.code !== 'STORE_UNAVAILABLE') throw error;
}
store.close();`;

test.each(stores)('K5 a writer that slept through its lease (SIGSTOP) loses, in %s', async (_name, start) => {
  const url = await start();
  const home = homeOf(url);
  const first = await madeIn(home);
  const child = spawn(process.execPath, ['--input-type=module', '-e', sleeper, url.href], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WSSC_KEK: kekText },
  });
  let said = '';
  child.stdout.on('data', data => (said += data));
  await eventually(() => expect(readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) T /));
  // Its lease ends in the store, whatever it does.
  await eventually(async () => expect(await home.lease(first.generation, Date.now() + 60_000)).toBe(true));
  const won = await home.change(
    ring => ring && rotateRing(ring, { now: true, nowMs: Date.now(), random: systemRandom }),
  );
  child.kill('SIGCONT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(said.trim()).toBe('lost');
  expect(await ringOf(home)).toEqual(won);
  expect(won?.keys).toHaveLength(2);
});
