import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { NetworkError } from '../../src/client/network-error.ts';
import type { Session } from '../../src/client/session.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { readRingFile, writeRingFile } from '../../src/keyring/ring-file.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { echo, endFarms, nodeAddresses, type RunningFarm, sessionOf, startFarm, whoAmI, wssc } from './running-farm.ts';

afterEach(endFarms);
afterAll(removeFolders);

/** Calls in a closed loop until told to stop; a caller whose call says `over` stops by itself. */
function callers(count: number, call: (n: number) => Promise<unknown>) {
  const failures: unknown[] = [];
  let calls = 0;
  let going = true;
  const caller = async () => {
    while (going) {
      const outcome = await call(calls++).catch(error => failures.push(error));
      if (outcome === 'over') return;
    }
  };
  const all = Promise.all(Array.from({ length: count }, caller));
  return {
    failures,
    /** Settles when all callers have stopped. */
    ended: all,
    get calls() {
      return calls;
    },
    async stop() {
      going = false;
      await all;
    },
  };
}

function waitForCalls(running: { readonly calls: number }, more: number): Promise<void> {
  const enough = running.calls + more;
  return eventually(() => expect(running.calls).toBeGreaterThanOrEqual(enough));
}

const port = 'EchoTls13';

test('the ring rotates under load, by its schedule and by hand, and no call and no bootstrap fails', async () => {
  const data = await newData();
  const ring = join(data, 'ring.json');
  rmSync(ring);
  // What was sealed outlasts the test, however slow its machine is: no conversation ends by its key.
  const policy = { refreshMs: 500, skewMs: 0, propagateMs: 2_000, issueMs: 4_000, lifeMs: 600_000 };
  writeRingFile(ring, createRing({ nowMs: Date.now(), random: systemRandom, policy }));
  const farm = await startFarm(data);
  const lasting = sessionOf(farm, port, { order: 'rotate' });
  const load = callers(4, async n => {
    await echo(lasting, port);
    if (n % 20 !== 0) return;
    const fresh = sessionOf(farm, port, { order: 'rotate' });
    for (let i = 0; i < 3; i++) await echo(fresh, port);
    await fresh.close();
  });
  await waitForCalls(load, 20);
  expect(wssc('keys', 'rotate', '--ring', ring)).toMatchObject({ status: 0 });
  const { generation } = readRingFile(ring);
  while (readRingFile(ring).generation < generation + 2) await waitForCalls(load, 5);
  await load.stop();
  expect(load.failures, farm.said.slice(0, 20).join('\n')).toEqual([]);
  const { nodes, ring: shown } = await farm.status();
  expect(nodes.map(({ faults }) => faults)).toEqual([{}, {}, {}]);
  expect(shown.keys.filter(({ state }) => state === 'active')).toHaveLength(1);
  await lasting.close();
  await farm.interrupt();
});

test('all nodes start again with the same ring and the old conversation works, also in a new farm', async () => {
  const data = await newData();
  const farm = await startFarm(data);
  const session = sessionOf(farm, port);
  await echo(session, port);
  for (const i of farm.nodes.keys()) farm.kill(i);
  await farm.allUp(farm.nodes.map(({ pid }) => pid));
  for (const address of nodeAddresses(farm, port))
    expect(await whoAmI(session, port, address)).toMatchObject({ openedFrom: 'seal' });
  expect(await farm.interrupt()).toBe(0);

  const again = await startFarm(data);
  expect(again.password).toBe(farm.password);
  for (const address of nodeAddresses(again, port))
    expect(await whoAmI(session, port, address)).toMatchObject({ openedFrom: 'seal' });
  expect(session.bootstraps).toBe(1);
  await again.interrupt();
});

test('a client that goes on to the next node loses no call while nodes are killed one after the other', async () => {
  const farm = await startFarm(await newData());
  const session = sessionOf(farm, port, { order: 'rotate', retry: 'any' });
  await echo(session, port);
  const load = callers(4, () => echo(session, port));
  for (const i of farm.nodes.keys()) {
    await waitForCalls(load, 30);
    farm.kill(i);
    await waitForCalls(load, 30);
    await farm.allUp([farm.nodes[i]?.pid ?? 0]);
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(session.bootstraps).toBe(1);
  await session.close();
  await farm.interrupt();
});

test('Ctrl-C: every call that has reached a node is answered, and the farm ends with exit code 0', async () => {
  const farm = await startFarm(await newData());
  const own = nodeAddresses(farm, port).map(address => sessionOf(farm, port, { addresses: [address], retry: 'none' }));
  const shared = sessionOf(farm, port, { addresses: [`${farm.shared.https}/${port}`], retry: 'none' });
  const all: readonly Session[] = [...own, shared];
  for (const session of all) await echo(session, port);
  let answered = all.length;
  const load = callers(12, async n => {
    try {
      await echo(all[n % all.length] as Session, port);
      answered += 1;
      return 'next';
    } catch (error) {
      // The end: refused, or reset before any node took the connection.
      if (error instanceof NetworkError) return 'over';
      throw error;
    }
  });
  await waitForCalls(load, 60);
  expect(await farm.interrupt()).toBe(0);
  await load.ended;
  expect(load.failures).toEqual([]);
  const counted = farm.said.map(line => Number(/^node\d answered (\d+) calls$/.exec(line)?.[1] ?? 0));
  expect(counted.reduce((sum, calls) => sum + calls, 0)).toBe(answered);
});

test('a conversation cancelled on one node is refused by the others, and by one that starts later', async () => {
  const farm = await startFarm(await newData());
  const [first, second = '', third = ''] = nodeAddresses(farm, 'EchoSymmetric');
  const sent: string[] = [];
  const session = sessionOf(farm, 'EchoSymmetric', {
    addresses: [first ?? ''],
    trace: ({ request }) => void sent.push(request),
  });
  await echo(session, 'EchoSymmetric');
  const genuine = sent.at(-1) ?? '';
  // Another node has not seen this message: it takes it as long as the conversation lasts.
  expect((await post(second, genuine)).status).toBe(200);
  await session.close();
  const refused = { status: 500, text: expect.stringContaining('BadContextToken') };
  expect(await post(third, genuine)).toMatchObject(refused);
  farm.kill(2);
  await farm.allUp([farm.nodes[2]?.pid ?? 0]);
  expect(await post(third, genuine)).toMatchObject(refused);
  await farm.interrupt();
});

async function post(address: string, body: string): Promise<{ status: number; text: string }> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
    body,
  });
  return { status: response.status, text: await response.text() };
}

