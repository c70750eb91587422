/**
 * `npm run bench:login`: how calls of an established conversation, and honest logins, fare while a node is attacked by
 * people who have no password. It prints; nothing depends on its figures. `-- --seconds N`: length of each measurement,
 * default 15.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openSession, type Session } from '../../../src/client/session.ts';
import { randomBytesPooled } from '../../../src/crypto/random.ts';
import { loadPeerCertificate } from '../../../src/crypto/x509.ts';
import { type DemoData, demoUser, prepareDemoData } from '../../../src/farm/demo-data.ts';
import type { ConversationPlan } from '../../../src/policy/plan.ts';
import { compilePolicy } from '../../support/plans.ts';
import type { Answers, Attack } from './attacker-process.ts';
import { bootstrap, post } from './bootstrap.ts';
import type { NodeReport, NodeSettings } from './node-process.ts';

const wsdl = resolve('wsdl/echo.wsdl');
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' } } });
const durationMs = Number(values.seconds) * 1_000;
/** Calls that the established conversation makes. */
const callsPerSecond = 50;
const honestLogins = 7;
const honestEveryMs = durationMs / (honestLogins + 1);
const impatientClients = 80;
const patienceMs = 1_000;

const print = (line: string) => process.stdout.write(`${line}\n`);
const pause = (ms: number) => new Promise<void>(done => setTimeout(done, ms));
const plans = compilePolicy(wsdl, { ports: ['EchoSymmetric'] });

function planned(): ConversationPlan {
  const [plan] = plans;
  if (plan === undefined) throw new Error('no port to measure');
  return plan;
}

function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((done, failed) => {
    const gone = (code: number | null) => failed(new Error(`a process ended with ${code}`));
    child.once('exit', gone);
    child.once('message', message => {
      child.off('exit', gone);
      done(message as T);
    });
  });
}

const start = (name: string, argument: object) =>
  fork(new URL(`./${name}.js`, import.meta.url), [JSON.stringify(argument)], { execArgv: [] });

/**
 * Users of one password and one hash under many names: each is a login of its own, and the making of one hash takes
 * long.
 */
function manyUsers({ users }: DemoData, count: number): void {
  const file = JSON.parse(readFileSync(users, 'utf8'));
  const [one] = file.users;
  const others = Array.from({ length: count }, (_, i) => ({ ...one, name: `honest ${i}` }));
  writeFileSync(users, JSON.stringify({ ...file, users: [one, ...others] }), { mode: 0o600 });
}

interface Bench {
  readonly node: ChildProcess;
  readonly port: number;
  readonly data: DemoData;
  readonly session: Session;
}

const ask = async ({ node }: Bench): Promise<NodeReport> => {
  const report = nextMessage<NodeReport>(node);
  node.send('report');
  return report;
};

/** Latencies in ms of calls that are due at a steady rate, each counted from when it was due. */
async function callSteadily({ session }: Bench, forMs: number): Promise<number[]> {
  const operation = planned().operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new Error('no operation Echo');
  const body = {
    declarations: `xmlns:e="${operation.input.namespace}"`,
    content: `<e:Echo><e:text>${'x'.repeat(1_000)}</e:text></e:Echo>`,
  };
  const startedMs = performance.now();
  const calls: Promise<number>[] = [];
  for (let dueMs = startedMs; dueMs < startedMs + forMs; dueMs += 1_000 / callsPerSecond) {
    await pause(dueMs - performance.now());
    calls.push(session.call({ operation, body }).then(() => performance.now() - dueMs));
  }
  return Promise.all(calls);
}

let honest = 0;

/**
 * A first login of a user who was never here, from an address of its own: it tries again when it is told to.
 * Milliseconds until it is in.
 */
async function firstLogin({ port, data }: Bench): Promise<number> {
  const i = honest++;
  const recipient = loadPeerCertificate(readFileSync(data.service.certificate, 'utf8'));
  const startedMs = performance.now();
  for (;;) {
    const message = bootstrap(planned(), recipient, `honest ${i}`, data.password);
    const status = await post(port, message, { from: `203.0.113.${i % 250}` });
    if (status === 200) return performance.now() - startedMs;
    if (performance.now() - startedMs > 30_000) return Number.POSITIVE_INFINITY;
    await pause(1_000);
  }
}

