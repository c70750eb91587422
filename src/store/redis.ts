import { StoreUnavailable } from '../errors.ts';
import { type FeedReader, followedFeed } from './followed-feed.ts';
import { orFull } from './guarded-calls.ts';
import { openRedis } from './redis-connections.ts';
import { addScript, deleteScript, pageScript, putScript } from './redis-scripts.ts';
import { type Change, maxValueBytes, type Store, type StoredRecord, topicOf } from './store.ts';
import { authoritiesFrom, type TrustedAuthorities } from './trusted-authorities.ts';

export interface RedisOptions extends TrustedAuthorities {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told in a sentence of troubles, their end, and of settings that lose what was acknowledged. */
  readonly onEvent: (sentence: string) => void;
  /** Longest wait for an answer. Default 250. */
  readonly answerMs?: number;
}

/** How often it is looked for changes where no word of them comes. */
const lookMs = 5_000;
const pageRecords = 500;
/** 512 characters, in UTF-8. */
const maxNameBytes = 1_536;

/**
 * Opens a store in Redis 6.2 or later, for the nodes of any machines. It connects by itself, and again after each
 * trouble; meanwhile what is asked rejects.
 * @param url `redis://` or `rediss://` (TLS), with user, password and number of the database where there are
 * @throws {SecureConversationError} `STORE_INVALID` where the package `redis` is missing
 */
export function redisStore(url: URL, { clock, onEvent, answerMs, ...trusted }: RedisOptions): Store {
  const feed = followedFeed(lookMs);
  const { ask, health, close } = openRedis(
    { url, authorities: authoritiesFrom(trusted) },
    { clock, onEvent, onNotice: feed.wake, answerMs },
  );
  const leftMs = (untilMs: number) => String(Math.max(1, Math.ceil(untilMs - clock())));

  const reader = async (topic: string, cursor: string | undefined): Promise<FeedReader> => {
    const { feed: names, last, record } = keysOf(`${topic}/`);
    const begun = cursor === undefined ? Number((await ask('GET', last)) ?? 0) : 0;
    const most = [pageRecords, record, maxNameBytes, maxValueBytes].map(String);
    let heard = Number(cursor ?? 0);
    return async () => {
      for (;;) {
        const from = heard;
        const rows = await ask('EVAL', pageScript, '1', names, String(from), ...most);
        if (!Array.isArray(rows)) return unreadable();
        for (const row of rows) heard = Math.max(heard, versionIn(row) ?? 0);
        const changes = rows.map(row => changeIn(topic, row, begun)).filter(change => change !== undefined);
        // A page of nothing but records that are over is no reason to wait for the next look.
        if (changes.length > 0 || heard === from) return changes;
      }
    };
  };
  return {
    async claim(key, untilMs) {
      const answer = await orFull(ask('SET', keysOf(key).claim, '1', 'NX', 'PX', leftMs(untilMs)));
      if (answer === 'full') return answer;
      return answer === null ? 'seen' : 'new';
    },
    has: async key => (await ask('EXISTS', keysOf(key).claim)) === 1,
    async get(key) {
      return recordIn(await ask('HMGET', keysOf(key).record, 'n', 'v'));
    },
    async put(key, value, { untilMs, ifVersion }) {
      const { name, record, feed: names, ends, last } = keysOf(key);
      if (value.byteLength > maxValueBytes) throw new TypeError(`a record has at most ${maxValueBytes} bytes`);
      const keys = [record, names, ends, last];
      const times = [String(Math.ceil(untilMs)), leftMs(untilMs), String(clock())];
      const given = [name, Buffer.from(value), ...times, ifVersion === undefined ? '' : String(ifVersion)];
      const answer = await orFull(ask('EVAL', putScript, String(keys.length), ...keys, ...given));
      if (answer === 'full') return answer;
      return answer === -1 ? 'conflict' : wholeNumber(answer);
    },
    async delete(key) {
      const { name, record, feed: names, last } = keysOf(key);
      await ask('EVAL', deleteScript, '3', record, names, last, name);
    },
    async add(key, n, untilMs) {
      const { counter } = keysOf(key);
      if (n === 0) return Number(textOf((await ask('GET', counter)) ?? Buffer.from('0')));
      return wholeNumber(await ask('EVAL', addScript, '1', counter, String(n), leftMs(untilMs)));
    },
    changes: (topic, cursor, signal) => feed.listen(from => reader(topic, from), { cursor, signal }),
    health,
    close() {
      feed.close();
      close();
    },
  };
}

/** Names in Redis for a key; a name has any bytes. */
function keysOf(key: string) {
  const topic = topicOf(key);
  const name = key.slice(topic.length + 1);
  const of = (kind: string) => `wssc:{${topic}}:${kind}`;
  return {
    name,
    claim: of(`c:${name}`),
    counter: of(`n:${name}`),
    record: of(`r:${name}`),
    feed: of('feed'),
    ends: of('ends'),
    last: of('last'),
  };
}

function wholeNumber(answer: unknown): number {
  return typeof answer === 'number' && Number.isSafeInteger(answer) ? answer : unreadable();
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(answer: unknown): string {
  return answer instanceof Uint8Array ? strictUtf8.decode(answer) : unreadable();
}

function recordIn(answer: unknown): StoredRecord | undefined {
  if (!Array.isArray(answer) || answer.length !== 2) return unreadable();
  const [version, value] = answer;
  if (version === null || value === null) return undefined;
  return { version: versionOf(version) ?? unreadable(), value: bytesOf(value) };
}

function versionOf(answer: unknown): number | undefined {
  const text = answer instanceof Uint8Array && answer.byteLength <= 16 ? Buffer.from(answer).toString('latin1') : '';
  const version = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  return version > 0 && Number.isSafeInteger(version) ? version : undefined;
}

function bytesOf(answer: unknown): Uint8Array {
  const isValue = answer instanceof Uint8Array && answer.byteLength <= maxValueBytes;
  return isValue ? Uint8Array.from(answer) : unreadable();
}

/** The version in a row of the feed; undefined for a number that is none. */
function versionIn(row: unknown): number | undefined {
  return Array.isArray(row) && row.length === 4 ? versionOf(row[1]) : undefined;
}

/** A row of the feed; undefined where its record is over or is none, and where a deletion is no news. */
function changeIn(topic: string, row: unknown, begun: number): Change | undefined {
  try {
    const version = versionIn(row) ?? unreadable();
    const [name, , found, value] = row as readonly unknown[];
    const key = `${topic}/${textOf(name)}`;
    topicOf(key);
    if (found === null || (value === null && version <= begun)) return undefined;
    return { key, record: value === null ? undefined : { value: bytesOf(value), version }, cursor: String(version) };
  } catch {
    return undefined;
  }
}

function unreadable(): never {
  throw new StoreUnavailable('it answered with something that is no answer');
}
