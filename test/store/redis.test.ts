import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { storeFindings } from '../../src/cli/doctor/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { redisStore } from '../../src/store/redis.ts';
import type { Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing.ts';
import { awakeMs } from '../support/awake.ts';
import { removeFolders } from '../support/data-folder.ts';
import { freePort } from '../support/endpoint.ts';
import { eventually } from '../support/eventually.ts';
import { pem } from '../support/pem.ts';
import { endRedisServers, startRedis, tlsSettings } from './redis-server.ts';
import { away, refusedAtOnce, refusedInTime } from './refusals.ts';
import { followsAuthorities } from './renewed-authorities.ts';
import { toldWithinASecond } from './told-in-time.ts';

const opened: Store[] = [];
const laterMs = Date.now() + 3_600_000;
const bytes = Buffer.from('one');
const shared = await startRedis();

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});
afterAll(() => {
  endRedisServers();
  removeFolders();
});

function open(url: URL, ca?: string): { readonly store: Store; readonly said: string[] } {
  const said: string[] = [];
  const store = openStore(url, { onEvent: sentence => said.push(sentence), ...(ca === undefined ? {} : { ca }) });
  opened.push(store);
  return { store, said };
}

/** A store that is connected, and waits for an answer as long as a machine under load may need. */
async function connected(url: URL, ca?: string): Promise<ReturnType<typeof open>> {
  const said: string[] = [];
  const store = redisStore(url, { clock: Date.now, ca, onEvent: sentence => said.push(sentence), answerMs: 10_000 });
  opened.push(store);
  await recovered(store);
  return { store, said };
}

for (const { name, run } of storeContract('redis', async () => (await connected(shared.url)).store))
  test(name, () => expect(run()).resolves.toBeUndefined());

async function recovered(store: Store): Promise<void> {
  await eventually(async () => expect(await store.claim(`again/${Math.random()}`, laterMs)).toBe('new'));
}

describe('while the server', () => {
  test('hangs, what is asked is refused within 250 ms, later at once, and done again when it goes on', async () => {
    const server = await startRedis();
    const { store, said } = open(server.url);
    await eventually(() => store.claim('a/1', laterMs));
    server.hang();
    await refusedInTime(store);
    await refusedAtOnce(store);
    server.goOn();
    await recovered(store);
    expect(await eventually(() => store.has('a/1'))).toBe(true);
    expect(said).toContainEqual(expect.stringContaining('does not answer: no answer in 250 ms'));
    expect(said).toContainEqual(expect.stringContaining('answers again'));
  });

  test('is gone, what is asked is refused; what it had acknowledged it has when it is back', async () => {
    const server = await startRedis();
    const { store, said } = open(server.url);
    await eventually(() => store.put('a/1', bytes, { untilMs: laterMs }));
    const before = said.length;
    await server.kill();
    for (let asked = 0; asked < 30; asked += 1) {
      await expect(Promise.resolve(store.claim('a/2', laterMs))).rejects.toMatchObject(away);
      await setTimeout(100);
    }
    const troubles = said.slice(before).filter(sentence => sentence.includes('does not answer'));
    expect(troubles).toEqual([...new Set(troubles)]);
    await server.restart();
    await recovered(store);
    expect(await eventually(() => store.get('a/1'))).toMatchObject({ value: Uint8Array.from(bytes) });
  });

  test('is not there yet, what is asked is refused; later nothing has to be restarted', async () => {
    const server = await startRedis();
    await server.kill();
    const { store } = open(server.url);
    await refusedInTime(store);
    await server.restart();
    await recovered(store);
  });

  test('can only be read, what writes is refused, and done again on a master', async () => {
    const server = await startRedis('--replicaof', '127.0.0.1', String(await freePort()));
    const { store } = open(server.url);
    await expect(Promise.resolve(store.put('a/1', bytes, { untilMs: laterMs }))).rejects.toMatchObject(away);
    await server.kill();
    await server.restart('--save', '');
    await recovered(store);
  });

  test('is full, nothing more is taken and nothing is given up', async () => {
    const { store } = await connected((await startRedis('--maxmemory', '3mb')).url);
    const value = Buffer.alloc(60_000, 1);
    let written = 0;
    while (written < 1_000 && (await store.put(`a/${written}`, value, { untilMs: laterMs })) !== 'full') written += 1;
    expect(written).toBeLessThan(1_000);
    let claimed = 0;
    while (claimed < 10_000 && (await store.claim(`a/${claimed}${'x'.repeat(400)}`, laterMs)) === 'new') claimed += 1;
    expect(claimed).toBeLessThan(10_000);
    for (let n = 0; n < claimed; n += 1) expect(await store.has(`a/${n}${'x'.repeat(400)}`)).toBe(true);
    for (let n = 0; n < written; n += 1) expect((await store.get(`a/${n}`))?.value.byteLength).toBe(value.byteLength);
    const none = { ...away, why: 'it has no room' };
    await expect(Promise.resolve(store.add('a/n', 1, laterMs))).rejects.toMatchObject(none);
    await expect(Promise.resolve(store.delete('a/0'))).rejects.toMatchObject(none);
    expect(store.health?.().up).toBe(true);
  });
});

