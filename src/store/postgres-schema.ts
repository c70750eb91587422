import { StoreUnavailable } from '../errors.ts';
import { type PostgresClient, readOnly } from './postgres-client.ts';
import { maxValueBytes } from './store.ts';
import type { StoreTeller } from './store-teller.ts';

/** The channel of the word that there are changes; what they are is read from the table. */
export const notices = 'wssc_changes';

/** From the version before to each; what a node of the version before wrote stays good. */
export const postgresMigrations: readonly string[] = [
  `CREATE SEQUENCE wssc_versions;
   CREATE TABLE wssc_claims (key bytea PRIMARY KEY, until_ms bigint NOT NULL);
   CREATE INDEX wssc_claims_until ON wssc_claims (until_ms);
   CREATE TABLE wssc_records (key bytea PRIMARY KEY, topic text NOT NULL, version bigint NOT NULL, value bytea,
     until_ms bigint NOT NULL, written timestamptz NOT NULL);
   CREATE INDEX wssc_records_version ON wssc_records (topic, version);
   CREATE INDEX wssc_records_written ON wssc_records (topic, written);
   CREATE INDEX wssc_records_until ON wssc_records (until_ms);
   CREATE TABLE wssc_counters (key bytea PRIMARY KEY, sum bigint NOT NULL, until_ms bigint NOT NULL);
   CREATE INDEX wssc_counters_until ON wssc_counters (until_ms);`,
];

/** A number of ours among those of advisory locks. */
export const migrationLock = 0x57535343;

/**
 * Makes or renews the tables, also where other nodes do so at the same time: one does, the others wait. A user who may
 * not make tables can use those that are there.
 * @throws {StoreUnavailable} rejects with it where they are of a later version
 */
export async function migrate(client: PostgresClient, steps = postgresMigrations): Promise<void> {
  if ((await versionOf(client)) === steps.length) return;
  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
  await client.query('CREATE TABLE IF NOT EXISTS wssc_schema (version integer NOT NULL)');
  const version = (await versionOf(client)) ?? 0;
  if (version > steps.length) throw new StoreUnavailable('its tables were made by a later version of this program');
  for (const step of steps.slice(version)) await client.query(step);
  await client.query('DELETE FROM wssc_schema');
  await client.query(`INSERT INTO wssc_schema VALUES (${steps.length})`);
  await client.query('COMMIT');
}

/** Undefined where there are no tables. */
async function versionOf(client: PostgresClient): Promise<number | undefined> {
  const { rows: found } = await client.query("SELECT to_regclass('wssc_schema') IS NOT NULL AS there");
  if (Reflect.get(Object(found[0]), 'there') !== true) return undefined;
  const { rows } = await client.query('SELECT max(version) AS version FROM wssc_schema');
  const version: unknown = Reflect.get(Object(rows[0]), 'version');
  return typeof version === 'number' ? version : undefined;
}

/** Settings without which PostgreSQL loses what it has acknowledged. (Between us and it a pool may drop ours.) */
const wanted: readonly string[] = ['fsync', 'synchronous_commit'];

const inspection = `
  SELECT ${wanted.map(name => `current_setting('${name}') AS ${name}`).join(', ')},
    current_setting('transaction_read_only') AS transaction_read_only,
    extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms`;

/**
 * Reads of a server, when it is connected, whether it keeps what it acknowledges, and its clock.
 * @param clock milliseconds since the epoch
 * @throws {StoreUnavailable} rejects with it where it can only be read
 */
export async function inspectPostgres(client: PostgresClient, told: StoreTeller, clock: () => number): Promise<void> {
  const askedMs = clock();
  const row = Object((await client.query(inspection)).rows[0]);
  const heardMs = clock();
  if (row.transaction_read_only !== 'off') throw new StoreUnavailable(readOnly);
  const wrong = wanted.filter(name => row[name] === 'off').map(name => `${name} on`);
  told.durability(wrong.length === 0 ? undefined : `may lose what it acknowledged: it needs ${wrong.join(', ')}`);
  if (typeof row.now_ms === 'number') told.clock(row.now_ms - (askedMs + heardMs) / 2);
}

