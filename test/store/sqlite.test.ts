import { chmodSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { type Database, whenReadable } from '../../src/store/sqlite-database.ts';
import type { Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing.ts';
import { awakeMs } from '../support/awake.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';

const Connection = createRequire(import.meta.url)('libsql') as new (file: string) => Database;
const opened: { close(): unknown }[] = [];
const laterMs = Date.now() + 3_600_000;
const bytes = Buffer.from('one');

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});
afterAll(removeFolders);

function newFile(): string {
  return join(newFolder(), 'a b%#.sqlite');
}

/** Opens a file as a node does. */
function open(file: string, clock: () => number = Date.now): Store {
  const store = openStore(new URL(`sqlite:${encodeURIComponent(file).replaceAll('%2F', '/')}`), { clock });
  opened.push(store);
  return store;
}

/** A connection of another program. */
function connect(file: string): Database {
  const database = new Connection(file);
  opened.push(database);
  return database;
}

function inUse(file: string, sql: string): unknown {
  return connect(file).prepare(sql).all()[0];
}

const shared = newFile();
for (const { name, run } of storeContract('sqlite', () => open(shared)))
  test(name, () => expect(run()).resolves.toBeUndefined());

describe('a file of SQLite', () => {
  test('is made for its owner alone, with what stands beside it', () => {
    const file = newFile();
    void open(file).claim('a/1', laterMs);
    for (const end of ['', '-wal', '-shm']) expect(statSync(file + end).mode & 0o777, end).toBe(0o600);
  });

  test('keeps claims, records and counters when it is opened again', () => {
    const file = newFile();
    const first = open(file);
    first.claim('a/1', laterMs);
    first.put('a/1', bytes, { untilMs: laterMs });
    first.add('a/1', 7, laterMs);
    first.close();
    const again = open(file);
    expect([again.has('a/1'), again.add('a/1', 0, laterMs)]).toEqual([true, 7]);
    expect(again.get('a/1')).toEqual({ value: Uint8Array.from(bytes), version: 1 });
  });

  test('answers without a promise, and begins over when a time is over', () => {
    let nowMs = 1_000_000;
    const store = open(newFile(), () => nowMs);
    expect([store.claim('a/1', nowMs + 10), store.claim('a/1', nowMs + 10)]).toEqual(['new', 'seen']);
    expect([store.add('a/1', 2, nowMs + 10), store.add('a/1', 2, nowMs + 20)]).toEqual([2, 4]);
    expect(store.put('a/1', bytes, { untilMs: nowMs + 10, ifVersion: 0 })).toBe(1);
    nowMs += 10;
    expect([store.has('a/1'), store.get('a/1'), store.add('a/1', 0, nowMs)]).toEqual([false, undefined, 0]);
    expect([store.claim('a/1', nowMs + 10), store.add('a/1', 5, nowMs + 10)]).toEqual(['new', 5]);
    expect(store.put('a/1', bytes, { untilMs: nowMs + 10, ifVersion: 0 })).toBe(2);
  });

  test('waits for the disk where it writes records', () => {
    const file = newFile();
    open(file);
    const settings = readFileSync(new URL('../../src/store/sqlite-database.ts', import.meta.url), 'utf8');
    expect(settings).toContain("const durable = connect('journal_mode = WAL', 'synchronous = FULL')");
    expect(inUse(file, 'PRAGMA journal_mode')).toMatchObject({ journal_mode: 'wal' });
  });

  test.each<readonly [string, (file: string) => void, string]>([
    [
      'others may read',
      file => writeFileSync(file, '', { mode: 0o644 }),
      'its mode 644 lets others at it, 600 is needed',
    ],
    ['is a symbolic link', file => symlinkSync(newFile(), file), 'is a symbolic link'],
    ['is no database', file => writeFileSync(file, 'x'.repeat(10_000), { mode: 0o600 }), 'is not a database'],
    ['is a database of something else', foreign, 'is a database of something else'],
    ['is of a later version', later, 'was written by a later version of this program'],
    ['was cut off', cutOff, 'is damaged'],
  ])('that %s is refused by name', (_, make, problem) => {
    const file = newFile();
    make(file);
    expect(() => open(file)).toThrow(
      expect.objectContaining({ code: 'STORE_INVALID', message: `store ${file}: ${problem}` }),
    );
  });

  test('in a folder that is not there is refused by name', () => {
    const file = join(newFolder(), 'none', 'store.sqlite');
    expect(() => open(file)).toThrow(`store ${file}: its folder does not exist`);
  });

  test.each(['sqlite:', 'sqlite://host/file', 'sqlite:a?b', 'sqlite:a#b', 'sqlite:%00', 'sqlite:%ff'])(
    'is not named by %s',
    url => {
      expect(() => openStore(new URL(url))).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }));
    },
  );
});

function foreign(file: string): void {
  const database = connect(file);
  database.exec('CREATE TABLE shopping (item TEXT)');
  chmodSync(file, 0o600);
}

function later(file: string): void {
  open(file).close();
  connect(file).exec('PRAGMA user_version = 99');
}

function cutOff(file: string): void {
  open(file).close();
  truncateSync(file, 3 * 4096);
}

/** A transaction that holds the file until it is told to end. */
function holding(file: string): Database {
  const other = connect(file);
  other.exec('BEGIN IMMEDIATE');
  return other;
}

