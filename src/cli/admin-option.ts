import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import type { Registry } from 'prom-client';
import type { RingKeeper } from '../keyring/keeper.ts';
import { type Admin, openAdmin } from '../server/admin.ts';
import type { Log } from '../server/log.ts';
import { openRegistry } from '../server/process-metrics.ts';
import { nodeAt } from '../status/ask-node.ts';
import { ringTimeline } from '../status/ring-timeline.ts';
import { type StatusPages, statusPages } from '../status/status-pages.ts';
import { hostsOf, ownAddresses, settled } from './listening.ts';
import { hostName, nameList, tcpPort } from './option-values.ts';

/** Where a command's admin address is, by its option. */
export interface AdminOption {
  /** Undefined: the loopback addresses. */
  readonly host: string | undefined;
  readonly port: number;
}

/** What the command line says of the admin address. */
export interface AdminOptionValues {
  readonly admin?: AdminOption;
  readonly statusNodes?: readonly string[];
}

/** `HOST:PORT`, or a port of the loopback addresses. */
export function adminAddress(text: string): AdminOption {
  const [, host, port = ''] = /^(?:(.+):)?(\d+)$/s.exec(text) ?? [];
  if (port === '') throw new InvalidArgumentError('It must be PORT or HOST:PORT, such as 9464 or 0.0.0.0:9464.');
  return { host: host === undefined ? undefined : bareHost(host), port: tcpPort(port) };
}

/** A host without the brackets that an address of IPv6 has before a port. */
function bareHost(text: string): string {
  const [, inside] = /^\[(.*)\]$/s.exec(text) ?? [];
  if (inside === undefined ? text.includes(':') : isIP(inside) !== 6)
    throw new InvalidArgumentError('An address of IPv6 stands in brackets: [::1]:9464.');
  return hostName(inside ?? text);
}

export function addAdminOption(command: Command): Command {
  return command
    .option(
      '--admin <[host:]port>',
      'where /healthz, /readyz and /metrics are; a port alone: for this machine only; 0: any free one',
      adminAddress,
    )
    .option(
      '--status-nodes <url,…>',
      "admin addresses of the farm's nodes, which a status page at this one's shows; else what the configuration says",
      nameList,
    );
}

/** What a command's admin address says. */
export interface CommandSources {
  readonly register: (registry: Registry) => Promise<void>;
  readonly readiness: () => { readonly ready: boolean };
  readonly ring: Pick<RingKeeper, 'hasRing' | 'ring'>;
  /** Nodes that the status page shows; undefined: there is no such page. */
  readonly statusNodes: readonly string[] | undefined;
}

/** Admin addresses that are listened on. */
export interface OpenedAdmin {
  /** What is printed of them. */
  readonly lines: readonly string[];
  close(): Promise<unknown>;
}

/**
 * Listens where the option says, and nowhere without it.
 * @throws {SecureConversationError} `LISTEN_FAILED`
 */
export async function openCommandAdmin(
  { admin }: AdminOptionValues,
  { register, readiness, ring, statusNodes }: CommandSources,
  log: Log,
): Promise<OpenedAdmin> {
  if (admin === undefined) return { lines: [], close: async () => {} };
  const registry = await openRegistry();
  await register(registry);
  const hosts = hostsOf(admin.host);
  const port = (await settled(admin.port, hosts)) ?? admin.port;
  const status = statusNodes && openStatus(statusNodes, ring);
  const opened: Admin[] = [];
  const close = () => {
    status?.close();
    return Promise.all(opened.map(one => one.close()));
  };
  const sources = { readiness, metrics: () => registry.metrics(), more: status?.pages };
  try {
    for (const host of hosts) opened.push(await openAdmin({ host, port }, sources, log));
  } catch (error) {
    await close();
    throw error;
  }
  return { lines: ownAddresses({ http: port }, admin.host).map(base => `admin address ${base}`), close };
}

function openStatus(nodes: readonly string[], ring: CommandSources['ring']): StatusPages {
  return statusPages({
    nodes: nodes.map(nodeAt),
    ring: nowMs => (ring.hasRing() ? ringTimeline(ring.ring(), nowMs) : undefined),
    clock: Date.now,
  });
}
