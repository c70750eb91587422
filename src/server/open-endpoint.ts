import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Awaitable } from '../awaitable.ts';
import type { ContextLife } from '../conversation/context-life.ts';
import { type IssueRate, issueLimit } from '../conversation/issue-rate.ts';
import type { PemPair } from '../crypto/pkcs12.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { ChangeableTrust } from '../crypto/trust.ts';
import type { OwnCertificate } from '../crypto/x509.ts';
import { ConfigurationError } from '../errors.ts';
import type { RingKeeper } from '../keyring/keeper.ts';
import { largeMessages } from '../message/large-messages.ts';
import type { PolicyPort } from '../policy/explain-policy.ts';
import { asksForClientCertificate, hasConversation, type Plan } from '../policy/plan.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import { cancelList } from '../state/cancel-list.ts';
import type { Cancellation } from '../state/cancellation.ts';
import { openState } from '../state/open-state.ts';
import { revocable } from '../state/revocable.ts';
import { revokedBefore } from '../state/revoked.ts';
import type { StateName } from '../state/several-modes.ts';
import type { StateMode } from '../state/state-mode.ts';
import type { Store } from '../store/store.ts';
import { addressList } from '../users/addresses.ts';
import type { Limits } from '../xml/limits.ts';
import { openAccessLog } from './access-log.ts';
import { announcer, teller } from './announce.ts';
import { type Authorities, takeAuthorities } from './authorities.ts';
import { type ChangeableLimits, changeableLimits } from './changeable-limits.ts';
import { contextBearer } from './context-bearer.ts';
import type { EndpointSettings } from './endpoint-options.ts';
import { type ListenOptions, listenOptions } from './listen-options.ts';
import { closeServer, listenOn, useTls } from './listener.ts';
import type { Log } from './log.ts';
import { type Middleware, mountedPipeline } from './middleware.ts';
import { type Certificates, takeCertificates } from './own-pairs.ts';
import { type PortParts, type ServedPort, servePort } from './port.ts';
import type { Outside } from './port-addresses.ts';
import { type Listening, publishedWsdl } from './published-wsdl.ts';
import { nodeReadiness, type Readiness } from './readiness.ts';
import { claimer, spender } from './replays.ts';
import type { Served } from './requests.ts';
import { routesOf } from './routes.ts';
import type { LeftOutPort } from './servable-plans.ts';
import { openService, type Service } from './service.ts';
import type { SoapHeaders } from './soap-headers.ts';
import { counters, type Statistics } from './statistics.ts';
import { unprovenFailures } from './unproven.ts';

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
export interface Endpoint extends SoapHeaders {
  /**
   * The pipeline as a handler for express, connect and bare node:http; mount it before any body parser. {@link drain}
   * waits for what is under way in it; from then on it answers 503.
   */
  middleware(): Middleware;
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
  /** How this node is, as `/readyz` says it where it listens by itself. */
  readiness(): Readiness;
  /**
   * Told of a conversation that was cancelled on another node.
   * @returns false where it can't be remembered: then this node still takes the conversation
   */
  cancelled(cancellation: Cancellation): Awaitable<boolean>;
  /**
   * Uses other certificates from now on, `tls` for new connections. What is still encrypted to the certificate before
   * is opened, too.
   * @throws {SecureConversationError} `CERTIFICATE_INVALID` for what can't be used, a key of another certificate among
   * it; then all stays as it is
   */
  useCertificates(certificates: Certificates): void;
  /**
   * Trusts peers by other certificates from now on: clients with their next message that shows one, also in connections
   * that are there; the issuer in new ones.
   * @throws {SecureConversationError} `CERTIFICATE_INVALID` for what holds none, `CONFIG_INVALID` for what nobody here
   * is trusted by; then all stays as it is
   */
  useAuthorities(authorities: Authorities): void;
  /**
   * Holds messages to other limits from now on; what is not named has its default.
   * @throws {SecureConversationError} `CONFIG_INVALID` for what can't be a limit; then all stay as they are
   */
  useLimits(limits: Partial<Limits>): void;
  /** The WSDL ports that are served. */
  readonly plans: readonly PolicyPort[];
  /** Those that `skipUnsupported` left out, with what is wrong with them. */
  readonly leftOut: readonly LeftOutPort[];
}

/** Settings of which nothing has to be opened. */
type ServingSettings = Pick<
  EndpointSettings,
  | 'absoluteLifetimeMs'
  | 'acceptState'
  | 'accessLog'
  | 'addresses'
  | 'cacheEntries'
  | 'clockSkewMs'
  | 'idleMs'
  | 'issueRate'
  | 'lifetimeMs'
  | 'limits'
  | 'maxRenewals'
  | 'minRsaBits'
  | 'mounted'
  | 'node'
  | 'onCancel'
  | 'onEvent'
  | 'ports'
  | 'replay'
  | 'publicAddress'
  | 'rolloverMs'
  | 'tls'
  | 'tlsOffloadedFrom'
  | 'trustedProxies'
