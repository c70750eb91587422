import type { Plan } from '../policy/plan.ts';
import { isOnceOfKey } from '../security/encrypted-key.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import { type ReplayClaim, type ReplayMode, replayClaim } from '../state/farm-replay.ts';
import { replayTable } from '../state/replay.ts';
import { type Outage, outage } from '../store/outage.ts';
import type { Store } from '../store/store.ts';
import type { Log } from './log.ts';
import type { PortParts } from './port.ts';

/**
 * What spends the messages of a node, each for as long as it could still be accepted, by a clock that is never set
 * back.
 * @param clockSkewMs the most that any port tolerates
 */
export function spender(clockSkewMs: number, steadyClock: () => number): Pick<PortParts, 'spend' | 'isSpent'> {
  const table = replayTable();
  const retainMs = retentionMs(clockSkewMs);
  return {
    spend: key => table.insert(key, steadyClock(), retainMs),
    isSpent: key => table.has(key, steadyClock()),
  };
}

export interface ClaimerOptions {
  readonly store: Store;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Log;
  /** Counts a message that was taken unclaimed. */
  readonly unclaimed: () => void;
}

/** What claims the messages of a port for this node. */
export type Claimer = (mode: ReplayMode, plan: Plan, clockSkewMs: number) => ReplayClaim;

/**
 * Makes the claims of all ports of an endpoint. It tells of the messages that could not be claimed. What was encrypted
 * to a service is taken once by all its ports, as in the table of each node; whatever else tells messages apart is the
 * affair of one port.
 */
export function claimer({ store, clock, log, unclaimed }: ClaimerOptions): Claimer {
  const told = outage(
    cause => log.error({ err: cause }, 'replays are noticed at this node alone: the store does not answer'),
    times => log.warn({ unclaimed: times }, 'replays are noticed in the whole farm again'),
  );
  const counted: Outage = {
    missed(cause) {
      unclaimed();
      told.missed(cause);
    },
    answered: told.answered,
  };
  return (mode, { audience, service }, clockSkewMs) => {
    const options = { store, clock, retainMs: retentionMs(clockSkewMs), outage: counted };
    const [ofPort, ofAll] = [audience, service.namespace].map(name =>
      replayClaim(mode, { ...options, audience: name }),
    ) as [ReplayClaim, ReplayClaim];
    return key => (isOnceOfKey(key) ? ofAll(key) : ofPort(key));
  };
}

/** How long a message could still be accepted: one whose Timestamp is ahead, by a clock that is behind. */
function retentionMs(clockSkewMs: number): number {
  return timestampTtlMs + 2 * clockSkewMs;
}
