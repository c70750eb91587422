import { createRequire } from 'node:module';
import { columns } from '../terminal.ts';
import type { Hit } from './attack.ts';
import { notStarted } from './failure.ts';
import { type FirstFailure, failureCounts } from './failure-counts.ts';
import type { MissedCalls } from './pacer.ts';

const { build }: typeof import('hdr-histogram-js') = createRequire(import.meta.url)('hdr-histogram-js');

/** What was measured, as `--json` prints it. */
export interface LoadReport {
  readonly port: string;
  /** 0 at a port without a conversation. */
  readonly conversations: number;
  /** Bootstraps during the measured time, the ones that opened the conversations not counted. */
  readonly bootstraps: number;
  readonly seconds: number;
  readonly calls: number;
  readonly failed: number;
  /** Calls that the service answered: well, with a fault, or with something else than was wanted. */
  readonly answered: number;
  /** Good answers a second. */
  readonly callsPerSecond: number;
  /** From when a call was due to its answer. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  readonly errors: Readonly<Record<string, number>>;
  /** The first of each error, in their order. */
  readonly firstErrors: readonly FirstFailure[];
  /** Good answers by node. */
  readonly nodes: Readonly<Record<string, number>>;
  /**
   * Share of the measured calls whose conversation was opened from its sealed state; null where the farm's status is
   * not known.
   */
  readonly openedFromSeal: number | null;
  /** Averages of one call. */
  readonly bytes: {
    readonly sent: number;
    readonly received: number;
    readonly state: number;
    readonly stateShare: number;
  };
}

/** Collects hits. */
export interface Metrics {
  add(hit: Hit): void;
  /** Calls that were due and were never made. */
  addMissed(missed: MissedCalls, endedMs: number): void;
  readonly calls: number;
  /** What only the end knows is given to it. */
  report(
    end: Pick<LoadReport, 'port' | 'conversations' | 'bootstraps' | 'openedFromSeal'> & {
      elapsedMs: number;
      nodes?: Readonly<Record<string, number>>;
    },
  ): LoadReport;
}

/**
 * Empty metrics.
 * @param nameOf node's name for an address
 * @param beganMs when the time of the hits begins, in milliseconds since 1970
 */
export function metrics(nameOf: (address: string) => string, beganMs: number): Metrics {
  // Microseconds, three significant digits.
  const histogram = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3 });
  const failures = failureCounts();
  const nodes = new Map<string, number>();
  const bytes = { sent: 0, received: 0, state: 0 };
  let calls = 0;
  let good = 0;
  let answered = 0;
  // A timer may fire up to half a millisecond early; late starts count.
  const latencyUs = (dueMs: number, endedMs: number) => Math.max(1, Math.round((endedMs - dueMs) * 1_000));
  return {
    get calls() {
      return calls;
    },
    add({ dueMs, startedMs, endedMs, outcome }) {
      calls += 1;
      histogram.recordValue(latencyUs(Math.min(dueMs, startedMs), endedMs));
      const { failure, address } = outcome;
      const node = address === undefined ? undefined : nameOf(address);
      if (failure === undefined || failure.answered) answered += 1;
      if (failure !== undefined) {
        failures.add(failure, { node, atMs: beganMs + endedMs });
        return;
      }
      good += 1;
      bytes.sent += outcome.sentBytes;
      bytes.received += outcome.receivedBytes;
      bytes.state += outcome.stateChars;
      if (node !== undefined) nodes.set(node, (nodes.get(node) ?? 0) + 1);
    },
    addMissed({ dueMs, count }, endedMs) {
      calls += count;
      // They waited at least as long; who leaves them out says that a service which stands still is fast.
      histogram.recordValueWithCount(latencyUs(dueMs, endedMs), count);
      failures.add(notStarted, { node: undefined, atMs: beganMs + endedMs }, count);
    },
    report({ elapsedMs, nodes: counted, ...end }) {
      const maxMs = calls === 0 ? 0 : histogram.maxValue / 1_000;
      // The histogram answers with the upper end of a bucket, which may lie above all that was recorded.
      const atMs = (percentile: number) => Math.min(histogram.getValueAtPercentile(percentile) / 1_000, maxMs);
      const average = (sum: number) => (good === 0 ? 0 : Math.round(sum / good));
      return {
        ...end,
        seconds: round(elapsedMs / 1_000, 3),
        calls,
        failed: calls - good,
        answered,
        callsPerSecond: elapsedMs === 0 ? 0 : round(good / (elapsedMs / 1_000), 1),
        latencyMs: { p50: atMs(50), p90: atMs(90), p99: atMs(99), max: maxMs },
        errors: failures.counts(),
        firstErrors: failures.first(),
        nodes: counted ?? Object.fromEntries([...nodes].sort()),
        bytes: {
          sent: average(bytes.sent),
          received: average(bytes.received),
          state: average(bytes.state),
          stateShare: bytes.sent === 0 ? 0 : round(bytes.state / (bytes.sent + bytes.received), 4),
        },
      };
    },
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The report as a table for people. */
export function writeTable(report: LoadReport): string[] {
  const { firstErrors } = report;
  const table = columns(summaryRows(report));
  return firstErrors.length === 0 ? table : [...table, 'first errors', ...columns(firstErrors.map(errorRow))];
}

/** What was measured in all, each with its name. */
export function summaryRows(report: LoadReport): readonly (readonly [name: string, value: string])[] {
  const { latencyMs, bytes, nodes, errors } = report;
  const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
  const share = (value: number) => `${(value * 100).toFixed(2)} %`;
  const counts = (record: Readonly<Record<string, number>>) =>
    Object.entries(record)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ');
  return [
    ['port', report.port],
    [
      'conversations',
      report.conversations === 0 ? 'none' : `${report.conversations}, ${report.bootstraps} opened again`,
    ],
    ['calls', `${report.calls} in ${report.seconds.toFixed(1)} s, ${report.failed} failed`],
    ['calls/s', `${report.callsPerSecond}`],
    [
      'latency',
      `p50 ${ms(latencyMs.p50)}, p90 ${ms(latencyMs.p90)}, p99 ${ms(latencyMs.p99)}, max ${ms(latencyMs.max)}`,
    ],
    ['errors', counts(errors) || 'none'],
    ['calls per node', counts(nodes) || 'none'],
    [
      'opened from seal',
      report.openedFromSeal === null ? "not known without the farm's status page" : share(report.openedFromSeal),
    ],
    [
      'bytes per call',
      `${bytes.sent} sent, ${bytes.received} received; State element ${bytes.state} (${share(bytes.stateShare)})`,
    ],
  ];
}

/** What is known of one call that failed. */
function errorRow({ at, node, error, message }: FirstFailure): string[] {
  return [`  ${at}`, node ?? '-', message === '' ? error : `${error}: ${message}`];
}
