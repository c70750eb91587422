import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { StateName } from '../../src/state/several-modes.ts';
import { removeFolders } from '../support/data-folder.ts';
import { isLong, printFigures } from './farm/figures.ts';
import { echoOnce, type Load, reasonsOf, startLoad } from './farm/load.ts';
import { endNodes, type FaultFarm, faultFarm } from './farm/nodes.ts';

afterEach(endNodes);
afterAll(removeFolders);

/** Calls between two restarts. */
const between = isLong ? 1_500 : 40;

/** Ends each node in turn, as a supervisor does, and starts it again with these words. */
async function restarted({ nodes }: FaultFarm, load: Load, words: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await load.answered(between);
    expect(await node.stop()).toBe(0);
    await load.answered(between);
    await node.start({ words });
  }
  await load.answered(between);
}

/** Where conversations that are at one node alone are among them, clients keep to the node that answered last. */
const moves: readonly (readonly [from: StateName, to: StateName, order: 'rotate' | 'first'])[] = [
  ['cookie', 'database', 'rotate'],
  ['cookie', 'none', 'first'],
  ['database', 'cookie', 'rotate'],
  ['none', 'database', 'first'],
];

describe('M2 while a farm under load moves, node by node,', () => {
  test.each(isLong ? moves : moves.slice(0, 2))(
    'from %s to %s, no call fails and none is done twice',
    async (from, to, order) => {
      const lifetimeS = 20;
      const words = ['--state', from];
      const config = { absoluteLifetimeS: lifetimeS, lifetimeS };
      const farm = await faultFarm({ words, config });
      await farm.start();
      const port = 'EchoSymmetric';
      const load = await startLoad({ port, addresses: farm.addresses(port), pauseMs: 5, session: { order } });
      const both = `${from},${to}`;
      await restarted(farm, load, ['--state', from, '--accept-state', both]);
      await restarted(farm, load, ['--state', to, '--accept-state', both]);
      // What was begun before has ended when each client has begun again since.
      const begun = load.sessions.map(({ bootstraps }) => bootstraps);
      const hasBegunAgain = () => load.sessions.every(({ bootstraps }, i) => bootstraps > (begun[i] ?? 0));
      await expect.poll(hasBegunAgain, { timeout: 3 * lifetimeS * 1_000 }).toBe(true);
      await restarted(farm, load, ['--state', to]);
      await load.stop();
      const noted = farm.noted();
      const twice = noted.length - new Set(noted).size;
      printFigures(`M2 ${from} to ${to}`, { ...load.figures(), 'carried out twice': twice });
      expect(reasonsOf(load.failed)).toEqual({});
      expect(twice).toBe(0);
      for (const session of load.sessions) await echoOnce(session, port, randomUUID());
    },
  );
});
