import { type Awaitable, after } from '../awaitable.ts';
import { StoreUnavailable } from '../errors.ts';
import { type FeedReader, followedFeed } from './followed-feed.ts';
import {
  type Database,
  inTransaction,
  isFull,
  numberIn,
  openSqlite,
  rowOf,
  type Statement,
  whenReadable,
  whenWritable,
} from './sqlite-database.ts';
import { sqliteFileOf } from './sqlite-file.ts';
import { sweptFrom } from './sqlite-sweep.ts';
import { type Change, maxValueBytes, type Store, type StoredRecord, topicOf } from './store.ts';

export interface SqliteOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** How often it is looked whether another process has written. */
const lookMs = 250;
const pageRecords = 500;

/**
 * Opens a store in a file of SQLite, for the processes of one machine. Reading and writing take microseconds and no
 * promise, but where another process writes at that moment; a record waits for the disk.
 * @param url `sqlite:` and the path of the file, which is made where there is none
 * @throws {SecureConversationError} `STORE_INVALID`
 */
export function sqliteStore(url: URL, { clock }: SqliteOptions): Store {
  const { durable, quick, reading, close } = openSqlite(sqliteFileOf(url));
  const { claim, add } = quickStatements(quick);
  const { put, remove } = durableStatements(durable);
  const { has, get, sum, last, page } = readingStatements(reading);
  const feed = followedFeed(lookMs);
  const stopSweeping = sweptFrom(quick, clock);
  let up = true;
  let sinceMs = clock();
  const isReadable = () => {
    try {
      rowOf(last);
      return true;
    } catch {
      return false;
    }
  };

  const reader = (topic: string, cursor: string | undefined): FeedReader => {
    // Who begins needs no word of what was gone before.
    const begun = cursor === undefined ? numberIn(rowOf(last), 'version') : 0;
    let heard = Number(cursor ?? 0);
    return () => {
      const rows = page.all(topic, heard, clock(), begun, pageRecords);
      if (rows.length > 0) heard = numberIn(rows.at(-1), 'version');
      return rows.map(changeIn).filter(change => change !== undefined);
    };
  };
  return {
    claim(key, untilMs) {
      const named = keyBytes(key);
      const claimed = () => rowOf(claim, named, untilMs, clock());
      return orFull(() => (inTransaction(quick, claimed) === undefined ? 'seen' : 'new'));
    },
    has(key) {
      const named = keyBytes(key);
      return whenReadable(() => rowOf(has, named, clock()) !== undefined);
    },
    get(key) {
      const named = keyBytes(key);
      return whenReadable(() => recordOf(rowOf(get, named, clock())));
    },
    put(key, value, { untilMs, ifVersion }) {
      const named = keyBytes(key);
      if (value.byteLength > maxValueBytes) throw new TypeError(`a record has at most ${maxValueBytes} bytes`);
      const copy = Buffer.from(value);
      const written = orFull(() => {
        const row = inTransaction(durable, () =>
          rowOf(put, named, topicOf(key), copy, untilMs, ifVersion ?? null, clock()),
        );
        return row === undefined ? 'conflict' : numberIn(row, 'version');
      });
      return told(written);
    },
    delete(key) {
      const named = keyBytes(key);
      return told(whenWritable(() => void inTransaction(durable, () => remove.all(named, clock()))));
    },
    add(key, n, untilMs) {
      const named = keyBytes(key);
      if (n === 0) return whenReadable(() => sumIn(rowOf(sum, named, clock())));
      return whenWritable(() =>
        numberIn(
          inTransaction(quick, () => rowOf(add, named, n, untilMs, clock())),
          'sum',
        ),
      );
    },
    changes: (topic, cursor, signal) => feed.listen(from => reader(topic, from), { cursor, signal }),
    health() {
      const wasUp = up;
      up = isReadable();
      if (up !== wasUp) sinceMs = clock();
      return { kind: 'sqlite', up, sinceMs };
    },
    close() {
      stopSweeping();
      feed.close();
      close();
    },
  };

  function told<T>(done: Awaitable<T>): Awaitable<T> {
    return after(done, outcome => {
      feed.wake();
      return outcome;
    });
  }
}

