import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { postgresStore } from '../../src/store/postgres.ts';
import { migrationLock } from '../../src/store/postgres-schema.ts';
import { redisStore } from '../../src/store/redis.ts';
import type { Store } from '../../src/store/store.ts';
import { awakeMs } from '../support/awake.ts';
import { removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { endPostgresServers, type PostgresServer, startPostgres, startStandby } from './postgres-server.ts';
import { endRedisServers, startRedis } from './redis-server.ts';

/* What happens on the way to a server, and to what its name leads. */

const opened: { close(): unknown }[] = [];
const clients: pg.Client[] = [];
const laterMs = Date.now() + 3_600_000;
const bytes = Buffer.from('one');
/** As long as a machine under load may need for an answer; a connection that is dead gives none for ever. */
const patientMs = 8_000;

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map(each => each.close()));
  await Promise.all(clients.splice(0).map(client => client.end().catch(() => {})));
});
afterAll(() => {
  endRedisServers();
  endPostgresServers();
  removeFolders();
});

function open(url: URL, answerMs = patientMs): Store & { readonly said: readonly string[] } {
  const said: string[] = [];
  const make = url.protocol === 'redis:' ? redisStore : postgresStore;
  const onEvent = (sentence: string) => void said.push(sentence);
  const store = make(url, { clock: Date.now, onEvent, answerMs });
  opened.push(store);
  return { ...store, said };
}

function by({ port }: TcpProxy, url: URL): URL {
  const way = new URL(url);
  way.port = String(port);
  return way;
}

async function proxyTo(port: number): Promise<TcpProxy> {
  const proxy = await tcpProxy(port);
  opened.push(proxy);
  return proxy;
}

const up = (store: Store) => eventually(() => expect(store.health?.().up).toBe(true));

/** Hears a topic; what it has told is in the list. */
function heardOf(store: Store, topic: string): readonly string[] {
  const keys: string[] = [];
  void (async () => {
    for await (const { key } of store.changes(topic)) keys.push(key);
  })();
  return keys;
}

async function connect({ url }: PostgresServer): Promise<pg.Client> {
  const client = new pg.Client(url.href);
  client.on('error', () => {});
  clients.push(client);
  await client.connect();
  return client;
}

const servers = [
  ['Redis', 2, () => startRedis()],
  ['PostgreSQL', 5, () => startPostgres('fsync=off')],
] as const;

describe.each(servers)('where a firewall has forgotten the connections to %s', (_, connections, start) => {
  test('nobody has to be refused for it: they are made anew, and the feed tells of what came meanwhile', async () => {
    const { port, url } = await start();
    const proxy = await proxyTo(port);
    // Each of the dead connections may be met once, and waited for.
    const [near, far] = [open(url), open(by(proxy, url), 2_000)];
    await Promise.all([up(near), up(far)]);
    const keys = heardOf(far, 'half-open');
    await near.put('half-open/1', bytes, { untilMs: laterMs });
    // Once as what comes, and perhaps before that as what is live.
    await eventually(() => expect(keys).toContain('half-open/1'));
    const before = proxy.made;
    proxy.forget();
    await near.put('half-open/2', bytes, { untilMs: laterMs });
    const heard = () => eventually(() => expect(keys).toContain('half-open/2'));
    expect(await awakeMs(heard, async () => near.has('half-open/2'))).toBeLessThan(15_000);
    await eventually(() => expect(proxy.made).toBeGreaterThanOrEqual(before + connections));
    await up(far);
    for (let i = 0; i < 8; i += 1) expect(await far.claim(`half-open/${i}`, laterMs)).toBe('new');
  });
});

const claims = (store: Store) => Array.from({ length: 8 }, () => store.claim(`each/${performance.now()}`, laterMs));

test('a connection to PostgreSQL on which an answer never comes is given up like one that nobody asks', async () => {
  const { port, url } = await startPostgres('fsync=off');
  const proxy = await proxyTo(port);
  const far = open(by(proxy, url), 500);
  // As many at once as meet each connection.
  await eventually(() => Promise.all(claims(far)));
  const before = proxy.made;
  proxy.forget();
  await expect(far.claim('hangs/one', laterMs)).rejects.toThrow('no answer in');
  await eventually(() => expect(proxy.made).toBeGreaterThanOrEqual(before + 5));
  await eventually(() => Promise.all(claims(far)));
});

