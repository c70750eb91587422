import type { Awaitable } from '../awaitable.ts';

/**
 * What a service remembers beside its tokens, and what the nodes of a farm share where they have one store: in memory
 * by default, or wherever somebody keeps it who writes these methods. `storeContract` of
 * `soap-secure-conversation/testing` checks them.
 *
 * A key is `topic/name`: the topic is lower-case letters and hyphens, the name any text without halves of surrogate
 * pairs; both together have at most 512 characters. Claims, records and counters do not share keys: each kind has a
 * name space of its own. Times are milliseconds since the epoch. A store that can't answer throws or rejects, in 250 ms
 * at most; then the request is refused. What it was asked to write it may have written all the same, where its answer
 * was lost on the way. A store that has the answer at hand gives it without a promise.
 */
export interface Store {
  /**
   * True where it is this process's alone and has every answer at hand: then what is asked for each call is asked here.
   * Of any other store that is kept in the process as the feed tells it. Default false.
   */
  readonly isOwn?: boolean;
  /**
   * Claims a key for the first who asks: of several at once, on any nodes, exactly one gets `new`.
   * @param untilMs until then the key is taken; it may be taken for up to half an hour longer
   * @returns `seen` where it is taken; `full` where there is no room: what is taken is never given up before its time
   */
  claim(key: string, untilMs: number): Awaitable<'new' | 'seen' | 'full'>;
  /** Whether a key is claimed. */
  has(key: string): Awaitable<boolean>;
  /** The record of a key; undefined where there is none, where it was deleted and where its time is over. */
  get(key: string): Awaitable<StoredRecord | undefined>;
  /**
   * Writes a record, and answers when no crash loses it any more.
   * @param value at most 65,536 bytes
   * @returns its version, which is greater than all versions before it in the topic; `conflict` where `ifVersion` is
   * not the version that is there; `full` where there is no room: no record is given up before its time
   */
  put(key: string, value: Uint8Array, options: PutOptions): Awaitable<number | 'conflict' | 'full'>;
  /** Deletes a record, where there is one. */
  delete(key: string): Awaitable<void>;
  /**
   * Adds to a counter; 0 reads it. Additions of several nodes at once are all counted.
   * @param n a whole number
   * @param untilMs when it begins at 0 again: that of the first addition counts
   * @returns the sum
   */
  add(key: string, n: number, untilMs: number): Awaitable<number>;
  /**
   * Tells of the records of a topic: first of all that are there, then of each that is written or deleted, until the
   * store is closed. Of several versions of one record the last may be told alone. Told in the order of their versions.
   * @param cursor of the last change that was heard: goes on after it, so that what happened meanwhile is told,
   * deletions too; undefined begins at the beginning. The same change may come twice.
   * @param signal ends it
   */
  changes(topic: string, cursor?: string, signal?: AbortSignal): AsyncIterable<Change>;
  /** Ends all feeds and closes connections. Nothing is asked of the store after it. */
  close(): Awaitable<void>;
  /** How the store is, as far as it is known without a wait. Absent: it counts as up. */
  health?(): StoreHealth;
}

/** How a store is. */
export interface StoreHealth {
  /** `memory`, `sqlite`, `redis`, `postgres`, or the word of its author. */
  readonly kind: string;
  /** Whether it answered when it was last asked. */
  readonly up: boolean;
  /** Since when that is so, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Why it may lose what it acknowledged, as the rest of a sentence: `needs fsync on`. Undefined: it does not. */
  readonly lossy?: string | undefined;
  /** How far its clock is ahead of this machine's, in milliseconds; undefined where it has no clock of its own. */
  readonly clockAheadMs?: number | undefined;
}

/** A record as it was read. */
export interface StoredRecord {
  /** Not to be changed. */
  readonly value: Uint8Array;
  /** A whole number from 1. */
  readonly version: number;
}

/** How a record is written. */
export interface PutOptions {
  /** When the record's time is over. */
  readonly untilMs: number;
  /** The version that must be there; 0: there must be none. Default: whatever is there is replaced. */
  readonly ifVersion?: number;
}

/** A record that was written or deleted. */
export interface Change {
  readonly key: string;
  /** Undefined where it was deleted. */
  readonly record: StoredRecord | undefined;
  /** Where to go on after this change. */
  readonly cursor: string;
}

const keyPattern = /^[a-z-]+\//;
/** Two such keys would be one in UTF-8. */
const halfCharacter = /\p{Surrogate}/u;
const maxKeyChars = 512;

/** Longest value of a record. */
export const maxValueBytes = 65_536;

/**
 * The topic of a key.
 * @throws {TypeError} for a text that is no key
 */
export function topicOf(key: string): string {
  const end = key.indexOf('/');
  if (key.length > maxKeyChars || !keyPattern.test(key) || halfCharacter.test(key))
    throw new TypeError('a key of a store is topic/name');
  return key.slice(0, end);
}
