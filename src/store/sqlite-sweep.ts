import { type Database, inTransaction } from './sqlite-database.ts';

const sweepMs = 30_000;
/** Pause between two pages of one sweep: other processes write in it, and calls are served. */
const pauseMs = 50;
const pageRows = 500;

/**
 * Deletes what is over from the tables, a page at a time; where another process writes it is left for the next time.
 * @param clock milliseconds since the epoch
 * @returns ends it
 */
export function sweptFrom(database: Database, clock: () => number): () => void {
  const tables = [
    ['claims', 'key'],
    ['records', 'version'],
    ['counters', 'key'],
  ] as const;
  const statements = tables.map(([table, key]) =>
    database.prepare(
      `DELETE FROM ${table} WHERE ${key} IN
       (SELECT ${key} FROM ${table} WHERE until_ms <= ? LIMIT ${pageRows}) RETURNING 1`,
    ),
  );
  const sweep = () => {
    let hasMore = false;
    try {
      for (const statement of statements) {
        const swept = inTransaction(database, () => statement.all(clock()));
        hasMore = swept.length === pageRows || hasMore;
      }
    } catch {
      // Nothing is lost: what is over is never given.
    }
    timer = setTimeout(sweep, hasMore ? pauseMs : sweepMs).unref();
  };
  let timer = setTimeout(sweep, sweepMs).unref();
  return () => clearTimeout(timer);
}