test('where the connection that makes the tables is forgotten, they are made on the next one', async () => {
  const server = await startPostgres('fsync=off');
  const proxy = await proxyTo(server.port);
  const other = await connect(server);
  await other.query(`SELECT pg_advisory_lock(${migrationLock})`);
  const far = open(by(proxy, server.url));
  const waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
  await eventually(async () => expect((await other.query(waits)).rows).toHaveLength(1));
  proxy.forget();
  await other.end();
  await eventually(() => Promise.all(claims(far)));
});

function redis(port: number, ...words: readonly string[]): void {
  execFileSync('redis-cli', ['-p', String(port), ...words], { stdio: 'ignore' });
}

test('a master of Redis that became a replica is left for the new one, though nothing is asked of it', async () => {
  const [first, second] = [await startRedis(), await startRedis()];
  redis(second.port, 'REPLICAOF', '127.0.0.1', String(first.port));
  const proxy = await proxyTo(first.port);
  const store = open(by(proxy, first.url));
  await up(store);
  const keys = heardOf(store, 'moved');
  await store.put('moved/1', bytes, { untilMs: laterMs });
  await eventually(() => expect(keys).toContain('moved/1'));
  redis(first.port, 'REPLICAOF', '127.0.0.1', '1');
  await eventually(() => expect(store.health?.().up).toBe(false));
  expect(store.said.at(-1)).toContain('it can only be read: another server is the master now');
  redis(second.port, 'REPLICAOF', 'NO', 'ONE');
  proxy.upstream = second.port;
  await up(store);
  expect(await store.claim('moved/1', laterMs)).toBe('new');
  await store.put('moved/2', bytes, { untilMs: laterMs });
  await eventually(() => expect(keys).toContain('moved/2'));
});

test('a standby of PostgreSQL counts as down as long as it is one', async () => {
  const primary = await startPostgres();
  const store = open(primary.url);
  await up(store);
  const standby = await startStandby(primary);
  const reading = open(standby.url);
  const why = 'it can only be read: another server is the master now';
  await eventually(() => expect(reading.said).toContainEqual(expect.stringContaining(why)));
  expect(reading.health?.().up).toBe(false);
  await primary.kill();
  await (await connect(standby)).query('SELECT pg_promote()');
  await up(reading);
  expect(await reading.claim('promoted/1', laterMs)).toBe('new');
});

test('a standby that takes over without the last 100 rows, and draws their numbers again, hides no row', async () => {
  const primary = await startPostgres();
  const proxy = await proxyTo(primary.port);
  const store = open(by(proxy, primary.url));
  await up(store);
  // Its tables are made by what is asked first, and the standby is to have them.
  await store.put('gap/0', bytes, { untilMs: laterMs });
  const standby = await startStandby(primary);
  const keys = heardOf(store, 'gap');
  const behind = await connect(standby);
  // From now on it hears nothing of the primary.
  await behind.query("ALTER SYSTEM SET primary_conninfo = ''");
  await behind.query('SELECT pg_reload_conf()');
  await eventually(async () => expect((await behind.query('SELECT FROM pg_stat_wal_receiver')).rows).toHaveLength(0));
  let last = 0;
  for (let i = 1; i <= 100; i += 1) last = Number(await store.put(`gap/${i}`, bytes, { untilMs: laterMs }));
  await eventually(() => expect(keys).toContain('gap/100'));
  // So long ago that nothing before it is looked through any more.
  const real = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => real() + 60_000);
  await store.put('gap/heard', bytes, { untilMs: laterMs });
  await eventually(() => expect(keys).toContain('gap/heard'));
  await primary.kill();
  await behind.query('SELECT pg_promote()');
  proxy.upstream = standby.port;
  proxy.cut();
  await up(store);
  const version = Number(await store.put('gap/after', bytes, { untilMs: laterMs }));
  expect(version).toBeLessThan(last);
  await eventually(() => expect(keys).toContain('gap/after'));
});
