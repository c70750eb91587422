import { type Awaitable, after, recovered } from '../awaitable.ts';
import type { RandomSource } from '../crypto/random.ts';
import { refuse } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { keyIdOfSeal, openWith, ringToSealWith, sealingKey } from '../keyring/seal.ts';
import { latestEntries } from '../latest-entries.ts';
import type { Store, StoredRecord } from '../store/store.ts';
import type { Context } from './context.ts';
import { conversationRecords } from './conversation-records.ts';
import { inUse, type KeptConversation } from './kept-conversation.ts';
import { openConversation, type RecordBinding, recordParts, recordValue, sealConversation } from './record.ts';

export interface StoredConversationsOptions {
  /** The ring as it is at each use; while it is stale nothing is issued, but everything is opened. */
  readonly keeper: Pick<RingKeeper, 'ring' | 'stale' | 'refresh'>;
  /** Conversations that are kept beside the store, as they were read. */
  readonly cacheEntries: number;
  /** A conversation that no message has named for so long ends, a minute later at most; undefined: none does. */
  readonly idleMs: number | undefined;
  readonly store: Store;
  readonly random: RandomSource;
}

/** A conversation as it stands in the store, or as this node will write it there. */
export interface StoredConversation {
  readonly kept: KeptConversation;
  /** The same, sealed. */
  readonly sealed: Buffer;
  readonly keyId: string | undefined;
  /** That of the record. */
  readonly version: number;
  /** How long it is believed without another look. */
  freshUntilMs: number;
  /** When the next word of its use is due in the store. */
  readonly nextTouchMs: number;
}

/** The conversations in a store, with a cache of those that were read or written here. */
export interface StoredConversations {
  /** What this node knows, where the key that sealed it still opens. */
  known(name: RecordBinding, nowMs: number): StoredConversation | undefined;
  /** Looks into the store. @returns undefined where nothing is there that opens under this name */
  read(name: RecordBinding, nowMs: number): Awaitable<StoredConversation | undefined>;
  /**
   * Writes what an Issue or a Renew has made.
   * @param ifVersion the version of the record that is replaced; 0: there is none
   * @throws {Refusal} `server` where nothing may be issued now, and where there is no room
   */
  write(
    name: RecordBinding,
    kept: KeptConversation,
    ifVersion: number,
    nowMs: number,
  ): Awaitable<'written' | 'conflict'>;
  /** Notes the use of an Instance: here at once, and in the store, where it is due there, without waiting for it. */
  note(name: RecordBinding, stored: StoredConversation, context: Context, nowMs: number): void;
  /** Deletes the record, without waiting for it. */
  drop(id: string): void;
}

/** How long a node believes what it has read: it knows of renewals at other nodes no later than that. */
const freshMs = 60_000;
/** A conversation is touched no oftener than that. */
const touchMs = 60_000;
/** After a trouble it is tried again no sooner. */
export const retryMs = 5_000;

