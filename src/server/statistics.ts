import type { FaultClass } from '../errors.ts';
import type { OpenedFrom } from '../state/context.ts';

/** Counters of one endpoint since it was created. */
export interface Statistics {
  /** Calls that reached the service. */
  readonly calls: number;
  /** Conversations found in this node's cache, and opened from their sealed state. */
  readonly opened: { readonly cache: number; readonly seal: number };
  readonly issued: number;
  readonly renewed: number;
  readonly cancelled: number;
  /** Refused messages by fault class. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Where the endpoint counts. */
export interface Counters {
  call(openedFrom: OpenedFrom): void;
  issued(): void;
  renewed(): void;
  cancelled(): void;
  fault(fault: FaultClass): void;
  snapshot(): Statistics;
}

/** Fresh counters, all zero. */
export function counters(): Counters {
  const opened = { cache: 0, seal: 0 };
  const faults: Record<string, number> = Object.create(null);
  let calls = 0;
  let issued = 0;
  let renewed = 0;
  let cancelled = 0;
  return {
    call(openedFrom) {
      calls += 1;
      opened[openedFrom === 'seal' ? 'seal' : 'cache'] += 1;
    },
    issued() {
      issued += 1;
    },
    renewed() {
      renewed += 1;
    },
    cancelled() {
      cancelled += 1;
    },
    fault(fault) {
      faults[fault] = (faults[fault] ?? 0) + 1;
    },
    snapshot: () => ({ calls, opened: { ...opened }, issued, renewed, cancelled, faults: { ...faults } }),
  };
}
