import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Awaitable } from '../awaitable.ts';
import { defaultIssueRate, issueLimit } from '../conversation/issue-rate.ts';
import { randomBytesPooled } from '../crypto/random.ts';
import { loadCertificate, type OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { openRing } from '../keyring/ring-source.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { PolicyPort } from '../policy/explain-policy.ts';
import { checkServable } from '../policy/offered.ts';
import { type Plan, tokenUseOf } from '../policy/plan.ts';
import { readWsdl, type Wsdl } from '../policy/wsdl.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import type { Cancellation } from '../state/cancel-list.ts';
import { cookieMode } from '../state/cookie-mode.ts';
import { replayTable } from '../state/replay.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { addressList } from '../users/addresses.ts';
import { loginsOf } from '../users/logins.ts';
import { defaultLimits } from '../xml/limits.ts';
import { announcer } from './announce.ts';
import { contextBearer } from './context-bearer.ts';
import { checkEndpointOptions, type EndpointOptions } from './endpoint-options.ts';
import { closeServer, listenOn } from './listener.ts';
import { boundedLog, standardErrorLog } from './log.ts';
import { type EndpointParts, type ServedPort, servePort } from './port.ts';
import { type Listening, publishedWsdl } from './published-wsdl.ts';
import { pathOf, type Served, serveRequest, wsdlOf } from './requests.ts';
import { openService } from './service.ts';
import { type UsedStore, usedStore } from './state-options.ts';
import { counters, type Statistics } from './statistics.ts';

/** What `listen()` has opened. */
export interface EndpointListener {
  /** TCP ports that are listened on now. */
  readonly addresses: { readonly http?: number; readonly https?: number };
  /** The endpoint's own: stops accepting, finishes what is under way for at most `ms`, then closes. */
  drain(ms: number): Promise<void>;
  /** The endpoint's own. */
  close(): Promise<void>;
}

/** A served WSDL. */
export interface Endpoint {
  /** The pipeline as an express handler; mount it before any body parser. */
  middleware(): (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
  /**
   * Listens without express; may be called more than once. `0` is any free port. Where one of two can't be listened on,
   * none is.
   * @throws {SecureConversationError} `LISTEN_FAILED`, or `CONFIG_INVALID` for `https` without `tls`
   */
  listen(options: { http?: number; https?: number; host?: string; exclusive?: boolean }): Promise<EndpointListener>;
  /** Stops accepting, finishes what is under way for at most `ms`, then closes. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
  statistics(): Statistics;
  /**
   * Told of a conversation that was cancelled on another node.
   * @returns false where it can't be remembered: then this node still takes the conversation
   */
  cancelled(cancellation: Cancellation): Awaitable<boolean>;
  /** The WSDL ports that are served. */
  readonly plans: readonly PolicyPort[];
}

const defaults = { lifetimeMs: 36_000_000, clockSkewMs: 60_000, node: 'node', store: new URL('memory:') } as const;

/**
 * Serves a WSDL with WS-SecureConversation.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`,
 * `CERTIFICATE_INVALID`, `RING_INVALID` or `USERS_INVALID`, naming file and place
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  checkEndpointOptions(options);
  const log = boundedLog(options.log ?? standardErrorLog());
  const names = options.ports && Object.keys(options.ports);
  const wsdl = readWsdl(options.wsdl);
  const plans = compilePolicy(wsdl, names === undefined ? {} : { ports: names });
  for (const plan of plans) {
    checkServable(plan);
    checkServed(plan, options.services);
  }
  const certificates = ownCertificates(options, plans);
  const used = usedStore(options.store ?? defaults.store, Date.now);
  const ring = openRing(options.ring, {
    nowMs: Date.now,
    onError: error => log.error({ err: error }, 'key ring not read'),
  });
  const state = stateOf(options, ring, used.store);
  const logins = loginsOf(options);
  const parts: EndpointParts = {
    service: openService(options.wsdl, wsdl.text, options.services, log),
    authenticate: logins.authenticate,
    openKey: logins.gate.openKey,
    ownCertificates: certificates,
    ...spender(Math.max(...plans.map(plan => skewOf(plan, options)))),
    mayIssue: issuer(options.issueRate),
    announce: announcer(options.onCancel, 'a cancelled conversation', log),
    bearerToken: (context, wanted) =>
      contextBearer(context, wanted, ring, { nowMs: Date.now(), random: randomBytesPooled }),
    node: options.node ?? defaults.node,
    clockSkewMs: options.clockSkewMs ?? defaults.clockSkewMs,
    limits: { ...defaultLimits, ...options.limits },
    log,
    counters: counters(),
    random: randomBytesPooled,
    clock: Date.now,
  };
  const ports = plans.map(plan =>
    servePort(plan, options.addresses, {
      state,
      parts: { ...parts, clockSkewMs: skewOf(plan, options) },
      lifetimeMs: lifetimeOf(plan, options, ring),
    }),
  );
  return endpointOf(ports, options, { wsdl, ring, used, state, parts });
}

interface Running {
  readonly wsdl: Wsdl;
  readonly ring: RingKeeper;
  readonly used: UsedStore;
  readonly state: StateMode;
  readonly parts: EndpointParts;
}

function endpointOf(ports: readonly ServedPort[], options: EndpointOptions, running: Running): Endpoint {
  const { wsdl, ring, used, state, parts } = running;
  const servers = new Set<Server>();
  const sockets: Listening[] = [];
  const served: Served = {
    ports: new Map(ports.map(port => [port.path, port])),
    wsdl: publishedWsdl(wsdl, ports, sockets),
    mounted: options.mounted,
    maxBytes: parts.limits.maxBytes,
    trustedProxies: addressList(options.trustedProxies ?? []),
    ready: parts.service.ready,
    isDraining: false,
    log: parts.log,
  };
  const closeAll = async (closing: Iterable<Server>, idleMs: number, allMs: number) => {
    const all = [...closing];
    for (const server of all) servers.delete(server);
    await Promise.all(all.map(server => closeServer(server, idleMs, allMs)));
  };
  const shut = async (idleMs: number, allMs: number) => {
    served.isDraining = true;
    // One that was given open is also others'.
    if (typeof options.ring === 'string') ring.close();
    await closeAll(servers, idleMs, allMs);
    await used.close();
  };
  const drain = (ms: number) => shut(Math.min(ms / 2, 1_000), ms);
  const close = () => shut(0, 0);
  return {
    plans: ports.map(port => port.plan),
    middleware: () =>
      function secureConversationEndpoint(request: IncomingMessage, response: ServerResponse, next: () => void) {
        if (served.ports.has(pathOf(request)) || wsdlOf(request, served) !== undefined)
          void serveRequest(request, response, served);
        else next();
      },
    async listen({ http, https, host, exclusive = false }) {
      const addresses: { http?: number; https?: number } = {};
      const tls = https === undefined ? undefined : requiredTls(options);
      const opened: Server[] = [];
      const open = async (port: number, tlsOfPort: EndpointOptions['tls']) => {
        const server = await listenOn(served, { port, host, exclusive, tls: tlsOfPort });
        opened.push(server);
        servers.add(server);
        return (server.address() as AddressInfo).port;
      };
      await parts.service.ready;
      try {
        if (http !== undefined) addresses.http = await open(http, undefined);
        if (https !== undefined) addresses.https = await open(https, tls);
      } catch (error) {
        // Who is told that it does not listen must not be left with one socket that does.
        await closeAll(opened, 0, 0);
        throw error;
      }
      sockets.push(addresses);
      return { addresses, drain, close };
    },
    drain,
    close,
    statistics: () => parts.counters.snapshot(),
    cancelled: cancellation => state.cancelled(cancellation, parts.clock()),
  };
}

function stateOf({ state = 'cookie', cacheEntries }: EndpointOptions, keeper: RingKeeper, store: Store): StateMode {
  if (state !== 'cookie') return state;
  const cache = cacheEntries === undefined ? {} : { cacheEntries };
  return cookieMode({ keeper, store, random: randomBytesPooled, ...cache });
}

/** Never longer than the ring's keys open what they sealed. */
function lifetimeOf(plan: Plan, options: EndpointOptions, ring: RingKeeper): () => number {
  const wanted = options.ports?.[plan.port]?.lifetimeMs ?? options.lifetimeMs ?? defaults.lifetimeMs;
  return () => Math.min(wanted, ring.ring().policy.lifeMs);
}

function skewOf({ port }: Plan, { ports, clockSkewMs }: EndpointOptions): number {
  return ports?.[port]?.clockSkewMs ?? clockSkewMs ?? defaults.clockSkewMs;
}

/**
 * A message is remembered as long as it could still be accepted, by a clock that is never set back.
 * @param clockSkewMs the most that any port tolerates
 */
function spender(clockSkewMs: number): Pick<EndpointParts, 'spend' | 'isSpent'> {
  const table = replayTable();
  const retainMs = timestampTtlMs + 2 * clockSkewMs;
  return {
    spend: key => table.insert(key, performance.now(), retainMs),
    isSpent: key => table.has(key, performance.now()),
  };
}

function issuer(rate: EndpointOptions['issueRate']): EndpointParts['mayIssue'] {
  const limit = issueLimit({ ...defaultIssueRate, ...rate });
  return user => limit.take(user, performance.now());
}

function ownCertificates(options: EndpointOptions, plans: readonly Plan[]): OwnCertificate[] {
  const { certificate, key } = options;
  if (certificate !== undefined && key !== undefined)
    return [loadCertificate(certificate, key, { certificate: 'certificate', key: 'key' })];
  const needing = plans.find(plan => tokenUseOf(plan.bootstrap.request)?.kind === 'encryptedKey');
  if (needing === undefined) return [];
  throw new ConfigurationError(
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
  throw new ConfigurationError('CONFIG_INVALID', `services has no ${service.local}.${port}`, {
    hint: 'give the service object of node-soap, or name the ports to serve in ports',
  });
}

function requiredTls({ tls }: EndpointOptions): NonNullable<EndpointOptions['tls']> {
  if (tls !== undefined) return tls;
  throw new ConfigurationError('CONFIG_INVALID', 'listening on https needs a TLS certificate and key', {
    hint: 'give tls',
  });
}
