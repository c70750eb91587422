import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { type Logger, pino } from 'pino';
import { openUsers } from '../conversation/users.ts';
import { randomBytesPooled } from '../crypto/random.ts';
import { loadCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { SecureConversationError } from '../errors.ts';
import { keepRing, type RingKeeper } from '../keyring/keeper.ts';
import { compilePolicy } from '../policy/compile.ts';
import { checkOffered } from '../policy/offered.ts';
import type { Plan } from '../policy/plan.ts';
import { cookieMode } from '../state/cookie-mode.ts';
import { replayTable } from '../state/replay.ts';
import type { Cancellation, StateMode } from '../state/state-mode.ts';
import { defaultLimits, type Limits } from '../xml/limits.ts';
import { listenOn, pathOf, type Served, serveRequest } from './listener.ts';
import { type Authenticate, type EndpointParts, type ServedPort, servePort, timestampTtlMs } from './port.ts';
import { type Listening, publishedWsdl } from './published-wsdl.ts';
import { openService } from './service.ts';
import { counters, type Statistics } from './statistics.ts';

/** What a WSDL port may be told beside its policy. */
export interface PortOverrides {
  /** Life of the conversations of this port. */
  readonly lifetimeMs?: number;
}

/** Options of {@link createEndpoint}. */
export interface EndpointOptions {
  /** WSDL file; its policies are the description of security. */
  readonly wsdl: string;
  /** node-soap's service object, unchanged: `{ Service: { Port: { Operation(args) {} } } }`. */
  readonly services: object;
  /** Key ring file. */
  readonly ring: string;
  /** Users file, or a function that checks a user name and password. */
  readonly authenticate: string | Authenticate;
  /** The service's X.509 certificate and private key (PEM), where a policy encrypts to it. */
  readonly certificate?: string;
  readonly key?: string;
  /** TLS certificate and key (PEM) for `listen({ https })`. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Base addresses that clients may send to (`https://host:port`): every node's and the balancer's. */
  readonly addresses: readonly string[];
  /** This node's name in answers of `currentContext()`. Default `node`. */
  readonly node?: string;
  /** Life of a conversation; default 10 h, never more than the ring's token life. */
  readonly lifetimeMs?: number;
  /** Difference of clocks that is tolerated; default 60 s, at most 300 s. */
  readonly clockSkewMs?: number;
  /** Contexts kept in this node's cache; default 10,000. */
  readonly cacheEntries?: number;
  /** WSDL ports to serve (default: all), with what they are told beside their policy. */
  readonly ports?: Readonly<Record<string, PortOverrides>>;
  readonly limits?: Partial<Limits>;
  /** Default: warnings and errors to standard error, one JSON line each. */
  readonly log?: Logger;
  /**
   * Called for each conversation that was cancelled here, so that the other nodes can be told. The Cancel is answered when it has settled:
   * from then on no node should take the conversation.
   */
  readonly onCancel?: (cancellation: Cancellation) => Promise<void> | void;
}

/** A served WSDL. */
export interface Endpoint {
  /** The pipeline as an express handler; mount it before any body parser. */
  middleware(): RequestHandler;
  /** Listens without express; may be called more than once. `0` is any free port. */
  listen(options: {
    http?: number;
    https?: number;
    host?: string;
    exclusive?: boolean;
  }): Promise<{ addresses: { http?: number; https?: number } }>;
  /** Stops accepting, finishes what is under way for at most `ms`, then closes. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
  statistics(): Statistics;
  /** Told of a conversation that was cancelled on another node. */
  cancelled(cancellation: Cancellation): void;
  readonly plans: readonly Plan[];
}

const defaults = { lifetimeMs: 36_000_000, clockSkewMs: 60_000, cacheEntries: 10_000, node: 'node' } as const;

/**
 * Serves a WSDL with WS-SecureConversation.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`, `CERTIFICATE_INVALID`,
 * `RING_INVALID` or `USERS_INVALID`, naming file and place
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const log = options.log ?? pino({ level: 'warn' }, pino.destination(2));
  const clockSkewMs = inRange('clockSkewMs', options.clockSkewMs ?? defaults.clockSkewMs, 0, 300_000);
  const names = options.ports && Object.keys(options.ports);
  const plans = compilePolicy(options.wsdl, names === undefined ? {} : { ports: names });
  for (const plan of plans) {
    checkOffered(plan);
    checkServed(plan, options.services);
  }
  const certificates = ownCertificates(options, plans);
  const ring = keepRing(options.ring, {
    nowMs: Date.now,
    onError: error => log.error({ err: error }, 'key ring not read'),
  });
  const state = cookieMode({
    ring: () => ring.ring(),
    stale: () => ring.stale(),
    cacheEntries: inRange('cacheEntries', options.cacheEntries ?? defaults.cacheEntries, 1, 10_000_000),
    refresh: () => ring.refresh(),
    random: randomBytesPooled,
  });
  const parts: EndpointParts = {
    service: openService(options.wsdl, readFileSync(options.wsdl, 'utf8'), options.services),
    authenticate: authenticator(options.authenticate),
    ownCertificates: certificates,
    spend: spender(clockSkewMs),
    announce: announcer(options.onCancel, log),
    node: options.node ?? defaults.node,
    clockSkewMs,
    limits: { ...defaultLimits, ...options.limits },
    log,
    counters: counters(),
    random: randomBytesPooled,
    clock: Date.now,
  };
  const ports = plans.map(plan =>
    servePort(plan, options.addresses, { state, parts, lifetimeMs: lifetimeOf(plan, options, ring) }),
  );
  return endpointOf(ports, options, { ring, state, parts });
}

interface Running {
  readonly ring: RingKeeper;
  readonly state: StateMode;
  readonly parts: EndpointParts;
}

function endpointOf(ports: readonly ServedPort[], options: EndpointOptions, { ring, state, parts }: Running): Endpoint {
  const servers: Server[] = [];
  const sockets: Listening[] = [];
  const served: Served = {
    ports: new Map(ports.map(port => [port.path, port])),
    wsdl: publishedWsdl(options.wsdl, ports, sockets),
    maxBytes: parts.limits.maxBytes,
    ready: parts.service.ready,
    isDraining: false,
  };
  const shut = async (idleMs: number, allMs: number) => {
    served.isDraining = true;
    ring.close();
    await Promise.all(servers.splice(0).map(server => closeServer(server, idleMs, allMs)));
  };
  return {
    plans: ports.map(port => port.plan),
    middleware: () =>
      function secureConversationEndpoint(request: Request, response: Response, next: NextFunction) {
        if (served.ports.has(pathOf(request)) || served.wsdl(request) !== undefined)
          void serveRequest(request, response, served);
        else next();
      },
    async listen({ http, https, host, exclusive = false }) {
      const addresses: { http?: number; https?: number } = {};
      const open = async (port: number, tls: EndpointOptions['tls']) => {
        const server = await listenOn(served, { port, host, exclusive, tls });
        servers.push(server);
        return (server.address() as AddressInfo).port;
      };
      await parts.service.ready;
      if (http !== undefined) addresses.http = await open(http, undefined);
      if (https !== undefined) addresses.https = await open(https, requiredTls(options));
      sockets.push(addresses);
      return { addresses };
    },
    drain: ms => shut(Math.min(ms / 2, 1_000), ms),
    close: () => shut(0, 0),
    statistics: () => parts.counters.snapshot(),
    cancelled: ({ id, untilMs }) => state.cancelled(id, untilMs),
  };
}

/**
 * Stops accepting. A connection in use ends with its next answer (`Connection: close`), so that no request meets a closing socket; one
 * that stays idle is closed after `idleMs`, whatever is left after `allMs`.
 */
async function closeServer(server: Server, idleMs: number, allMs: number): Promise<void> {
  const timers = [
    setTimeout(() => server.closeIdleConnections(), idleMs),
    setTimeout(() => server.closeAllConnections(), allMs),
  ];
  await new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()));
  for (const timer of timers) clearTimeout(timer);
}

