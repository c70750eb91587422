import { followedFeed } from './followed-feed.ts';
import { orFull } from './guarded-calls.ts';
import { openPostgres } from './postgres-connections.ts';
import { changeIn, postgresReader, unreadable, versionIn, wholeNumberIn } from './postgres-feed.ts';
import { addStatement, claimStatement, deleteStatement, putStatement, sweepStatements } from './postgres-schema.ts';
import { maxValueBytes, type Store, topicOf } from './store.ts';
import { authoritiesFrom, type TrustedAuthorities } from './trusted-authorities.ts';

export interface PostgresOptions extends TrustedAuthorities {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told in a sentence of troubles, their end, and of settings that lose what was acknowledged. */
  readonly onEvent: (sentence: string) => void;
  /** Longest wait for an answer. Default 250. */
  readonly answerMs?: number;
}

/** How often it is looked for changes where no word of them comes. */
const lookMs = 5_000;
const sweepMs = 30_000;

/**
 * Opens a store in PostgreSQL, for the nodes of any machines. It connects by itself, makes its tables, and connects
 * again after each trouble; meanwhile what is asked rejects.
 * @param url `postgres://user@host:port/database`
 * @throws {SecureConversationError} `STORE_INVALID` where the package `pg` is missing
 */
export function postgresStore(url: URL, { clock, onEvent, answerMs, ...trusted }: PostgresOptions): Store {
  const feed = followedFeed(lookMs);
  const { query, made, health, close } = openPostgres(
    { url, authorities: authoritiesFrom(trusted) },
    { clock, onEvent, onNotice: feed.wake, answerMs },
  );
  const firstOf = async (text: string, values: readonly unknown[]) => (await query(text, values))[0];
  const sweeping = setInterval(() => {
    for (const statement of sweepStatements) query(statement, [wholeMs(clock())]).catch(() => {});
  }, sweepMs).unref();
  return {
    async claim(key, untilMs) {
      const row = await orFull(firstOf(claimStatement, [keyBytes(key), wholeMs(untilMs), wholeMs(clock())]));
      if (row === 'full') return row;
      return row === undefined ? 'seen' : 'new';
    },
    async has(key) {
      const values = [keyBytes(key), wholeMs(clock())];
      return (await query('SELECT 1 AS claimed FROM wssc_claims WHERE key = $1 AND until_ms > $2', values)).length > 0;
    },
    async get(key) {
      const row = await firstOf(
        'SELECT key, value, version FROM wssc_records WHERE key = $1 AND value IS NOT NULL AND until_ms > $2',
        [keyBytes(key), wholeMs(clock())],
      );
      return row === undefined ? undefined : (changeIn(row)?.record ?? unreadable());
    },
    async put(key, value, { untilMs, ifVersion }) {
      const named = keyBytes(key);
      if (value.byteLength > maxValueBytes) throw new TypeError(`a record has at most ${maxValueBytes} bytes`);
      const values = [Buffer.from(value), wholeMs(untilMs), ifVersion ?? null, wholeMs(clock())];
      const row = await orFull(firstOf(putStatement, [named, topicOf(key), ...values]));
      if (row === 'full') return row;
      return row === undefined ? 'conflict' : versionIn(row);
    },
    async delete(key) {
      await query(deleteStatement, [keyBytes(key), wholeMs(clock())]);
    },
    async add(key, n, untilMs) {
      const named = keyBytes(key);
      const nowMs = wholeMs(clock());
      if (n !== 0) return wholeNumberIn(await firstOf(addStatement, [named, n, wholeMs(untilMs), nowMs]), 'sum');
      const row = await firstOf('SELECT sum FROM wssc_counters WHERE key = $1 AND until_ms > $2', [named, nowMs]);
      return row === undefined ? 0 : wholeNumberIn(row, 'sum');
    },
    changes(topic, cursor, signal) {
      const begin = (from: string | undefined) =>
        postgresReader({ topic, cursor: from, clock: () => wholeMs(clock()), query, made });
      return feed.listen(begin, { cursor, signal });
    },
    health,
    close() {
      clearInterval(sweeping);
      feed.close();
      close();
    },
  };
}

function wholeMs(ms: number): number {
  return Math.ceil(ms);
}

/** Keys are bytes: a text of PostgreSQL has no NUL. */
function keyBytes(key: string): Buffer {
  topicOf(key);
  return Buffer.from(key, 'utf8');
}
