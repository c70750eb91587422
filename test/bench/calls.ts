import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { openSession, type Session } from '../../src/client/session.ts';
import { openTransport } from '../../src/client/transport.ts';
import { type DemoData, demoUser } from '../../src/farm/demo-data.ts';
import { soapVersions } from '../../src/names.ts';
import type { OperationPlan, Plan } from '../../src/policy/plan.ts';
import { postHeaders } from '../../src/soap/envelope-writer.ts';
import { median } from './rounds.ts';
import type { ServerSettings, Started, Usage } from './server-process.ts';

/** CPU time of the server process for one call, and the rate of calls beside it. */
export interface CallFigures {
  readonly server: 'ours' | 'express';
  readonly port: string;
  /** Length of the text that is echoed. */
  readonly bytes: number;
  readonly cpuUs: number;
  readonly callsPerSecond: number;
  readonly ratioToExpress: number;
}

export interface CallOptions {
  readonly data: DemoData;
  readonly plans: readonly Plan[];
  readonly wsdl: string;
  readonly rounds: number;
  /** Length of one measurement of one server with one size. */
  readonly sliceMs: number;
  readonly warmUpMs: number;
  readonly execArgv?: readonly string[];
}

export const sizes = [100, 1_000, 10_000] as const;
const concurrency = 8;
const operationName = 'Echo';

/** One server under one kind of load. */
interface Cell {
  readonly server: Server;
  readonly kind: CallFigures['server'];
  readonly port: string;
  readonly bytes: number;
  call(): Promise<unknown>;
}

interface Server extends Started {
  readonly process: ChildProcess;
  cpuUs(): Promise<number>;
}

/** Measures all servers and sizes in rounds that take turns. */
export async function measureCalls(options: CallOptions): Promise<readonly CallFigures[]> {
  const { data, wsdl } = options;
  const settings: ServerSettings = { wsdl, ring: data.ring, users: data.users, service: data.service, tls: data.tls };
  const ours = await startServer('ours', settings, options.execArgv);
  const express = await startServer('express', settings, []);
  const sessions = options.plans.map(plan => sessionOf(plan, ours, data));
  const transport = openTransport({ ca: undefined, timeoutMs: 30_000, maxBytes: 1 << 20 });
  const cells: Cell[] = sizes.flatMap(bytes => [
    ...sessions.map(({ plan, session }) => ourCell(ours, plan, session, bytes)),
    ...sessions.map(({ plan }) => expressCell(express, transport, plan.port, bytes)),
  ]);
  try {
    return figuresOf(cells, await measureCells(cells, options));
  } finally {
    await Promise.all(sessions.map(({ session }) => session.close()));
    transport.close();
    for (const server of [ours, express]) await stop(server);
  }
}

function sessionOf(plan: Plan, server: Server, data: DemoData) {
  const base = plan.transport === 'https' ? `https://localhost:${server.https}` : `http://localhost:${server.http}`;
  const session = openSession({
    plan,
    username: demoUser,
    password: data.password,
    serviceCertificate: readFileSync(data.service.certificate, 'utf8'),
    ca: readFileSync(data.ca, 'utf8'),
    addresses: [`${base}/${plan.port}`],
  });
  return { plan, session };
}

function operationOf(plan: Plan): OperationPlan {
  const operation = plan.operations.find(({ name }) => name === operationName);
  if (operation === undefined) throw new Error(`no operation ${operationName}`);
  return operation;
}

function bodyOf(plan: Plan, bytes: number) {
  const { namespace, local } = operationOf(plan).input;
  const content = `<e:${local}><e:text>${'x'.repeat(bytes)}</e:text></e:${local}>`;
  return { declarations: `xmlns:e="${namespace}"`, content };
}

function ourCell(server: Server, plan: Plan, session: Session, bytes: number): Cell {
  const operation = operationOf(plan);
  const body = bodyOf(plan, bytes);
  return { server, kind: 'ours', port: plan.port, bytes, call: () => session.call({ operation, body }) };
}

