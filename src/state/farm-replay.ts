import { hash } from 'node:crypto';
import { type Awaitable, after, recovered } from '../awaitable.ts';
import type { Outage } from '../store/outage.ts';
import type { Store } from '../store/store.ts';

/**
 * Where a replay is noticed: at each node by itself, in the farm, or in the farm as long as its store answers. In each
 * of them a node has its table (replay.ts), which is asked first.
 */
export const replayModes = ['local', 'shared', 'lenient'] as const;
export type ReplayMode = (typeof replayModes)[number];

/** Claims a message for this node, before anything is done for it. @returns `seen` where another node has it */
export type ReplayClaim = (key: string) => Awaitable<'new' | 'seen' | 'full'>;

export interface ReplayClaimOptions {
  readonly store: Store;
  /** Service and port, or what its ports have in common: keys of another one are none of these. */
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How long a message could still be accepted: its time to live and twice the clock difference. */
  readonly retainMs: number;
  /** What goes on in `lenient` while the store does not answer, or has no room. */
  readonly outage: Outage;
}

/** How messages are claimed, by mode. */
const claims: Readonly<Record<ReplayMode, (options: ReplayClaimOptions) => ReplayClaim>> = {
  local: () => () => 'new',
  shared: sharedClaim,
  lenient: lenientClaim,
};

/** Makes the claims of a port: of nodes with one store exactly one gets `new` for a key, but in `local` each does. */
export function replayClaim(mode: ReplayMode, options: ReplayClaimOptions): ReplayClaim {
  return claims[mode](options);
}

/**
 * Its answer may be lost on the way: then the message was claimed for nobody, and is done by nobody. The end of a claim
 * is compared with the clock of who asks, as that of the message is.
 */
function sharedClaim({ store, audience, clock, retainMs }: ReplayClaimOptions): ReplayClaim {
  return key => store.claim(keyOf(audience, key), clock() + retainMs);
}

function lenientClaim(options: ReplayClaimOptions): ReplayClaim {
  const claim = sharedClaim(options);
  const { missed, answered } = options.outage;
  const unclaimed = (cause: unknown) => {
    missed(cause);
    return 'new' as const;
  };
  const claimed = (outcome: 'new' | 'seen' | 'full') => {
    if (outcome === 'full') return unclaimed('it has no room');
    answered();
    return outcome;
  };
  return key => recovered(() => after(claim(key), claimed), unclaimed);
}

/** Keys hold what peers wrote, of any length. */
function keyOf(audience: string, key: string): string {
  return `replay/${hash('sha256', JSON.stringify([audience, key]), 'base64url')}`;
}
