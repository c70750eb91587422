import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { NetworkError } from '../../src/client/network-error.ts';
import { PeerFault } from '../../src/client/peer-fault.ts';
import type { SessionOptions, WireExchange } from '../../src/client/session-options.ts';
import { removeFolders } from '../support/data-folder.ts';
import { freePort } from '../support/endpoint.ts';
import { post } from '../support/sts.ts';
import { isLong, printFigures } from './farm/figures.ts';
import { endBalancers, startHaproxy } from './farm/haproxy.ts';
import { type EndedCall, echoOnce, reasonsOf, startLoad } from './farm/load.ts';
import { endNodes, type FaultFarm, type FaultNode, faultFarm } from './farm/nodes.ts';

afterEach(() => {
  endNodes();
  endBalancers();
});
afterAll(removeFolders);

const kills = isLong ? 24 : 3;
/** Calls between a node's return and the next one's end. */
const between = isLong ? 1_500 : 150;

/** When a node was killed, and when it was known to be gone. */
interface Kill {
  readonly address: string;
  readonly beganMs: number;
  readonly endedMs: number;
}

/** A number below `count`, by a generator that gives the same ones in each run. */
function seeded(seed: number): (count: number) => number {
  let state = seed;
  return count => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/** Whether a call was under way at a node when that was killed. */
function wasHit({ beganMs, endedMs, error }: EndedCall, killed: readonly Kill[]): boolean {
  return killed.some(
    kill =>
      error instanceof NetworkError &&
      error.message.startsWith(kill.address) &&
      beganMs <= kill.endedMs &&
      endedMs >= kill.beganMs,
  );
}

/** Messages that are sent again each time that a node is back. */
const sentLast = 20;

/** The answer to a message that was sent again. */
interface Replayed {
  readonly status: number;
  readonly reason: string | undefined;
}

const isEcho = ({ request, status }: WireExchange) => status === 200 && /<(?:\w+:)?Echo[ >]/.test(request);

/** Sends the bytes of messages that were answered to each node of a farm. */
function sentAgain(farm: FaultFarm, messages: readonly WireExchange[]): Promise<Replayed[]> {
  return Promise.all(
    messages.flatMap(({ request }) =>
      farm.addresses('EchoTls13').map(async address => {
        const { status, body } = await post(address, request);
        return { status, reason: /InvalidSecurity\b|Receiver\b/.exec(body)?.[0] };
      }),
    ),
  );
}

/** Whether a call was refused, and not carried out, because the store did not answer in time. */
function isStoreLate({ error }: EndedCall): boolean {
  return error instanceof PeerFault && error.faultCode.local === 'Receiver';
}

function doubles(noted: readonly string[]): number {
  return noted.length - new Set(noted).size;
}

/** Nodes that are killed and started again, one at a time, under load. */
interface Killing {
  readonly retry: 'any' | 'connect';
  /** Words of `wssc serve`. */
  readonly words?: readonly string[];
  readonly trace?: SessionOptions['trace'];
  /** Done each time that the killed node is back. */
  readonly returned?: (farm: FaultFarm) => Promise<void>;
}

async function whileKilled({ retry, words = [], trace, returned = async () => {} }: Killing) {
  const farm = await faultFarm({ words });
  await farm.start();
  const load = await startLoad({
    port: 'EchoTls13',
    addresses: farm.addresses('EchoTls13'),
    session: { retry, ...(trace === undefined ? {} : { trace }) },
  });
  const next = seeded(20_261_130);
  const killed: Kill[] = [];
  for (let i = 0; i < kills; i += 1) {
    await load.answered(between);
    const node = farm.nodes[next(farm.nodes.length)] as FaultNode;
    const beganMs = performance.now();
    await node.kill();
    killed.push({ address: node.address('EchoTls13'), beganMs, endedMs: performance.now() });
    await load.answered(between);
    await node.start();
    await returned(farm);
  }
  await load.answered(between);
  await load.stop();
  return { load, killed, noted: farm.noted() };
}

describe('N1 while nodes are killed (kill -9) and started again, one at a time, under load', () => {
  test.each([
    ['any', 'no call fails'],
    ['connect', 'calls fail that were under way at the killed node, and no other; no operation runs twice'],
  ] as const)('with retry %s %s', async (retry, _law) => {
    const { load, killed, noted } = await whileKilled({ retry });
    printFigures(`N1 ${retry}`, { ...load.figures(), kills, 'carried out twice': doubles(noted) });
    expect(load.sessions.map(({ bootstraps }) => bootstraps)).toEqual(load.sessions.map(() => 1));
    if (retry === 'any') return expect(reasonsOf(load.failed)).toEqual({});
    expect(reasonsOf(load.failed.filter(call => !wasHit(call, killed)))).toEqual({});
    expect(load.failed.length).toBeLessThanOrEqual(kills * load.sessions.length);
    expect(doubles(noted)).toBe(0);
  });

  test.each(['any', 'connect'] as const)(
    'with retry %s and shared replay no message runs twice, though all nodes get the last ones again',
    async retry => {
      const answered: WireExchange[] = [];
      const again: Replayed[] = [];
      const { load, killed, noted } = await whileKilled({
        retry,
        words: ['--replay', 'shared'],
        trace: exchange => answered.push(exchange),
        returned: async farm => void again.push(...(await sentAgain(farm, answered.filter(isEcho).slice(-sentLast)))),
      });
      const ran = again.filter(({ status }) => status === 200);
      const twice = doubles(noted);
      printFigures(`N1 ${retry} shared`, {
        ...load.figures(),
        kills,
        'sent again': again.length,
        'of them ran': ran.length,
        'calls carried out twice': twice,
      });
      expect(again).toHaveLength(kills * sentLast * 3);
      // Where a store is late on a busy machine, nobody runs it.
      expect(again.filter(({ status, reason }) => status !== 500 || reason === undefined)).toEqual([]);
      expect(again.filter(({ reason }) => reason === 'InvalidSecurity').length).toBeGreaterThan(again.length / 2);
      // A call that was sent once more is another message.
      expect(twice).toBeLessThanOrEqual(retry === 'any' ? kills * load.sessions.length : 0);
      expect(reasonsOf(load.failed.filter(call => !wasHit(call, killed) && !isStoreLate(call)))).toEqual({});
      if (retry === 'any') expect(load.failed.filter(call => wasHit(call, killed))).toEqual([]);
    },
  );
});

describe('N2 while each node in turn is told to end (SIGTERM) and started again', () => {
  test('no call fails behind a balancer, though the client sends none again', async () => {
    const port = await freePort();
    const balancer = `http://localhost:${port}`;
    const farm = await faultFarm({ balancers: [balancer] });
    await farm.start();
    await startHaproxy(
      port,
      farm.nodes.map(({ http }) => http),
    );
    const load = await startLoad({
      port: 'EchoSymmetric',
      addresses: [`${balancer}/EchoSymmetric`],
      session: { retry: 'none' },
    });
    for (const node of farm.nodes) {
      await load.answered(between);
      expect(await node.stop()).toBe(0);
      await load.answered(between);
      await node.start();
    }
    await load.answered(between);
    await load.stop();
    printFigures('N2', load.figures());
    expect(reasonsOf(load.failed)).toEqual({});
    expect(doubles(farm.noted())).toBe(0);
  });
});

describe('N3 when all nodes are killed and started again', () => {
  test('conversations go on: no bootstrap, no fault', async () => {
    const farm = await faultFarm();
    await farm.start();
    const load = await startLoad({
      port: 'EchoSymmetric',
      addresses: farm.addresses('EchoSymmetric'),
      session: { retry: 'any' },
    });
    await load.answered(between);
    await load.stop();
    await Promise.all(farm.nodes.map(node => node.kill()));
    const beganMs = performance.now();
    await farm.start();
    const startMs = performance.now() - beganMs;
    const again = await Promise.all(
      load.sessions.flatMap(session =>
        farm.addresses('EchoSymmetric').map(address => echoOnce(session, 'EchoSymmetric', randomUUID(), address)),
      ),
    );
    printFigures('N3', { conversations: load.sessions.length, 'calls after it': again.length, 'start ms': startMs });
    expect(load.sessions.map(({ bootstraps }) => bootstraps)).toEqual(load.sessions.map(() => 1));
  });
});