>;

/** What an endpoint is composed of. Nothing else is opened for it, and it knows no other clock and no other chance. */
export interface EndpointParts extends PortsParts {
  readonly wsdl: Wsdl;
  /** node-soap's service object. */
  readonly services: object;
  /** Ports that are not served; default: none. */
  readonly leftOut?: readonly LeftOutPort[];
  readonly settings: ServingSettings & Pick<EndpointSettings, 'operationTimeoutMs'>;
  /** Closes what was opened for this endpoint alone. */
  readonly release: () => Promise<void>;
}

/** What ports are composed of. */
export interface PortsParts extends Pick<PortParts, 'authenticate' | 'userOfCertificate' | 'openKey' | 'relay'> {
  /** What the certificates of clients are held against, by the name of the port; absent: that port believes none. */
  readonly trusts: ReadonlyMap<string, ChangeableTrust>;
  /** What messages are encrypted to: the first now, and what was before it. */
  readonly ownCertificates: OwnCertificate[];
  /** The ports that are served. */
  readonly plans: readonly Plan[];
  /** How many password checks wait. */
  readonly passwordQueue: () => number;
  readonly ring: RingKeeper;
  /** A state mode, or the name of one of ours. */
  readonly state: StateName | StateMode;
  readonly store: Store;
  readonly settings: ServingSettings;
  readonly log: Log;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds of a clock that is never set back. */
  readonly steadyClock: () => number;
}

/** Ports with what they have in common. */
export interface OpenPorts {
  readonly ports: readonly ServedPort[];
  readonly shared: Omit<PortParts, 'claim'>;
  readonly state: StateMode;
  readonly limits: ChangeableLimits;
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
  const { wsdl, services, settings } = parts;
  const ports = parts.plans.map(({ port }) => port);
  const service = openService(wsdl, ports, services, settings.operationTimeoutMs);
  const open = openPorts(parts, service);
  const { soapHeaders } = service;
  const composed = { ...parts, ...open, soapHeaders, readiness: readinessFor(parts) };
  return { endpoint: endpointOf(open.ports, composed), ports: open.ports, ready: service.ready };
}

/** Composes ports. @param service what their operations are called of */
export function openPorts(parts: PortsParts, service: Service): OpenPorts {
  const { plans, settings, ring, log, random, clock } = parts;
  const { passwordQueue } = parts;
  const counted = counters({ plans, passwordQueue, onEvent: teller(settings.onEvent, log) });
  const limits = changeableLimits(settings.limits);
  const claimOf = claimer({ ...parts, unclaimed: counted.unclaimed });
  const shared: Omit<PortParts, 'claim'> = {
    service,
    relay: parts.relay,
    authenticate: parts.authenticate,
    userOfCertificate: parts.userOfCertificate,
    openKey: parts.openKey,
    ownCertificates: parts.ownCertificates,
    unproven: unprovenFailures(parts.steadyClock),
    ...spender(Math.max(...plans.map(plan => skewOf(plan, settings))), parts.steadyClock),
    mayIssue: issuer(settings.issueRate, parts.steadyClock),
    announce: announcer(settings.onCancel, 'a cancelled conversation', log),
    bearerToken: (context, wanted) => contextBearer(context, wanted, ring, { nowMs: clock(), random }),
    node: settings.node,
    clockSkewMs: settings.clockSkewMs,
    limits: limits.current,
    log,
    counters: counted,
    random,
    clock,
    steadyClock: parts.steadyClock,
  };
  const state = revocable(stateOf(parts), revokedBefore(parts.store, { clock, random }));
  const ports = plans.map(plan =>
    servePort(plan, outsideOf(plan, settings), {
      state,
      trust: parts.trusts.get(plan.port),
      parts: {
        ...shared,
        clockSkewMs: skewOf(plan, settings),
        claim: claimOf(settings.ports?.[plan.port]?.replay ?? settings.replay, plan, skewOf(plan, settings)),
      },
      life: lifeOf(plan, settings, ring),
    }),
  );
  return { ports, shared, state, limits };
}

type Composed = EndpointParts &
  OpenPorts & { readonly soapHeaders: SoapHeaders; readonly readiness: (isDraining: boolean) => Readiness };

