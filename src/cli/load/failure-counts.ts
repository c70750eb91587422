import type { Failure } from './attack.ts';

/** One of the first calls that failed in a way. */
export interface FirstFailure {
  /** When it had failed, in UTC. */
  readonly at: string;
  /** Node that answered, or was asked in vain; null where none was. */
  readonly node: string | null;
  /** What it is counted under. */
  readonly error: string;
  readonly message: string;
}

/** Where and when a call failed. */
interface FailedAt {
  readonly node: string | undefined;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Counts failures, and keeps the first of each kind. */
export interface FailureCounts {
  /** @param count how many alike; default: one */
  add(failure: Failure, at: FailedAt, count?: number): void;
  counts(): Record<string, number>;
  /** In the order in which they came. */
  first(): readonly FirstFailure[];
}

/** Kinds are named by peers: there may be as many as they like. */
const maxKinds = 32;
const otherKinds = 'other errors';
const firstOfKind = 3;

/** None yet. Memory is bounded, however many are added. */
export function failureCounts(): FailureCounts {
  const counts = new Map<string, number>();
  const first: FirstFailure[] = [];
  return {
    add({ kind, message }, { node = null, atMs }, count = 1) {
      const error = counts.has(kind) || counts.size < maxKinds ? kind : otherKinds;
      const before = counts.get(error) ?? 0;
      counts.set(error, before + count);
      if (before < firstOfKind) first.push({ at: new Date(atMs).toISOString(), node, error, message });
    },
    counts: () => Object.fromEntries(counts),
    first: () => first,
  };
}
