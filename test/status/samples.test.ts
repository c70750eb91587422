import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { percentile, sumOf, sumsBy } from '../../src/status/figures.ts';
import { maxSamples, readExposition, type Sample, samplesOf } from '../../src/status/sample.ts';

/* What a node says is read from Prometheus's text and from prom-client's objects alike. */

async function registry(): Promise<Registry> {
  const made = new Registry();
  const registers = [made];
  const labels = ['port', 'operation', 'outcome'];
  const calls = new Counter({ name: 'wssc_calls_total', help: 'x', labelNames: labels, registers });
  calls.inc({ port: 'A', operation: 'Echo', outcome: 'answered' }, 7);
  calls.inc({ port: 'a "b" \\ c\n,{}=', operation: 'Später', outcome: 'failed' }, 2);
  new Gauge({ name: 'wssc_ready', help: 'x', registers }).set(1);
  new Gauge({ name: 'other_gauge', help: 'wssc_ready 0', registers }).set(5);
  const took = new Histogram({ name: 'wssc_call_seconds', help: 'x', buckets: [0.001, 0.01, 0.1], registers });
  for (const seconds of [0.0005, 0.005, 0.005, 0.05]) took.observe(seconds);
  return made;
}

const plain = (samples: readonly Sample[]) =>
  samples.map(({ name, labels, value }) => `${name} ${JSON.stringify([...labels].sort())} ${value}`).sort();

test('the text says what the objects say, whatever is in a label, and of shown metrics alone', async () => {
  const made = await registry();
  const read = readExposition(await made.metrics());
  const given = samplesOf(await made.getMetricsAsJSON());
  expect(plain(read)).toEqual(plain(given));
  expect(read.map(({ name }) => name)).not.toContain('other_gauge');
  expect(sumsBy(read, 'wssc_calls_total', 'port')).toEqual(
    new Map([
      ['A', 7],
      ['a "b" \\ c\n,{}=', 2],
    ]),
  );
  expect(sumOf(read, 'wssc_calls_total', 'outcome', 'failed')).toBe(2);
});

test.each([
  'wssc_ready',
  'wssc_ready one',
  'wssc_ready NaN',
  'wssc_calls_total +Inf',
  'wssc_calls_total Infinity',
  'wssc_calls_total 1e300',
  'wssc_calls_total -1',
  'wssc_calls_total{port="a} 1',
  'wssc_calls_total{port="a"x} 1',
  'wssc_calls_total{port=a} 1',
])('the line %j is refused with its number', line => {
  expect(() => readExposition(`# TYPE x gauge\n${line}\n`)).toThrow('line 2 of its metrics is none');
});

test('no more is kept of an answer than a page has a use for', () => {
  const lines = (count: number) => `other 1\n${'wssc_ready 1\n'.repeat(count)}`;
  expect(readExposition(lines(maxSamples))).toHaveLength(maxSamples);
  expect(() => readExposition(lines(maxSamples + 1))).toThrow('more than 16384 of its metrics are for this page');
});

describe('percentiles', () => {
  const buckets = (counts: Readonly<Record<string, number>>): Sample[] =>
    Object.entries(counts).map(([le, value]) => ({
      name: 'wssc_call_seconds_bucket',
      labels: new Map([['le', le]]),
      value,
    }));

  test.each<[string, Readonly<Record<string, number>>, number, number | undefined]>([
    ['half of one bucket', { 1: 10, 2: 10, '+Inf': 10 }, 0.5, 0.5],
    ['within the second bucket', { 1: 5, 2: 10, '+Inf': 10 }, 0.9, 1.8],
    ['an empty bucket between', { 1: 5, 2: 5, 4: 10, '+Inf': 10 }, 0.9, 3.6],
    ['beyond the last bound', { 1: 1, 2: 1, '+Inf': 10 }, 0.5, Infinity],
    ['no call', { 1: 0, 2: 0, '+Inf': 0 }, 0.5, undefined],
    ['no buckets', {}, 0.5, undefined],
  ])('of %s', (_, counts, part, seconds) => {
    const found = percentile(buckets(counts), part);
    if (seconds === undefined || seconds === Infinity) expect(found).toBe(seconds);
    else expect(found).toBeCloseTo(seconds, 9);
  });

  test('are of all nodes and operations together', () => {
    const all = [...buckets({ 1: 10, '+Inf': 10 }), ...buckets({ 1: 0, '+Inf': 10 })];
    expect([percentile(all, 0.5), percentile(all, 0.9)]).toEqual([1, Infinity]);
  });
});
