import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { certificatesIn } from '../crypto/tls-certificates.ts';
import { ConfigurationError } from '../errors.ts';
import { failAt, firstTwice } from '../fields.ts';
import { largeMessages } from '../message/large-messages.ts';
import { hasConversation, type Plan, plansByPort } from '../policy/plan.ts';
import { readWsdl, type Wsdl } from '../policy/wsdl.ts';
import { addressList } from '../users/addresses.ts';
import type { Limits } from '../xml/limits.ts';
import { openAccessLog } from './access-log.ts';
import { type Authorities, takeAuthorities } from './authorities.ts';
import { closeServer, type ListenOptions, listenOn, usePeers, useTls } from './listener.ts';
import { openLog } from './log.ts';
import { openParts, withGiven } from './open-parts.ts';
import { openPorts, readinessFor } from './open-ports.ts';
import { type Certificates, takeCertificates } from './own-pairs.ts';
import { type ServedPort, withAddresses } from './port.ts';
import { acceptedAt } from './port-addresses.ts';
import type { Readiness } from './readiness.ts';
import type { Served } from './requests.ts';
import { routesOf } from './routes.ts';
import { servablePlans } from './servable-plans.ts';
import type { Service } from './service.ts';
import type { Statistics } from './statistics.ts';
import { readStsOptions, type StsOptions, type StsSettings } from './sts-options.ts';

/** TCP ports of an issuer; 0 is any free one. */
export interface StsPorts {
  /** For clients who know it, without TLS: for ports whose policy asks for none. */
  readonly http?: number | undefined;
  /** For clients who know it. */
  readonly https?: number | undefined;
  /** For service nodes, by mutual TLS. */
  readonly relay?: number | undefined;
}

/** An issuer (Security Token Service, WS-Trust 1.3 §2.4) for the ports of services that run elsewhere. */
export interface Sts {
  /**
   * Listens; where one of the ports can't be listened on, none is. May be called more than once.
   * @returns the TCP ports
   * @throws {SecureConversationError} `LISTEN_FAILED`
   */
  listen(ports: StsPorts, host?: string): Promise<StsPorts>;
  /** Stops accepting, finishes what is under way for at most `ms`, then closes. */
  drain(ms: number): Promise<void>;
  statistics(): Statistics;
  /** How it is, as its `/readyz` says it. */
  readiness(): Readiness;
  /** As that of an endpoint: uses other certificates from now on. @throws {SecureConversationError} */
  useCertificates(certificates: Omit<Certificates, 'issuer'>): void;
  /**
   * As that of an endpoint: trusts peers by other certificates from now on. `relays` are those that vouch for service
   * nodes; connections that others have let in end with their next answer.
   * @throws {SecureConversationError}
   */
  useAuthorities(authorities: Omit<Authorities, 'issuer'> & { readonly relays?: string }): void;
  /** As `useLimits` of an endpoint. */
  useLimits(limits: Partial<Limits>): void;
}

/** No operation of a service is here, so none is ever called. */
const noService: Service = {
  ready: Promise.resolve(),
  call() {
    throw new TypeError('an issuer has no operations');
  },
};

/**
 * Makes an issuer: it issues, renews, cancels and validates tokens by the policies of the services' ports, and calls
 * nothing. What comes from a service node is for an address of the services, what comes from a client for one of its
 * own; neither is taken where the other is.
 * @throws {SecureConversationError} `CONFIG_INVALID`, `WSDL_INVALID`, `POLICY_INVALID`, `POLICY_UNSUPPORTED`,
 * `CERTIFICATE_INVALID`, `RING_INVALID`, `USERS_INVALID` or `STORE_INVALID`, naming file and place
 */
