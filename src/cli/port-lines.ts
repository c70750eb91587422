import type { PolicyPort } from '../policy/explain-policy.ts';
import type { ServeConfig } from './serve-config.ts';
import { columns } from './terminal.ts';

/** What of the configuration says where clients are sent. */
type Sent = Pick<ServeConfig, 'ports' | 'publicAddress' | 'tlsOffloadedFrom'>;

/**
 * A line for each port: where it is reached at this node, and where clients are sent.
 * @param bases base addresses that are listened on
 */
export function portLines(ports: readonly PolicyPort[], bases: readonly string[], sent: Sent): readonly string[] {
  return columns(
    ports.map(port => [port.port, `${placesOf(port, bases, sent)}${publishedOf(port, sent)}${protectionOf(port)}`]),
  );
}

function placesOf({ address, transport }: PolicyPort, bases: readonly string[], { tlsOffloadedFrom }: Sent): string {
  const path = new URL(address).pathname;
  const reaching = bases.filter(base => transport === 'http' || base.startsWith('https:'));
  if (reaching.length > 0) return reaching.map(base => `${base}${path}`).join('  ');
  if (tlsOffloadedFrom.length > 0) return `${bases[0]}${path} for the proxies that end TLS`;
  return 'nowhere: its policy wants TLS, which --https PORT gives';
}

function protectionOf({ isUnprotected }: PolicyPort): string {
  return isUnprotected ? ', unprotected: for anybody who gets there' : '';
}

function publishedOf({ address, port }: PolicyPort, { ports, publicAddress }: Sent): string {
  const base = ports?.[port]?.publicAddress ?? publicAddress;
  return base === undefined ? '' : `, clients are sent to ${base}${new URL(address).pathname}`;
}
