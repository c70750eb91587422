import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigurationError, type SecureConversationError } from '../errors.ts';

/** The TCP ports of a farm. Node i (counted from 1) has its own ports besides the shared ones. */
export interface FarmPorts {
  readonly admin: number;
  readonly http: number;
  readonly https: number;
  readonly nodes: readonly { readonly http: number; readonly https: number }[];
}

/** What was asked for: 0 stands for any free port; then each node's own port is any free one too. */
export interface WantedPorts {
  readonly admin: number;
  readonly http: number;
  readonly https: number;
  readonly nodes: number;
}

const attempts = 1_000;

/**
 * Loopback addresses to listen on: `localhost` means either, and which one a client tries first differs.
 * The farm is a demonstration and is reachable from this machine only.
 */
export function loopbackHosts(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap(entries => entries ?? []);
  return addresses.some(entry => entry.address === '::1') ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}

/**
 * Settles the farm's ports and checks that each can be listened on now.
 * @throws {SecureConversationError} `CONFIG_INVALID` where two of them are the same or out of range, `LISTEN_FAILED`
 * where one is taken
 */
export async function settlePorts(wanted: WantedPorts, hosts: readonly string[]): Promise<FarmPorts> {
  const taken = new Set<number>();
  const settle = async (port: number): Promise<number> => {
    const settled = port === 0 ? await freePort(hosts, taken) : port;
    if (taken.has(settled)) throw overlap(settled, wanted.nodes);
    taken.add(settled);
    return settled;
  };
  for (const port of fixedPorts(wanted)) await checkFree(port, hosts);
  const [http, https, admin] = [await settle(wanted.http), await settle(wanted.https), await settle(wanted.admin)];
  const nodes: { http: number; https: number }[] = [];
  for (let i = 1; i <= wanted.nodes; i++) {
    nodes.push({
      http: await settle(wanted.http === 0 ? 0 : wanted.http + i),
      https: await settle(wanted.https === 0 ? 0 : wanted.https + i),
    });
  }
  return { admin, http, https, nodes };
}

function fixedPorts({ admin, http, https, nodes }: WantedPorts): number[] {
  const run = (first: number) => (first === 0 ? [] : Array.from({ length: nodes + 1 }, (_, i) => first + i));
  const ports = [...run(http), ...run(https), ...(admin === 0 ? [] : [admin])];
  const repeated = ports.find((port, i) => ports.indexOf(port) !== i);
  if (repeated !== undefined) throw overlap(repeated, nodes);
  const outside = ports.find(port => port > 65_535);
  if (outside !== undefined)
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `port ${outside} is out of range: the nodes' own ports follow the shared one`,
    );
  return ports;
}

function overlap(port: number, nodes: number): SecureConversationError {
  return new ConfigurationError('CONFIG_INVALID', `port ${port} is wanted twice`, {
    hint: `${nodes} nodes take the ${nodes} ports after --http and the ${nodes} after --https; leave room between them`,
  });
}

/**
 * A port below the range that systems take outgoing connections' ports from, so that a dead node finds its port free
 * again.
 * @throws {SecureConversationError} `LISTEN_FAILED` where a thousand of them are taken
 */
export async function freePort(hosts: readonly string[], taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let i = 0; i < attempts; i++) {
    const port = randomInt(20_000, 32_768);
    if (!taken.has(port) && (await isFree(port, hosts))) return port;
  }
  throw new ConfigurationError('LISTEN_FAILED', 'no free port found between 20000 and 32767');
}

async function isFree(port: number, hosts: readonly string[]): Promise<boolean> {
  return checkFree(port, hosts).then(
    () => true,
    () => false,
  );
}

async function checkFree(port: number, hosts: readonly string[]): Promise<void> {
  for (const host of hosts) {
    await new Promise<void>((resolve, reject) => {
      const probe = createServer();
      probe.once('error', cause => reject(listenError(port, cause)));
      probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()));
    });
  }
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is already in use',
  EACCES: 'may not be listened on by this user',
};

/** A failed listen as one clear sentence. */
export function listenError(port: number, cause: unknown): SecureConversationError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new ConfigurationError(
    'LISTEN_FAILED',
    `port ${port} ${listenReasons[code] ?? `can't be listened on (${code})`}`,
    {
      cause,
      hint:
        'stop the program that listens there, or choose other ports with --http, --https and --admin ' +
        '(0 = any free port)',
    },
  );
}
