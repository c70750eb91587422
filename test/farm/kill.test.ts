import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { newData, removeFolders } from '../support/data-folder.ts';
import { echo, endFarms, nodeAddresses, sessionOf, startFarm, whoAmI } from './running-farm.ts';

/* What all of it is for, on real processes: `npm test` runs this file, and of the tests with processes no other. */

afterEach(endFarms);
afterAll(removeFolders);

describe.each(['EchoTls11', 'EchoTls13', 'EchoSymmetric'])('%s', port => {
  test('a conversation survives the kill -9 of the node that issued it: 1,000 calls on two others, none fails, no new bootstrap', async () => {
    const farm = await startFarm(await newData(), '--no-restart');
    const [first, ...others] = nodeAddresses(farm, port);
    const session = sessionOf(farm, port);
    expect(await whoAmI(session, port, first)).toMatchObject({ node: 'node1', openedFrom: 'issued' });
    farm.kill(0);
    expect(await whoAmI(session, port, others[0])).toMatchObject({ node: 'node2', openedFrom: 'seal' });
    let n = 0;
    const next = async () => {
      while (n < 1_000) await echo(session, port, others[n++ % 2]);
    };
    await Promise.all(Array.from({ length: 8 }, next));
    expect(session.bootstraps).toBe(1);
    const { nodes } = await farm.status();
    expect(nodes.map(({ up }) => up)).toEqual([false, true, true]);
    expect(nodes.slice(1).map(({ opened, issued, faults }) => ({ seal: opened.seal, issued, faults }))).toEqual([
      { seal: 1, issued: 0, faults: {} },
      { seal: 1, issued: 0, faults: {} },
    ]);
    await session.close();
    expect(await farm.interrupt()).toBe(0);
  });
});