function endpointOf(ports: readonly ServedPort[], composed: Composed): Endpoint {
  const { wsdl, settings, state, shared, limits, release } = composed;
  const asksForCertificate = ports.some(({ plan }) => asksForClientCertificate(plan));
  const servers = new Set<Server>();
  let { tls: present } = settings;
  const sockets: Listening[] = [];
  const readiness = () => composed.readiness(served.isDraining);
  const trustedProxies = addressList(settings.trustedProxies);
  const large = largeMessages(() => limits.current().maxLargeMessages);
  const served: Served = {
    ports: routesOf(ports, pathsOf),
    wsdl: publishedWsdl(wsdl, ports, { sockets, trustedProxies }),
    readiness,
    mounted: settings.mounted,
    maxBytes: () => limits.current().maxBytes,
    large,
    trustedProxies,
    tlsOffloadedFrom: addressList(settings.tlsOffloadedFrom),
    ready: shared.service.ready,
    isDraining: false,
    isClosed: false,
    refused: shared.counters.refused,
    log: shared.log,
    accessLog: settings.accessLog ? openAccessLog(shared.log, shared.steadyClock) : undefined,
  };
  const mounted = mountedPipeline(served);
  const closeAll = async (closing: Iterable<Server>, allMs: number) => {
    const all = [...closing];
    for (const server of all) servers.delete(server);
    await Promise.all(all.map(server => closeServer(server, allMs)));
  };
  const shut = async (allMs: number) => {
    served.isDraining = true;
    await Promise.all([closeAll(servers, allMs), mounted.settle(allMs)]);
    served.isClosed = true;
    await release();
  };
  const close = () => shut(0);
  return {
    ...composed.soapHeaders,
    plans: ports.map(port => port.plan),
    leftOut: composed.leftOut ?? [],
    middleware: () => mounted.handle,
    async listen(options) {
      const { http, https, host, exclusive } = listenOptions.read(options, { of: 'listen', path: '' });
      const addresses: { http?: number; https?: number } = {};
      const tls = https === undefined ? undefined : requiredTls(present);
      const opened: Server[] = [];
      const open = async (port: number, tlsOfPort: ServingSettings['tls']) => {
        const server = await listenOn(served, { port, host, exclusive, tls: tlsOfPort, asksForCertificate });
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
        await closeAll(opened, 0);
        throw error;
      }
      sockets.push(addresses);
      return { addresses, drain: shut, close };
    },
    drain: shut,
    close,
    statistics: () => shared.counters.snapshot(),
    readiness,
    useCertificates({ service, tls, issuer }) {
      present = takeCertificates({ service, tls, issuer }, composed) ?? present;
      if (tls === undefined || present === undefined) return;
      for (const server of servers) useTls(server, present, { asksForCertificate });
    },
    useAuthorities: authorities => takeAuthorities(authorities, composed),
    useLimits: limits.change,
    cancelled: cancellation => state.cancelled(cancellation, shared.clock()),
  };
}

function stateOf({ state, ring, store, random, settings }: PortsParts): StateMode {
  if (typeof state !== 'string') return state;
  const { acceptState, idleMs, cacheEntries, rolloverMs } = settings;
  return openState({ state, acceptState, idleMs, keeper: ring, store, random, cacheEntries, rolloverMs });
}

/** What says how a node is. A state mode of somebody else may not need to know what was cancelled. */
export function readinessFor({ ring, store, state, settings, clock }: PortsParts): (isDraining: boolean) => Readiness {
  const cancels = typeof state === 'string' ? [cancelList(store, clock)] : [];
  const ended = [...cancels, revokedBefore(store, { clock })];
  return nodeReadiness({ ring, store, ended, clockSkewMs: settings.clockSkewMs, clock });
}

/**
 * Never longer than the ring's keys open what they sealed. A conversation that can't be renewed ends with its one
 * Instance.
 */
function lifeOf(plan: Plan, settings: ServingSettings, ring: RingKeeper): () => ContextLife {
  const { port } = plan;
  const mayRenew = hasConversation(plan) && plan.mayRenew;
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

function outsideOf({ port }: Plan, { addresses, ports, publicAddress }: ServingSettings): Outside {
  return { addresses, publicAddress: ports?.[port]?.publicAddress ?? publicAddress };
}

/** The paths that a port is found at: a balancer may take the public address's own away, or leave it. */
function pathsOf({ addresses: { path, publicPath = path } }: ServedPort): readonly string[] {
  return [path, publicPath];
}

function skewOf({ port }: Plan, { ports, clockSkewMs }: ServingSettings): number {
  return ports?.[port]?.clockSkewMs ?? clockSkewMs;
}

function issuer(rate: IssueRate, steadyClock: () => number): PortParts['mayIssue'] {
  const limit = issueLimit(rate);
  return user => limit.take(user, steadyClock());
}

function requiredTls(tls: PemPair | undefined): PemPair {
  if (tls !== undefined) return tls;
  throw new ConfigurationError('CONFIG_INVALID', 'listening on https needs a TLS certificate and key', {
    hint: 'give tls',
  });
}
