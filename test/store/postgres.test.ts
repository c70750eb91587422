import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { postgresStore } from '../../src/store/postgres.ts';
import type { Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing.ts';
import { removeFolders } from '../support/data-folder.ts';
import { pem } from '../support/pem.ts';
import { endPostgresServers, type PostgresServer, startPostgres, tlsSettings } from './postgres-server.ts';

const opened: Store[] = [];
const clients: pg.Client[] = [];
const laterMs = Date.now() + 3_600_000;
const bytes = Buffer.from('one');
const away = { code: 'STORE_UNAVAILABLE', fault: 'server', reason: 'store-unavailable' };
let server: PostgresServer;

beforeAll(async () => {
  // What its disk does is not what is tried here, and it is slow.
  server = await startPostgres('fsync=off', ...tlsSettings());
});
afterEach(async () => {
  for (const store of opened.splice(0)) store.close();
  await Promise.all(clients.splice(0).map(client => client.end().catch(() => {})));
});
afterAll(() => {
  endPostgresServers();
  removeFolders();
});

function open(url: URL, ca?: string): { readonly store: Store; readonly said: string[] } {
  const said: string[] = [];
  const store = openStore(url, { onEvent: sentence => said.push(sentence), ...(ca === undefined ? {} : { ca }) });
  opened.push(store);
  return { store, said };
}

async function recovered(store: Store): Promise<void> {
  await vi.waitFor(async () => expect(await store.claim(`again/${Math.random()}`, laterMs)).toBe('new'), {
    timeout: 10_000,
    interval: 50,
  });
}

/** A store that is connected: how long that takes is the machine's business. */
async function connected(url: URL, ca?: string): Promise<ReturnType<typeof open>> {
  const made = open(url, ca);
  await recovered(made.store);
  return made;
}

/** A connection of another program. */
async function connect(): Promise<pg.Client> {
  const client = new pg.Client(server.url.href);
  clients.push(client);
  await client.connect();
  return client;
}

/** A store that waits as long as a machine under load may need. */
function patient(url: URL): Store {
  const store = postgresStore(url, { clock: Date.now, onEvent: () => {}, answerMs: 10_000 });
  opened.push(store);
  return store;
}

for (const { name, run } of storeContract('postgres', () => patient(server.url)))
  test(name, () => expect(run()).resolves.toBeUndefined());

test('ten that open it at once, where nothing is, make one store', async () => {
  const fresh = await startPostgres();
  const stores = Array.from({ length: 10 }, () => patient(fresh.url));
  const outcomes = await Promise.all(stores.map(store => store.claim('race/1', laterMs)));
  expect(outcomes.sort()).toEqual(['new', ...Array(9).fill('seen')]);
});

describe('while the server', () => {
  test('hangs, what is asked is refused within 250 ms, later at once, and done again when it goes on', async () => {
    const { store, said } = await connected(server.url);
    expect(await store.claim('a/hung', laterMs)).toBe('new');
    server.hang();
    try {
      for (const attempt of [1, 2, 3])
        await expect(Promise.resolve(store.claim(`b/${attempt}`, laterMs))).rejects.toMatchObject(away);
      const began = performance.now();
      await expect(Promise.resolve(store.has('a/hung'))).rejects.toMatchObject(away);
      expect(performance.now() - began).toBeLessThan(240);
    } finally {
      server.goOn();
    }
    await recovered(store);
    expect(await store.has('a/hung')).toBe(true);
    expect(said).toContainEqual(expect.stringContaining('does not answer: no answer in 250 ms'));
    expect(said).toContainEqual(expect.stringContaining('answers again'));
    expect(said.join()).not.toContain('secret');
  });

  test('is gone, what is asked is refused; what it had acknowledged it has when it is back', async () => {
    const { store } = await connected(server.url);
    await store.put('a/kept', bytes, { untilMs: laterMs });
    await server.kill();
    await expect(Promise.resolve(store.claim('a/gone', laterMs))).rejects.toMatchObject(away);
    await server.restart();
    await recovered(store);
    expect(await store.get('a/kept')).toMatchObject({ value: Uint8Array.from(bytes) });
  });

  test('can only be read, what writes is refused, and done again where it can be written', async () => {
    const { store } = await connected(server.url);
    const other = await connect();
    await other.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await other.query('SELECT pg_reload_conf()');
    await vi.waitFor(() => expect(store.put('a/1', bytes, { untilMs: laterMs })).rejects.toMatchObject(away));
    await other.query('ALTER SYSTEM RESET default_transaction_read_only');
    await other.query('SELECT pg_reload_conf()');
    await recovered(store);
  });
});

describe('a server that', () => {
  test('does not know the password is named with the reason, and the password is not', async () => {
    const url = new URL(server.url);
    url.password = 'wrong';
    const { store, said } = open(url);
    await expect(Promise.resolve(store.claim('a/1', laterMs))).rejects.toMatchObject(away);
    const sentence = `the store postgres://127.0.0.1:${server.port} does not answer: user or password is wrong`;
    await vi.waitFor(() => expect(said).toContain(sentence));
    expect(said.join()).not.toMatch(/wssc:|wrong@/);
  });

  test('may lose what it acknowledged is used, with a warning', async () => {
    const { url } = await startPostgres('fsync=off');
    const { said } = await connected(url);
    expect(said).toContain(`the store postgres://${url.host} may lose what it acknowledged: it needs fsync on`);
  });

  test('speaks TLS must be whom the CA says', async () => {
    await connected(server.url, pem.ca.certificate);
    const { store } = open(server.url, pem.service.certificate);
    await expect(Promise.resolve(store.claim('a/1', laterMs))).rejects.toMatchObject(away);
  });
});

describe('the feed', () => {
  /** The keys that a feed tells, until it has told one. */
  async function keysUntil(feed: AsyncIterator<{ readonly key: string }>, last: string): Promise<string[]> {
    const keys: string[] = [];
    while (keys.at(-1) !== last) keys.push((await feed.next()).value.key);
    return keys;
  }

  test('tells of what another node writes within a second', async () => {
    const feed = (await connected(server.url)).store.changes('within')[Symbol.asyncIterator]();
    const heard = feed.next();
    const other = (await connected(server.url)).store;
    const began = performance.now();
    await other.put('within/1', bytes, { untilMs: laterMs });
    expect((await heard).value).toMatchObject({ key: 'within/1' });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('tells of a record whose transaction ended after that of a greater version', async () => {
    const { store } = await connected(server.url);
    const other = await connect();
    await other.query('BEGIN');
    await other.query(
      `INSERT INTO wssc_records
       VALUES ('late/1', 'late', nextval('wssc_versions'), 'x', ${laterMs}, clock_timestamp())`,
    );
    await store.put('late/2', bytes, { untilMs: laterMs });
    const feed = store.changes('late')[Symbol.asyncIterator]();
    expect(await keysUntil(feed, 'late/2')).toEqual(['late/2']);
    await other.query('COMMIT');
    expect(await keysUntil(feed, 'late/1')).toEqual(['late/1']);
    await store.put('late/3', bytes, { untilMs: laterMs });
    expect(await keysUntil(feed, 'late/3')).toEqual(['late/3']);
  });

  test('is not held up by what is no record', async () => {
    const { store } = await connected(server.url);
    const other = await connect();
    await other.query(
      `INSERT INTO wssc_records VALUES
       ('\\xff', 'odd', nextval('wssc_versions'), 'x', ${laterMs}, clock_timestamp()),
       ('odd/1', 'odd', nextval('wssc_versions'), repeat('x', 70000)::bytea, ${laterMs}, clock_timestamp()),
       (repeat('x', 2000)::bytea, 'odd', nextval('wssc_versions'), 'x', ${laterMs}, clock_timestamp()),
       ('odd/2', 'odd', 9223372036854775807, 'x', ${laterMs}, clock_timestamp())`,
    );
    await expect(Promise.resolve(store.get('odd/1'))).rejects.toMatchObject(away);
    await store.put('odd/3', bytes, { untilMs: laterMs });
    const feed = store.changes('odd')[Symbol.asyncIterator]();
    expect(await keysUntil(feed, 'odd/3')).toEqual(['odd/3']);
  });
});
