import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { removeFolders } from '../support/data-folder.ts';
import { isLong, printFigures } from './farm/figures.ts';
import { reasonsOf, startLoad } from './farm/load.ts';
import { endNodes, faultFarm } from './farm/nodes.ts';
import { builtRelease } from './farm/release.ts';

afterEach(endNodes);
afterAll(removeFolders);

/** Releases that may be updated from, each by its last commit; the last row is the release before this one. */
const releases = [
  ['the first one, without a store', 'ad75869cbd9b7e09c07890fa6717d464cdfabb35'],
  ['the one before', '85d0f5b'],
] as const;

const between = isLong ? 2_000 : 150;
const port = 'EchoSymmetric';

describe('U1 a farm is updated node by node under load', () => {
  test.each(releases)('from %s, half and half for a while, and back again: no call fails', async (name, commit) => {
    const program = builtRelease(commit);
    if (program === undefined) {
      printFigures('U1', { 'not run, for the clone is shallow and has not': commit });
      return expect(program).toBeUndefined();
    }
    const farm = await faultFarm({ count: 4 });
    await Promise.all(farm.nodes.map(node => node.start({ program })));
    // How an older release ends is not what is tried here: a call that it leaves without an answer is sent again.
    const session = { retry: 'any' } as const;
    const load = await startLoad({ port, addresses: farm.addresses(port), session });
    const replace = async (index: number, more: object) => {
      await load.answered(between);
      const node = farm.nodes[index];
      expect(await node?.stop()).toBe(0);
      await node?.start(more);
    };
    for (const index of [0, 1]) await replace(index, {});
    // Conversations of both kinds of nodes, at both kinds.
    const others = await startLoad({ port, addresses: farm.addresses(port), session, callers: 4 });
    await others.answered(2 * between);
    for (const index of [2, 3]) await replace(index, {});
    await replace(0, { program });
    await load.answered(between);
    await Promise.all([load.stop(), others.stop()]);
    printFigures(`U1 from ${name}`, { ...load.figures(), 'calls of the others': others.ended.length });
    expect(reasonsOf([...load.failed, ...others.failed])).toEqual({});
    const sessions = [...load.sessions, ...others.sessions];
    expect(sessions.map(({ bootstraps }) => bootstraps)).toEqual(sessions.map(() => 1));
  });
});