/** Takes a record in; nothing where another version is there. The version is drawn when the row is held. */
export const putStatement = `
  WITH put AS (
    INSERT INTO wssc_records AS r (key, topic, version, value, until_ms, written)
    SELECT $1::bytea, $2::text, nextval('wssc_versions'), $3::bytea, $4::bigint, clock_timestamp()
    WHERE $5::bigint IS NULL OR $5 = 0 OR EXISTS (SELECT FROM wssc_records WHERE key = $1)
    ON CONFLICT (key) DO UPDATE SET version = nextval('wssc_versions'), value = excluded.value,
      until_ms = excluded.until_ms, written = clock_timestamp()
    WHERE $5 IS NULL OR $5 = CASE WHEN r.value IS NOT NULL AND r.until_ms > $6 THEN r.version ELSE 0 END
    RETURNING version)
  SELECT version, pg_notify('${notices}', '') FROM put`;

export const deleteStatement = `
  WITH gone AS (
    UPDATE wssc_records SET value = NULL, version = nextval('wssc_versions'), written = clock_timestamp()
    WHERE key = $1 AND value IS NOT NULL AND until_ms > $2 RETURNING version)
  SELECT version, pg_notify('${notices}', '') FROM gone`;

export const claimStatement = `
  INSERT INTO wssc_claims AS c (key, until_ms) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET until_ms = excluded.until_ms WHERE c.until_ms <= $3 RETURNING 1 AS claimed`;

export const addStatement = `
  INSERT INTO wssc_counters AS c (key, sum, until_ms) VALUES ($1, $2, $3)
  ON CONFLICT (key) DO UPDATE SET
    sum = CASE WHEN c.until_ms <= $4 THEN excluded.sum ELSE c.sum + excluded.sum END,
    until_ms = CASE WHEN c.until_ms <= $4 THEN excluded.until_ms ELSE c.until_ms END
  RETURNING sum`;

/** Versions that we have drawn: somebody else may have put a row there. */
const isVersion = `version <= ${Number.MAX_SAFE_INTEGER}`;
/** Of a row that is none of ours nothing is read: it may be of any length. A key has 512 characters, in UTF-8. */
const isRecord = `${isVersion} AND octet_length(key) <= 1536 AND coalesce(octet_length(value), 0) <= ${maxValueBytes}`;

/** The largest version of a topic that was there before all that may still become visible late. */
export const settledStatement = `
  SELECT coalesce(max(version), 0) AS version FROM wssc_records
  WHERE topic = $1 AND ${isVersion} AND written < coalesce(
    (SELECT max(written) FROM wssc_records WHERE topic = $1 AND version <= $2), clock_timestamp()) - interval '30 s'`;

export const lastStatement = `
  SELECT coalesce(max(version), 0) AS version FROM wssc_records WHERE topic = $1 AND ${isVersion}`;

export const pageStatement = `
  SELECT key, value, version FROM wssc_records
  WHERE topic = $1 AND version > $2 AND until_ms > $3 AND (value IS NOT NULL OR version > $4) AND ${isRecord}
  ORDER BY version LIMIT $5`;

/** What became visible behind the cursor: a row's number is drawn before its transaction ends. */
export const lateStatement = `
  SELECT key, value, version FROM wssc_records
  WHERE topic = $1 AND version > $2 AND version <= $3 AND NOT (version = ANY($4::bigint[])) AND until_ms > $5
    AND (value IS NOT NULL OR version > $6) AND ${isRecord}
  ORDER BY version LIMIT $7`;

/** How much later what is over is deleted. Nodes whose clocks are behind, by 10 min at most, look for a claim still. */
const keptLongerMs = { claims: 600_000, records: 0, counters: 0 };

export const sweepStatements: readonly string[] = Object.entries(keptLongerMs).map(
  ([name, longerMs]) =>
    `DELETE FROM wssc_${name} WHERE key IN (SELECT key FROM wssc_${name} WHERE until_ms <= $1::bigint - ${longerMs}
     LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
);
