import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { postgresStore } from '../../src/store/postgres.ts';
import { sweepStatements } from '../../src/store/postgres-schema.ts';
import type { Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing.ts';
import { removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { pem } from '../support/pem.ts';
import { endPostgresServers, type PostgresServer, startPostgres, tlsSettings } from './postgres-server.ts';
import { away, refusedAtOnce, refusedInTime } from './refusals.ts';
import { followsAuthorities } from './renewed-authorities.ts';
import { toldWithinASecond } from './told-in-time.ts';

const opened: Store[] = [];
const clients: pg.Client[] = [];
const laterMs = Date.now() + 3_600_000;
const bytes = Buffer.from('one');
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
  await eventually(async () => expect(await store.claim(`again/${Math.random()}`, laterMs)).toBe('new'));
}

/** A store that is connected, and waits for an answer as long as a machine under load may need. */
async function connected(url: URL, ca?: string): Promise<ReturnType<typeof open>> {
  const said: string[] = [];
  const store = patient(url, sentence => said.push(sentence), ca);
  await recovered(store);
  return { store, said };
}

/** A connection of another program. */
async function connect(): Promise<pg.Client> {
  const client = new pg.Client(server.url.href);
  clients.push(client);
  await client.connect();
  return client;
}

function patient(url: URL, onEvent: (sentence: string) => void = () => {}, ca?: string): Store {
  const store = postgresStore(url, { clock: Date.now, ca, onEvent, answerMs: 10_000 });
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

test('a claim that is over by one clock is there for a node whose clock is behind', async () => {
  const fresh = await startPostgres();
  const store = patient(fresh.url);
  const nowMs = Date.now();
  await store.claim('a/over', nowMs + 60_000);
  await store.claim('a/long-over', nowMs - 3_600_000);
  await store.put('a/record', bytes, { untilMs: nowMs + 60_000 });
  const sweptAheadMs = async (aheadMs: number) => {
    const client = new pg.Client(fresh.url.href);
    await client.connect();
    for (const statement of sweepStatements) await client.query(statement, [nowMs + aheadMs]);
    const { rows } = await client.query('SELECT count(*)::int AS claims FROM wssc_claims');
    await client.end();
    return rows;
  };
  expect(await sweptAheadMs(120_000)).toEqual([{ claims: 1 }]);
  expect(await store.claim('a/over', nowMs + 60_000)).toBe('seen');
  expect(await sweptAheadMs(660_001)).toEqual([{ claims: 0 }]);
});

describe('while the server', () => {
  test('hangs, what is asked is refused within 250 ms, later at once, and done again when it goes on', async () => {
    const { store, said } = open(server.url);
    await eventually(() => store.claim('a/hung', laterMs));
    server.hang();
    try {
      await refusedInTime(store);
      await refusedAtOnce(store);
    } finally {
      server.goOn();
    }
    await recovered(store);
    expect(await eventually(() => store.has('a/hung'))).toBe(true);
    expect(said).toContainEqual(expect.stringContaining('does not answer: no answer in 250 ms'));
    expect(said).toContainEqual(expect.stringContaining('answers again'));
    expect(said.join()).not.toContain('secret');
  });

  test('is gone, what is asked is refused; what it had acknowledged it has when it is back', async () => {
    const { store } = open(server.url);
    await eventually(() => store.put('a/kept', bytes, { untilMs: laterMs }));
    await server.kill();
    await expect(Promise.resolve(store.claim('a/gone', laterMs))).rejects.toMatchObject(away);
    await server.restart();
    await recovered(store);
    expect(await eventually(() => store.get('a/kept'))).toMatchObject({ value: Uint8Array.from(bytes) });
  });

  test('can only be read, what writes is refused, and done again where it can be written', async () => {
    const { store } = await connected(server.url);
    const other = await connect();
    await other.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await other.query('SELECT pg_reload_conf()');
    await eventually(() => expect(store.put('a/1', bytes, { untilMs: laterMs })).rejects.toMatchObject(away));
    await other.query('ALTER SYSTEM RESET default_transaction_read_only');
    await other.query('SELECT pg_reload_conf()');
    await recovered(store);
  });
});

test('where its disk is full nothing more is taken, and that is no trouble with what is there', async () => {
  const { url } = await startPostgres('fsync=off');
  const { store } = await connected(url);
  expect(await store.put('a/1', bytes, { untilMs: laterMs })).not.toBe('full');
  const other = new pg.Client(url.href);
  clients.push(other);
  await other.connect();
  // As the server itself refuses it (PostgreSQL, appendix A: disk_full).
  await other.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END$$`);
  for (const table of ['claims', 'records', 'counters'])
    await other.query(`CREATE TRIGGER f BEFORE INSERT OR UPDATE ON wssc_${table} EXECUTE FUNCTION full_disk()`);
  for (let i = 0; i < 4; i += 1) {
    expect(await store.claim(`a/${i}`, laterMs)).toBe('full');
    expect(await store.put(`a/${i}`, bytes, { untilMs: laterMs })).toBe('full');
    const none = { ...away, why: 'it has no room' };
    await expect(Promise.resolve(store.add('a/n', 1, laterMs))).rejects.toMatchObject(none);
    await expect(Promise.resolve(store.delete('a/1'))).rejects.toMatchObject(none);
  }
  expect((await store.get('a/1'))?.value).toEqual(Uint8Array.from(bytes));
  expect(store.health?.().up).toBe(true);
});

describe('a server that', () => {
  test('does not know the password is named with the reason, and the password is not', async () => {
    const url = new URL(server.url);
    url.password = 'wrong';
    const { store, said } = open(url);
    await expect(Promise.resolve(store.claim('a/1', laterMs))).rejects.toMatchObject(away);
    const sentence = `the store postgres://127.0.0.1:${server.port} does not answer: user or password is wrong`;
    await eventually(() => expect(said).toContain(sentence));
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

  test('speaks TLS is reached when its CA comes into the file', () => followsAuthorities(server.url, opened));
});

describe('the feed', () => {
  /** The keys that a feed tells, until it has told one. */
  async function keysUntil(feed: AsyncIterator<{ readonly key: string }>, last: string): Promise<string[]> {
    const keys: string[] = [];
    while (keys.at(-1) !== last) keys.push((await feed.next()).value.key);
    return keys;
  }

  test('tells of what another node writes within a second', async () => {
    const [one, other] = [await connected(server.url), await connected(server.url)];
    await toldWithinASecond(one.store, other.store, 'within');
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
