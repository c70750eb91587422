import { isIPv6 } from 'node:net';
import { keepingLast } from '../last-text.ts';

/** A host as a request names it. */
export interface Host {
  /** In lower case; an IPv6 address in its brackets. */
  readonly name: string;
  /** TCP port as it was written; '' where there is none. */
  readonly port: string;
}

/**
 * `uri-host [ ":" port ]` (RFC 9112 §3.2), never with user information. Of the names of RFC 3986 §3.2.2 only those that
 * the network knows: one with a comma, a percent or the like is not the same to everyone on the way.
 */
const hostAndPort = /^(?:([\w.-]{1,253})|\[([0-9A-Fa-f:.]{2,45})\])(?::(\d{0,5}))?$/;

const maxPort = 65_535;

/** Reads the value of a Host header, or the authority of a request's target; undefined where it is none. */
export const parseHost: (text: string) => Host | undefined = keepingLast(parse);

function parse(text: string): Host | undefined {
  const found = hostAndPort.exec(text);
  if (found === null) return undefined;
  const [, name, address, port = ''] = found;
  if (Number(port) > maxPort) return undefined;
  if (name !== undefined) return { name: name.toLowerCase(), port };
  return address !== undefined && isIPv6(address) ? { name: `[${address.toLowerCase()}]`, port } : undefined;
}

const defaultPorts = { http: '80', https: '443' } as const;

/** Whether two hosts are one and the same for requests of this scheme. */
export function isSameHost(one: Host, other: Host, scheme: keyof typeof defaultPorts): boolean {
  const portOf = ({ port }: Host) => Number(port || defaultPorts[scheme]);
  return one.name === other.name && portOf(one) === portOf(other);
}