function quickStatements(database: Database) {
  return {
    claim: database.prepare(
      `INSERT INTO claims (key, until_ms) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET until_ms = excluded.until_ms WHERE claims.until_ms <= ? RETURNING 1 AS claimed`,
    ),
    add: database.prepare(
      `INSERT INTO counters (key, sum, until_ms) VALUES (?1, ?2, ?3)
       ON CONFLICT (key) DO UPDATE SET
         sum = CASE WHEN until_ms <= ?4 THEN excluded.sum ELSE sum + excluded.sum END,
         until_ms = CASE WHEN until_ms <= ?4 THEN excluded.until_ms ELSE until_ms END
       RETURNING sum`,
    ),
  };
}

/** A write gives the record's row the next number, so that the numbers are the versions and the order of the feed. */
function durableStatements(database: Database) {
  return {
    put: database.prepare(
      `INSERT OR REPLACE INTO records (key, topic, value, until_ms)
       SELECT ?1, ?2, ?3, ?4 WHERE ?5 IS NULL OR ?5 = coalesce(
         (SELECT version FROM records WHERE key = ?1 AND value IS NOT NULL AND until_ms > ?6), 0)
       RETURNING version`,
    ),
    remove: database.prepare(
      `INSERT OR REPLACE INTO records (key, topic, value, until_ms)
       SELECT key, topic, NULL, until_ms FROM records WHERE key = ? AND value IS NOT NULL AND until_ms > ?
       RETURNING version`,
    ),
  };
}

function readingStatements(database: Database): Readonly<Record<'has' | 'get' | 'sum' | 'last' | 'page', Statement>> {
  return {
    has: database.prepare('SELECT 1 AS claimed FROM claims WHERE key = ? AND until_ms > ?'),
    get: database.prepare(
      'SELECT key, value, version FROM records WHERE key = ? AND value IS NOT NULL AND until_ms > ?',
    ),
    sum: database.prepare('SELECT sum FROM counters WHERE key = ? AND until_ms > ?'),
    last: database.prepare('SELECT coalesce(max(version), 0) AS version FROM records'),
    page: database.prepare(
      `SELECT key, value, version FROM records
       WHERE topic = ? AND version > ? AND until_ms > ? AND (value IS NOT NULL OR version > ?)
       ORDER BY version LIMIT ?`,
    ),
  };
}

function orFull<T>(act: () => T): Awaitable<T | 'full'> {
  return whenWritable(() => {
    try {
      return act();
    } catch (error) {
      if (isFull(error)) return 'full';
      throw error;
    }
  });
}

/** Keys are bytes: a text of SQLite ends at a NUL for some of its functions. */
function keyBytes(key: string): Buffer {
  topicOf(key);
  return Buffer.from(key, 'utf8');
}

function sumIn(row: unknown): number {
  return row === undefined ? 0 : numberIn(row, 'sum');
}

function recordOf(row: unknown): StoredRecord | undefined {
  if (row === undefined) return undefined;
  return changeIn(row)?.record ?? unreadable();
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A row of records; undefined where it is none of ours: another program may have written anything. */
function changeIn(row: unknown): Change | undefined {
  try {
    const version = numberIn(row, 'version');
    const key = strictUtf8.decode(bytesIn(row, 'key') ?? unreadable());
    topicOf(key);
    const value = bytesIn(row, 'value');
    return { key, record: value && { value, version }, cursor: String(version) };
  } catch {
    return undefined;
  }
}

function bytesIn(row: unknown, name: string): Uint8Array | undefined {
  const value: unknown = Reflect.get(Object(row), name);
  if (value === null) return undefined;
  if (value instanceof ArrayBuffer && value.byteLength <= maxValueBytes) return new Uint8Array(value);
  return value instanceof Uint8Array && value.byteLength <= maxValueBytes ? Uint8Array.from(value) : unreadable();
}

function unreadable(): never {
  throw new StoreUnavailable('its file has a record that is none');
}