describe('a server that', () => {
  test.each([
    ['wants another password', ['--requirepass', 'secret'], 'redis://:wrong@', 'user or password is wrong'],
    ['wants a password', ['--requirepass', 'secret'], 'redis://', 'it wants a password'],
    ['wants none', [], 'redis://:wrong@', 'it wants no password, and was given one'],
  ])('%s is named with the reason, and the password is not', async (_, settings, before, why) => {
    const { port } = await startRedis(...settings);
    const { store, said } = open(new URL(`${before}127.0.0.1:${port}`));
    await expect(Promise.resolve(store.claim('a/1', laterMs))).rejects.toMatchObject(away);
    await eventually(() => expect(said).toContain(`the store redis://127.0.0.1:${port} does not answer: ${why}`));
    expect(said.join()).not.toMatch(/wrong@|secret/);
    await connected(new URL(`redis://${settings.length === 0 ? '' : ':secret@'}127.0.0.1:${port}`));
  });

  test('does not know the password is an error to wssc doctor, with the reason', async () => {
    const { url } = await startRedis('--requirepass', 'secret');
    expect(await storeFindings({ url }, 60_000)).toEqual([
      {
        ...{ subject: 'store', level: 'error', says: `the store ${url.href} does not answer: it wants a password` },
        todo: 'see whether it runs, is reached from here, and knows this user and password',
      },
    ]);
  });

  test.each([
    ['--appendfsync', 'everysec', 'appendfsync always'],
    ['--appendonly', 'no', 'appendonly yes'],
    ['--maxmemory-policy', 'allkeys-lru', 'maxmemory-policy noeviction'],
  ])('may lose what it acknowledged (%s %s) is used, with a warning', async (name, value, needed) => {
    const { url } = await startRedis(name, value);
    const { said, store } = await connected(url);
    expect(said).toContain(`the store redis://${url.host} may lose what it acknowledged: it needs ${needed}`);
    expect(store.health?.().lossy).toBe(`may lose what it acknowledged: it needs ${needed}`);
    expect(await storeFindings({ url }, 60_000)).toContainEqual({
      ...{ subject: 'store', level: 'warning', todo: 'set it so in the configuration of its server' },
      says: `the store may lose what it acknowledged: it needs ${needed}`,
    });
  });

  test('lets its clients wait when they connect is used, however often it is asked meanwhile', async () => {
    const { port } = await startRedis('--requirepass', 'secret');
    const far = createServer(client => {
      const server = connect(port, '127.0.0.1');
      for (const socket of [client, server]) socket.on('error', () => {});
      server.pipe(client);
      void setTimeout(700).then(() => client.pipe(server));
    });
    await once(far.listen(0, '127.0.0.1'), 'listening');
    const { store } = open(new URL(`redis://:secret@127.0.0.1:${(far.address() as AddressInfo).port}`));
    await Promise.allSettled([1, 2, 3].map(async () => store.has('a/1')));
    await recovered(store);
    far.close();
  });

  test('speaks TLS is spoken to by TLS alone, and must be whom the CA says', async () => {
    const port = await freePort();
    await startRedis(...tlsSettings(port));
    const url = new URL(`rediss://127.0.0.1:${port}`);
    await connected(url, pem.ca.certificate);
    for (const stranger of [open(url), open(new URL(`redis://127.0.0.1:${port}`))])
      await expect(Promise.resolve(stranger.store.claim('a/1', laterMs))).rejects.toMatchObject(away);
  });

  test('speaks TLS is reached when its CA comes into the file', async () => {
    const port = await freePort();
    await startRedis(...tlsSettings(port));
    await followsAuthorities(new URL(`rediss://127.0.0.1:${port}`), opened);
  });
});

