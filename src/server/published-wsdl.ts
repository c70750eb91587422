import type { IncomingMessage } from 'node:http';
import { needsServiceCertificate } from '../policy/plan.ts';
import { wsdlFor } from '../policy/publish.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import type { AddressList } from '../users/addresses.ts';
import { schemeOf } from './connection.ts';
import { isForwardedTo } from './forwarded.ts';
import { mountPathOf } from './mount-path.ts';
import { alternativesOf, type ServedPort } from './port.ts';
import type { PortAddresses } from './port-addresses.ts';
import { pathOf } from './request-path.ts';

/** TCP ports that were opened by one call of `listen`. */
export interface Listening {
  readonly http?: number;
  readonly https?: number;
}

/** What a node knows of the way that clients take. */
export interface Way {
  /** What is listened on; grows as listening begins. */
  readonly sockets: readonly Listening[];
  /** The proxies that are believed which address a client was sent to. */
  readonly trustedProxies: AddressList;
}

/**
 * The WSDL as this node publishes it: `/?wsdl` whole, `/<Port>?wsdl` that port alone, below the path of the public
 * address as well. Each port has its public address or, where there is none, one of the farm's. Where clients encrypt
 * to the service's certificate, the port has that one as its Identity.
 * @returns what writes the WSDL for the path of a request; undefined where it has none
 */
export function publishedWsdl(
  wsdl: Wsdl,
  ports: readonly ServedPort[],
  way: Way,
): (request: IncomingMessage) => (() => string) | undefined {
  return request => {
    const path = pathOf(request);
    const asked = ports.filter(({ addresses }) => isAskedFor(path, addresses));
    if (asked.length === 0) return undefined;
    const addressOf = (name: string) => {
      const port = ports.find(one => one.plan.port === name);
      return port && publishedAddress(overTls(port), request, way);
    };
    const whole = asked.length === wsdl.ports.length;
    const filledBy = { addressOf, certificateOf: (name: string) => certificateOf(ports, name) };
    return () => wsdlFor(wsdl, whole ? filledBy : { ports: asked.map(port => port.plan.port), ...filledBy });
  };
}

/** The certificate that the clients of a port encrypt to now, in DER. */
function certificateOf(ports: readonly ServedPort[], name: string): Uint8Array | undefined {
  const port = ports.find(one => one.plan.port === name);
  if (port === undefined || !alternativesOf(port).some(({ plan }) => needsServiceCertificate(plan))) return undefined;
  return port.parts.ownCertificates[0]?.certificate.raw;
}

function isAskedFor(asked: string, { path, publicPath = path }: PortAddresses): boolean {
  const above = publicPath.slice(0, publicPath.length - path.length);
  return ['/', path, publicPath, above].includes(asked);
}

/** The alternative whose address does for all: what one of them wants TLS for, the others may have over TLS, too. */
function overTls(port: ServedPort): ServedPort {
  return alternativesOf(port).find(({ plan }) => plan.transport === 'https') ?? port;
}

/**
 * The address that a port is published with. Nothing of it is the peer's word: where there are several, a proxy that is
 * trusted or the socket that was asked says which; undefined, so that the file's own is left, where there is none.
 */
function publishedAddress({ addresses, plan }: ServedPort, request: IncomingMessage, way: Way): string | undefined {
  const { published, bases, path } = addresses;
  if (published !== undefined) return published;
  const base = forwardedBase(bases, request, way) ?? ownBase(bases, plan.transport, request, way) ?? bases[0];
  return base === undefined ? undefined : `${base}${mountPathOf(request)}${path}`;
}

function forwardedBase(bases: readonly string[], { socket, headers }: IncomingMessage, way: Way): string | undefined {
  if (!way.trustedProxies(socket.remoteAddress ?? '')) return undefined;
  return bases.find(base => isForwardedTo(new URL(base), headers));
}

/** The address of the socket that was asked, or of the one that was opened together with it. */
function ownBase(
  bases: readonly string[],
  scheme: 'http' | 'https',
  { socket }: IncomingMessage,
  { sockets }: Way,
): string | undefined {
  const asked = schemeOf(socket);
  const together = sockets.find(pair => pair[asked] === socket.localPort);
  const tcpPort = asked === scheme ? socket.localPort : together?.[scheme];
  return bases.find(base => tcpPort !== undefined && new URL(base).port === String(tcpPort));
}
