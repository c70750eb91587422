import { StoreUnavailable } from '../errors.ts';
import type { FeedReader } from './followed-feed.ts';
import { lastStatement, lateStatement, pageStatement, settledStatement } from './postgres-schema.ts';
import { type Change, maxValueBytes, topicOf } from './store.ts';

export interface PostgresFeedOptions {
  readonly topic: string;
  readonly cursor: string | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly query: (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>;
  /** How many connections were made. */
  readonly made: () => number;
}

const pageRecords = 500;
/** How long a transaction may take from the number of its row to its end, and be told all the same. */
const lateMs = 30_000;

/**
 * Reads a topic from a cursor, and begins again at its place where a connection was made: on it another server may
 * answer, a standby that has taken over without the last rows, and that draws numbers again which the one before had
 * drawn.
 */
export async function postgresReader(options: PostgresFeedOptions): Promise<FeedReader> {
  const { made } = options;
  let { cursor } = options;
  let isOf = made();
  let read = await serverReader({ ...options, cursor });
  return async () => {
    const now = made();
    if (now !== isOf) read = await serverReader({ ...options, cursor });
    isOf = now;
    const changes = await read();
    cursor = changes.at(-1)?.cursor ?? cursor;
    return changes;
  };
}

/**
 * Reads what one server has. Numbers become visible out of order, so what lies behind the cursor is looked through as
 * well, as far back as 30 s; what was told from there is not told again.
 */
async function serverReader(options: Omit<PostgresFeedOptions, 'made'>): Promise<FeedReader> {
  const { topic, cursor, clock, query } = options;
  const begun = cursor === undefined ? versionIn((await query(lastStatement, [topic]))[0]) : 0;
  let settled = versionIn((await query(settledStatement, [topic, cursor ?? null]))[0]);
  let heard = Number(cursor ?? 0);
  const told = new Map<number, number>();

  const forget = () => {
    const nowMs = performance.now();
    for (const [version, toldMs] of told) {
      if (toldMs > nowMs - lateMs) return;
      told.delete(version);
      settled = Math.max(settled, version);
    }
  };
  const changesIn = (rows: readonly unknown[]): readonly Change[] => {
    for (const row of rows) if (versionIn(row) > settled) told.set(versionIn(row), performance.now());
    return rows.map(row => changeIn(row)).filter(change => change !== undefined);
  };
  return async () => {
    forget();
    const between = [settled, heard, [...told.keys()]];
    const late = await query(lateStatement, [topic, ...between, clock(), begun, pageRecords]);
    if (late.length > 0) return changesIn(late).map(change => ({ ...change, cursor: String(heard) }));
    const rows = await query(pageStatement, [topic, heard, clock(), begun, pageRecords]);
    const changes = changesIn(rows);
    if (rows.length > 0) heard = versionIn(rows.at(-1));
    return changes;
  };
}

/** The version in a row. @throws {StoreUnavailable} where there is none */
export function versionIn(row: unknown): number {
  return wholeNumberIn(row, 'version');
}

/** A bigint, which comes as a text. @throws {StoreUnavailable} where there is none */
export function wholeNumberIn(row: unknown, name: string): number {
  const text: unknown = Reflect.get(Object(row), name);
  const value = typeof text === 'string' && /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : unreadable();
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A row of records; undefined where it is none of ours. */
export function changeIn(row: unknown): Change | undefined {
  try {
    const version = versionIn(row);
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
  return value instanceof Uint8Array && value.byteLength <= maxValueBytes ? Uint8Array.from(value) : unreadable();
}

export function unreadable(): never {
  throw new StoreUnavailable('it answered with something that is no answer');
}
