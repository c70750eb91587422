import { StoreUnavailable } from '../errors.ts';
import { guardedCalls, inTime } from './guarded-calls.ts';
import { type KeptConnection, keptConnection } from './kept-connection.ts';
import { type RedisClient, type RedisTarget, redisClients, troubleOf } from './redis-client.ts';
import { changesChannel } from './redis-scripts.ts';
import { checkDurable } from './redis-settings.ts';
import { storeTeller } from './store-teller.ts';

/** The connections of a process to one server: one that asks, and one that hears. */
export interface RedisConnections {
  /**
   * Sends a command.
   * @throws {StoreUnavailable} rejects with it where there is no answer, and where something else than ours stands in
   * the place that is asked for; with the server's own error where it has no room ({@link isFull})
   */
  ask(...words: readonly (string | Buffer)[]): Promise<unknown>;
  close(): void;
}

export interface RedisEvents {
  /** Told in a sentence of troubles, their end, and of settings that lose what was acknowledged. */
  readonly onEvent: (sentence: string) => void;
  /** There may be changes. */
  readonly onNotice: () => void;
  /** Longest wait for an answer. Default 250. */
  readonly answerMs: number | undefined;
}

/** How often it is tried whether the connection that hears is still one: nothing else is ever sent on it. */
const beatMs = 2_000;
const readOnly = troubleOf(new Error('READONLY'));

/** Connects to a server, and keeps connected. @throws {SecureConversationError} `STORE_INVALID` */
export function openRedis(target: RedisTarget, { onEvent, onNotice, answerMs }: RedisEvents): RedisConnections {
  const told = storeTeller(target.url, onEvent);
  const make = redisClients(target);
  const onTrouble = (error: unknown) => told.down(troubleOf(error));
  const main = keptConnection(make, client => checkDurable(client, told.warn), {
    onReady: told.up,
    onTrouble,
  });
  const hearing = keptConnection(make, client => client.subscribe(changesChannel, onNotice), {
    onReady: onNotice,
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
  const stopBeating = beating(hearing);
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
        // It has answered: what somebody else has put in one place is no trouble with the others.
        if (isOfOthers(error)) throw new StoreUnavailable('it has something else in the place of a record', error);
        throw error;
      }
    },
    close() {
      stopBeating();
      main.close();
      hearing.close();
    },
  };
}

/** Gives up a connection on which nothing comes back, as where a firewall has forgotten it. */
function beating(connection: KeptConnection<RedisClient>): () => void {
  const beat = (client: RedisClient) => inTime(client.sendCommand(['PING'])).catch(connection.drop);
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
export function isFull(error: unknown): boolean {
  return error instanceof Error && /^OOM\b/.test(error.message);
}

/** Whether what stands in a place is of another type than ours; Redis 6 names it inside the error of a script. */
function isOfOthers(error: unknown): boolean {
  return error instanceof Error && /^(?:ERR Error running script.{0,200}: )?WRONGTYPE\b/.test(error.message);
}
