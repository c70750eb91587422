import { get } from 'node:http';
import type { FarmStatus } from '../../farm/description.ts';
import { octetsOf } from '../../octets.ts';

type Nodes = FarmStatus['nodes'];

/** What any status page says of a farm. */
export interface SeenStatus {
  readonly nodes: readonly SeenNode[];
  /** Undefined where there is no ring yet. */
  readonly ring: SeenRing | undefined;
  /** What nodes have counted until now; only the demonstration farm says it to the moment. */
  readonly counted: Nodes | undefined;
}

/** A node as a status page shows it. */
export interface SeenNode {
  readonly name: string;
  readonly up: boolean;
  /** Tells its process from the one before: its id, or when it started; undefined where it is not known. */
  readonly process: number | undefined;
}

/** A key ring as a status page shows it. */
export interface SeenRing {
  readonly generation: number;
  readonly keys: readonly { readonly id4: string; readonly state: string }[];
}

/** The longest status that is read. */
const maxBytes = 1 << 20;

/**
 * The farm as its status page shows it; undefined where that is not known or does not answer.
 * @param withinMs longest wait for the whole answer
 */
export async function readStatus(admin: string | undefined, withinMs: number): Promise<SeenStatus | undefined> {
  if (admin === undefined) return undefined;
  try {
    return seenIn(JSON.parse(await textAt(`${admin}/status.json`, withinMs)));
  } catch {
    return undefined;
  }
}

/** A node of `/status.json`, of whichever farm. */
type SaidNode = Pick<SeenNode, 'name' | 'up'> & Partial<Nodes[number]> & { readonly startedMs?: number | null };

function seenIn({ nodes, ring }: { readonly nodes: readonly SaidNode[]; readonly ring: SeenRing | null }): SeenStatus {
  const isCounted = nodes.every(({ calls, opened }) => Number.isSafeInteger(calls) && opened !== undefined);
  return {
    nodes: nodes.map(({ name, up, pid, startedMs }) => ({ name, up, process: pid ?? startedMs ?? undefined })),
    ring: ring ?? undefined,
    counted: isCounted ? (nodes as Nodes) : undefined,
  };
}

/** What the nodes did between two looks; a node that was started again meanwhile counts from nothing. */
export function nodeDifferences(
  before: Nodes | undefined,
  after: Nodes | undefined,
): { calls: Record<string, number>; openedFromSeal: number } | undefined {
  if (before === undefined || after === undefined) return undefined;
  const differences = after.map(node => {
    const last = before.find(({ name, pid }) => name === node.name && pid === node.pid);
    return {
      name: node.name,
      calls: node.calls - (last?.calls ?? 0),
      seal: node.opened.seal - (last?.opened.seal ?? 0),
    };
  });
  const sum = (key: 'calls' | 'seal') => differences.reduce((total, difference) => total + difference[key], 0);
  return {
    calls: Object.fromEntries(differences.map(({ name, calls }) => [name, calls])),
    openedFromSeal: sum('calls') === 0 ? 0 : Number((sum('seal') / sum('calls')).toFixed(6)),
  };
}

function textAt(address: string, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(address, { signal: AbortSignal.timeout(Math.max(1, Math.ceil(withinMs))) }, response => {
      octetsOf(response, maxBytes).then(octets => resolve(String(octets)), reject);
    });
    request.on('error', reject);
  });
}
