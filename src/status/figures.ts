import type { Sample } from './sample.ts';

/** What a node says of itself at one time. */
export interface Figures {
  /** When that was, milliseconds since the epoch. */
  readonly readMs: number;
  /** When its process started; undefined where it does not say. */
  readonly startedMs: number | undefined;
  readonly samples: readonly Sample[];
}

/** Figures of what a node said. */
export function figuresOf(samples: readonly Sample[], readMs: number): Figures {
  const startedS = samples.find(({ name }) => name === 'process_start_time_seconds')?.value;
  return { readMs, startedMs: startedS === undefined ? undefined : startedS * 1_000, samples };
}

/** The value of a metric without labels; undefined where there is none. */
export function singleOf({ samples }: Pick<Figures, 'samples'>, metric: string): number | undefined {
  return samples.find(({ name }) => name === metric)?.value;
}

/** The sum of a metric's values, of those that have a label's text where one is given. */
export function sumOf(samples: readonly Sample[], metric: string, label?: string, text?: string): number {
  return samples
    .filter(({ name, labels }) => name === metric && (label === undefined || labels.get(label) === text))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Sums of a metric's values by the text of a label. */
export function sumsBy(samples: readonly Sample[], metric: string, label: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    const text = labels.get(label);
    if (name === metric && text !== undefined) sums.set(text, (sums.get(text) ?? 0) + value);
  }
  return sums;
}

/** How much each counter has grown between two times in which the process was the same. */
export function increases(before: Figures, now: Figures): readonly Sample[] {
  const values = new Map(before.samples.map(sample => [keyOf(sample), sample.value]));
  return now.samples
    .filter(({ name }) => /_(?:total|bucket)$/.test(name))
    .map(sample => ({ ...sample, value: Math.max(0, sample.value - (values.get(keyOf(sample)) ?? 0)) }));
}

/** Whether figures are of another process than those before: its counters began at 0 again. */
export function isRestarted(before: Figures, now: Figures): boolean {
  return before.startedMs !== now.startedMs;
}

function keyOf({ name, labels }: Sample): string {
  return JSON.stringify([name, ...labels]);
}

/**
 * How long calls took, in seconds: the time that a part of them did not pass, as Prometheus reckons it (linear within a
 * bucket).
 * @param buckets `wssc_call_seconds_bucket` of however many operations, each with what it has grown by
 * @param part from 0 to 1
 * @returns undefined where there was no call; Infinity for a time beyond the largest bound
 */
export function percentile(buckets: readonly Sample[], part: number): number | undefined {
  const sums = sumsBy(buckets, 'wssc_call_seconds_bucket', 'le');
  const bounds = [...sums]
    .map(([le, count]) => ({ upTo: le === '+Inf' ? Infinity : Number(le), count }))
    .sort((one, other) => one.upTo - other.upTo);
  const all = bounds.at(-1)?.count ?? 0;
  if (all === 0) return undefined;
  const wanted = part * all;
  const index = bounds.findIndex(({ count }) => count >= wanted);
  const { upTo, count } = bounds[index] ?? { upTo: Infinity, count: all };
  const { upTo: from, count: below } = bounds[index - 1] ?? { upTo: 0, count: 0 };
  if (upTo === Infinity || count === below) return upTo;
  return from + ((upTo - from) * (wanted - below)) / (count - below);
}
