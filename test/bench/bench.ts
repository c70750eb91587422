/**
 * `npm run bench`: figures of one run, ratios first, because machines differ. `--json FILE` writes them to a file as
 * well; `--tokens` measures bearer tokens, and nothing else.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { prepareDemoData } from '../../src/farm/demo-data.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { type CallFigures, measureCalls } from './calls.ts';
import { measureMemory } from './memory.ts';
import { callLines, json, memoryLines, sealLines, stageLines, tokenLines, verifyLines } from './report.ts';
import { measureSeal } from './seal.ts';
import { measureStages } from './stages.ts';
import { measureTokens } from './tokens.ts';
import { measureVerify } from './verify.ts';

const wsdl = resolve('wsdl/echo.wsdl');
const portsMeasured = ['EchoSymmetric', 'EchoTls11'];
const conversations = 100_000;

async function calls(plans: readonly Plan[]): Promise<readonly CallFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const data = await prepareDemoData(folder, Date.now(), randomBytesPooled);
    return await measureCalls({ data, plans, wsdl, rounds: 7, sliceMs: 1_500, warmUpMs: 5_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { json: { type: 'string' }, tokens: { type: 'boolean' } } });
const print = (text: string) => process.stdout.write(`${text}\n`);

async function measureMessages(): Promise<string> {
  const plans = compilePolicy(wsdl, { ports: portsMeasured });
  const [symmetric] = plans;
  if (symmetric === undefined) throw new Error('no port to measure');
  const verify = await measureVerify(symmetric, 7);
  print(verifyLines(verify, verify.bytes));
  const seal = await measureSeal(symmetric, 7);
  print(sealLines(seal));
  print(stageLines(await measureStages(symmetric, 7)));
  const called = await calls(plans);
  print(callLines(called));
  const memory = await measureMemory(wsdl, conversations);
  print(memoryLines(memory));
  return json({ verify, seal, calls: called, memory });
}

async function measureBearers(): Promise<string> {
  const tokens = await measureTokens(7);
  print(tokenLines(tokens));
  return `${JSON.stringify({ tokens }, null, 2)}\n`;
}

const figures = await (values.tokens === true ? measureBearers() : measureMessages());
if (values.json !== undefined) writeFileSync(values.json, figures);
