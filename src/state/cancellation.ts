import { type Awaitable, after } from '../awaitable.ts';
import { refuse } from '../errors.ts';
import type { Context } from './context.ts';

/** A conversation, a token or a grant that ended before its time, as the nodes of a farm tell each other. */
export interface Cancellation {
  /** `urn:uuid:…`: of a conversation the Identifier of its context; all its instances end. */
  readonly id: string;
  /** When it need not be remembered any longer. */
  readonly untilMs: number;
}

/** What ended before its time and could still be opened from its sealed form. */
export interface CancelList {
  /**
   * Ends something, for all who have the list; settles when the store has it for good.
   * @returns false where there is no room, then it is not on the list
   */
  add(cancellation: Cancellation, nowMs: number): Awaitable<boolean>;
  /**
   * Takes the word of another node for what ended there: from now on it is known here, and settles like `add`.
   * @returns false where there is no room for it in this process
   */
  heard(cancellation: Cancellation, nowMs: number): Awaitable<boolean>;
  has(id: string): Awaitable<boolean>;
  /** Whether all that ended is known here: else each look is one into the store. */
  isComplete(): boolean;
}

/**
 * Ends a conversation. None of its Instances is used after its absolute end, by a clock that is behind ours by the
 * tolerated difference; a renewal that another node makes meanwhile ends with it.
 * @returns what the other nodes have to be told
 * @throws {Refusal} `server` where there is no room: then it has not ended
 */
export function cancelContext(
  cancels: CancelList,
  context: Context,
  skewMs: number,
  nowMs: number,
): Awaitable<Cancellation> {
  const cancellation = { id: context.id, untilMs: context.absoluteExpiresMs + skewMs };
  const added = cancels.add(cancellation, nowMs);
  return after(added, isKept => (isKept ? cancellation : refuse('server', 'cancel-list-full')));
}