async function loginsMeanwhile(bench: Bench): Promise<number[]> {
  const waits: Promise<number>[] = [];
  for (let i = 0; i < honestLogins; i++) {
    await pause(honestEveryMs);
    waits.push(firstLogin(bench));
  }
  return Promise.all(waits);
}

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const shown = (ms: number) => (Number.isFinite(ms) ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : 'none in 30 s');

interface Measured {
  readonly p50: number;
  readonly p99: number;
}

async function measured(bench: Bench, name: string, quiet: Measured | undefined, withLogins = true): Promise<Measured> {
  const before = await ask(bench);
  const waiting = withLogins ? loginsMeanwhile(bench) : Promise.resolve([]);
  const latencies = ascending(await callSteadily(bench, durationMs));
  const cpuUs = (await ask(bench)).cpuUs - before.cpuUs;
  const waits = ascending(await waiting);
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  const ratio = quiet === undefined ? '' : `, p99 ${(p99 / quiet.p99).toFixed(1)} times the quiet one`;
  print(
    `${name}: calls p50 ${shown(p50)}, p99 ${shown(p99)}${ratio}; node ${Math.round(cpuUs / durationMs / 10)} % CPU`,
  );
  if (waits.length > 0)
    print(
      `  honest first logins (${waits.length}): median ${shown(quantile(waits, 0.5))}, ` +
        `longest ${shown(quantile(waits, 1))}`,
    );
  return { p50, p99 };
}

async function underAttack(
  bench: Bench,
  attack: Omit<Attack, 'port' | 'wsdl' | 'certificate' | 'durationMs'>,
  quiet: Measured,
) {
  const { port, data } = bench;
  const whole: Attack = { ...attack, port, wsdl, certificate: data.service.certificate, durationMs: durationMs + 500 };
  const attacker = start('attacker-process', whole);
  await nextMessage(attacker);
  const answered = nextMessage<Answers>(attacker);
  attacker.send('go');
  const from = attack.addresses === 0 ? 'through a proxy that says nothing' : `from ${attack.addresses} addresses`;
  await measured(bench, `${attack.perSecond} ${attack.kind} a second ${from}`, quiet);
  print(`  answered by HTTP status: ${JSON.stringify(await answered)}`);
}

/** Clients that hang up after a second and try again, until they are in. */
async function impatient(bench: Bench): Promise<void> {
  const { port, data } = bench;
  const recipient = loadPeerCertificate(readFileSync(data.service.certificate, 'utf8'));
  const before = await ask(bench);
  let [tries, answers] = [0, 0];
  const startedMs = performance.now();
  const client = async (i: number) => {
    while (performance.now() - startedMs < 60_000) {
      tries += 1;
      const message = bootstrap(planned(), recipient, `honest ${200 + i}`, data.password);
      const status = await post(port, message, { from: '203.0.113.251', patienceMs });
      if (status === 200) {
        answers += 1;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: impatientClients }, (_, i) => client(i)));
  const issued = (await ask(bench)).issued - before.issued;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  print(
    `${impatientClients} impatient clients: ${tries} bootstraps sent, ${answers} answered, ${issued} issued ` +
      `(${issued - answers} to nobody), all in after ${seconds} s`,
  );
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-login-'));
  const data = await prepareDemoData(folder, Date.now(), randomBytesPooled);
  manyUsers(data, 400);
  const settings: NodeSettings = { wsdl, ring: data.ring, users: data.users, ...data.service };
  const node = start('node-process', settings);
  const port = await nextMessage<number>(node);
  const session = openSession({
    plan: planned(),
    username: demoUser,
    password: data.password,
    serviceCertificate: readFileSync(data.service.certificate, 'utf8'),
    addresses: [`http://127.0.0.1:${port}/EchoSymmetric`],
  });
  const bench: Bench = { node, port, data, session };
  try {
    await callSteadily(bench, 3_000);
    const quiet = await measured(bench, 'quiet', undefined, false);
    await measured(bench, 'honest logins alone', quiet);
    for (const addresses of [1, 250, 0])
      await underAttack(bench, { kind: 'bad logins', perSecond: 500, addresses }, quiet);
    await underAttack(bench, { kind: 'forged bootstraps', perSecond: 300, addresses: 250 }, quiet);
    await impatient(bench);
    await measured(bench, 'quiet again', quiet, false);
  } finally {
    await session.close().catch(() => {});
    node.disconnect();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
process.exit(0);
