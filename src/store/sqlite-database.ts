import { setTimeout } from 'node:timers/promises';
import type { Awaitable } from '../awaitable.ts';
import { SecureConversationError, StoreUnavailable } from '../errors.ts';
import { optionalPackage } from './optional-package.ts';
import { failSqlite, prepareSqliteFile } from './sqlite-file.ts';

/** What is used of a connection of `libsql`. */
export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

/**
 * A statement; whatever the file says is in its rows. libsql (0.5.29) does not reset one that failed because the file
 * is busy. So `get` is used nowhere: its next call goes on with the values that were bound before. And none that writes
 * meets a busy file ({@link inTransaction}): until it is asked again, nothing on its connection is committed.
 */
export interface Statement {
  all(...values: readonly unknown[]): readonly unknown[];
}

/** The connections of a process to one file. Each statement is a transaction. */
export interface SqliteConnections {
  /** Writes what is there after a loss of power too: each commit waits for the disk. */
  readonly durable: Database;
  /** Writes what is there after a crash of the process. */
  readonly quick: Database;
  /** Reads alone. */
  readonly reading: Database;
  close(): void;
}

const applicationId = 0x57535343;
/** 1 GiB: a store that is filled does not take the disk with it. */
const maxPages = 262_144;
const openingMs = 10_000;
const openingStepMs = 20;

/** From the version before to each; what a node of the version before wrote stays good. */
export const sqliteMigrations: readonly string[] = [
  `CREATE TABLE claims (key BLOB NOT NULL PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX claims_until ON claims (until_ms);
   CREATE TABLE records (version INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, topic TEXT NOT NULL,
     value BLOB, until_ms INTEGER NOT NULL) STRICT;
   CREATE INDEX records_topic ON records (topic, version);
   CREATE INDEX records_until ON records (until_ms);
   CREATE TABLE counters (key BLOB NOT NULL PRIMARY KEY, sum INTEGER NOT NULL, until_ms INTEGER NOT NULL)
     STRICT, WITHOUT ROWID;
   CREATE INDEX counters_until ON counters (until_ms);`,
];

/**
 * Opens the file and makes or renews its tables, also where other nodes do so at the same time.
 * @throws {SecureConversationError} `STORE_INVALID`
 */
export function openSqlite(file: string, steps = sqliteMigrations): SqliteConnections {
  const Connection = optionalPackage('libsql') as new (file: string) => Database;
  prepareSqliteFile(file);
  const opened: Database[] = [];
  const connect = (...settings: readonly string[]) => {
    const database = new Connection(file);
    opened.push(database);
    for (const setting of ['busy_timeout = 0', `max_page_count = ${maxPages}`, ...settings])
      database.prepare(`PRAGMA ${setting}`).all();
    return database;
  };
  const close = () => {
    for (const database of opened.splice(0)) closeOne(database);
  };
  try {
    return whenFree(() => {
      const durable = connect('journal_mode = WAL', 'synchronous = FULL');
      migrate(durable, file, steps);
      checkWhole(durable, file);
      return { durable, quick: connect('synchronous = NORMAL'), reading: connect('query_only = ON'), close };
    }, close);
  } catch (error) {
    close();
    if (error instanceof SecureConversationError) throw error;
    return failSqlite(file, openingProblem(error), error);
  }
}

/** Puts what was written into the file itself, where no other process is at it: a statement may keep it open longer. */
function closeOne(database: Database): void {
  try {
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  } catch {
    // It stays in the log beside the file, where the next process finds it.
  }
  database.close();
}

/** Nothing is served yet: the process may wait until another is done with the tables. */
function whenFree<T>(act: () => T, undo: () => void): T {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let leftMs = openingMs; ; leftMs -= openingStepMs) {
    try {
      return act();
    } catch (error) {
      undo();
      if (!isBusy(error) || leftMs <= 0) throw error;
      Atomics.wait(pause, 0, 0, openingStepMs);
    }
  }
}

function migrate(database: Database, file: string, steps: readonly string[]): void {
  const read = (name: string) => numberIn(rowOf(database.prepare(`PRAGMA ${name}`)), name);
  if (read('application_id') === applicationId && read('user_version') === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  const version = read('user_version');
  const tables = numberIn(rowOf(database.prepare('SELECT count(*) AS n FROM sqlite_schema')), 'n');
  if (read('application_id') !== applicationId && (tables !== 0 || version !== 0))
    failSqlite(file, 'is a database of something else');
  if (version > steps.length) failSqlite(file, 'was written by a later version of this program');
  for (const step of steps.slice(version)) database.exec(step);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}; COMMIT`);
}

function checkWhole(database: Database, file: string): void {
  const answer: unknown = Reflect.get(Object(rowOf(database.prepare('PRAGMA quick_check(1)'))), 'quick_check');
  if (answer !== 'ok') failSqlite(file, 'is damaged');
}

/**
 * Writes in a transaction of its own, which waits for no other process: the file is busy before anything is done, or
 * not at all. What is given was committed.
 */
export function inTransaction<T>(database: Database, act: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = act();
    database.exec('COMMIT');
    return value;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // It was done already: SQLite does so itself where there is no room.
  }
}

/** The row of a statement that has one at most; undefined where it has none. */
export function rowOf(statement: Statement, ...values: readonly unknown[]): unknown {
  return statement.all(...values)[0];
}

/** The number under a name of a row. @throws {StoreUnavailable} where there is none */
export function numberIn(row: unknown, name: string): number {
  const value: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new StoreUnavailable(`its file has no number where ${name} belongs`);
}

function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'no code';
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error));
}

/** Whether there is no room in the file or on the disk. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_FULL';
}

const openingProblems: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: 'is not a database',
  SQLITE_CORRUPT: 'is damaged',
  SQLITE_BUSY: 'is held by another program',
  SQLITE_READONLY: 'may not be written',
  SQLITE_FULL: 'no space is left to write it',
};

function openingProblem(error: unknown): string {
  const code = codeOf(error);
  return openingProblems[code] ?? `can't be opened (${code})`;
}

/**
 * Reads. One that the file was too busy for is asked again until it is not: its connection would see nothing new.
 * @throws {StoreUnavailable} as {@link whenWritable}
 */
export function whenReadable<T>(act: () => T): Awaitable<T> {
  const read = whenWritable(act);
  if (read instanceof Promise) read.catch(() => settle(act));
  return read;
}

function settle(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (isBusy(error)) setTimeout(lastRetryMs, undefined, { ref: false }).then(() => settle(act));
  }
}

const firstRetryMs = 5;
const lastRetryMs = 20;
const patienceMs = 250;

/**
 * Runs a statement. While another process writes it is tried again from a timer, so that this one serves what needs no
 * store meanwhile.
 * @throws {StoreUnavailable} where that takes longer than 250 ms, and where the file can't be used; rejects with it too
 */
export function whenWritable<T>(act: () => T): Awaitable<T> {
  try {
    return act();
  } catch (error) {
    return isBusy(error) ? retried(act) : failUse(error);
  }
}

async function retried<T>(act: () => T): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, lastRetryMs)) {
    await setTimeout(Math.min(waitMs, Math.max(1, endMs - performance.now())));
    try {
      return act();
    } catch (error) {
      if (!isBusy(error)) failUse(error);
      if (performance.now() >= endMs) throw new StoreUnavailable('another program holds its file', error);
    }
  }
}

/** @throws {StoreUnavailable} always, but for a mistake of the caller's */
function failUse(error: unknown): never {
  if (error instanceof StoreUnavailable || error instanceof TypeError) throw error;
  throw new StoreUnavailable(`its file can't be used (${codeOf(error)})`, error);
}
