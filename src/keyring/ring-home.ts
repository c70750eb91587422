import type { Awaitable } from '../awaitable.ts';
import { watchFile } from '../files/watch-file.ts';
import { answeringStore } from '../store/answering-store.ts';
import { followed } from '../store/heard-topic.ts';
import { maxValueBytes, type Store } from '../store/store.ts';
import type { RingRecords } from './record.ts';
import { changeRingFile, readRingFile } from './ring-file.ts';
import { checkSuccessor, parseRing, type RingAccess, ringError, writeRing } from './ring-text.ts';

/** Where the ring of a farm is kept. */
export interface RingHome {
  /** As errors name it: a path, or the place of a store without user and password. */
  readonly place: string;
  /**
   * The ring that is there; undefined where a store has none.
   * @throws {SecureConversationError} `RING_INVALID` for one that can't be used, `STORE_UNAVAILABLE`
   */
  read(): Awaitable<RingRecords | undefined>;
  /**
   * Puts another ring in the place of the one that is there, or of none; where another writer was faster, in the place
   * of what that one wrote.
   * @param change makes the next generation, or undefined to leave what is there; asked again for each ring that is met
   * @returns what was written
   * @throws {SecureConversationError} `RING_INVALID`, `STORE_UNAVAILABLE`
   */
  change(change: (present: RingRecords | undefined) => RingRecords | undefined): Awaitable<RingRecords | undefined>;
  /**
   * Whether this writer should do the work for the ring of a generation, so that not all of them do. It makes no writer
   * the only one: {@link change} does.
   */
  lease(generation: number, untilMs: number): Awaitable<boolean>;
  /** Calls when there may be another ring. @returns ends it */
  watch(look: () => void): () => void;
}

/** A ring in a file, whose writers wait for each other. */
export function ringInFile(file: string, access: RingAccess = {}): RingHome {
  return {
    place: file,
    read: () => readRingFile(file, access),
    change: change => changeRingFile(file, change, access),
    lease: () => true,
    watch: look => watchFile(file, look),
  };
}

const key = 'ring/current';
/** Its time is never over. */
const foreverMs = Date.UTC(9999, 11, 31);
const maxTries = 16;

/**
 * A ring in a store, always wrapped. What makes one writer is the version of its record.
 * @param place names the store in errors
 */
export function ringInStore(given: Store, place: string, access: RingAccess = {}): RingHome {
  const store = answeringStore(given);
  const parse = (value: Uint8Array): RingRecords => {
    const ring = parseRing(Buffer.from(value).toString('utf8'), place, access);
    if (ring.kek === undefined)
      throw ringError(place, 'its keys are not wrapped, as those of a ring in a store must be');
    return ring;
  };
  return {
    place,
    async read() {
      const record = await store.get(key);
      return record && parse(record.value);
    },
    async change(change) {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const record = await store.get(key);
        const present = record && parse(record.value);
        const next = change(present);
        if (next === undefined) return undefined;
        if (present !== undefined) checkSuccessor(present, next, place);
        const value = Buffer.from(writeWrapped(next, place, access));
        const at = { untilMs: foreverMs, ifVersion: record?.version ?? 0 };
        const written = await store.put(key, value, at);
        if (written === 'full') throw ringError(place, 'the store has no room');
        if (written !== 'conflict') return next;
      }
      throw ringError(place, 'other processes are writing it');
    },
    lease: async (generation, untilMs) => (await store.claim(`ring/writer ${generation}`, untilMs)) === 'new',
    watch(look) {
      const ended = new AbortController();
      // A store tells that there is something new; what it is is read from its record.
      void followed(store, 'ring', change => change.key === key && look(), ended.signal);
      return () => ended.abort();
    },
  };
}

function writeWrapped(ring: RingRecords, place: string, access: RingAccess): string {
  if (ring.kek === undefined) throw ringError(place, 'a ring in a store must be wrapped, and no KEK was given');
  const text = writeRing(ring, place, access);
  if (Buffer.byteLength(text) > maxValueBytes) throw ringError(place, `is longer than ${maxValueBytes} bytes`);
  return text;
}
