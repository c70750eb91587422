import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Awaitable } from '../awaitable.ts';
import type { ContextLife } from '../conversation/context-life.ts';
import { type IssueRate, issueLimit } from '../conversation/issue-rate.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { TlsCertificate } from '../crypto/tls-certificates.ts';
import { ConfigurationError } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import type { PolicyPort } from '../policy/explain-policy.ts';
import type { Plan } from '../policy/plan.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import { timestampTtlMs } from '../security/timestamp.ts';
import type { Cancellation } from '../state/cancellation.ts';
import { cookieMode } from '../state/cookie-mode.ts';
import { replayTable } from '../state/replay.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { addressList } from '../users/addresses.ts';
import { announcer } from './announce.ts';
import { contextBearer } from './context-bearer.ts';
import type { EndpointSettings } from './endpoint-options.ts';
import { type ListenOptions, listenOptions } from './listen-options.ts';
import { closeServer, listenOn } from './listener.ts';
import type { Log } from './log.ts';
import { type PortParts, type ServedPort, servePort } from './port.ts';
import { type Listening, publishedWsdl } from './published-wsdl.ts';
import { pathOf, type Served, serveRequest, wsdlOf } from './requests.ts';
import { openService } from './service.ts';
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
   * @throws {SecureConversationError} `LISTEN_FAILED`, or `CONFIG_INVALID` for an option that can't be, as `https` is
   * without `tls`
   */
  listen(options: ListenOptions): Promise<EndpointListener>;
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

/** Settings of which nothing has to be opened. */
type ServingSettings = Pick<
  EndpointSettings,
  | 'absoluteLifetimeMs'
  | 'addresses'
  | 'cacheEntries'
  | 'clockSkewMs'
  | 'issueRate'
  | 'lifetimeMs'
  | 'limits'
  | 'maxRenewals'
  | 'mounted'
  | 'node'
  | 'onCancel'
  | 'ports'
  | 'rolloverMs'
  | 'tls'
  | 'trustedProxies'
>;

/** What an endpoint is composed of. Nothing else is opened for it, and it knows no other clock and no other chance. */
export interface EndpointParts extends Pick<PortParts, 'authenticate' | 'openKey' | 'ownCertificates'> {
  readonly wsdl: Wsdl;
  /** The ports of it that are served. */
  readonly plans: readonly Plan[];
  /** node-soap's service object. */
  readonly services: object;
  readonly ring: RingKeeper;
  /** A state mode; `cookie`: the conversations' own tokens. */
  readonly state: 'cookie' | StateMode;
  readonly store: Store;
  readonly settings: ServingSettings;
  readonly log: Log;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steadyClock: () => number;
  /** Closes what was opened for this endpoint alone. */
  readonly release: () => Promise<void>;
}

/** An endpoint, and its ports for messages that come otherwise than over its sockets. */
export interface OpenEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: readonly ServedPort[];
  /** Settles when the service behind can be called; rejects where node-soap can't read the WSDL. */
  readonly ready: Promise<void>;
}

/** Lives where no option gives one: what can be renewed is short, so that what a password gave soon ends. */
const usualLifetimesMs = { renewable: 1_800_000, other: 36_000_000 } as const;

/** Composes an endpoint. */
export function openEndpoint(parts: EndpointParts): OpenEndpoint {
  const { plans, settings, ring, log, random, clock } = parts;
  const shared: PortParts = {
    service: openService(parts.wsdl.name, parts.wsdl.text, parts.services, log),
    authenticate: parts.authenticate,
    openKey: parts.openKey,
    ownCertificates: parts.ownCertificates,
    ...spender(Math.max(...plans.map(plan => skewOf(plan, settings))), parts.steadyClock),
    mayIssue: issuer(settings.issueRate, parts.steadyClock),
    announce: announcer(settings.onCancel, 'a cancelled conversation', log),
    bearerToken: (context, wanted) => contextBearer(context, wanted, ring, { nowMs: clock(), random }),
    node: settings.node,
    clockSkewMs: settings.clockSkewMs,
    limits: settings.limits,
    log,
    counters: counters(),
    random,
    clock,
  };
  const state = stateOf(parts);
  const ports = plans.map(plan =>
    servePort(plan, settings.addresses, {
      state,
      parts: { ...shared, clockSkewMs: skewOf(plan, settings) },
      life: lifeOf(plan, settings, ring),
    }),
  );
  return { endpoint: endpointOf(ports, { ...parts, shared, state }), ports, ready: shared.service.ready };
}

