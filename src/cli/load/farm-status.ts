import { get } from 'node:http';
import type { FarmStatus } from '../../farm/description.ts';

type Nodes = FarmStatus['nodes'];

/** The nodes as the farm's status page shows them; undefined where it is not known or does not answer. */
export async function readNodes(admin: string | undefined): Promise<Nodes | undefined> {
  if (admin === undefined) return undefined;
  try {
    const status: FarmStatus = JSON.parse(await textAt(`${admin}/status.json`));
    return status.nodes;
  } catch {
    return undefined;
  }
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

function textAt(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(address, { timeout: 5_000 }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
