import { ConfigurationError, StoreUnavailable } from '../errors.ts';
import { type Describes, number, object } from '../fields.ts';
import { clockOption } from '../keyring/keeper.ts';
import type { Store } from '../store/store.ts';
import { endInStore } from './cancel-list.ts';
import { isUuidUri } from './codec.ts';
import { isUserName, writeRevoked } from './revoked.ts';

/**
 * What is to end: a conversation, by its Identifier (`urn:uuid:…`); all that a user was given until now; or all that
 * anybody was given before a time.
 */
export type RevokeTarget =
  | { readonly context: string }
  | { readonly user: string }
  /** Milliseconds since the epoch, not later than now. */
  | { readonly beforeMs: number };

/** Options of {@link revoke}. */
export interface RevokeOptions {
  /**
   * Difference of clocks that is tolerated: what was given so much later is revoked too. 0 to 300,000 (5 min); default:
   * 60,000 (1 min). Give as much as the nodes are told.
   */
  readonly clockSkewMs?: number;
  /** Gives the time, in milliseconds since the epoch. Default: `Date.now`. */
  readonly clock?: () => number;
}

/** What was revoked. Times are milliseconds since the epoch. */
export interface Revoked {
  /** What was given before it is revoked; undefined for a conversation. */
  readonly beforeMs: number | undefined;
  /** How long the store remembers it. */
  readonly untilMs: number;
}

/** Reads what is given of {@link RevokeOptions}. */
export const revokeOptions = object({
  clockSkewMs: {
    is: number(0, 300_000, 'ms'),
    default: 60_000,
    means: 'Difference of clocks that is tolerated: what was given so much later is revoked too.',
  },
  clock: clockOption,
} satisfies Describes<RevokeOptions>);

const dayMs = 86_400_000;
/** No conversation lives longer, whatever its port was told. */
const longestContextMs = 7 * dayMs;
/** Nor a token, but of a ring whose `lifeS` says so. */
const longestTokenMs = 3_650 * dayMs;

/**
 * Ends conversations and bearer tokens at all nodes that have this store. It settles when the store has it for good;
 * nodes hear of it within a second, and nothing takes it back.
 * @throws {SecureConversationError} rejects with `CONFIG_INVALID` for a target that can't be, and with
 * `STORE_UNAVAILABLE` where the store does not take it
 */
export async function revoke(store: Store, target: RevokeTarget, options: RevokeOptions = {}): Promise<Revoked> {
  const { clockSkewMs, clock } = revokeOptions.read(options, { of: 'revoke', path: '' });
  const time = Math.floor(clock());
  if ('context' in target) return revokeContext(store, target.context, time, clockSkewMs);
  if ('user' in target && !isUserName(target.user)) fail('the user must be a name, as currentContext().user has it');
  const lastMs = 'user' in target ? time : checkedTime(target.beforeMs, time);
  const untilMs = time + longestTokenMs;
  const beforeMs = Math.max(1, Math.ceil(lastMs + clockSkewMs));
  const user = 'user' in target ? target.user : undefined;
  return { beforeMs: await writeRevoked(store, { user, beforeMs, untilMs }), untilMs };
}

async function revokeContext(store: Store, id: string, nowMs: number, clockSkewMs: number): Promise<Revoked> {
  if (!isUuidUri(id)) fail('the context must be an Identifier: urn:uuid: and lower-case hex digits');
  const untilMs = Math.ceil(nowMs + longestContextMs + clockSkewMs);
  if (!(await endInStore(store, { id, untilMs }, nowMs))) throw new StoreUnavailable('it has no room');
  return { beforeMs: undefined, untilMs };
}

/** Nobody could begin anything until a time that is to come. */
function checkedTime(beforeMs: number, nowMs: number): number {
  if (beforeMs < 0) return fail('the time lies before 1970, and nothing was given then');
  if (beforeMs <= nowMs) return beforeMs;
  return fail('the time must be one that is over');
}

function fail(problem: string): never {
  throw new ConfigurationError('CONFIG_INVALID', `revoke: ${problem}`);
}
