import type { Awaitable } from '../awaitable.ts';
import { type ContextKeys, contextKeys } from '../security/context-keys.ts';
import type { Cancellation } from './cancellation.ts';
import type { Context, OpenedFrom } from './context.ts';

/** The version of WS-SecureConversation that a token is of. */
export interface TokenDialect {
  /** Namespace of its elements. */
  readonly wsc: string;
}

/** What a SecurityContextToken in a message says of itself (WS-SecureConversation 1.3 §2). */
export interface ContextToken {
  readonly dialect: TokenDialect;
  /** Identifier, exactly as written. */
  readonly id: string;
  readonly instance: string | undefined;
  /** Exact text of its State element; undefined where it has none. */
  readonly state: string | undefined;
}

/** The service that a token is for. */
export interface TokenAudience {
  /** "{targetNamespace}Service/Port". */
  readonly audience: string;
  readonly dialect: TokenDialect;
}

/** A context, and where it was found. */
export interface FoundState {
  readonly context: Context;
  readonly openedFrom: OpenedFrom;
  /**
   * Whether its Instance has ended, but not the conversation: then it can be renewed and cancelled, and nothing else.
   * Default false.
   */
  readonly isExpired?: boolean;
}

/** A context from a cache, which has what was derived from its secret as well. */
export interface KeptState extends FoundState {
  readonly keys: ContextKeys;
}

/** The keys of a context that was found; where none were kept they are derived anew for each message. */
export function keysOf(found: FoundState | KeptState): ContextKeys {
  return 'keys' in found ? found.keys : contextKeys(found.context.secret);
}

/**
 * Where a service keeps the state of its conversations. Each method may wait; what is at hand is given without a
 * promise, since a call in a known conversation makes none. Times are milliseconds since the epoch.
 */
export interface StateMode {
  /**
   * Makes the state of a new context.
   * @returns the text of its State element, base64; undefined where the token carries none
   * @throws {Refusal} `server` where nothing may be issued now
   */
  issue(context: Context, binding: TokenAudience, nowMs: number): Awaitable<string | undefined>;
  /**
   * Makes the state of a new Instance of a conversation (WS-SecureConversation 1.3 §5), which takes the place of
   * `previous`: from its first use on, `previous` is found for the roll-over window only.
   * @returns as `issue`
   * @throws {Refusal} `unableToRenew` where the conversation was cancelled meanwhile, and where an Instance that is
   * later than `previous` has been in use; `server` where nothing may be issued now
   */
  replace(previous: Context, context: Context, binding: TokenAudience, nowMs: number): Awaitable<string | undefined>;
  /**
   * Finds a token's context. One whose Instance has expired is found until its absolute end, and told apart by
   * `isExpired`; a mode that does not know renewals need not find it.
   * @returns undefined for a token that does not name a conversation: unknown, changed, past its end, cancelled, of
   * another service, an Instance that was replaced longer ago than the roll-over window
   */
  find(token: ContextToken, audience: string, nowMs: number): Awaitable<FoundState | undefined>;
  /**
   * Ends a conversation.
   * @returns what the other nodes have to be told
   * @throws {Refusal} `server` where it can't be remembered: then nothing was cancelled
   */
  cancel(context: Context, nowMs: number): Awaitable<Cancellation>;
  /**
   * Ends a conversation that was cancelled on another node.
   * @returns false where it can't be remembered: then this node still takes it
   */
  cancelled(cancellation: Cancellation, nowMs: number): Awaitable<boolean>;
}