/** The same operation and text, in an envelope that is ready; `port` is the one that it stands beside. */
function expressCell(server: Server, transport: ReturnType<typeof openTransport>, port: string, bytes: number): Cell {
  const namespace = 'urn:soap-secure-conversation:echo';
  const action = `${namespace}/EchoPortType/Echo`;
  const envelope =
    `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body xmlns:e="${namespace}">` +
    `<e:Echo><e:text>${'x'.repeat(bytes)}</e:text></e:Echo></s:Body></s:Envelope>`;
  const headers = postHeaders(soapVersions['1.2'], action);
  const call = async () => {
    const answer = await transport.post(`http://localhost:${server.http}/EchoSymmetric`, envelope, headers);
    if (answer.status !== 200 || answer.bytes.length < bytes) throw new Error(`express answered ${answer.status}`);
  };
  return { server, kind: 'express', port, bytes, call };
}

async function startServer(kind: string, settings: ServerSettings, execArgv: readonly string[] = []): Promise<Server> {
  const program = new URL('./server-process.js', import.meta.url);
  const child = fork(program, [kind, JSON.stringify(settings)], { execArgv: [...execArgv] });
  const started = await reply<Started>(child);
  return {
    ...started,
    process: child,
    async cpuUs() {
      const answer = reply<Usage>(child);
      child.send('usage');
      return (await answer).cpuUs;
    },
  };
}

function reply<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`a server ended with ${code}`));
    child.once('exit', gone);
    child.once('message', message => {
      child.off('exit', gone);
      resolve(message as T);
    });
  });
}

function stop({ process: child }: Server): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve());
    child.disconnect();
  });
}

interface Sample {
  readonly cpuUs: number;
  readonly callsPerSecond: number;
  /** CPU time of this process for one call. */
  readonly generatorUs: number;
}

/**
 * A server that waits between two calls finds its caches cold, and ours waits for a generator that signs, encrypts and
 * verifies. So the calls of express are made as slow: each costs the generator what one of ours did a moment before.
 */
async function measureCells(cells: readonly Cell[], options: CallOptions): Promise<readonly Sample[]> {
  const last: Sample[] = [];
  for (const cell of cells) last.push(await load(cell, 0, options.warmUpMs));
  const extraUs = cells.map(() => 0);
  const samples = cells.map((): Sample[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [i, cell] of cells.entries()) {
      const own = (last[i]?.generatorUs ?? 0) - (extraUs[i] ?? 0);
      const wanted = last[besideOf(cell, cells)]?.generatorUs ?? 0;
      const extra = cell.kind === 'express' ? Math.max(0, wanted - own) : 0;
      const sample = await load(cell, extra, options.sliceMs);
      samples[i]?.push(sample);
      last[i] = sample;
      extraUs[i] = extra;
    }
  }
  const middle = (list: readonly Sample[], figure: keyof Sample) => median(list.map(sample => sample[figure]));
  return samples.map(list => ({
    cpuUs: middle(list, 'cpuUs'),
    callsPerSecond: middle(list, 'callsPerSecond'),
    generatorUs: middle(list, 'generatorUs'),
  }));
}

/** Index of the other server's cell for the same port and size. */
function besideOf({ kind, port, bytes }: Cell, cells: readonly Cell[]): number {
  return cells.findIndex(cell => cell.kind !== kind && cell.port === port && cell.bytes === bytes);
}

/** Calls in a closed loop for some time, each after `extraUs` of work for nothing. */
async function load({ server, call }: Cell, extraUs: number, durationMs: number): Promise<Sample> {
  await call();
  const serverUs = await server.cpuUs();
  const generator = process.cpuUsage();
  const startedMs = performance.now();
  let calls = 0;
  const caller = async () => {
    while (performance.now() - startedMs < durationMs) {
      work(extraUs);
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(generator);
  return {
    cpuUs: ((await server.cpuUs()) - serverUs) / calls,
    callsPerSecond: (calls * 1_000) / elapsedMs,
    generatorUs: (user + system) / calls,
  };
}

function work(us: number): void {
  const endMs = performance.now() + us / 1_000;
  while (performance.now() < endMs);
}

function figuresOf(cells: readonly Cell[], samples: readonly Sample[]): CallFigures[] {
  const cpuUsAt = (i: number) => samples[i]?.cpuUs ?? Number.NaN;
  return cells.map((cell, i) => {
    const { kind, port, bytes } = cell;
    const plainUs = cpuUsAt(kind === 'express' ? i : besideOf(cell, cells));
    const callsPerSecond = samples[i]?.callsPerSecond ?? Number.NaN;
    return { server: kind, port, bytes, cpuUs: cpuUsAt(i), callsPerSecond, ratioToExpress: cpuUsAt(i) / plainUs };
  });
}
