import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { randomBytesPooled } from '../../../src/crypto/random.ts';
import { keeperOf } from '../../../src/keyring/keeper.ts';
import { keyRing } from '../../../src/keyring/ring.ts';
import { createRing } from '../../../src/keyring/rotate.ts';
import { openState } from '../../../src/state/open-state.ts';
import type { StateName } from '../../../src/state/several-modes.ts';
import type { StateMode } from '../../../src/state/state-mode.ts';
import { memoryStore } from '../../../src/store/memory-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { startPostgres } from '../../store/postgres-server.ts';
import { startRedis } from '../../store/redis-server.ts';
import { newFolder } from '../../support/data-folder.ts';
import { type CountingProxy, countingProxy } from './counting-proxy.ts';
import { persistently } from './persistent.ts';

/** Where the state of conversations is kept, by the names of the report. */
export const placeNames = ['cookie', 'SQLite', 'Redis', 'PostgreSQL', 'none'] as const;
export type PlaceName = (typeof placeNames)[number];

/** One of these places, opened. */
export interface Place {
  readonly name: PlaceName;
  readonly store: Store;
  /** Nodes with this place; a cache of one entry makes each second conversation a miss. */
  node(cacheEntries: number): StateMode;
  /** A node of its own whose store is reached through a proxy that counts; undefined where there is no server. */
  readonly counted: (() => Promise<CountedNode>) | undefined;
  /** Bytes that the store takes for all that is in it. */
  storedBytes(): Promise<number>;
  close(): Promise<void>;
}

/** A node, and what passes between it and its store. */
export interface CountedNode {
  readonly mode: StateMode;
  readonly proxy: CountingProxy;
  close(): Promise<void>;
}

const ring = keyRing(createRing({ nowMs: Date.now(), random: randomBytesPooled }));

function nodeOf(state: StateName, store: Store): Place['node'] {
  const parts = { acceptState: undefined, idleMs: undefined, keeper: keeperOf(ring), random: randomBytesPooled };
  return cacheEntries => openState({ state, store, rolloverMs: 300_000, cacheEntries, ...parts });
}

function inMemory(name: 'cookie' | 'none'): Place {
  const store = memoryStore({ clock: Date.now });
  return {
    ...{ name, store, node: nodeOf(name, store), counted: undefined },
    storedBytes: async () => 0,
    close: async () => void store.close(),
  };
}

/** Until a server has answered once, everything that is asked of it is refused. */
async function answering(store: Store): Promise<Store> {
  await persistently(() => store.get('bench/none'));
  return store;
}

/** A node whose store is the server that listens on a TCP port, reached through a proxy. */
function countedNode(server: URL): Place['counted'] {
  return async () => {
    const proxy = await countingProxy(Number(server.port));
    const url = new URL(server);
    url.port = String(proxy.port);
    const store = await answering(openStore(url, { onEvent: () => {} }));
    return {
      mode: nodeOf('database', store)(1),
      proxy,
      async close() {
        await store.close();
        proxy.close();
      },
    };
  };
}

interface SqliteReader {
  prepare(sql: string): { get(): Readonly<Record<string, number>> };
  close(): void;
}

async function sqlite(): Promise<Place> {
  const file = join(newFolder(), 'store.sqlite');
  const store = openStore(new URL(`sqlite:${file}`));
  return {
    ...{ name: 'SQLite', store, node: nodeOf('database', store), counted: undefined },
    async storedBytes() {
      const Reader = createRequire(import.meta.url)('libsql') as new (file: string) => SqliteReader;
      const reader = new Reader(file);
      const read = (name: string) => reader.prepare(`PRAGMA ${name}`).get()[name] ?? Number.NaN;
      const bytes = (read('page_count') - read('freelist_count')) * read('page_size');
      reader.close();
      return bytes;
    },
    close: async () => void store.close(),
  };
}

async function redis(): Promise<Place> {
  const server = await startRedis();
  const store = await answering(openStore(server.url, { onEvent: () => {} }));
  return {
    ...{ name: 'Redis', store, node: nodeOf('database', store), counted: countedNode(server.url) },
    async storedBytes() {
      const told = execFileSync('redis-cli', ['-p', String(server.port), 'info', 'memory'], { encoding: 'utf8' });
      return Number(/^used_memory:(\d+)/m.exec(told)?.[1]);
    },
    async close() {
      await store.close();
      await server.kill();
    },
  };
}

interface PgClient {
  connect(): Promise<void>;
  query(text: string): Promise<{ readonly rows: readonly { readonly bytes: string }[] }>;
  end(): Promise<void>;
}

async function postgres(): Promise<Place> {
  const server = await startPostgres();
  const store = await answering(openStore(server.url, { onEvent: () => {} }));
  const { Client } = createRequire(import.meta.url)('pg') as { Client: new (url: string) => PgClient };
  return {
    ...{ name: 'PostgreSQL', store, node: nodeOf('database', store), counted: countedNode(server.url) },
    async storedBytes() {
      const client = new Client(server.url.href);
      await client.connect();
      const { rows } = await client.query("SELECT pg_total_relation_size('wssc_records') AS bytes");
      await client.end();
      return Number(rows[0]?.bytes);
    },
    async close() {
      await store.close();
      await server.kill();
    },
  };
}

/** Opens all of them. */
export async function openPlaces(): Promise<readonly Place[]> {
  return [inMemory('cookie'), await sqlite(), await redis(), await postgres(), inMemory('none')];
}
