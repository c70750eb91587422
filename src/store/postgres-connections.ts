import { StoreUnavailable } from '../errors.ts';
import { guardedCalls, inTime, noRoom } from './guarded-calls.ts';
import { type KeptConnection, keptConnection } from './kept-connection.ts';
import {
  type PostgresClient,
  type PostgresTarget,
  postgresClients,
  postgresTrouble,
  readOnly,
  sqlCodeOf,
} from './postgres-client.ts';
import { inspectPostgres, migrate, notices } from './postgres-schema.ts';
import type { StoreHealth } from './store.ts';
import { storeTeller } from './store-teller.ts';

/** The connections of a process to one server: some that ask in turn, and one that hears. */
export interface PostgresConnections {
  /**
   * Runs a statement. @throws {StoreUnavailable} rejects with it where there is no answer, and where the server has no
   * room ({@link noRoom})
   */
  query(text: string, values: readonly unknown[]): Promise<readonly unknown[]>;
  /** How many connections that ask were made: where there are more, another server may be asked by now. */
  made(): number;
  health(): StoreHealth;
  close(): void;
}

export interface PostgresEvents {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
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
/**
 * Longest wait for the answer of a connection that asks, beyond that for which anybody waits: dropping it ends what was
 * asked on it.
 */
const patientMs = 2_000;
/** Longest wait for the tables to be made: others of the farm may be making them. */
const migrationMs = 10_000;

/** Connects to a server, and keeps connected. @throws {SecureConversationError} `STORE_INVALID` */
export function openPostgres(
  target: PostgresTarget,
  { clock, onEvent, onNotice, answerMs = 250 }: PostgresEvents,
): PostgresConnections {
  const told = storeTeller(target.url, { onEvent, clock });
  const clientFor = postgresClients(target);
  const onTrouble = (error: unknown) => told.down(postgresTrouble(error));
  const migrated = migration(() => clientFor(0));
  const begin = async (client: PostgresClient) => {
    await migrated.done();
    await inspectPostgres(client, told, clock);
  };
  let made = 0;
  const onReady = () => {
    made += 1;
    told.up();
  };
  const asking = Array.from({ length: connections }, () =>
    keptConnection(() => clientFor(answerMs - aheadMs), begin, { onReady, onTrouble }),
  );
  const turns = turnsOf(asking, answerMs);
  const hearing = keptConnection(() => heardClient(clientFor(0), onNotice), listen, {
    onReady() {
      told.up();
      onNotice();
    },
    onTrouble,
  });
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
  const beats = [every(() => void hearing.ready().then(beatOf(hearing), () => {})), every(turns.beat)];
  const asked = (text: string, values: readonly unknown[]) =>
    call(async () => {
      try {
        return await turns.take(client => rowsOf(client, text, values));
      } catch (error) {
        // Its name may lead to another server by now.
        if (error instanceof StoreUnavailable && error.why === readOnly) for (const each of all) each.drop();
        throw error;
      }
    });
  return {
    async query(text, values) {
      try {
        return await asked(text, values);
      } catch (error) {
        // It has answered: there may be room for what is asked next.
        throw isFull(error) ? new StoreUnavailable(noRoom, error) : error;
      }
    },
    made: () => made,
    health: told.health,
    close() {
      for (const stop of beats) stop();
      for (const connection of all) connection.close();
      migrated.close();
    },
  };
}

/**
 * Runs work on the connections that there are in turn, on one that has nothing to do where there is one; one piece at a
 * time on each, and none for which nobody waits any more.
 */
interface Turns {
  take<T>(work: (client: PostgresClient) => Promise<T>): Promise<T>;
  /** Tries whether each connection is still one, when it has nothing else to do. */
  beat(): void;
}

interface Lane {
  readonly connection: KeptConnection<PostgresClient>;
  last: Promise<unknown>;
  /** Pieces of work that have not ended. */
  asked: number;
}

function turnsOf(connections: readonly KeptConnection<PostgresClient>[], answerMs: number): Turns {
  const lanes: readonly Lane[] = connections.map(connection => ({
    connection,
    last: Promise.resolve(),
    asked: 0,
  }));
  let turn = 0;
  const inTurn = <T>(lane: Lane, work: () => Promise<T>): Promise<T> => {
    const done = lane.last.then(work);
    lane.asked += 1;
    lane.last = done
      .catch(() => {})
      .then(() => {
        lane.asked -= 1;
      });
    return done;
  };
  return {
    take(work) {
      const untilMs = performance.now() + answerMs;
      turn = (turn + 1) % lanes.length;
      const inOrder = [...lanes.slice(turn), ...lanes.slice(0, turn)];
      const ready = inOrder.filter(({ connection }) => connection.isReady());
      const lane = ready.find(({ asked }) => asked === 0) ?? ready[0] ?? lanes[turn];
      if (lane === undefined) throw new TypeError('no connection');
      return inTurn(lane, async () => {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) throw new StoreUnavailable(`no answer in ${answerMs} ms`);
        const answer = work(await lane.connection.ready(leftMs));
        // What hangs would be waited for by all that comes after it, and by the beat.
        inTime(
          answer.catch(() => {}),
          answerMs + patientMs,
        ).catch(lane.connection.drop);
        return answer;
      });
    },
    beat() {
      for (const lane of lanes)
        inTurn(lane, () => lane.connection.ready().then(beatOf(lane.connection, patientMs))).catch(() => {});
    },
  };
}

function listen(client: PostgresClient): Promise<unknown> {
  return client.query(`LISTEN ${notices}`);
}

function heardClient(client: PostgresClient, onNotice: () => void): PostgresClient {
  client.on('notification', onNotice);
  return client;
}

/** Makes the tables once a process, on a connection of its own that may take its time, though not for ever. */
function migration(connect: () => PostgresClient): { done(): Promise<void>; close(): void } {
  let done: Promise<void> | undefined;
  let end = () => {};
  const run = async () => {
    const client = connect();
    client.on('error', () => {});
    end = client.destroy;
    try {
      await inTime(
        client.connect().then(() => migrate(client)),
        migrationMs,
      );
    } finally {
      client.destroy();
    }
  };
  return {
    done() {
      done ??= run().catch(error => {
        done = undefined;
        throw error;
      });
      return done;
    },
    close: () => end(),
  };
}

/** Gives up a connection on which nothing comes back, as where a firewall has forgotten it. */
function beatOf(connection: KeptConnection<PostgresClient>, withinMs?: number) {
  return (client: PostgresClient) => inTime(client.query('SELECT 1'), withinMs).catch(connection.drop);
}

function every(beat: () => void): () => void {
  const timer = setInterval(beat, beatMs).unref();
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
function isFull(error: unknown): boolean {
  return sqlCodeOf(error) === '53100';
}