test('status page, status.json and farm.json show no secret, and the first line none but the password', async () => {
  const farm = await startFarm(await newData());
  await echo(sessionOf(farm, port), port);
  const shown = [
    await (await fetch(`${farm.admin}/`)).text(),
    await (await fetch(`${farm.admin}/status.json`)).text(),
    readFileSync(join(farm.data, 'farm.json'), 'utf8'),
    farm.line.replace(farm.password, ''),
  ];
  for (const secret of secretsOf(farm)) for (const text of shown) expect(text).not.toContain(secret);
  await farm.interrupt();
});

/**
 * The password, the ring's keys and ids beyond four bytes, each line of each private key, hash and salt of the users
 * file.
 */
function secretsOf(farm: RunningFarm): string[] {
  const read = (name: string) => readFileSync(join(farm.data, name), 'utf8');
  const ring = JSON.parse(read('ring.json'));
  const users = JSON.parse(read('users.json'));
  const keyLines = ['ca-key.pem', 'service-key.pem', 'tls-key.pem'].flatMap(name =>
    read(name)
      .split('\n')
      .filter(line => line.length === 64),
  );
  return [
    farm.password,
    ...ring.keys.flatMap(({ id, key }: { id: string; key: string }) => [
      id,
      key,
      Buffer.from(key, 'base64').toString('hex'),
    ]),
    ...users.users.flatMap(({ scrypt }: { scrypt: { salt: string; hash: string } }) => [scrypt.salt, scrypt.hash]),
    ...keyLines,
  ];
}

test('a second farm with the same data folder is refused: a ring has one writer', async () => {
  const farm = await startFarm(await newData());
  const { status, stdout, stderr } = wssc('farm', '--data', farm.data, '--http', '0', '--https', '0', '--admin', '0');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(
    /^wssc: a farm runs with the data folder \S+ already, see http:\/\/localhost:\d+\nhint: [^\n]+\n$/,
  );
  await farm.interrupt();
});

test('a busy port ends the farm with one sentence that names it, and exit code 1', async () => {
  const farm = await startFarm(await newData());
  const { port: busy } = new URL(farm.shared.http);
  const { status, stdout, stderr } = wssc(
    'farm',
    '--data',
    await newData(),
    '--http',
    busy,
    '--https',
    '0',
    '--admin',
    '0',
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(new RegExp(`^wssc: port ${busy} is already in use\nhint: [^\n]+\n$`));
  await farm.interrupt();
});

test('wssc load finds the farm by its data folder and reports what the nodes did', async () => {
  const farm = await startFarm(await newData());
  const { status, stdout } = wssc(
    'load',
    '--data',
    farm.data,
    '--duration',
    '2s',
    '--conversations',
    '6',
    '--concurrency',
    '4',
    '--json',
  );
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ port: 'EchoSymmetric', conversations: 6, bootstraps: 0, failed: 0, errors: {} });
  expect(Object.keys(report.nodes)).toEqual(['node1', 'node2', 'node3']);
  expect(Object.values<number>(report.nodes).reduce((sum, calls) => sum + calls)).toBe(report.calls);
  // Each conversation is opened once on the one node of three that its bootstrap and its first call have not been to.
  expect(report.openedFromSeal).toBeCloseTo(6 / report.calls, 4);
  expect(report.bytes.stateShare).toBeGreaterThan(0.005);
  await farm.interrupt();
});

test('the first measured call of each conversation goes to a new node, and counts as opened by seal', async () => {
  const farm = await startFarm(await newData());
  const words = ['--conversations', '6', '--rate', '24', '--duration', '250ms', '--json'];
  const { status, stdout } = wssc('load', '--data', farm.data, ...words);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ calls: 6, failed: 0, openedFromSeal: 1 });
  await farm.interrupt();
});