export function createSts(options: StsOptions): Sts {
  const settings = readStsOptions(options);
  const log = openLog(settings);
  const addresses = settings.addresses ?? [];
  const { plans, lacking } = withGiven({ ...settings, addresses, node: 'sts' }, plansOf(settings));
  for (const alternative of lacking) log.warn(alternative, 'alternative of a policy not served');
  const parts = openParts({ ...settings, addresses, node: 'sts' }, plans, log);
  const { ports, shared, limits } = openPorts(
    { ...parts, plans: plans.map(plan => ({ ...plan, operations: [] })) },
    noService,
  );
  const judged = readinessFor(parts);
  const readiness = () => judged(direct.isDraining);
  const large = largeMessages(() => limits.current().maxLargeMessages);
  const servedAs = (served: readonly ServedPort[]): Served => ({
    ports: routesOf(served, ({ addresses: { path } }) => [path]),
    wsdl: () => undefined,
    maxBytes: () => limits.current().maxBytes,
    large,
    trustedProxies: addressList(settings.trustedProxies),
    tlsOffloadedFrom: addressList(settings.tlsOffloadedFrom),
    ready: noService.ready,
    readiness,
    isDraining: false,
    isClosed: false,
    refused: shared.counters.refused,
    log,
    accessLog: settings.accessLog ? openAccessLog(log, parts.steadyClock) : undefined,
  });
  const direct = servedAs(
    ports.map(port => {
      const accepted = acceptedAt(port.addresses.path, settings.ownAddresses);
      return withAddresses(port, addresses => ({ ...addresses, accepted }));
    }),
  );
  const relayed: Served = { ...servedAs(ports), isRelayed: true };
  const servers: Server[] = [];
  const relayServers = new Set<Server>();
  let { tls, relays: peers } = settings;
  const close = (all: readonly Server[], ms: number) => Promise.all(all.map(server => closeServer(server, ms)));
  return {
    async listen(wanted, host) {
      const opened: { -readonly [Name in keyof StsPorts]: Server } = {};
      try {
        for (const [name, served, listening] of socketsOf(wanted, { tls, relays: peers }, { direct, relayed }))
          opened[name] = await listenOn(served, { ...listening, host, exclusive: false });
      } catch (error) {
        await close(Object.values(opened), 0);
        throw error;
      }
      servers.push(...Object.values(opened));
      if (opened.relay !== undefined) relayServers.add(opened.relay);
      return Object.fromEntries(
        Object.entries(opened).map(([name, server]) => [name, (server.address() as AddressInfo).port]),
      );
    },
    async drain(ms) {
      direct.isDraining = true;
      relayed.isDraining = true;
      await close(servers.splice(0), ms);
      await parts.release();
    },
    statistics: () => shared.counters.snapshot(),
    readiness,
    useLimits: limits.change,
    useCertificates(certificates) {
      tls = takeCertificates({ service: undefined, tls: undefined, ...certificates }, parts) ?? tls;
      if (tls === undefined) return;
      for (const server of servers) useTls(server, tls, relayServers.has(server) && peers ? { peers } : {});
    },
    useAuthorities({ relays, ...others }) {
      if (relays !== undefined && peers === undefined)
        failAt({ of: 'useAuthorities', path: 'relays' }, 'has no use: there are no relays');
      if (relays !== undefined) certificatesIn(relays, 'relays');
      takeAuthorities(others, parts);
      if (relays === undefined) return;
      peers = { ...peers, ca: relays };
      for (const server of relayServers) if (tls !== undefined) usePeers(server, tls, peers);
    },
  };
}

type Socket = readonly [name: keyof StsPorts, served: Served, listening: Pick<ListenOptions, 'port' | 'tls' | 'peers'>];

function socketsOf(
  { http, https, relay }: StsPorts,
  { tls, relays }: { readonly [Name in 'tls' | 'relays']: StsSettings[Name] | undefined },
  { direct, relayed }: { readonly direct: Served; readonly relayed: Served },
): readonly Socket[] {
  const missing = (what: string): never => {
    throw new ConfigurationError('CONFIG_INVALID', `the issuer can't listen there without ${what}`);
  };
  const sockets: Socket[] = [];
  if (http !== undefined) sockets.push(['http', direct, { port: http, tls: undefined }]);
  if (https !== undefined) sockets.push(['https', direct, { port: https, tls: tls ?? missing('tls') }]);
  if (relay !== undefined) {
    const peers = relays ?? missing('relays');
    sockets.push(['relay', relayed, { port: relay, tls: tls ?? missing('tls'), peers }]);
  }
  return sockets;
}

/** Plans of the ports of all WSDLs: each has a name and a path of its own, since a message says no more. */
function plansOf({ wsdls, ports, unprotectedPorts, ...choice }: StsSettings): Plan[] {
  const names = ports && Object.keys(ports);
  const read = wsdls.map(file => readWsdl(file));
  const unknown = [...(names ?? []), ...unprotectedPorts].find(name => !read.some(wsdl => hasPort(wsdl, name)));
  if (unknown !== undefined) throw new ConfigurationError('WSDL_INVALID', `no WSDL has a port ${unknown}`);
  const served = read.flatMap(wsdl => {
    const wanted = ports && Object.entries(ports).filter(([name]) => hasPort(wsdl, name));
    if (wanted?.length === 0) return [];
    const { plans } = servablePlans(wsdl, {
      ...choice,
      ports: wanted && Object.fromEntries(wanted),
      unprotectedPorts: unprotectedPorts.filter(name => hasPort(wsdl, name)),
    });
    return plansByPort(issuedPlans(plans, names));
  });
  for (const [what, values] of [
    ['name', served.map(([{ port }]) => port)],
    ['path', served.map(([{ address }]) => new URL(address).pathname)],
  ] as const) {
    const twice = values[firstTwice(values)];
    if (twice !== undefined)
      throw new ConfigurationError('WSDL_INVALID', `two ports have the ${what} ${twice}: they can't be told apart`, {
        hint: 'name the ports to issue for in ports, or start an issuer for each service',
      });
  }
  return served.flat();
}

/** Those that have a conversation: for others there is nothing to issue. @param names the ports that were asked for */
function issuedPlans(plans: readonly Plan[], names: readonly string[] | undefined): Plan[] {
  const [alone] = plansByPort(plans).find(port => names !== undefined && !port.some(hasConversation)) ?? [];
  if (alone !== undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${alone.port} has no conversation: there is nothing to issue`,
      {
        hint: 'leave it out of ports',
      },
    );
  return plans.filter(hasConversation);
}

function hasPort({ ports }: Wsdl, name: string): boolean {
  return ports.some(port => port.name === name);
}
