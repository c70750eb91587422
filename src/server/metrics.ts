import type { Registry } from 'prom-client';
import { faultClasses } from '../errors.ts';
import { durationBoundsMs } from './durations.ts';
import type { Endpoint } from './open-endpoint.ts';
import { type Readiness, readinessReasons } from './readiness.ts';
import type { ConversationEvent, OperationStatistics, Statistics } from './statistics.ts';

/** What metrics are read from: an endpoint, or the like. */
export type Measured = Pick<Endpoint, 'statistics' | 'readiness'>;

/** A class that has not come up yet is there with 0: a rate is made of two values. */
const noFaults = Object.fromEntries(faultClasses.map(fault => [fault, 0]));

/** Values of one metric, each with its labels. */
export type Samples = readonly (readonly [value: number, labels?: Readonly<Record<string, string>>])[];

/** A metric whose values are read when they are asked for. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: () => Samples;
}

/**
 * Registers what an endpoint counts, and how it is, with a registry of prom-client. Nothing is done for it but when the
 * registry is asked. No label has a word of a peer: ports and operations are the WSDL's, reasons are constants of this
 * package.
 */
export async function registerMetrics(registry: Registry, { statistics, readiness }: Measured): Promise<void> {
  const counted = (read: (now: Statistics) => Samples) => () => read(statistics());
  await registerAll(registry, {
    counters: [
      {
        name: 'wssc_calls_total',
        help: 'Calls that an operation has answered, or ended with a fault.',
        labels: ['port', 'operation', 'outcome'],
        read: counted(({ operations }) => operations.flatMap(outcomesOf)),
      },
      {
        name: 'wssc_refusals_total',
        help: 'Messages, requests and connections that were refused, by the reason that the log has.',
        labels: ['reason'],
        read: counted(({ refusals }) => byLabel('reason', refusals)),
      },
      {
        name: 'wssc_faults_total',
        help: 'Refused messages by the class of fault that they were answered with.',
        labels: ['fault'],
        read: counted(({ faults }) => byLabel('fault', { ...noFaults, ...faults })),
      },
      {
        name: 'wssc_conversations_total',
        help: 'Conversations issued, renewed, cancelled; found in memory, opened from the token, read from the store.',
        labels: ['event'],
        read: counted(conversationsOf),
      },
      { name: 'wssc_replays_total', help: 'Messages that came again.', read: counted(({ replays }) => [[replays]]) },
      {
        name: 'wssc_unclaimed_total',
        help: 'Messages that were taken although the store could not say whether they came again (lenient).',
        read: counted(({ unclaimed }) => [[unclaimed]]),
      },
      {
        name: 'wssc_relayed_total',
        help: 'Requests for tokens that the issuer has answered.',
        read: counted(({ relayed }) => [[relayed]]),
      },
    ],
    gauges: [
      {
        name: 'wssc_password_queue',
        help: 'Password checks that wait for their turn.',
        read: counted(({ passwordQueue }) => [[passwordQueue]]),
      },
    ],
  });
  await registerDurations(registry, statistics);
  await registerReadiness(registry, readiness);
}

function outcomesOf({ port, operation, answered, failed }: OperationStatistics): Samples {
  return [
    [answered, { port, operation, outcome: 'answered' }],
    [failed, { port, operation, outcome: 'failed' }],
  ];
}

function conversationsOf({ issued, renewed, cancelled, opened }: Statistics): Samples {
  const events: Readonly<Record<ConversationEvent, number>> = {
    issued,
    renewed,
    cancelled,
    cached: opened.cache,
    opened: opened.seal,
    read: opened.store,
  };
  return byLabel('event', events);
}

/** Values by what the one label says. */
export function byLabel(label: string, values: Readonly<Record<string, number>>): Samples {
  return Object.entries(values).map(([name, value]) => [value, { [label]: name }]);
}

/** Registers how a node is. */
export async function registerReadiness(registry: Registry, readiness: () => Readiness): Promise<void> {
  const now = (read: (state: Readiness) => Samples) => () => read(readiness());
  await registerAll(registry, {
    gauges: [
      { name: 'wssc_ready', help: 'Whether it serves calls.', read: now(({ ready }) => [[Number(ready)]]) },
      {
        name: 'wssc_trouble',
        help: 'Whether something is not as it should be: the reasons of /readyz.',
        labels: ['reason'],
        read: now(({ reasons }) => readinessReasons.map(reason => [Number(reasons.includes(reason)), { reason }])),
      },
      {
        name: 'wssc_store_up',
        help: 'Whether the store answered when it was last asked.',
        read: now(({ store }) => [[Number(store.up)]]),
      },
      {
        name: 'wssc_ring_age_seconds',
        help: 'Time since the key ring was last read.',
        read: now(({ ring }) => [[ring.ageMs / 1_000]]),
      },
      {
        name: 'wssc_ring_generation',
        help: 'Version of the key ring; 0 where there is none.',
        read: now(({ ring }) => [[ring.generation]]),
      },
      {
        name: 'wssc_ring_issuing',
        help: 'Whether conversations and tokens can be issued.',
        read: now(({ ring }) => [[Number(ring.issuing)]]),
      },
    ],
  });
}

/** Registers metrics with a registry of prom-client. */
export async function registerAll(
  registry: Registry,
  { counters = [], gauges = [] }: { readonly counters?: readonly Metric[]; readonly gauges?: readonly Metric[] },
): Promise<void> {
  // Only who asks for metrics loads it.
  const { Counter, Gauge } = await import('prom-client');
  const settings = ({ name, help, labels = [] }: Metric) => ({
    name,
    help,
    registers: [registry],
    labelNames: [...labels],
  });
  for (const metric of counters)
    new Counter({
      ...settings(metric),
      collect() {
        this.reset();
        for (const [value, labels = {}] of metric.read()) this.inc(labels, value);
      },
    });
  for (const metric of gauges)
    new Gauge({
      ...settings(metric),
      collect() {
        this.reset();
        for (const [value, labels = {}] of metric.read()) this.set(labels, value);
      },
    });
}

/**
 * Registers how long calls took. prom-client's own histogram has to be told of each call, by labels that it looks up:
 * this one is made of what was counted, when it is asked for.
 */
async function registerDurations(registry: Registry, statistics: () => Statistics): Promise<void> {
  const { Histogram } = await import('prom-client');
  const name = 'wssc_call_seconds';
  const histogram = new Histogram<string>({
    name,
    help: 'How long calls took, each from its whole message to its whole answer.',
    labelNames: ['port', 'operation'],
    registers: [],
  });
  const empty = await histogram.get();
  const filled = async () => ({
    ...empty,
    values: statistics().operations.flatMap(operation => bucketsOf(name, operation)),
  });
  registry.registerMetric(Object.assign(histogram, { get: filled, getForPromString: filled }));
}

function bucketsOf(name: string, { port, operation, durations }: OperationStatistics) {
  const labels = { port, operation };
  let sum = 0;
  const buckets = durations.counts.map((count, index) => {
    sum += count;
    const boundMs = durationBoundsMs[index];
    const le = boundMs === undefined ? '+Inf' : boundMs / 1_000;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: sum };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: durations.sumMs / 1_000 },
    { metricName: `${name}_count`, labels, value: sum },
  ];
}
