import { StoreUnavailable } from '../errors.ts';
import { type RedisClient, readOnly } from './redis-client.ts';
import type { StoreTeller } from './store-teller.ts';

/** Settings without which Redis loses what it has acknowledged, or gives it up for other things. */
const wanted: Readonly<Record<string, string>> = {
  appendonly: 'yes',
  appendfsync: 'always',
  'maxmemory-policy': 'noeviction',
};

/**
 * Reads of a server, when it is connected, whether it keeps what it acknowledges, and its clock.
 * @param clock milliseconds since the epoch
 * @throws {StoreUnavailable} rejects with it where it is a replica
 */
export async function inspectRedis(client: RedisClient, told: StoreTeller, clock: () => number): Promise<void> {
  // All of it is on its way at once.
  const [, settings, aheadMs] = await Promise.all([checkMaster(client), settingsOf(client), aheadOf(client, clock)]);
  told.durability(lossyOf(settings));
  if (Number.isFinite(aheadMs)) told.clock(aheadMs);
}

/** How far its clock is ahead, in milliseconds; NaN where it gives no time. */
async function aheadOf(client: RedisClient, clock: () => number): Promise<number> {
  const askedMs = clock();
  const answer = await client.sendCommand(['TIME']);
  const [seconds = Number.NaN, microseconds = Number.NaN] = Array.isArray(answer) ? answer.map(String).map(Number) : [];
  return seconds * 1_000 + microseconds / 1_000 - (askedMs + clock()) / 2;
}

/**
 * A master that became a replica closes no connection, and says so to nobody who only reads.
 * @throws {StoreUnavailable} rejects with it where the server can only be read
 */
export async function checkMaster(client: RedisClient): Promise<void> {
  const words = (await permitted(() => client.sendCommand(['HELLO']))) ?? [];
  const texts = Array.isArray(words) ? words.map(String) : [];
  if (texts[texts.indexOf('role') + 1] === 'replica') throw new StoreUnavailable(readOnly);
}

function lossyOf(found: ReadonlyMap<string, string> | undefined): string | undefined {
  if (found === undefined) return 'does not say whether it loses what it acknowledged: its settings may not be read';
  const wrong = Object.entries(wanted).filter(([name, value]) => found.get(name) !== value);
  if (wrong.length === 0) return undefined;
  return `may lose what it acknowledged: it needs ${wrong.map(([name, value]) => `${name} ${value}`).join(', ')}`;
}

/** Undefined where they may not be read, as with many who rent servers out. */
function settingsOf(client: RedisClient): Promise<ReadonlyMap<string, string> | undefined> {
  return permitted(async () => {
    const names = Object.keys(wanted);
    const answers = await Promise.all(names.map(name => client.sendCommand(['CONFIG', 'GET', name])));
    return new Map(answers.map((answer, i) => [names[i] ?? '', String(Array.isArray(answer) ? answer[1] : '')]));
  });
}

/** Undefined where this user may not ask. */
async function permitted<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && /^(?:NOPERM|ERR)\b/.test(error.message)) return undefined;
    throw error;
  }
}