interface Composed extends EndpointParts {
  readonly shared: PortParts;
  readonly state: StateMode;
}

function endpointOf(ports: readonly ServedPort[], composed: Composed): Endpoint {
  const { wsdl, settings, state, shared, release } = composed;
  const servers = new Set<Server>();
  const sockets: Listening[] = [];
  const served: Served = {
    ports: new Map(ports.map(port => [port.path, port])),
    wsdl: publishedWsdl(wsdl, ports, sockets),
    mounted: settings.mounted,
    maxBytes: shared.limits.maxBytes,
    trustedProxies: addressList(settings.trustedProxies),
    ready: shared.service.ready,
    isDraining: false,
    log: shared.log,
  };
  const closeAll = async (closing: Iterable<Server>, idleMs: number, allMs: number) => {
    const all = [...closing];
    for (const server of all) servers.delete(server);
    await Promise.all(all.map(server => closeServer(server, idleMs, allMs)));
  };
  const shut = async (idleMs: number, allMs: number) => {
    served.isDraining = true;
    await closeAll(servers, idleMs, allMs);
    await release();
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
    async listen(options) {
      const { http, https, host, exclusive } = listenOptions.read(options, { of: 'listen', path: '' });
      const addresses: { http?: number; https?: number } = {};
      const tls = https === undefined ? undefined : requiredTls(settings);
      const opened: Server[] = [];
      const open = async (port: number, tlsOfPort: ServingSettings['tls']) => {
        const server = await listenOn(served, { port, host, exclusive, tls: tlsOfPort });
        opened.push(server);
        servers.add(server);
        return (server.address() as AddressInfo).port;
      };
      await served.ready;
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
    statistics: () => shared.counters.snapshot(),
    cancelled: cancellation => state.cancelled(cancellation, shared.clock()),
  };
}

function stateOf({ state, ring, store, random, settings: { cacheEntries, rolloverMs } }: EndpointParts): StateMode {
  return state === 'cookie' ? cookieMode({ keeper: ring, store, random, cacheEntries, rolloverMs }) : state;
}

/**
 * Never longer than the ring's keys open what they sealed. A conversation that can't be renewed ends with its one
 * Instance.
 */
function lifeOf({ port, mayRenew }: Plan, settings: ServingSettings, ring: RingKeeper): () => ContextLife {
  const own = settings.ports?.[port];
  const usualMs = mayRenew ? usualLifetimesMs.renewable : usualLifetimesMs.other;
  const lifetimeMs = own?.lifetimeMs ?? settings.lifetimeMs ?? usualMs;
  const absoluteMs = own?.absoluteLifetimeMs ?? settings.absoluteLifetimeMs;
  const maxRenewals = own?.maxRenewals ?? settings.maxRenewals;
  return () => {
    const { lifeMs } = ring.ring().policy;
    return {
      lifetimeMs: Math.min(lifetimeMs, lifeMs),
      absoluteLifetimeMs: mayRenew ? Math.min(absoluteMs, lifeMs) : 0,
      maxRenewals,
    };
  };
}

function skewOf({ port }: Plan, { ports, clockSkewMs }: ServingSettings): number {
  return ports?.[port]?.clockSkewMs ?? clockSkewMs;
}

/**
 * A message is remembered as long as it could still be accepted, by a clock that is never set back.
 * @param clockSkewMs the most that any port tolerates
 */
function spender(clockSkewMs: number, steadyClock: () => number): Pick<PortParts, 'spend' | 'isSpent'> {
  const table = replayTable();
  const retainMs = timestampTtlMs + 2 * clockSkewMs;
  return {
    spend: key => table.insert(key, steadyClock(), retainMs),
    isSpent: key => table.has(key, steadyClock()),
  };
}

function issuer(rate: IssueRate, steadyClock: () => number): PortParts['mayIssue'] {
  const limit = issueLimit(rate);
  return user => limit.take(user, steadyClock());
}

function requiredTls({ tls }: ServingSettings): TlsCertificate {
  if (tls !== undefined) return tls;
  throw new ConfigurationError('CONFIG_INVALID', 'listening on https needs a TLS certificate and key', {
    hint: 'give tls',
  });
}
