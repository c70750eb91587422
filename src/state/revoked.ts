import { hash } from 'node:crypto';
import { type Awaitable, after, recovered } from '../awaitable.ts';
import { type RandomSource, randomBytesPooled } from '../crypto/random.ts';
import { StoreUnavailable } from '../errors.ts';
import { hearTopic } from '../store/heard-topic.ts';
import type { Store } from '../store/store.ts';
import { tableKey } from '../table-key.ts';

/*
 * Records of the topic `revoked`:
 *
 *   revoked/all          a time: what was given to anybody before it is revoked
 *   revoked/user/DIGEST  a time, a blank and a user's name: what was given to the user before it is revoked
 *
 * DIGEST is the SHA-256 of the name in base64url, since a name may be longer than a key. A time only ever grows.
 */

/** From when on it is good what a user was given: what was given before is revoked. */
export interface RevokedBefore {
  /** Milliseconds since the epoch; 0 where nothing was revoked. */
  beforeMs(user: string): Awaitable<number>;
  /** Whether all that was revoked is known here: else each look is one into the store. */
  isComplete(): boolean;
}

export interface RevokedOptions {
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly random?: RandomSource;
  /** Users that are kept in this process. Default 100,000; of those beyond it the store is asked. */
  readonly maxUsers?: number;
}

const topic = 'revoked';
const everybody = `${topic}/all`;
const maxNameBytes = 2_048;

/** True for a name that a user can have. */
export function isUserName(name: unknown): name is string {
  if (typeof name !== 'string') return false;
  return name !== '' && Buffer.byteLength(name) <= maxNameBytes && !/\p{Surrogate}/u.test(name);
}

/** As far as it can be known now: 0 where the store does not answer. */
export function knownBefore(revoked: RevokedBefore, user: string): Awaitable<number> {
  return recovered(
    () => revoked.beforeMs(user),
    () => 0,
  );
}

/** What each store tells that others write too: one for all who use it in this process. */
const heardOf = new WeakMap<Store, RevokedBefore>();

/** What a store says of revoked users. */
export function revokedBefore(store: Store, options: RevokedOptions = {}): RevokedBefore {
  if (store.isOwn) return { beforeMs: user => readBefore(store, user), isComplete: () => true };
  const heard = heardOf.get(store) ?? heardRevocations(store, options);
  heardOf.set(store, heard);
  return heard;
}

/**
 * Keeps all that the store's feed tells, so that a call waits for no store and goes on while the store is down; until
 * the feed has told what was there, each look is one into the store. What was heard once is not forgotten where the
 * store forgets it.
 */
export function heardRevocations(store: Store, options: RevokedOptions): RevokedBefore {
  const { clock = Date.now, random = randomBytesPooled, maxUsers = 100_000 } = options;
  const users = new Map<string, number>();
  let allMs = 0;
  let isOverfull = false;
  const keep = (user: string, beforeMs: number) => {
    const key = tableKey(user);
    const hasRoom = users.size < maxUsers || users.has(key);
    if (hasRoom) users.set(key, Math.max(beforeMs, users.get(key) ?? 0));
    isOverfull ||= !hasRoom;
  };
  const heardAll = hearTopic(store, topic, {
    hear({ key, record }) {
      const found = record && parse(key, record.value);
      if (found === undefined) return;
      if (found.user === undefined) allMs = Math.max(allMs, found.beforeMs);
      else keep(found.user, found.beforeMs);
    },
    clock,
    random,
  });
  const isComplete = () => heardAll.isComplete() && !isOverfull;
  return {
    isComplete,
    beforeMs(user) {
      const heardMs = Math.max(allMs, users.get(tableKey(user)) ?? 0);
      if (isComplete()) return heardMs;
      return after(readBefore(store, user), readMs => Math.max(readMs, heardMs));
    },
  };
}

function readBefore(store: Store, user: string): Awaitable<number> {
  return after(readAt(store, everybody), allMs => after(readAt(store, keyOf(user)), ms => Math.max(ms, allMs)));
}

function readAt(store: Store, key: string): Awaitable<number> {
  return after(store.get(key), record => (record && parse(key, record.value)?.beforeMs) ?? 0);
}

/** How a record is written. */
export interface RevokedWrite {
  /** Undefined: everybody. */
  readonly user: string | undefined;
  readonly beforeMs: number;
  /** When it need not be remembered any longer. */
  readonly untilMs: number;
}

/**
 * Writes from when on it is good what a user, or anybody, was given. A later time that is there already stays.
 * @returns the time that is there
 * @throws {StoreUnavailable} rejects with it where the store does not answer, or has no room
 */
export async function writeRevoked(store: Store, { user, beforeMs, untilMs }: RevokedWrite): Promise<number> {
  const key = user === undefined ? everybody : keyOf(user);
  const value = Buffer.from(user === undefined ? String(beforeMs) : `${beforeMs} ${user}`);
  for (;;) {
    const record = await store.get(key);
    const presentMs = (record && parse(key, record.value)?.beforeMs) ?? 0;
    if (presentMs >= beforeMs) return presentMs;
    const written = await store.put(key, value, { untilMs, ifVersion: record?.version ?? 0 });
    if (written === 'full') throw new StoreUnavailable('it has no room');
    if (written !== 'conflict') return beforeMs;
  }
}

function keyOf(user: string): string {
  return `${topic}/user/${hash('sha256', user, 'base64url')}`;
}

/** What a record says; undefined for one that is none of ours. */
interface Parsed {
  readonly user: string | undefined;
  readonly beforeMs: number;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const maxTimeChars = 16;

function parse(key: string, value: Uint8Array): Parsed | undefined {
  const text = textOf(value);
  const blank = text.indexOf(' ');
  const time = blank === -1 ? text : text.slice(0, blank);
  const user = blank === -1 ? undefined : text.slice(blank + 1);
  const isOfKey = key === (user === undefined ? everybody : keyOf(user));
  return isOfKey && /^[1-9]\d{0,15}$/.test(time) ? { user, beforeMs: Number(time) } : undefined;
}

/** '' for bytes that are no text, or too many. */
function textOf(value: Uint8Array): string {
  if (value.byteLength > maxTimeChars + 1 + maxNameBytes) return '';
  try {
    return strictUtf8.decode(value);
  } catch {
    return '';
  }
}
