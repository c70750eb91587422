import { createRequire } from 'node:module';
import { columns } from '../terminal.ts';
import type { Hit } from './attack.ts';

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
  /** Good answers a second. */
  readonly callsPerSecond: number;
  /** From when a call was due to its answer. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  readonly errors: Readonly<Record<string, number>>;
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
  readonly calls: number;
  /** What only the end knows is given to it. */
  report(
    end: Pick<LoadReport, 'port' | 'conversations' | 'bootstraps' | 'openedFromSeal'> & {
      elapsedMs: number;
      nodes?: Readonly<Record<string, number>>;
    },
  ): LoadReport;
}

/** Empty metrics. @param nameOf node's name for an address that answered */
export function metrics(nameOf: (address: string) => string): Metrics {
  // Microseconds, three significant digits.
  const histogram = build({ bitBucketSize: 32, numberOfSignificantValueDigits: 3 });
  const errors = new Map<string, number>();
  const nodes = new Map<string, number>();
  const bytes = { sent: 0, received: 0, state: 0 };
  let calls = 0;
  let good = 0;
  return {
    get calls() {
      return calls;
    },
    add({ dueMs, startedMs, endedMs, outcome }) {
      calls += 1;
      // A timer may fire up to half a millisecond early; late starts count.
      histogram.recordValue(Math.max(1, Math.round((endedMs - Math.min(dueMs, startedMs)) * 1_000)));
      if (outcome.error !== undefined) {
        count(errors, outcome.error);
        return;
      }
      good += 1;
      bytes.sent += outcome.sentBytes;
      bytes.received += outcome.receivedBytes;
      bytes.state += outcome.stateChars;
      if (outcome.address !== undefined) count(nodes, nameOf(outcome.address));
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
        callsPerSecond: elapsedMs === 0 ? 0 : round(good / (elapsedMs / 1_000), 1),
        latencyMs: { p50: atMs(50), p90: atMs(90), p99: atMs(99), max: maxMs },
        errors: Object.fromEntries(errors),
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

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The report as a table for people. */
export function writeTable(report: LoadReport): string[] {
  const { latencyMs, bytes, nodes, errors } = report;
  const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
  const share = (value: number) => `${(value * 100).toFixed(2)} %`;
  const counts = (record: Readonly<Record<string, number>>) =>
    Object.entries(record)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ');
  return columns([
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
  ]);
}
