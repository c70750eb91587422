import { execFile } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { type Check, findCheck, type Guard, nameOf, readGuards, uncovered } from './guards.ts';

/*
 * npm run test:guards [-- --sample 0.1] [--seed N] [--only REGEX]
 *
 * Inverts each check of guards.json in turn and runs the tests that belong to it, which must go red. A check that no
 * test misses is printed, and the exit code is 1, unless its row gives a reason. `--sample` takes a part of the list,
 * another one for each seed; `--only` the rows whose file, function and text match.
 */

/** A run of tests with checks inverted. */
interface Trial {
  readonly guard: Guard;
  readonly inverted: readonly Check[];
  readonly mustGoRed: boolean;
}

interface Run {
  readonly outcome: 'green' | 'red' | 'timed out';
  /** The file and the name of the first test that went red. */
  readonly test?: string;
}

/** Longest run of the tests of one row: whoever is stopped there hung, which somebody would have noticed. */
const longestMs = 180_000;

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const seed = values.seed ?? String(randomInt(1_000_000));
const list = readGuards();
checkList();
const trials = sampled().flatMap(trialsOf);
if (trials.length === 0) throw new Error(`no row of guards.json matches ${values.only}`);
process.exitCode = await main();

/** Fails at once where a row is not found, or a refusal is in no row. */
function checkList(): void {
  for (const file of Object.keys(list.tests)) {
    const source = readFileSync(file, 'utf8');
    const rows = list.guards.filter(guard => guard.file === file);
    const missing = uncovered(source, rows);
    if (missing.length !== 0) throw new Error(`${file}: no row of guards.json belongs to\n${missing.join('\n')}`);
  }
  for (const { second } of list.guards) if (second) findCheck(readFileSync(second.file, 'utf8'), second);
}

/** The rows in the order of a hash with the seed, and of them the wanted part. */
function sampled(): Guard[] {
  const only = new RegExp(values.only);
  const rank = (guard: Guard) =>
    createHash('sha256')
      .update(`${seed} ${nameOf(guard)}`)
      .digest('hex');
  const rows = list.guards.filter(guard => only.test(nameOf(guard)));
  const ranked = rows.map(guard => ({ guard, rank: rank(guard) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked.slice(0, Math.ceil(rows.length * Number(values.sample))).map(({ guard }) => guard);
}

function trialsOf(guard: Guard): Trial[] {
  const alone = { guard, inverted: [guard], mustGoRed: guard.reason === undefined };
  if (guard.second === undefined) return [alone];
  return [alone, { guard, inverted: [guard, guard.second], mustGoRed: true }];
}

function testsOf(guard: Guard): readonly string[] {
  return guard.tests ?? list.tests[guard.file] ?? [];
}

async function main(): Promise<number> {
  const startMs = performance.now();
  const files = [...new Set(trials.flatMap(({ guard }) => testsOf(guard)))];
  console.log(`${trials.length} inversions of ${list.guards.length} checks, seed ${seed}`);
  const asIs = await run([], files, 10 * longestMs);
  if (asIs.outcome !== 'green') {
    console.log(`not green as they are: ${asIs.test ?? files.join(' ')}`);
    return 1;
  }
  const wrong: string[] = [];
  const waiting = [...trials];
  const worker = async () => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
      const line = await judge(trial);
      if (line !== undefined) wrong.push(line);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
  for (const line of wrong) console.log(line);
  const seconds = (performance.now() - startMs) / 1_000;
  console.log(`${wrong.length} wrong, ${seconds.toFixed(0)} s, ${(seconds / trials.length).toFixed(1)} s for each`);
  return wrong.length === 0 ? 0 : 1;
}

/** @returns what is wrong with a row */
async function judge({ guard, inverted, mustGoRed }: Trial): Promise<string | undefined> {
  const { outcome, test } = await run(inverted, testsOf(guard), longestMs);
  const isRed = outcome !== 'green';
  console.log(`${outcome.padEnd(9)} ${inverted.map(nameOf).join(' and ')}`);
  if (test !== undefined) console.log(`          ${test}`);
  if (isRed === mustGoRed) return undefined;
  return mustGoRed ? `survives: ${inverted.map(nameOf).join(' and ')}` : `needs no reason: ${nameOf(guard)}`;
}

/** Runs test files in a process of their own. */
function run(inverted: readonly Check[], files: readonly string[], timeout: number): Promise<Run> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '-c', 'test/guards/inverted.config.ts', '--reporter=json'];
  const env = { ...process.env, INVERTED_CHECKS: JSON.stringify(inverted), INVERTED_TESTS: files.join(' ') };
  const options = { env, timeout, killSignal: 'SIGKILL', maxBuffer: 1 << 26 } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args, ...files], options, (error, report) => {
      if (error === null) resolve({ outcome: 'green' });
      else if (error.killed) resolve({ outcome: 'timed out' });
      else if (report === '') reject(error);
      else resolve({ outcome: 'red', test: redBy(report) });
    });
  });
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The first test that went red, or the file that could not even be loaded. */
function redBy(report: string): string {
  const { testResults }: Report = JSON.parse(report);
  const failed = testResults.flatMap(({ name, status, assertionResults }) => {
    const test = assertionResults.find(result => result.status === 'failed');
    return status === 'failed' ? [`${relative('.', name)}: ${test?.fullName ?? 'not loaded'}`] : [];
  });
  return failed[0] ?? '';
}
