/**
 * `npm run bench:cost`: doubles families of input up to the limits and prints what reading them costs.
 * `--family NAME` measures those whose name begins so, `--json` prints lines of JSON alone. The exit code is 1 where
 * the time of a family grows faster than its length.
 *
 * This process has much room for what is young, so that the garbage of no message is collected while its growth is
 * measured: that comes in steps, at sizes of V8's. Times and memory are those of another process, with V8's own sizes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Family } from './family.ts';
import { growthsOf } from './growth.ts';
import { openMeasured } from './measured.ts';
import { type FamilyCost, line, row, summary, tooSteep } from './report.ts';
import type { Whole } from './whole.ts';
import type { WholeRequest } from './whole-process.ts';

async function startWhole(): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./whole-process.js', import.meta.url)), { execArgv: ['--expose-gc'] });
  await once(child, 'message');
  return child;
}

async function wholeOf(child: ChildProcess, request: WholeRequest): Promise<Whole> {
  child.send(request);
  const [whole] = await once(child, 'message');
  return whole as Whole;
}

/**
 * How often a family that looks too steep is looked at once more: a machine that was busy for a while may have met it
 * alone, and a process that has read a thousand others compiles what all of them have in common.
 */
const moreLooks = 3;

async function exponentAlone(name: string): Promise<number> {
  const child = fork(fileURLToPath(new URL('./growth-process.js', import.meta.url)), [name]);
  const [exponent] = await once(child, 'message');
  child.disconnect();
  return exponent as number;
}

async function costOf(family: Family, child: ChildProcess): Promise<FamilyCost> {
  const growths = await growthsOf(family);
  const wholes: Whole[] = [];
  for (const { bytes } of growths) wholes.push(await wholeOf(child, { name: family.name, bytes }));
  return {
    family: family.name,
    signed: family.signed,
    exponent: Math.max(...growths.map(({ exponent }) => exponent)),
    wholes,
  };
}

const { values } = parseArgs({
  options: { family: { type: 'string', default: '' }, json: { type: 'boolean', default: false } },
});
const print = (text: string) => process.stdout.write(`${text}\n`);
const { families } = await openMeasured();
const measured = families.filter(({ name }) => name.startsWith(values.family));
if (measured.length === 0) throw new Error(`no family begins with ${values.family}`);
const child = await startWhole();
const costs: FamilyCost[] = [];
for (const family of measured) {
  const cost = await costOf(family, child);
  costs.push(cost);
  print(values.json ? line(cost) : row(cost));
}
for (let look = 0; look < moreLooks; look++)
  for (const cost of tooSteep(costs)) cost.exponent = Math.min(cost.exponent, await exponentAlone(cost.family));
child.kill();
if (!values.json) print(`\n${summary(costs)}`);
if (tooSteep(costs).length > 0) process.exitCode = 1;
