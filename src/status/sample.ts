import type { MetricObjectWithValues, MetricValue, MetricValueWithName } from 'prom-client';

/** One value of a metric. */
export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** The metrics that a status page shows; a node has many more. */
const shown: ReadonlySet<string> = new Set([
  'process_start_time_seconds',
  'wssc_call_seconds_bucket',
  'wssc_calls_total',
  'wssc_conversations_total',
  'wssc_password_queue',
  'wssc_ready',
  'wssc_refusals_total',
  'wssc_ring_generation',
  'wssc_token_requests_total',
  'wssc_trouble',
]);

/**
 * Values of one answer at most: those of some 800 operations. They are kept for a minute, some 300 octets each, and the
 * page is reckoned from them whenever it is shown.
 */
export const maxSamples = 16_384;

/**
 * Reads what a status page shows of the text format 0.0.4 of Prometheus.
 * @throws {Error} naming the line that is no sample, and where there are more than {@link maxSamples}
 */
export function readExposition(text: string): readonly Sample[] {
  const samples: Sample[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (!isShown(line)) continue;
    if (samples.length === maxSamples) throw new Error(`more than ${maxSamples} of its metrics are for this page`);
    samples.push(readLine(line, i + 1));
  }
  return samples;
}

function isShown(line: string): boolean {
  const [name = ''] = /^\w+/.exec(line) ?? [];
  return shown.has(name);
}

const label = /(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

function readLine(line: string, number: number): Sample {
  const [, name, inside = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line) ?? [];
  const labels = readLabels(inside);
  if (name === undefined || labels === undefined || !isCount(Number(value)))
    throw new Error(`line ${number} of its metrics is none`);
  return { name, labels, value: Number(value) };
}

/** All that is shown counts something or says when: one value that is none would spoil the sums of the whole farm. */
function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/** Undefined where it is no list of labels. */
function readLabels(inside: string): ReadonlyMap<string, string> | undefined {
  const labels = new Map<string, string>();
  label.lastIndex = 0;
  let end = 0;
  for (let found = label.exec(inside); found !== null; found = label.exec(inside)) {
    const [, name = '', text = ''] = found;
    labels.set(name, text.replace(/\\(.)/g, unescaped));
    end = label.lastIndex;
    if (end === inside.length) break;
  }
  return end === inside.length ? labels : undefined;
}

/** The text format escapes line ends, quotes and backslashes. */
function unescaped(_: string, char: string): string {
  return char === 'n' ? '\n' : char;
}

/** The same of what prom-client's registry gives as objects. */
export function samplesOf(metrics: readonly MetricObjectWithValues<MetricValue<string>>[]): readonly Sample[] {
  return metrics.flatMap(({ name, values }) =>
    values.flatMap(each => {
      const { metricName = name } = each as Partial<MetricValueWithName<string>>;
      if (!shown.has(metricName)) return [];
      const labels = Object.entries(each.labels).map(([label, text]) => [label, String(text)] as const);
      return [{ name: metricName, labels: new Map(labels), value: each.value }];
    }),
  );
}
