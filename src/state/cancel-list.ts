import { type Awaitable, after } from '../awaitable.ts';
import type { Store } from '../store/store.ts';
import type { Cancellation } from './cancellation.ts';

/** What ended before its time and could still be opened from its sealed form. */
export interface CancelList {
  /** @returns false where there is no room, then it is not on the list */
  add(cancellation: Cancellation, nowMs: number): Awaitable<boolean>;
  has(id: string): Awaitable<boolean>;
}

/**
 * The list that a store keeps: a topic of its claims. Conversations and tokens have one, since they have one kind of
 * id.
 */
export function cancelList(store: Store): CancelList {
  const keyOf = (id: string) => `cancelled/${id}`;
  return {
    add: ({ id, untilMs }, nowMs) =>
      untilMs <= nowMs || after(store.claim(keyOf(id), untilMs), outcome => outcome !== 'full'),
    has: id => store.has(keyOf(id)),
  };
}
