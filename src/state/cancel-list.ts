import { type Awaitable, after } from '../awaitable.ts';
import type { Store } from '../store/store.ts';
import { cancelMirror, writeCancellation } from './cancel-mirror.ts';
import type { CancelList, Cancellation } from './cancellation.ts';

/** The list of each store that others write too: one for all who use it in this process. */
const mirrors = new WeakMap<Store, CancelList>();

/**
 * The list that a store keeps. Conversations and tokens have one, since they have one kind of id.
 * @param clock milliseconds since the epoch
 */
export function cancelList(store: Store, clock: () => number = Date.now): CancelList {
  if (store.isOwn) return ownList(store);
  const kept = mirrors.get(store) ?? cancelMirror(store, { clock });
  mirrors.set(store, kept);
  return kept;
}

/**
 * Ends something at all who have the store, without a list of it in this process.
 * @returns false where there is no room, then it has not ended
 */
export function endInStore(store: Store, cancellation: Cancellation, nowMs: number): Awaitable<boolean> {
  return store.isOwn ? ownList(store).add(cancellation, nowMs) : writeCancellation(store, cancellation);
}

/** A topic of the claims of a store that has every answer at hand. */
function ownList(store: Store): CancelList {
  const keyOf = (id: string) => `cancelled/${id}`;
  const add: CancelList['add'] = ({ id, untilMs }, nowMs) =>
    untilMs <= nowMs || after(store.claim(keyOf(id), untilMs), outcome => outcome !== 'full');
  return { add, heard: add, has: id => store.has(keyOf(id)), isComplete: () => true };
}
