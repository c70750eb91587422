import { isIPv6 } from 'node:net';
import type { Command } from 'commander';
import { freePort, loopbackHosts } from '../farm/ports.ts';
import { hostName } from './option-values.ts';

/** TCP ports to listen on. */
export interface Listening {
  readonly http?: number | undefined;
  readonly https?: number | undefined;
}

/** Adds the option that says where to listen. */
export function addHostOption(command: Command): Command {
  return command.option(
    '--host <address>',
    'address or name of this machine to listen at; default: its loopback addresses',
    hostName,
  );
}

/** Where to listen: what nobody was told of is reached from this machine alone. @param host of the option */
export function hostsOf(host: string | undefined): readonly string[] {
  return host === undefined ? loopbackHosts() : [host];
}

/**
 * The port itself: the addresses that clients may send to must be known before anything listens.
 * @param hosts that it must be free at
 */
export async function settled<P extends number | undefined>(port: P, hosts: readonly string[]): Promise<P | number> {
  return port === 0 ? freePort(hosts) : port;
}

/** Where this machine is called at a port that is listened on: all addresses, too, are its own as localhost. */
const callName: Readonly<Record<string, string>> = { '0.0.0.0': 'localhost', '::': 'localhost' };

/**
 * Base addresses of this machine at the ports that are listened on.
 * @param host listened at; default: the loopback addresses
 */
export function ownAddresses(listening: Listening, host = 'localhost'): string[] {
  const name = callName[host] ?? (isIPv6(host) ? `[${host}]` : host);
  return Object.entries(listening).flatMap(([scheme, port]) =>
    port === undefined ? [] : [`${scheme}://${name}:${port}`],
  );
}

/** What is printed of addresses that are listened on. @param forWhom follows the word, with a space before it */
export function listeningLines(addresses: readonly string[], forWhom = ''): readonly string[] {
  return addresses.map(address => `listening${forWhom} on ${address}`);
}

/** The same of those that a node would listen on. */
export function wouldListen(addresses: readonly string[], forWhom = ''): readonly string[] {
  return addresses.map(address => `would listen${forWhom} on ${address}`);
}
