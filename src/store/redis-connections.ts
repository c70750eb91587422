import { StoreUnavailable } from '../errors.ts';
import { guardedCalls, inTime, noRoom } from './guarded-calls.ts';
import { type KeptConnection, keptConnection } from './kept-connection.ts';
import { type RedisClient, type RedisTarget, readOnly, redisClients, troubleOf } from './redis-client.ts';
import { changesChannel } from './redis-scripts.ts';
import { checkMaster, inspectRedis } from './redis-settings.ts';
import type { StoreHealth } from './store.ts';
import { storeTeller } from './store-teller.ts';

/** The connections of a process to one server: one that asks, and one that hears. */
export interface RedisConnections {
  /**
   * Sends a command.
   * @throws {StoreUnavailable} rejects with it where there is no answer, where the server has no room ({@link noRoom}),
   * and where something else than ours stands in the place that is asked for
   */
  ask(...words: readonly (string | Buffer)[]): Promise<unknown>;
  health(): StoreHealth;
  close(): void;
}

export interface RedisEvents {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told in a sentence of troubles, their end, and of settings that lose what was acknowledged. */
  readonly onEvent: (sentence: string) => void;
  /** There may be changes. */
  readonly onNotice: () => void;
  /** Longest wait for an answer. Default 250. */
  readonly answerMs: number | undefined;
}

/**
 * How often it is tried whether a connection is still one, and the server a master: nothing else is ever sent on the
 * one that hears, and on the other one there may be nothing to send.
 */
const beatMs = 2_000;
/** Longest wait for the other one's answer: dropping it ends what was asked on it. */
const patientMs = 2_000;

/** Connects to a server, and keeps connected. @throws {SecureConversationError} `STORE_INVALID` */
export function openRedis(target: RedisTarget, { clock, onEvent, onNotice, answerMs }: RedisEvents): RedisConnections {
  const told = storeTeller(target.url, { onEvent, clock });
  const make = redisClients(target);
  const onTrouble = (error: unknown) => told.down(troubleOf(error));
  const main = keptConnection(make, client => inspectRedis(client, told, clock), {
    onReady: told.up,
    onTrouble,
  });
  const hearing = keptConnection(make, client => client.subscribe(changesChannel, onNotice), {
    onReady() {
      told.up();
      onNotice();
    },
    onTrouble,
  });
  const { call } = guardedCalls({
    steadyClock: () => performance.now(),
    onDown(why) {
      told.down(why);
      main.drop();
      hearing.drop();
    },
    onUp: told.up,
    answerMs,
  });
  const beats = [
    beating(hearing, client => inTime(client.sendCommand(['PING']))),
    beating(main, client => inTime(checkMaster(client), patientMs)),
  ];
  const answered = (words: readonly (string | Buffer)[]) =>
    call(async () => {
      try {
        return await answerOf(await main.ready(answerMs), words);
      } catch (error) {
        // Its name may lead to another server by now.
        if (error instanceof StoreUnavailable && error.why === readOnly) main.drop();
        throw error;
      }
    });
  return {
    async ask(...words) {
      try {
        return await answered(words);
      } catch (error) {
        // It has answered: there may be room for what is asked next, and what somebody else has put in one place is no
        // trouble with the others.
        if (isFull(error)) throw new StoreUnavailable(noRoom, error);
        if (isOfOthers(error)) throw new StoreUnavailable('it has something else in the place of a record', error);
        throw error;
      }
    },
    health: told.health,
    close() {
      for (const stop of beats) stop();
      main.close();
      hearing.close();
    },
  };
}

/** Gives up a connection on which nothing comes back, as where a firewall has forgotten it. */
function beating(connection: KeptConnection<RedisClient>, ask: (client: RedisClient) => Promise<unknown>): () => void {
  const beat = (client: RedisClient) => ask(client).catch(connection.drop);
  const timer = setInterval(() => void connection.ready().then(beat, () => {}), beatMs).unref();
  return () => clearInterval(timer);
}

async function answerOf(client: RedisClient, words: readonly (string | Buffer)[]): Promise<unknown> {
  try {
    return await client.sendCommand(words);
  } catch (error) {
    if (isFull(error) || isOfOthers(error)) throw error;
    throw new StoreUnavailable(troubleOf(error), error);
  }
}

/** Whether a server has no room: it was asked to give up nothing. */
function isFull(error: unknown): boolean {
  return error instanceof Error && /^OOM\b/.test(error.message);
}

/** Whether what stands in a place is of another type than ours; Redis 6 names it inside the error of a script. */
function isOfOthers(error: unknown): boolean {
  return error instanceof Error && /^(?:ERR Error running script.{0,200}: )?WRONGTYPE\b/.test(error.message);
}
