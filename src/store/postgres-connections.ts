import { StoreUnavailable } from '../errors.ts';
import { guardedCalls, inTime } from './guarded-calls.ts';
import { type KeptConnection, keptConnection } from './kept-connection.ts';
import {
  type PostgresClient,
  type PostgresTarget,
  postgresClients,
  postgresTrouble,
  sqlCodeOf,
} from './postgres-client.ts';
import { checkDurable, migrate, notices } from './postgres-schema.ts';
import { storeTeller } from './store-teller.ts';

/** The connections of a process to one server: some that ask in turn, and one that hears. */
export interface PostgresConnections {
  /**
   * Runs a statement. @throws {StoreUnavailable} rejects with it where there is no answer, and with the server's own
   * error where it has no room ({@link isFull})
   */
  query(text: string, values: readonly unknown[]): Promise<readonly unknown[]>;
  close(): void;
}

export interface PostgresEvents {
  /** Told in a sentence of troubles, their end, and of settings that lose what was acknowledged. */
  readonly onEvent: (sentence: string) => void;
  /** There may be changes. */
  readonly onNotice: () => void;
  /** Longest wait for an answer. Default 250. */
  readonly answerMs: number | undefined;
}

const connections = 4;
/** The server ends a statement so long before nobody waits for it any more. */
const aheadMs = 10;
const beatMs = 2_000;
const readOnly = postgresTrouble({ code: '25006' });

/** Connects to a server, and keeps connected. @throws {SecureConversationError} `STORE_INVALID` */
export function openPostgres(
  target: PostgresTarget,
  { onEvent, onNotice, answerMs = 250 }: PostgresEvents,
): PostgresConnections {
  const told = storeTeller(target.url, onEvent);
  const clientFor = postgresClients(target);
  const onTrouble = (error: unknown) => told.down(postgresTrouble(error));
  const migrated = migration(() => clientFor(0));
  const begin = async (client: PostgresClient) => {
    await migrated();
    await checkDurable(client, told.warn);
  };
  const asking = Array.from({ length: connections }, () =>
    keptConnection(() => clientFor(answerMs - aheadMs), begin, { onReady: told.up, onTrouble }),
  );
  const turns = turnsOf(asking, answerMs);
  const hearing = keptConnection(() => heardClient(clientFor(0), onNotice), listen, { onReady: onNotice, onTrouble });
  const all = [...asking, hearing];
  const { call } = guardedCalls({
    steadyClock: () => performance.now(),
    onDown(why) {
      told.down(why);
      for (const connection of all) connection.drop();
    },
    onUp: told.up,
    answerMs,
  });
  const stopBeating = beating(hearing);
  return {
    query: (text, values) =>
      call(async () => {
        try {
          return await turns(client => rowsOf(client, text, values));
        } catch (error) {
          // Its name may lead to another server by now.
          if (error instanceof StoreUnavailable && error.why === readOnly) for (const each of all) each.drop();
          throw error;
        }
      }),
    close() {
      stopBeating();
      for (const connection of all) connection.close();
    },
  };
}

/** What runs work on connections in turn, one piece at a time on each, and none for which nobody waits any more. */
function turnsOf(connections: readonly KeptConnection<PostgresClient>[], answerMs: number) {
  const lanes = connections.map(connection => ({ connection, last: Promise.resolve<unknown>(undefined) }));
  let turn = 0;
  return <T>(work: (client: PostgresClient) => Promise<T>): Promise<T> => {
    const untilMs = performance.now() + answerMs;
    turn = (turn + 1) % lanes.length;
    const lane = lanes[turn];
    if (lane === undefined) throw new TypeError('no connection');
    const done = lane.last.then(async () => {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new StoreUnavailable(`no answer in ${answerMs} ms`);
      return work(await lane.connection.ready(leftMs));
    });
    lane.last = done.catch(() => {});
    return done;
  };
}

function listen(client: PostgresClient): Promise<unknown> {
  return client.query(`LISTEN ${notices}`);
}

function heardClient(client: PostgresClient, onNotice: () => void): PostgresClient {
  client.on('notification', onNotice);
  return client;
}

/** Makes the tables once a process, on a connection of its own that may take its time. */
function migration(connect: () => PostgresClient): () => Promise<void> {
  let done: Promise<void> | undefined;
  const run = async () => {
    const client = connect();
    client.on('error', () => {});
    try {
      await client.connect();
      await migrate(client);
    } finally {
      client.destroy();
    }
  };
  return () => {
    done ??= run().catch(error => {
      done = undefined;
      throw error;
    });
    return done;
  };
}

/** Gives up a connection on which nothing comes back, as where a firewall has forgotten it. */
function beating(connection: KeptConnection<PostgresClient>): () => void {
  const beat = (client: PostgresClient) => inTime(client.query('SELECT 1')).catch(connection.drop);
  const timer = setInterval(() => void connection.ready().then(beat, () => {}), beatMs).unref();
  return () => clearInterval(timer);
}

async function rowsOf(client: PostgresClient, text: string, values: readonly unknown[]): Promise<readonly unknown[]> {
  try {
    return (await client.query(text, values)).rows;
  } catch (error) {
    if (isFull(error)) throw error;
    throw new StoreUnavailable(postgresTrouble(error), error);
  }
}

/** Whether a server has no room: the disk is full. */
export function isFull(error: unknown): boolean {
  return sqlCodeOf(error) === '53100';
}
