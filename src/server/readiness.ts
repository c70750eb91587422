import type { RingKeeper } from '../keyring/keeper.ts';
import type { CancelList } from '../state/cancellation.ts';
import type { Store, StoreHealth } from '../store/store.ts';

/**
 * Why a node is not as it should be. `draining`, `cancellations-unknown` and `ring-missing`: it serves no call, so that
 * it is not ready. The others stop a part of its work, which is often so at all nodes at once; a balancer that took
 * them all out for it would serve nothing.
 */
export const readinessReasons = [
  'draining',
  /** The store has not told yet which conversations were cancelled and which users revoked, and does not answer. */
  'cancellations-unknown',
  /** The store that has the key ring is empty, or has not been reached since the start. */
  'ring-missing',
  'ring-stale',
  'ring-not-issuing',
  'store-down',
  'store-not-durable',
  /** The store's clock differs by more than is tolerated in messages. */
  'store-clock',
] as const;
export type ReadinessReason = (typeof readinessReasons)[number];

/** How a node is, as `/readyz` says it. Nothing in it is a secret. */
export interface Readiness {
  /** Whether it serves calls. */
  readonly ready: boolean;
  readonly ring: {
    /** 0 where there is no ring yet. */
    readonly generation: number;
    /** Milliseconds since the ring was last read. */
    readonly ageMs: number;
    /** It was not read for so long that nothing may be issued. */
    readonly stale: boolean;
    /** Whether conversations can begin here. */
    readonly issuing: boolean;
  };
  readonly store: {
    /** `memory`, `sqlite`, `redis`, `postgres`, or what another store says. */
    readonly kind: string;
    readonly up: boolean;
    /** Since when that is so, in milliseconds since the epoch. */
    readonly sinceMs: number;
  };
  readonly reasons: readonly ReadinessReason[];
}

/** What a node's readiness is read from; nothing is asked over the network for it. */
export interface ReadinessParts {
  readonly ring: Pick<RingKeeper, 'ring' | 'hasRing' | 'stale' | 'ageMs'>;
  readonly store: Store;
  /** The lists of what has ended. */
  readonly ended: readonly Pick<CancelList, 'isComplete'>[];
  readonly clockSkewMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

const unready: readonly ReadinessReason[] = ['draining', 'cancellations-unknown', 'ring-missing'];

/** What says how a node is, now and later. */
export function nodeReadiness(parts: ReadinessParts): (isDraining: boolean) => Readiness {
  const unsaid: StoreHealth = { kind: 'other', up: true, sinceMs: parts.clock() };
  return isDraining => readinessOf(parts, parts.store.health?.() ?? unsaid, isDraining);
}

function readinessOf(parts: ReadinessParts, health: StoreHealth, isDraining: boolean): Readiness {
  const { ring } = parts;
  const { kind, up, sinceMs } = health;
  const snapshot = ring.hasRing() ? ring.ring() : undefined;
  const stale = ring.stale();
  const hasKey = snapshot?.current(parts.clock()) !== undefined;
  const holds: Readonly<Record<ReadinessReason, boolean>> = {
    draining: isDraining,
    'cancellations-unknown': !up && parts.ended.some(list => !list.isComplete()),
    'ring-missing': snapshot === undefined,
    'ring-stale': stale,
    'ring-not-issuing': !hasKey,
    'store-down': !up,
    'store-not-durable': health.lossy !== undefined,
    'store-clock': Math.abs(health.clockAheadMs ?? 0) > parts.clockSkewMs,
  };
  const reasons = readinessReasons.filter(reason => holds[reason]);
  return {
    ready: !reasons.some(reason => unready.includes(reason)),
    ring: {
      generation: snapshot?.generation ?? 0,
      ageMs: Math.round(ring.ageMs()),
      stale,
      issuing: hasKey && !stale,
    },
    store: { kind, up, sinceMs },
    reasons,
  };
}
