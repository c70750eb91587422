import { expect, test } from 'vitest';
import { failureCounts } from '../../src/cli/load/failure-counts.ts';
import type { LoadReport } from '../../src/cli/load/report.ts';
import { exitCodeOf, failedLimit, judge, type Thresholds } from '../../src/cli/load/thresholds.ts';

const report = {
  calls: 1_000,
  failed: 1,
  answered: 1_000,
  latencyMs: { p50: 10, p90: 20, p99: 50, max: 900 },
} as LoadReport;

test.each<[Thresholds, number, string[]]>([
  [{}, 2, ['1 of 1000 calls failed, none may']],
  [{ maxFailed: failedLimit('0') }, 2, ['1 of 1000 calls failed, at most 0 may']],
  [{ maxFailed: failedLimit('1') }, 0, []],
  [{ maxFailed: failedLimit('0.1%') }, 0, []],
  [{ maxFailed: failedLimit('0.09%') }, 2, ['1 of 1000 calls failed, at most 0.09% may']],
  [{ maxFailed: failedLimit('100%'), maxP50: 10, maxP90: 20, maxP99: 50, maxLatency: 900 }, 0, []],
  [
    { maxFailed: failedLimit('1'), maxP50: 9.9, maxP90: 19, maxP99: 49, maxLatency: 899 },
    2,
    [
      'the p50 latency was 10.0 ms, at most 9.9ms was wanted',
      'the p90 latency was 20.0 ms, at most 19ms was wanted',
      'the p99 latency was 50.0 ms, at most 49ms was wanted',
      'the longest latency was 900.0 ms, at most 899ms was wanted',
    ],
  ],
])('thresholds %j are kept up to their value, and set the exit code %i', (limits, code, said) => {
  const judgements = judge(report, limits);
  expect(judgements.filter(({ isKept }) => !isKept).map(({ text }) => text)).toEqual(said);
  expect(exitCodeOf(report, judgements)).toBe(code);
});

test('where no call was answered the exit code is that of no answer', () => {
  const nothing = { ...report, failed: 1_000, answered: 0 };
  expect(exitCodeOf(nothing, judge(nothing, {}))).toBe(3);
  expect(exitCodeOf(nothing, judge(nothing, { maxFailed: failedLimit('100%') }))).toBe(0);
});

test.each(['', '%', '-1', '101%', '0.1', '1e3', '1.1234567%', '1 %'])('no threshold is %j', text => {
  expect(() => failedLimit(text)).toThrow('It must be a number of calls or a share of them');
});

test('the first three failures of each kind are kept, and kinds without end are counted as one', () => {
  const failures = failureCounts();
  for (let round = 0; round < 5; round++)
    for (let kind = 0; kind < 100; kind++)
      failures.add({ kind: `Fault${kind}`, message: '', answered: true }, { node: 'node1', atMs: round });
  const counts = failures.counts();
  expect(Object.keys(counts)).toHaveLength(33);
  expect(counts).toMatchObject({ Fault0: 5, Fault31: 5, 'other errors': 68 * 5 });
  expect(failures.first()).toHaveLength(33 * 3);
});
