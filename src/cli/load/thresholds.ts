import { InvalidArgumentError } from 'commander';
import { durationText } from '../option-values.ts';
import { faultExit, networkExit } from '../terminal.ts';
import type { LoadReport } from './report.ts';

/** How many calls may fail: so many, or this share of all. */
export interface FailedLimit {
  readonly text: string;
  readonly most: (calls: number) => number;
}

/** What a load test has to keep to. */
export interface Thresholds {
  /** Default: none may fail. */
  readonly maxFailed?: FailedLimit;
  /** In milliseconds. */
  readonly maxP50?: number;
  readonly maxP90?: number;
  readonly maxP99?: number;
  readonly maxLatency?: number;
}

/** What became of one threshold. */
export interface Judgement {
  readonly isKept: boolean;
  /** In words. */
  readonly text: string;
}

/** Parses `5` or `0.1%`. */
export function failedLimit(text: string): FailedLimit {
  const [, number = '', percent] = /^(\d{1,9}|\d{1,3}(?:\.\d{1,6})?(%))$/.exec(text) ?? [];
  const value = Number.parseFloat(number);
  if (percent === undefined && value >= 0) return { text, most: () => value };
  if (value <= 100) return { text, most: calls => (calls * value) / 100 };
  throw new InvalidArgumentError('It must be a number of calls or a share of them, such as 5 or 0.1%.');
}

type LatencyName = keyof LoadReport['latencyMs'];

const latencies: readonly (readonly [limit: Exclude<keyof Thresholds, 'maxFailed'>, measured: LatencyName])[] = [
  ['maxP50', 'p50'],
  ['maxP90', 'p90'],
  ['maxP99', 'p99'],
  ['maxLatency', 'max'],
];

/** What became of each threshold that was given, failed calls first. */
export function judge(report: LoadReport, limits: Thresholds): readonly Judgement[] {
  const { latencyMs } = report;
  return [
    failedJudgement(report, limits.maxFailed),
    ...latencies.flatMap(([name, measured]) => {
      const most = limits[name];
      return most === undefined ? [] : [latencyJudgement(measured, latencyMs[measured], most)];
    }),
  ];
}

function failedJudgement({ failed, calls }: LoadReport, limit: FailedLimit | undefined): Judgement {
  const isKept = failed <= (limit?.most(calls) ?? 0);
  const allowed = limit === undefined ? 'none may' : `at most ${limit.text} may`;
  return { isKept, text: `${failed} of ${calls} calls failed, ${allowed}` };
}

function latencyJudgement(name: LatencyName, measuredMs: number, mostMs: number): Judgement {
  const latency = name === 'max' ? 'longest' : name;
  return {
    isKept: measuredMs <= mostMs,
    text: `the ${latency} latency was ${measuredMs.toFixed(1)} ms, at most ${durationText(mostMs)} was wanted`,
  };
}

/** The exit code, as `wssc call` has it: 2 where answers were not good or not fast enough, 3 where no call had one. */
export function exitCodeOf({ answered }: LoadReport, judgements: readonly Judgement[]): number {
  if (judgements.every(({ isKept }) => isKept)) return 0;
  return answered === 0 ? networkExit : faultExit;
}
