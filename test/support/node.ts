import { resolve } from 'node:path';
import { pino } from 'pino';
import type { ContextLife } from '../../src/conversation/context-life.ts';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import type { ChangeableTrust } from '../../src/crypto/trust.ts';
import { loadCertificate } from '../../src/crypto/x509.ts';
import { keeperOf } from '../../src/keyring/keeper.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import type { Plan } from '../../src/policy/plan.ts';
import { readWsdl, type Wsdl } from '../../src/policy/wsdl.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { type EndpointOptions, type EndpointSettings, readEndpointOptions } from '../../src/server/endpoint-options.ts';
import { boundedLog } from '../../src/server/log.ts';
import { openEndpoint } from '../../src/server/open-endpoint.ts';
import { answerMessage, type HttpAnswer } from '../../src/server/pipeline.ts';
import type { PortParts, ServedPort } from '../../src/server/port.ts';
import type { Readiness } from '../../src/server/readiness.ts';
import type { Statistics } from '../../src/server/statistics.ts';
import type { Cancellation } from '../../src/state/cancellation.ts';
import type { ReplayMode } from '../../src/state/farm-replay.ts';
import type { StateName } from '../../src/state/several-modes.ts';
import type { StateMode } from '../../src/state/state-mode.ts';
import { answeringStore } from '../../src/store/answering-store.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Authenticate } from '../../src/users/authenticate.ts';
import { noteLines, noteSecret } from './log-secrets.ts';
import { pem } from './pem.ts';
import { compilePolicy } from './plans.ts';

export const wsdl = resolve('wsdl/echo.wsdl');
const read = readWsdl(wsdl);
export const plans = compilePolicy(read);
const ownCertificate = loadCertificate(pem.service.certificate, pem.service.key);

/** The ports of wsdl/echo.wsdl. */
export const portNames = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'] as const;
export type PortName = (typeof portNames)[number];

export const user = { username: 'alice', password: 'correct horse battery staple' };
noteSecret(user.password);

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
  const write = (line: string) => {
    lines.push(line);
    noteLines(line);
  };
  return { log: pino({ level: 'trace' }, { write }), lines };
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
  post(port: string, message: string | Uint8Array, soapAction?: string): Promise<HttpAnswer>;
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
  /** Another WSDL than the example's, and its ports that are served. */
  readonly other?: { readonly wsdl: Wsdl; readonly plans: readonly Plan[] };
  readonly authenticate?: Authenticate;
  /** Default: an hour, ten in all, and a thousand renewals. */
  readonly life?: Partial<ContextLife>;
  /** Default 5 min. */
  readonly rolloverMs?: number;
  readonly userOfCertificate?: PortParts['userOfCertificate'];
  /** What each port believes certificates by; default: none is believed. */
  readonly trusts?: ReadonlyMap<string, ChangeableTrust>;
  /** Default: each private operation is done at once. */
  readonly openKey?: PortParts['openKey'];
  /** Default: in memory. */
  readonly store?: Store;
  /** Default: each node by itself. */
  readonly replay?: ReplayMode;
  /** Default: `cookie`. */
  readonly state?: StateName | StateMode;
  readonly acceptState?: readonly StateName[];
  readonly idleMs?: number;
}

/** The readiness of a node with nothing wrong. */
export const readyNode = (): Readiness => ({
  ready: true,
  ring: { generation: 1, ageMs: 0, stale: false, issuing: true },
  store: { kind: 'memory', up: true, sinceMs: 0 },
  reasons: [],
});

/** Options of an endpoint for which nothing is opened by their names. */
export function settingsOf(options: Partial<EndpointOptions>): EndpointSettings {
  const { log } = keptLog();
  const opened = { wsdl, services: {}, ring: 'ring.json', authenticate, addresses: ['https://node.example'], log };
  return readEndpointOptions({ ...opened, ...options });
}

/** As many as a test likes. */
const anyRate = { perSecond: 1_000_000, burst: 1_000_000 };

/** Starts one node; nodes with one ring are one farm. No queue is before its passwords. */
export async function startNode(options: NodeOptions): Promise<TestNode> {
  const life = { lifetimeMs: 3_600_000, absoluteLifetimeMs: 36_000_000, maxRenewals: 1_000, ...options.life };
  const calls: string[] = [];
  const cancelled: Cancellation[] = [];
  const { log, lines } = keptLog();
  const clock = () => options.clock.nowMs;
  const { endpoint, ports, ready } = openEndpoint({
    ...(options.other ?? { wsdl: read, plans }),
    services: options.services ?? notedService(calls),
    authenticate: options.authenticate ?? authenticate,
    userOfCertificate: options.userOfCertificate ?? (async ({ subject }) => ({ user: subject, roles: [] })),
    trusts: options.trusts ?? new Map(),
    openKey: options.openKey ?? (work => work()),
    passwordQueue: () => 0,
    ownCertificates: [ownCertificate],
    ring: keeperOf(keyRing(options.ring)),
    state: options.state ?? 'cookie',
    store: answeringStore(options.store ?? memoryStore({ clock })),
    settings: settingsOf({
      ...life,
      ...(options.rolloverMs === undefined ? {} : { rolloverMs: options.rolloverMs }),
      ...(options.store === undefined ? {} : { store: options.store }),
      ...(options.replay === undefined ? {} : { replay: options.replay }),
      ...(options.acceptState === undefined ? {} : { acceptState: options.acceptState }),
      ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
      issueRate: anyRate,
      onCancel: cancellation => void cancelled.push(cancellation),
    }),
    log: boundedLog(log),
    random: randomBytesPooled,
    clock,
    steadyClock: clock,
    release: async () => {},
  });
  const byName = new Map(ports.map(port => [port.plan.port, port]));
  await ready;
  return {
    async post(name, message, soapAction) {
      const port = byName.get(name);
      if (port === undefined) throw new TypeError(`no port ${name}`);
      const answered = await answerMessage(Buffer.from(message), soapAction, port, caller);
      if (answered === undefined) throw new TypeError('the caller is there');
      return answered;
    },
    ports: byName,
    calls,
    lines,
    cancelled,
    statistics: () => endpoint.statistics(),
  };
}
