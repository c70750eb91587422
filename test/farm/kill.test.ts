import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/client/session.ts';
import { newData, removeFolders } from '../support/data-folder.ts';
import { echo, endFarms, nodeAddresses, type RunningFarm, sessionOf, startFarm, whoAmI } from './running-farm.ts';

/* What all of it is for, on real processes: `npm test` runs this file, and of the tests with processes no other. */

const ports = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'];
const sessions = new Map<string, Session>();
let farm: RunningFarm;

/** A farm whose first node is killed when it has issued a conversation of each port. */
beforeAll(async () => {
  farm = await startFarm(await newData(), '--no-restart');
  for (const port of ports) {
    const session = sessionOf(farm, port);
    sessions.set(port, session);
    const issued = await whoAmI(session, port, nodeAddresses(farm, port)[0]);
    expect(issued).toMatchObject({ node: 'node1', openedFrom: 'issued' });
  }
  farm.kill(0);
});
afterAll(endFarms);
afterAll(removeFolders);

/** What the two nodes that are left count. */
async function counted() {
  const { nodes } = await farm.status();
  return nodes.slice(1).map(({ opened, issued, faults }) => ({ seal: opened.seal, issued, faults }));
}

test.each(ports)(
  'a conversation of %s survives the kill -9 of its issuer: 1,000 calls on two others, none fails, no new bootstrap',
  async port => {
    const session = sessions.get(port) as Session;
    const others = nodeAddresses(farm, port).slice(1);
    const before = await counted();
    expect(await whoAmI(session, port, others[0])).toMatchObject({ node: 'node2', openedFrom: 'seal' });
    let n = 0;
    const next = async () => {
      while (n < 1_000) await echo(session, port, others[n++ % 2]);
    };
    await Promise.all(Array.from({ length: 8 }, next));
    expect(session.bootstraps).toBe(1);
    expect(await counted()).toEqual(before.map(({ seal }) => ({ seal: seal + 1, issued: 0, faults: {} })));
    expect((await farm.status()).nodes.map(({ up }) => up)).toEqual([false, true, true]);
    await session.close();
  },
);

test('what is left of the farm ends as it is told to', async () => {
  expect(await farm.interrupt()).toBe(0);
});