test('claims of one moment go to the server in one write', async () => {
  const written: string[] = [];
  const proxy = createServer(client => {
    const server = connect(shared.port, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => {});
    client.on('data', bytes => written.push(bytes.toString('latin1')));
    client.pipe(server).pipe(client);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { store } = await connected(new URL(`redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`));
  const outcomes = await Promise.all(Array.from({ length: 32 }, async (_, i) => store.claim(`burst/${i}`, laterMs)));
  expect(outcomes).toEqual(Array(32).fill('new'));
  expect(written.filter(text => text.includes('burst'))).toHaveLength(1);
  proxy.close();
});

test.each(['redis://localhost/x', 'redis://:secret@localhost/0/1'])('no server is named by %s', url => {
  expect(() => open(new URL(url))).toThrow(
    expect.objectContaining({ code: 'STORE_INVALID', message: expect.not.stringContaining('secret') }),
  );
});

describe('the feed', () => {
  test('tells of what another node writes within a second', async () => {
    const [one, other] = [await connected(shared.url), await connected(shared.url)];
    await toldWithinASecond(one.store, other.store, 'a');
  });

  test('goes on over a crash of the server and after it was emptied, with greater versions', async () => {
    const server = await startRedis();
    const { store } = await connected(server.url);
    const other = (await connected(server.url)).store;
    const feed = store.changes('a')[Symbol.asyncIterator]();
    const before = await other.put('a/1', bytes, { untilMs: laterMs });
    expect((await feed.next()).value).toMatchObject({ key: 'a/1' });
    await server.kill();
    await server.restart('--appenddirname', 'emptied');
    await recovered(other);
    expect(await other.get('a/1')).toBeUndefined();
    const after = await other.put('a/2', bytes, { untilMs: laterMs });
    expect(Number(after)).toBeGreaterThan(Number(before));
    expect((await feed.next()).value).toMatchObject({ key: 'a/2' });
  });

  test('tells of all that a server takes which has forgotten the last writes', async () => {
    const server = await startRedis();
    const { store } = await connected(server.url);
    const feed = store.changes('a')[Symbol.asyncIterator]();
    const [kept] = [await store.put('a/1', bytes, { untilMs: laterMs }), await feed.next()];
    for (const key of ['a/2', 'a/3']) {
      await store.put(key, bytes, { untilMs: laterMs });
      expect((await feed.next()).value).toMatchObject({ key });
    }
    // What a replica has that takes over, and was sent the first write alone.
    const { createClient } = await import('redis');
    const client = createClient({ url: server.url.href });
    await client.connect();
    await client.multi().del(['wssc:{a}:r:2', 'wssc:{a}:r:3']).zRem('wssc:{a}:feed', ['2', '3']).exec();
    await client.set('wssc:{a}:last', String(kept));
    client.destroy();
    await store.put('a/4', bytes, { untilMs: laterMs });
    expect((await feed.next()).value).toMatchObject({ key: 'a/4' });
  });

  test('is not held up by what is no record', async () => {
    const server = await startRedis();
    const { store, said } = await connected(server.url);
    await store.put('a/1', bytes, { untilMs: laterMs });
    const { createClient } = await import('redis');
    const client = createClient({ url: server.url.href });
    await client.connect();
    await client.hSet('wssc:{a}:r:1', 'v', 'x'.repeat(70_000));
    await client.hSet('wssc:{a}:r:2', 'n', 'no number');
    await client.set('wssc:{a}:r:4', 'no hash');
    await client.hSet('wssc:{a}:r:5', { n: 5, v: 'x'.repeat(70_000) });
    const members = { 1.5: '1', 3: '2', 4: '4', 5: '5', 6: 'x'.repeat(10_000), 9007199254740994: '7' };
    for (const [score, value] of Object.entries(members)) await client.zAdd('wssc:{a}:feed', { score: +score, value });
    const over = Array.from({ length: 1_200 }, (_, at) => ({ score: 100 + at, value: `over ${at}` }));
    await client.zAdd('wssc:{a}:feed', over);
    client.destroy();
    for (const _attempt of [1, 2, 3, 4]) await expect(Promise.resolve(store.get('a/4'))).rejects.toMatchObject(away);
    expect(said.filter(sentence => sentence.includes('does not answer'))).toEqual([]);
    await expect(Promise.resolve(store.get('a/1'))).rejects.toMatchObject(away);
    await expect(Promise.resolve(store.get('a/2'))).resolves.toBeUndefined();
    await store.put('a/3', bytes, { untilMs: laterMs });
    const ms = await awakeMs(
      async () => expect((await store.changes('a')[Symbol.asyncIterator]().next()).value).toMatchObject({ key: 'a/3' }),
      async () => store.has('a/3'),
    );
    // Sooner than the next look.
    expect(ms).toBeLessThan(5_000);
  });
});
