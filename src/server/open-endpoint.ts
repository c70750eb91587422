import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Awaitable } from '../awaitable.ts';
import type { PemPair } from '../crypto/pkcs12.ts';
import { ConfigurationError } from '../errors.ts';
import { largeMessages } from '../message/large-messages.ts';
import type { PolicyPort } from '../policy/explain-policy.ts';
import { asksForClientCertificate, plansByPort } from '../policy/plan.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import type { Cancellation } from '../state/cancellation.ts';
import { addressList } from '../users/addresses.ts';
import type { Limits } from '../xml/limits.ts';
import { openAccessLog } from './access-log.ts';
import { type Authorities, takeAuthorities } from './authorities.ts';
import type { EndpointSettings } from './endpoint-options.ts';
import { type ListenOptions, listenOptions } from './listen-options.ts';
import { closeServer, listenOn, useTls } from './listener.ts';
import { type Middleware, mountedPipeline } from './middleware.ts';
import { type OpenPorts, openPorts, type PortsParts, readinessFor, type ServingSettings } from './open-ports.ts';
import { type Certificates, takeCertificates } from './own-pairs.ts';
import type { ServedPort } from './port.ts';
import { type Listening, publishedWsdl } from './published-wsdl.ts';
import type { Readiness } from './readiness.ts';
import type { Served } from './requests.ts';
import { routesOf } from './routes.ts';
import type { LeftOutPort } from './servable-plans.ts';
import { openService } from './service.ts';
import type { SoapHeaders } from './soap-headers.ts';
import type { Statistics } from './statistics.ts';

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

/** An endpoint, and its ports for messages that come otherwise than over its sockets. */
export interface OpenEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: readonly ServedPort[];
  /** Settles when the service behind can be called; rejects where node-soap can't read the WSDL. */
  readonly ready: Promise<void>;
}

/** Composes an endpoint. */
export function openEndpoint(parts: EndpointParts): OpenEndpoint {
  const { wsdl, services, settings } = parts;
  const ports = plansByPort(parts.plans).map(([{ port }]) => port);
  const service = openService(wsdl, ports, services, settings.operationTimeoutMs);
  const open = openPorts(parts, service);
  const { soapHeaders } = service;
  const composed = { ...parts, ...open, soapHeaders, readiness: readinessFor(parts) };
  return { endpoint: endpointOf(open.ports, composed), ports: open.ports, ready: service.ready };
}

type Composed = EndpointParts &
  OpenPorts & { readonly soapHeaders: SoapHeaders; readonly readiness: (isDraining: boolean) => Readiness };

function endpointOf(ports: readonly ServedPort[], composed: Composed): Endpoint {
  const { wsdl, settings, state, shared, limits, release } = composed;
  const asksForCertificate = composed.plans.some(asksForClientCertificate);
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

/** The paths that a port is found at: a balancer may take the public address's own away, or leave it. */
function pathsOf({ addresses: { path, publicPath = path } }: ServedPort): readonly string[] {
  return [path, publicPath];
}

function requiredTls(tls: PemPair | undefined): PemPair {
  if (tls !== undefined) return tls;
  throw new ConfigurationError('CONFIG_INVALID', 'listening on https needs a TLS certificate and key', {
    hint: 'give tls',
  });
}
