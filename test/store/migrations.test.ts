import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { migrate, postgresMigrations } from '../../src/store/postgres-schema.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { spawn } from '../support/started.ts';
import { endPostgresServers, type PostgresServer, startPostgres } from './postgres-server.ts';

/* Tables of the release before, brought to those of the next one while nodes start; and tables of a later one. */

const opened: { close(): unknown }[] = [];
const laterMs = Date.now() + 3_600_000;
const bytes = Buffer.from('one');
/** Step to a version that does not exist yet. */
const next = 'ALTER TABLE wssc_records ADD COLUMN next_version text';

afterEach(() => Promise.all(opened.splice(0).map(each => each.close())));
afterAll(() => {
  endPostgresServers();
  removeFolders();
});

async function connect({ url }: PostgresServer): Promise<pg.Client> {
  const client = new pg.Client(url.href);
  opened.push({ close: () => client.end() });
  await client.connect();
  return client;
}

const asOurs = (client: pg.Client) => Object.assign(client, { destroy: () => {} });

test('ten nodes at once bring tables of PostgreSQL to a later version; one of before is told why not', async () => {
  const server = await startPostgres('fsync=off');
  const said: string[] = [];
  const before = openStore(server.url, { onEvent: sentence => said.push(sentence) });
  opened.push(before);
  await eventually(() => before.put('kept/1', bytes, { untilMs: laterMs }));
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect(server)));
  await Promise.all(clients.map(client => migrate(asOurs(client), [...postgresMigrations, next])));
  const [client] = clients as [pg.Client];
  expect((await client.query('SELECT version FROM wssc_schema')).rows).toEqual([
    { version: postgresMigrations.length + 1 },
  ]);
  expect((await client.query('SELECT next_version FROM wssc_records')).rows).toHaveLength(1);
  // It goes on with what it has, and finds what it had written.
  expect(await eventually(() => before.get('kept/1'))).toMatchObject({ value: Uint8Array.from(bytes) });
  const again = openStore(server.url, { onEvent: sentence => said.push(sentence) });
  opened.push(again);
  const sentence = 'does not answer: its tables were made by a later version of this program';
  await eventually(() => expect(said).toContainEqual(expect.stringContaining(sentence)));
  expect(again.health?.().up).toBe(false);
});

const module = fileURLToPath(new URL('../../dist/store/sqlite-database.js', import.meta.url));

/** Opens a file of SQLite with one more step; prints which version came of it. */
const program = `
import { openSqlite, sqliteMigrations } from ${JSON.stringify(module)};
const steps = [...sqliteMigrations, 'ALTER TABLE records ADD COLUMN next_version TEXT'];
const { reading, close } = openSqlite(process.argv[1], steps);
reading.prepare('SELECT next_version FROM records').all();
console.log(reading.prepare('PRAGMA user_version').get().user_version - sqliteMigrations.length);
close();`;

test('ten processes at once bring a file of SQLite to a later version; one of before is told why not', async () => {
  const file = join(newFolder(), 'store.sqlite');
  const url = new URL(`sqlite:${file}`);
  const before = openStore(url);
  opened.push(before);
  await before.put('kept/1', bytes, { untilMs: laterMs });
  const open = async () => {
    const words = ['--input-type=module', '-e', program, file];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', data => (text += data));
    const [code] = await once(child, 'close');
    return [code, text.trim()];
  };
  expect(await Promise.all(Array.from({ length: 10 }, open))).toEqual(Array(10).fill([0, '1']));
  expect(await before.get('kept/1')).toMatchObject({ value: Uint8Array.from(bytes) });
  expect(() => openStore(url)).toThrow('was written by a later version of this program');
});
