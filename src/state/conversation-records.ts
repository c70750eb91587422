import { type Awaitable, after } from '../awaitable.ts';
import { StoreUnavailable } from '../errors.ts';
import type { PutOptions, Store, StoredRecord } from '../store/store.ts';

/** The records of conversations in a store, by Identifier. A store that fails, hangs or gives nonsense is down. */
export interface ConversationRecords {
  /** @throws {StoreUnavailable} or rejects with it, in 250 ms at most, as do the others */
  get(id: string): Awaitable<StoredRecord | undefined>;
  /** @returns as {@link Store.put} */
  put(id: string, value: Uint8Array, options: PutOptions): Awaitable<number | 'conflict' | 'full'>;
  delete(id: string): Awaitable<void>;
}

const prefix = 'urn:uuid:';

/** An Identifier is the peer's word: only what this package makes comes here, so that nothing else is ever a key. */
function keyOf(id: string): string {
  return `conversation/${id.slice(prefix.length)}`;
}

/** The records of a store. */
export function conversationRecords(store: Store): ConversationRecords {
  return {
    get: id => after(store.get(keyOf(id)), checkedRecord),
    put: (id, value, options) => after(store.put(keyOf(id), value, options), checkedOutcome),
    delete: id => store.delete(keyOf(id)),
  };
}

function checkedRecord(record: StoredRecord | undefined): StoredRecord | undefined {
  if (record === undefined) return undefined;
  const { value, version }: Partial<StoredRecord> = Object(record);
  return value instanceof Uint8Array && isVersion(version) ? { value, version } : unreadable();
}

function checkedOutcome(outcome: number | 'conflict' | 'full'): number | 'conflict' | 'full' {
  return outcome === 'conflict' || outcome === 'full' || isVersion(outcome) ? outcome : unreadable();
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function unreadable(): never {
  throw new StoreUnavailable('it answered with something that is no answer');
}