/** Opens the conversations of a store. */
export function storedConversations(options: StoredConversationsOptions): StoredConversations {
  const { keeper, cacheEntries, random } = options;
  const records = conversationRecords(options.store);
  const cache = latestEntries<StoredConversation>(cacheEntries);
  const times = timesOf(options);

  const keyOf = ({ keyId }: StoredConversation, nowMs: number) =>
    keyId === undefined ? undefined : keeper.ring().find(keyId, nowMs);
  const known = (name: RecordBinding, nowMs: number) => {
    const found = cache.get(cacheKey(name));
    return found !== undefined && keyOf(found, nowMs) !== undefined ? found : undefined;
  };
  /** What stands in a record. A touch elsewhere changes nothing of what was derived here. */
  const stored = ({ value, version }: StoredRecord, name: RecordBinding, nowMs: number) => {
    const { touchedMs, sealed } = recordParts(value);
    const keyId = keyIdOfSeal(sealed);
    const same = known(name, nowMs);
    const opened = same?.sealed.equals(sealed)
      ? same.kept
      : openWith(
          keeper,
          () => keyId,
          ring => openConversation(sealed, name, ring, nowMs),
        );
    return after(
      opened,
      kept => kept && { kept, sealed: Buffer.from(sealed), keyId, version, ...times.after(touchedMs, nowMs) },
    );
  };

  return {
    known,
    read: (name, nowMs) =>
      after(records.get(name.id), record => {
        return after(record && stored(record, name, nowMs), found => {
          if (found === undefined) cache.delete(cacheKey(name));
          else cache.set(cacheKey(name), found);
          return found;
        });
      }),
    write: (name, kept, ifVersion, nowMs) =>
      after(ringToSealWith(keeper), ring => {
        const key = sealingKey(ring, absoluteEndOf(kept), nowMs);
        const sealed = sealConversation(kept, name, ring, key, random);
        const touchedMs = times.touch(nowMs);
        const options = { untilMs: times.until(kept, touchedMs), ifVersion };
        return after(records.put(name.id, recordValue(sealed, touchedMs), options), version => {
          if (version === 'full') return refuse('server', 'store-full');
          if (version === 'conflict') return version;
          cache.set(cacheKey(name), { kept, sealed, keyId: key.id, version, ...times.after(touchedMs, nowMs) });
          return 'written';
        });
      }),
    note(name, found, context, nowMs) {
      const kept = inUse(found.kept, context, nowMs);
      const key = keyOf(found, nowMs);
      const isFirst = kept !== found.kept;
      if (key === undefined || (!isFirst && nowMs < found.nextTouchMs)) return;
      // Under the key that it was sealed with: this issues nothing.
      const sealed = isFirst ? sealConversation(kept, name, keeper.ring(), key, random) : found.sealed;
      const noted: StoredConversation = { ...found, kept, sealed, nextTouchMs: nowMs + retryMs };
      cache.set(cacheKey(name), noted);
      const touchedMs = times.touch(nowMs);
      const options = { untilMs: times.until(kept, touchedMs), ifVersion: found.version };
      const heard = (version: number | 'conflict' | 'full') => {
        if (typeof version !== 'number') noted.freshUntilMs = 0;
        else if (cache.get(cacheKey(name)) === noted)
          cache.set(cacheKey(name), { ...noted, version, nextTouchMs: times.after(touchedMs, nowMs).nextTouchMs });
      };
      aside(() => after(records.put(name.id, recordValue(sealed, touchedMs), options), heard));
    },
    drop: id => aside(() => records.delete(id)),
  };
}

/** When a conversation is touched, and how long it is kept. */
function timesOf({ keeper, idleMs }: StoredConversationsOptions) {
  return {
    /** 0: there is no idle expiry. */
    touch: (nowMs: number) => (idleMs === undefined ? 0 : nowMs),
    until(kept: KeptConversation, touchedMs: number): number {
      // By a clock that may be behind ours.
      const endMs = absoluteEndOf(kept) + keeper.ring().policy.skewMs;
      return idleMs === undefined ? endMs : Math.min(endMs, touchedMs + touchMs + idleMs);
    },
    after: (touchedMs: number, nowMs: number) => ({
      freshUntilMs: nowMs + freshMs,
      nextTouchMs: idleMs === undefined ? Number.POSITIVE_INFINITY : touchedMs + touchMs,
    }),
  };
}

function cacheKey({ audience, wsc, id }: RecordBinding): string {
  return `${audience}\0${wsc}\0${id}`;
}

function absoluteEndOf({ instances: [first] }: KeptConversation): number {
  return first?.context.absoluteExpiresMs ?? 0;
}

/** Does what nobody waits for. What fails is done with a later use; a store says by itself that it is down. */
function aside(act: () => Awaitable<unknown>): void {
  void recovered(act, () => undefined);
}
