import { createRequire } from 'node:module';
import type { Hit } from './attack.ts';

const { build }: typeof import('hdr-histogram-js') = createRequire(import.meta.url)('hdr-histogram-js');

/** What was answered, or failed, in one step of time. */
export interface Interval {
  /** When it begins, in milliseconds since the attack began. */
  readonly atMs: number;
  readonly lengthMs: number;
  readonly good: number;
  readonly failed: number;
  /** Of the calls that ended in it, from when each was due; undefined where none did. */
  readonly latencyMs:
    | { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number }
    | undefined;
  /** Good answers by node. */
  readonly nodes: ReadonlyMap<string, number>;
}

/** Collects hits in the order in which they end. */
export interface TimeSeries {
  add(hit: Hit): void;
  /** All of it, up to the end of the attack. */
  intervals(elapsedMs: number): readonly Interval[];
}

const steps = [200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 150_000, 300_000] as const;

/** A step that leaves a chart readable, and memory bounded. */
const mostIntervals = 300;

/** How long the intervals of so long an attack are. */
export function stepFor(totalMs: number): number {
  return steps.find(step => totalMs / step <= mostIntervals) ?? totalMs / mostIntervals;
}

/**
 * Nothing yet.
 * @param nameOf node's name for an address
 */
export function timeSeries(stepMs: number, nameOf: (address: string) => string): TimeSeries {
  // Microseconds, two significant digits: there are many.
  const histogram = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 2 });
  const done: Interval[] = [];
  let nodes = new Map<string, number>();
  let good = 0;
  let failed = 0;

  const close = (lengthMs: number) => {
    const maxMs = histogram.maxValue / 1_000;
    const atMs = (percentile: number) => Math.min(histogram.getValueAtPercentile(percentile) / 1_000, maxMs);
    const latencyMs = good + failed === 0 ? undefined : { p50: atMs(50), p90: atMs(90), p99: atMs(99), max: maxMs };
    done.push({ atMs: done.length * stepMs, lengthMs, good, failed, latencyMs, nodes });
    histogram.reset();
    nodes = new Map();
    good = 0;
    failed = 0;
  };
  const closeUntil = (endMs: number) => {
    while ((done.length + 1) * stepMs <= endMs) close(stepMs);
  };
  return {
    add({ dueMs, startedMs, endedMs, outcome: { failure, address } }) {
      closeUntil(endedMs);
      histogram.recordValue(Math.max(1, Math.round((endedMs - Math.min(dueMs, startedMs)) * 1_000)));
      if (failure !== undefined) failed += 1;
      else {
        good += 1;
        const node = address === undefined ? undefined : nameOf(address);
        if (node !== undefined) nodes.set(node, (nodes.get(node) ?? 0) + 1);
      }
    },
    intervals(elapsedMs) {
      closeUntil(elapsedMs);
      const restMs = elapsedMs - done.length * stepMs;
      if (restMs > 0 && good + failed > 0) close(restMs);
      return done;
    },
  };
}