describe('while another process writes', () => {
  test('what reads is answered at once', () => {
    const file = newFile();
    const store = open(file);
    store.claim('a/1', laterMs);
    store.put('a/1', bytes, { untilMs: laterMs });
    holding(file);
    expect([store.has('a/1'), store.get('a/1'), store.add('a/1', 0, laterMs)]).toMatchObject([true, { version: 1 }, 0]);
  });

  test('what writes is done afterwards, and the process serves meanwhile', async () => {
    const file = newFile();
    const store = open(file);
    const other = holding(file);
    const claimed = store.claim('a/1', laterMs);
    const written = store.put('a/1', bytes, { untilMs: laterMs });
    expect(claimed).toBeInstanceOf(Promise);
    setImmediate(() => other.exec('COMMIT'));
    expect([await claimed, await written]).toEqual(['new', 1]);
  });

  test('what writes is refused after 250 ms, and nothing is half done', async () => {
    const file = newFile();
    const store = open(file);
    const other = holding(file);
    const began = performance.now();
    const refused = { code: 'STORE_UNAVAILABLE', fault: 'server', reason: 'store-unavailable' };
    await expect(Promise.resolve(store.claim('a/1', laterMs))).rejects.toMatchObject(refused);
    await expect(Promise.resolve(store.put('a/1', bytes, { untilMs: laterMs }))).rejects.toMatchObject(refused);
    await expect(Promise.resolve(store.add('a/1', 1, laterMs))).rejects.toMatchObject(refused);
    expect(performance.now() - began).toBeGreaterThanOrEqual(700);
    other.exec('COMMIT');
    expect([store.has('a/1'), store.get('a/1'), store.add('a/1', 0, laterMs)]).toEqual([false, undefined, 0]);
    expect(store.claim('a/1', laterMs)).toBe('new');
  });
});

describe('after something could not be written', () => {
  test('because another process writes, what is asked next is done for its own key, as is what waited', async () => {
    const file = newFile();
    const [store, elsewhere] = [open(file), open(file)];
    const other = holding(file);
    const waits = [
      store.claim('a/first', laterMs),
      store.put('a/first', bytes, { untilMs: laterMs }),
      store.add('a/first', 1, laterMs),
    ];
    expect(waits.every(each => each instanceof Promise)).toBe(true);
    other.exec('COMMIT');
    const next = [store.claim('a/next', laterMs), store.put('a/next', bytes, { untilMs: laterMs, ifVersion: 0 })];
    expect([...next, store.add('a/next', 5, laterMs)]).toEqual(['new', 1, 5]);
    expect(await Promise.all(waits)).toEqual(['new', 2, 1]);
    for (const key of ['a/first', 'a/next'])
      expect([elsewhere.has(key), Buffer.from((await elsewhere.get(key))?.value ?? [])]).toEqual([true, bytes]);
    expect([elsewhere.add('a/first', 0, laterMs), elsewhere.add('a/next', 0, laterMs)]).toEqual([1, 5]);
  });

  test('because another process writes, what is written next by another statement is there for all', async () => {
    const file = newFile();
    const [store, elsewhere] = [open(file), open(file)];
    store.put('a/first', bytes, { untilMs: laterMs });
    const other = holding(file);
    const [deleted, added] = [store.delete('a/first'), store.add('a/first', 1, laterMs)];
    other.exec('COMMIT');
    expect(typeof store.put('a/next', bytes, { untilMs: laterMs })).toBe('number');
    expect(store.claim('a/next', laterMs)).toBe('new');
    expect([elsewhere.get('a/next') !== undefined, elsewhere.has('a/next')]).toEqual([true, true]);
    await Promise.all([deleted, added]);
    expect([elsewhere.get('a/first'), elsewhere.add('a/first', 0, laterMs)]).toEqual([undefined, 1]);
  });

  test('when it was time to delete what is over, what is claimed next is there for all', () => {
    vi.useFakeTimers();
    try {
      const file = newFile();
      const [store, elsewhere] = [open(file), open(file)];
      const other = holding(file);
      vi.advanceTimersByTime(31_000);
      other.exec('COMMIT');
      expect([store.claim('a/1', laterMs), elsewhere.has('a/1')]).toEqual(['new', true]);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('what could not be read in time is read again, so that its connection does not stay behind', async () => {
  let isBusy = true;
  let read = 0;
  const reading = whenReadable(() => {
    if (isBusy) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    read += 1;
  });
  await expect(Promise.resolve(reading)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  isBusy = false;
  await eventually(() => expect(read).toBe(1));
});

describe('what another program wrote into the file', () => {
  test('is no record, and keeps no record behind it from being told', async () => {
    const file = newFile();
    const store = open(file);
    const until = laterMs;
    connect(file).exec(
      `INSERT INTO records (key, topic, value, until_ms)
       VALUES (x'ff', 'a', x'', ${until}), (x'612f31', 'a', zeroblob(70000), ${until})`,
    );
    expect(() => store.get('a/1')).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    store.put('a/2', bytes, { untilMs: laterMs });
    const { value } = await store.changes('a')[Symbol.asyncIterator]().next();
    expect(value).toMatchObject({ key: 'a/2', record: { version: 3 } });
  });

  test('is told to others within a second', async () => {
    const file = newFile();
    const [one, two] = [open(file), open(file)];
    const heard = one.changes('a')[Symbol.asyncIterator]().next();
    await eventually(() => two.put('a/1', bytes, { untilMs: laterMs }));
    const ms = await awakeMs(async () => expect((await heard).value).toMatchObject({ key: 'a/1' }));
    expect(ms).toBeLessThan(1_000);
  });
});
