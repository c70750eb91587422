import type { IncomingMessage } from 'node:http';
import { wsdlFor } from '../policy/publish.ts';
import type { Wsdl } from '../policy/wsdl.ts';
import { parseHost } from './host.ts';
import type { ServedPort } from './port.ts';
import { pathOf } from './requests.ts';

/** TCP ports that were opened by one call of `listen`. */
export interface Listening {
  readonly http?: number;
  readonly https?: number;
}

/**
 * The WSDL as this node publishes it: `/?wsdl` whole, `/<Port>?wsdl` that port alone; the host as it was asked for,
 * scheme and TCP port of this node for each binding.
 * @returns what writes the WSDL for the path of a request; undefined where it has none
 * @param sockets what is listened on; grows as listening begins
 */
export function publishedWsdl(
  wsdl: Wsdl,
  ports: readonly ServedPort[],
  sockets: readonly Listening[],
): (request: IncomingMessage) => (() => string) | undefined {
  return request => {
    const path = pathOf(request);
    const asked = path === '/' ? ports : ports.filter(port => port.path === path);
    if (asked.length === 0) return undefined;
    const addressOf = (name: string) =>
      addressFor(
        ports.find(port => port.plan.port === name),
        request,
        sockets,
      );
    const whole = asked.length === wsdl.ports.length;
    return () => wsdlFor(wsdl, whole ? { addressOf } : { ports: asked.map(port => port.plan.port), addressOf });
  };
}

/**
 * Address of a port: over the socket that was asked where its scheme fits, else over the one that was opened together
 * with it; undefined, so that the file's own is left, where somebody else listens (express).
 */
function addressFor(
  port: ServedPort | undefined,
  request: IncomingMessage,
  sockets: readonly Listening[],
): string | undefined {
  if (port === undefined) return undefined;
  const scheme = port.plan.transport;
  const asked = 'encrypted' in request.socket ? 'https' : 'http';
  const { localPort } = request.socket;
  const together = sockets.find(pair => pair[asked] === localPort) ?? sockets.find(pair => pair[scheme] !== undefined);
  const tcpPort = asked === scheme ? localPort : together?.[scheme];
  return tcpPort === undefined ? undefined : `${scheme}://${hostOf(request)}:${tcpPort}${port.path}`;
}

/** The host name as it was asked for, if it is one; the header is the peer's word and goes into XML. */
function hostOf({ headers: { host } }: IncomingMessage): string {
  return parseHost(host ?? '')?.name ?? 'localhost';
}
