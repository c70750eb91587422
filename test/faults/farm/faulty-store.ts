import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { expect } from 'vitest';
import { type PostgresServer, startPostgres, startStandby } from '../../store/postgres-server.ts';
import { startRedis } from '../../store/redis-server.ts';
import { eventually } from '../../support/eventually.ts';
import { type TcpProxy, tcpProxy } from '../../support/tcp-proxy.ts';

/** A trouble that a store gets into, and is helped out of. */
export interface Trouble {
  readonly name: string;
  /** Whether the store answers meanwhile, so that nothing counts it as down. */
  readonly answers: boolean;
  begin(): unknown;
  end(): unknown;
}

/** A real store behind a name that may lead elsewhere, and what can happen to it. */
export interface FaultyStore {
  /** Words of the command line, and the environment, of a node that has it. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly proxy: TcpProxy;
  /** In this order: the last one has moved it to another server. */
  readonly troubles: readonly Trouble[];
  kill(): Promise<void>;
  restart(): Promise<void>;
}

export async function faultyRedis(): Promise<FaultyStore> {
  const password = 'first';
  const [server, replica] = [await startRedis('--requirepass', password), await startRedis()];
  const proxy = await tcpProxy(server.port);
  const cli = (port: number, ...words: readonly string[]) =>
    execFileSync('redis-cli', ['-p', String(port), '--no-auth-warning', '-a', password, ...words], { stdio: 'pipe' });
  const replicas = ['CONFIG', 'SET', 'masterauth', password];
  cli(replica.port, ...replicas);
  cli(replica.port, 'REPLICAOF', '127.0.0.1', String(server.port));
  cli(replica.port, 'CONFIG', 'SET', 'requirepass', password);
  return {
    words: ['--store', `redis://127.0.0.1:${proxy.port}`],
    environment: { WSSC_STORE_PASSWORD: password },
    proxy,
    kill: server.kill,
    restart: server.restart,
    troubles: [
      { name: 'hung', answers: false, begin: server.hang, end: server.goOn },
      { name: 'stopped', answers: false, begin: server.kill, end: () => server.restart() },
      {
        name: 'wrong password',
        answers: false,
        begin() {
          cli(server.port, 'ACL', 'SETUSER', 'default', `<${password}`, '>other');
          proxy.cut();
        },
        end: () => void cliAs('other', server.port, 'ACL', 'SETUSER', 'default', '<other', `>${password}`),
      },
      {
        name: 'full',
        answers: true,
        begin: () => void cli(server.port, 'CONFIG', 'SET', 'maxmemory', '1mb'),
        end: () => void cli(server.port, 'CONFIG', 'SET', 'maxmemory', '0'),
      },
      {
        name: 'failed over',
        answers: false,
        begin: () => void cli(server.port, 'REPLICAOF', '127.0.0.1', '1'),
        end() {
          cli(replica.port, 'REPLICAOF', 'NO', 'ONE');
          proxy.upstream = replica.port;
        },
      },
    ],
  };
}

function cliAs(password: string, port: number, ...words: readonly string[]): void {
  execFileSync('redis-cli', ['-p', String(port), '--no-auth-warning', '-a', password, ...words], { stdio: 'pipe' });
}

export async function faultyPostgres(): Promise<FaultyStore> {
  const server = await startPostgres();
  const standby = await startStandby(server);
  const proxy = await tcpProxy(server.port);
  return {
    words: ['--store', `postgres://wssc@127.0.0.1:${proxy.port}/postgres`],
    environment: { WSSC_STORE_PASSWORD: decodeURIComponent(server.url.password) },
    proxy,
    kill: server.kill,
    restart: () => server.restart(),
    troubles: [
      { name: 'hung', answers: false, begin: server.hang, end: server.goOn },
      { name: 'stopped', answers: false, begin: server.kill, end: () => server.restart() },
      {
        name: 'wrong password',
        answers: false,
        async begin() {
          await asked(server, "ALTER ROLE wssc PASSWORD 'other'");
          proxy.cut();
        },
        end: () => asked(server, `ALTER ROLE wssc PASSWORD '${decodeURIComponent(server.url.password)}'`, 'other'),
      },
      {
        name: 'failed over',
        answers: false,
        async begin() {
          await caughtUp(server);
          await server.kill();
          proxy.upstream = standby.port;
        },
        end: () => asked(standby, 'SELECT pg_promote()'),
      },
    ],
  };
}

/** Asks on a connection of its own. */
async function asked({ url }: PostgresServer, text: string, password?: string): Promise<readonly unknown[]> {
  const way = new URL(url);
  if (password !== undefined) way.password = password;
  const client = new pg.Client(way.href);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function caughtUp(server: PostgresServer): Promise<void> {
  const text = 'SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()';
  await eventually(async () => expect(await asked(server, text)).not.toEqual([]));
}
