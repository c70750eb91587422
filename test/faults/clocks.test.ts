import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { SecureConversationError } from '../../src/errors.ts';
import { removeFolders } from '../support/data-folder.ts';
import { printFigures } from './farm/figures.ts';
import { echoOnce, sessionWith } from './farm/load.ts';
import { endNodes, type FaultFarm, faultFarm } from './farm/nodes.ts';

afterEach(endNodes);
afterAll(removeFolders);

const port = 'EchoSymmetric';
const calls = 30;

/** The environment of a program whose clock differs: what faketime gives to those that it starts. */
function clockOf(difference: string): Record<string, string> {
  const lines = execFileSync('faketime', ['-f', difference, 'env'], { encoding: 'utf8' }).split('\n');
  const wanted = lines.filter(line => /^(?:LD_PRELOAD|FAKETIME)=/.test(line));
  return Object.fromEntries(wanted.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Nodes whose clocks differ from this one's: `-2m`, `+0`, `+1`. */
async function farmOf(clocks: readonly string[], config: object): Promise<FaultFarm> {
  const farm = await faultFarm({ count: clocks.length, config, ringAgeMs: 600_000 });
  await Promise.all(farm.nodes.map((node, i) => node.start({ environment: clockOf(clocks[i] ?? '+0') })));
  return farm;
}

/** What becomes of calls at each node, in conversations that one has issued: `good`, or what went wrong. */
async function outcomes(farm: FaultFarm, issuer: number, clockSkewMs: number): Promise<readonly string[]> {
  const addresses = farm.addresses(port);
  return Promise.all(
    addresses.map(async address => {
      const session = sessionWith({
        port,
        addresses: [addresses[issuer] ?? ''],
        session: { clockSkewMs, retry: 'none' },
      });
      const seen = new Set<string>();
      await echoOnce(session, port, randomUUID());
      for (let i = 0; i < calls; i += 1)
        seen.add(await echoOnce(session, port, randomUUID(), address).then(() => 'good', reasonOf));
      return [...seen].sort().join(' ');
    }),
  );
}

/** A fault's subcode, or why the client does not take the answer. */
function reasonOf(error: unknown): string {
  const subcode: unknown = Reflect.get(Object(error), 'faultSubcode');
  const local: unknown = Reflect.get(Object(subcode), 'local');
  if (typeof local === 'string') return local;
  const reason: unknown = Reflect.get(Object(error), 'reason');
  if (typeof reason === 'string') return reason;
  return error instanceof SecureConversationError ? error.code : String(error);
}

describe('C1 clocks', () => {
  test('of nodes that differ by 2 minutes either way do no harm where 5 are tolerated; 6 do', async () => {
    const farm = await farmOf(['-2m', '+0', '+2m', '-6m', '+6m'], { clockSkewS: 300 });
    const within = [0, 1, 2];
    const seen: Record<string, string> = {};
    for (const issuer of within) {
      const found = await outcomes(farm, issuer, 300_000);
      for (const at of within) expect(found[at], `issued at ${issuer}, called at ${at}`).toBe('good');
      seen['-6m'] = found[3] ?? '';
      seen['+6m'] = found[4] ?? '';
    }
    printFigures('C1 5m', { 'calls without a fault': within.length ** 2 * calls, ...seen });
    // A message is good for 5 minutes and the difference: where the node is ahead, the client takes no answer of it.
    expect(seen).toEqual({ '-6m': 'MessageExpired', '+6m': 'timestamp-in-future' });
  });

  test('may differ by 60 s by default: 2 minutes are refused, and an issuer a second ahead is not', async () => {
    const farm = await farmOf(['+1', '+0', '-2m', '+2m'], {});
    const found = await outcomes(farm, 0, 60_000);
    printFigures('C1 60s', { '+1s to +0': found[1] ?? '', '-2m': found[2] ?? '', '+2m': found[3] ?? '' });
    expect(found).toEqual(['good', 'good', 'MessageExpired', 'timestamp-in-future']);
  });
});