/** Never longer than the ring's keys open what they sealed. */
function lifetimeOf(plan: Plan, options: EndpointOptions, ring: RingKeeper): () => number {
  const wanted = options.ports?.[plan.port]?.lifetimeMs ?? options.lifetimeMs ?? defaults.lifetimeMs;
  inRange('lifetimeMs', wanted, 1_000, 7 * 86_400_000);
  return () => Math.min(wanted, ring.ring().policy.lifeMs);
}

/** A message is remembered as long as it could still be accepted, by a clock that is never set back. */
function spender(clockSkewMs: number): EndpointParts['spend'] {
  const table = replayTable();
  const retainMs = timestampTtlMs + 2 * clockSkewMs;
  return key => table.insert(key, performance.now(), retainMs);
}

/** The conversation has ended here in any case: what goes wrong with the others is no fault of the client that is answered. */
function announcer(onCancel: EndpointOptions['onCancel'], log: Logger): EndpointParts['announce'] {
  return async cancellation => {
    try {
      await onCancel?.(cancellation);
    } catch (err) {
      log.error({ err }, 'the other nodes may not know of a cancelled conversation');
    }
  };
}

function authenticator(authenticate: EndpointOptions['authenticate']): Authenticate {
  if (typeof authenticate === 'function') return authenticate;
  const users = openUsers(authenticate);
  return (username, password) => users.authenticate(username, password);
}

function ownCertificates(options: EndpointOptions, plans: readonly Plan[]): OwnCertificate[] {
  const { certificate, key } = options;
  if (certificate !== undefined && key !== undefined) return [loadCertificate(certificate, key)];
  const needing = plans.find(plan => plan.bootstrap.request.protection.kind === 'symmetric');
  if (needing === undefined) return [];
  throw new SecureConversationError(
    'CONFIG_INVALID',
    `port ${needing.port} needs the service's certificate and private key`,
    {
      hint: 'give certificate and key (PEM)',
    },
  );
}

/** Without an object for the port node-soap would answer every call with an empty Body. */
function checkServed({ service, port }: Plan, services: object): void {
  const { [service.local]: ports } = services as Partial<Record<string, Partial<Record<string, unknown>>>>;
  if (typeof ports?.[port] === 'object' && ports[port] !== null) return;
  throw new SecureConversationError('CONFIG_INVALID', `services has no ${service.local}.${port}`, {
    hint: 'give the service object of node-soap, or name the ports to serve in ports',
  });
}

function requiredTls({ tls }: EndpointOptions): NonNullable<EndpointOptions['tls']> {
  if (tls !== undefined) return tls;
  throw new SecureConversationError('CONFIG_INVALID', 'listening on https needs a TLS certificate and key', {
    hint: 'give tls',
  });
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw new SecureConversationError('CONFIG_INVALID', `${name} is ${value}, allowed are ${min} to ${max}`);
}
