import type { Awaitable } from '../awaitable.ts';

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
}
