import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pino } from 'pino';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { loadCertificate } from '../../src/crypto/x509.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { contextBearer } from '../../src/server/context-bearer.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { answerMessage, type HttpAnswer } from '../../src/server/pipeline.ts';
import { type EndpointParts, type ServedPort, servePort } from '../../src/server/port.ts';
import { openService } from '../../src/server/service.ts';
import { counters, type Statistics } from '../../src/server/statistics.ts';
import type { Cancellation } from '../../src/state/cancel-list.ts';
import { cookieMode } from '../../src/state/cookie-mode.ts';
import { replayTable } from '../../src/state/replay.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Authenticate } from '../../src/users/authenticate.ts';
import { defaultLimits } from '../../src/xml/limits.ts';
import { keeperOf } from '../keyring/made.ts';
import { pem } from './pem.ts';

export const wsdl = resolve('wsdl/echo.wsdl');
export const plans = compilePolicy(wsdl);
const wsdlText = readFileSync(wsdl, 'utf8');

/** The ports of wsdl/echo.wsdl. */
export const portNames = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'] as const;
export type PortName = (typeof portNames)[number];

export const user = { username: 'alice', password: 'correct horse battery staple' };

export const authenticate: Authenticate = async (username, password) =>
  username === user.username && password === user.password ? { user: username, roles: ['reader'] } : undefined;

/** Somebody who waits for the answer. */
export const caller = { address: '192.0.2.1', isLimited: true, signal: new AbortController().signal };

/** A clock that is set by hand. */
export interface Clock {
  nowMs: number;
}

/** A log that keeps its lines. */
export function keptLog() {
  const lines: string[] = [];
  return { log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }), lines };
}

/** The example service, which notes each call of an operation. */
export function notedService(calls: string[], echo: (args: { text: string }) => unknown = ({ text }) => ({ text })) {
  const operations = {
    Echo: (args: { text: string }) => {
      calls.push(`Echo ${currentContext().openedFrom}`);
      return echo(args);
    },
    Add: ({ a, b }: { a: number; b: number }) => {
      calls.push(`Add ${currentContext().openedFrom}`);
      return { sum: Number(a) + Number(b) };
    },
  };
  return { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } };
}

/** One node of a farm without a socket: its pipeline, its log, and the calls that reached the service. */
export interface TestNode {
  post(port: PortName, message: string | Uint8Array, soapAction?: string): Promise<HttpAnswer>;
  readonly ports: ReadonlyMap<string, ServedPort>;
  readonly calls: string[];
  readonly lines: string[];
  readonly cancelled: Cancellation[];
  statistics(): Statistics;
}

export interface NodeOptions {
  readonly ring: RingRecords;
  readonly clock: Clock;
  readonly services?: object;
  readonly authenticate?: Authenticate;
  readonly lifetimeMs?: number;
  /** Default: each private operation is done at once. */
  readonly openKey?: EndpointParts['openKey'];
}

/** Starts one node; nodes with one ring are one farm. */
export async function startNode(options: NodeOptions): Promise<TestNode> {
  const { clock, lifetimeMs = 3_600_000 } = options;
  const calls: string[] = [];
  const cancelled: Cancellation[] = [];
  const ring = keyRing(options.ring);
  const replay = replayTable();
  const { log, lines } = keptLog();
  const parts: EndpointParts = {
    service: openService(wsdl, wsdlText, options.services ?? notedService(calls), log),
    authenticate: options.authenticate ?? authenticate,
    openKey: options.openKey ?? (work => work()),
    ownCertificates: [loadCertificate(pem.service.certificate, pem.service.key)],
    spend: key => replay.insert(key, clock.nowMs, 420_000),
    isSpent: key => replay.has(key, clock.nowMs),
    mayIssue: () => true,
    announce: async cancellation => void cancelled.push(cancellation),
    bearerToken: (context, wanted) =>
      contextBearer(context, wanted, keeperOf(ring), { nowMs: clock.nowMs, random: randomBytesPooled }),
    node: 'node',
    clockSkewMs: 60_000,
    limits: defaultLimits,
    log,
    counters: counters(),
    random: randomBytesPooled,
    clock: () => clock.nowMs,
  };
  const state = cookieMode({ keeper: keeperOf(ring), store: memoryStore({ clock: parts.clock }) });
  const served = plans.map(plan => servePort(plan, [], { state, parts, lifetimeMs: () => lifetimeMs }));
  const ports = new Map(served.map(port => [port.plan.port, port]));
  await parts.service.ready;
  return {
    async post(name, message, soapAction) {
      const port = ports.get(name);
      if (port === undefined) throw new TypeError(`no port ${name}`);
      const answered = await answerMessage(Buffer.from(message), soapAction, port, caller);
      if (answered === undefined) throw new TypeError('the caller is there');
      return answered;
    },
    ports,
    calls,
    lines,
    cancelled,
    statistics: () => parts.counters.snapshot(),
  };
}
