import { afterEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import type { ReplayMode } from '../../src/state/farm-replay.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { standBetween } from '../client/man.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { freshRing, listen } from '../support/endpoint.ts';
import { eventually } from '../support/eventually.ts';
import { call, converseWith, echoContent, issueRequest, planOf, renewRequest } from '../support/initiator.ts';
import { portNames, settingsOf, startNode, type TestNode, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A store of several nodes whose claims can fail; each answer is waited for. */
function sharedStore() {
  const store = waitingStore(Date.now);
  closing.push(() => store.close());
  const claims: { readonly key: string; readonly untilMs: number }[] = [];
  let trouble: 'down' | 'full' | 'hanging' | undefined;
  const claim: Store['claim'] = async (key, untilMs) => {
    claims.push({ key, untilMs });
    if (trouble === 'down') throw new StoreUnavailable('no answer in 250 ms');
    if (trouble === 'hanging') return new Promise(() => {});
    return trouble ?? store.claim(key, untilMs);
  };
  return { store: { ...store, claim } as Store, claims, set: (to: typeof trouble) => (trouble = to) };
}

/** Three nodes of one farm with one store, whose memory of what was cancelled is whole. */
async function startFarm(replay: ReplayMode, store: Store): Promise<readonly TestNode[]> {
  const ring = freshRing();
  const clock = {
    get nowMs() {
      return Date.now();
    },
  };
  return Promise.all([0, 1, 2].map(() => startNode({ ring, clock, store, replay })));
}

const callsOf = (nodes: readonly TestNode[]) => nodes.flatMap(({ calls }) => calls);
const logOf = (nodes: readonly TestNode[]) => nodes.flatMap(({ lines }) => lines).join('');

async function sendToAll(nodes: readonly TestNode[], port: (typeof portNames)[number], message: string) {
  const answers = await Promise.all(nodes.map(node => node.post(port, message)));
  return answers.sort((one, other) => one.status - other.status);
}

/** What tells one answer from another. */
const varying = /urn:uuid:[0-9a-f-]+|\d{4}-\d\d-\d\dT[\d:.]+Z/g;

describe.each(portNames)('the same bytes to three nodes of %s at once', port => {
  test.each([
    ['that has to be waited for', () => sharedStore().store],
    ['in memory', () => memoryStore({ clock: Date.now })],
  ])('run the operation once, where replays are shared by a store %s', async (_, open) => {
    const nodes = await startFarm('shared', open());
    const [first] = nodes as [TestNode];
    const conversation = await converseWith(first, port);
    for (let round = 1; round <= 5; round += 1) {
      const message = call(conversation);
      const [taken, ...refused] = await sendToAll(nodes, port, message);
      expect([taken?.status, ...refused.map(({ status }) => status)]).toEqual([200, 500, 500]);
      expect(callsOf(nodes)).toHaveLength(round);
      // Nobody learns where it was noticed: another copy gets the same from the node that has it in its own table.
      const own = await first.post(port, message);
      for (const { body } of refused) expect(body?.replace(varying, '')).toBe(own.body?.replace(varying, ''));
    }
    expect(logOf(nodes).match(/"reason":"replay-elsewhere"/g)).toHaveLength(10);
  });

  test('run it at each of them, where replays are local, and no store is asked', async () => {
    const { store, claims } = sharedStore();
    const nodes = await startFarm('local', store);
    const message = call(await converseWith(nodes[0] as TestNode, port));
    expect((await sendToAll(nodes, port, message)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(claims).toEqual([]);
  });

  test('begin one conversation, and renew one once', async () => {
    const nodes = await startFarm('shared', sharedStore().store);
    const issue = await sendToAll(nodes, port, issueRequest(port).sent.text);
    expect(issue.map(({ status }) => status)).toEqual([200, 500, 500]);
    const conversation = await converseWith(nodes[0] as TestNode, port);
    for (const proof of ['key', 'user'] as const) {
      const renewed = await sendToAll(nodes, port, renewRequest(conversation, proof).sent.text);
      expect(renewed.map(({ status }) => status)).toEqual([200, 500, 500]);
    }
    const sums = nodes.map(node => node.statistics()).map(({ issued, renewed }) => [issued, renewed]);
    expect(sums.reduce(([a = 0, b = 0], [c = 0, d = 0]) => [a + c, b + d])).toEqual([2, 2]);
  });
});

describe('a claim', () => {
  test('lives as long as its message could be accepted, under a key of one length that tells nothing', async () => {
    const { store, claims } = sharedStore();
    const nodes = await startFarm('shared', store);
    const conversation = await converseWith(nodes[0] as TestNode, 'EchoTls13');
    claims.length = 0;
    const beforeMs = Date.now();
    await nodes[0]?.post('EchoTls13', call(conversation, { messageId: `urn:uuid:${'x'.repeat(500)}` }));
    const [claim, ...more] = claims;
    expect(more).toEqual([]);
    expect(claim?.key).toMatch(/^replay\/[\w-]{43}$/);
    const retainMs = 300_000 + 2 * 60_000;
    expect(claim?.untilMs).toBeGreaterThanOrEqual(beforeMs + retainMs);
    expect(claim?.untilMs).toBeLessThanOrEqual(Date.now() + retainMs);
  });

  test('of one port is none of another, nor is that of another MessageID', async () => {
    const { store, claims } = sharedStore();
    const nodes = await startFarm('shared', store);
    const [first] = nodes as [TestNode];
    const messageId = 'urn:uuid:00000000-0000-4000-8000-000000000001';
    for (const port of ['EchoTls11', 'EchoTls13'] as const)
      for (const changed of ['', '1'])
        await first.post(port, call(await converseWith(first, port), { messageId: messageId + changed }));
    expect(callsOf(nodes)).toHaveLength(4);
    expect(new Set(claims.map(({ key }) => key)).size).toBe(claims.length);
  });

  test('of a bootstrap at one port is none of another, whichever MessageID a client gives them', async () => {
    const [one, two] = (await startFarm('shared', sharedStore().store)) as [TestNode, TestNode];
    const messageId = 'urn:uuid:00000000-0000-4000-8000-000000000002';
    const statusOf = async (node: TestNode, port: 'EchoTls11' | 'EchoTls13') =>
      (await node.post(port, issueRequest(port, { messageId }).sent.text)).status;
    expect([await statusOf(one, 'EchoTls11'), await statusOf(two, 'EchoTls13')]).toEqual([200, 200]);
    expect(await statusOf(two, 'EchoTls11')).toBe(500);
  });

  test('is not made for a message that is refused anyway', async () => {
    const { store, claims } = sharedStore();
    const [first] = (await startFarm('shared', store)) as [TestNode];
    const conversation = await converseWith(first, 'EchoSymmetric');
    claims.length = 0;
    for (const refused of [
      call(conversation, { to: 'http://elsewhere.example/' }),
      call(conversation, { nowMs: Date.now() - 3_600_000 }),
      call(conversation).replace(/(<ds:SignatureValue>)..../, '$1AAAA'),
    ])
      expect((await first.post('EchoSymmetric', refused)).status).toBe(500);
    expect(claims).toEqual([]);
  });
});

describe.each(portNames)('while the store of %s does not answer', port => {
  test('shared replays refuse a call before anything is done for it, and it can be sent anew afterwards', async () => {
    const { store, set } = sharedStore();
    const [first] = (await startFarm('shared', store)) as [TestNode];
    const conversation = await converseWith(first, port);
    set('down');
    const refused = await first.post(port, call(conversation));
    expect(refused).toMatchObject({ status: 500, body: expect.stringContaining('Receiver') });
    expect([first.calls, logOf([first]).includes('store-unavailable')]).toEqual([[], true]);
    set('hanging');
    expect((await first.post(port, call(conversation))).body).toContain('Receiver');
    expect(first.calls).toEqual([]);
    set('full');
    expect((await first.post(port, call(conversation))).body).toContain('Receiver');
    expect([first.calls, logOf([first]).includes('replay-store-full')]).toEqual([[], true]);
    set(undefined);
    expect((await first.post(port, call(conversation))).status).toBe(200);
    expect(first.calls).toHaveLength(1);
  });

  test.each(['down', 'full'] as const)(
    '(%s) lenient ones are noticed by each node, counted, and told once',
    async to => {
      const { store, set } = sharedStore();
      const nodes = await startFarm('lenient', store);
      const [first] = nodes as [TestNode];
      const conversation = await converseWith(first, port);
      expect((await sendToAll(nodes, port, call(conversation))).map(({ status }) => status)).toEqual([200, 500, 500]);
      set(to);
      for (let round = 0; round < 3; round += 1) {
        const message = call(conversation);
        expect((await sendToAll(nodes, port, message)).map(({ status }) => status)).toEqual([200, 200, 200]);
        expect((await first.post(port, message)).status).toBe(500);
      }
      set(undefined);
      expect((await sendToAll(nodes, port, call(conversation))).map(({ status }) => status)).toEqual([200, 500, 500]);
      for (const node of nodes) expect(node.statistics().unclaimed).toBe(3);
      expect(logOf([first]).match(/replays are noticed at this node alone/g)).toHaveLength(1);
      expect(logOf([first]).match(/"unclaimed":3.*replays are noticed in the whole farm again/g)).toHaveLength(1);
    },
  );
});

test.each(portNames)('a client of %s whose message came twice goes on in its conversation', async port => {
  const { store } = sharedStore();
  const man = await standBetween(planOf(port).transport);
  const ring = freshRing();
  const options = { store, replay: 'shared', addresses: [man.base] } as const;
  const nodes = [await listen(options, ring), await listen(options, ring)] as const;
  closing.push(man.close, nodes[0].close, nodes[1].close);
  const upstreams = nodes.map(node => (planOf(port).transport === 'https' ? node.https : node.http));
  const session = openSession({
    plan: planOf(port),
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [`${man.base}/${port}`],
  });
  const echo = planOf(port).operations.find(({ name }) => name === 'Echo');
  if (echo === undefined) throw new TypeError('no operation Echo');
  const say = () => session.call({ operation: echo, body: { declarations: '', content: echoContent('hello') } });
  man.upstream = upstreams[0] ?? 0;
  await say();
  man.meddle = async (message, forward) => {
    man.upstream = upstreams[1] ?? 0;
    await forward(message);
    man.upstream = upstreams[0] ?? 0;
    return forward(message);
  };
  await expect(say()).rejects.toMatchObject({ code: 'FAULT', faultSubcode: { local: 'InvalidSecurity' } });
  expect(nodes[0].lines.join('')).toContain('"reason":"replay-elsewhere"');
  man.meddle = undefined;
  expect((await say()).status).toBe(200);
  expect(session.bootstraps).toBe(1);
  expect(nodes.map(({ calls }) => calls.length)).toEqual([2, 1]);
  await session.close();
});

describe('options', () => {
  test.each([
    ['for all ports', { replay: 'shared' }],
    ['for one', { ports: { EchoTls13: { replay: 'lenient' } } }],
  ] as const)('that want a farm to notice replays %s need a store that others can have', (_, options) => {
    const refusal = { code: 'CONFIG_INVALID', message: expect.stringMatching(/^replay: \w+ needs a store that all/) };
    expect(() => settingsOf(options)).toThrow(expect.objectContaining(refusal));
    expect(() => settingsOf({ ...options, store: new URL('memory:') })).toThrow(expect.objectContaining(refusal));
    expect(() => settingsOf({ ...options, store: new URL('sqlite:/tmp/a.sqlite') })).not.toThrow();
    expect(() => settingsOf({ ...options, store: memoryStore({ clock: Date.now }) })).not.toThrow();
  });

  test('of a port count for it alone', async () => {
    const { store, claims } = sharedStore();
    const node = await listen({
      store,
      replay: 'shared',
      ports: { EchoTls13: {}, EchoSymmetric: { replay: 'local' } },
    });
    closing.push(node.close);
    const say = async (port: (typeof portNames)[number]) => {
      const session = openSession({
        plan: planOf(port),
        ...user,
        ca: pem.ca.certificate,
        serviceCertificate: pem.service.certificate,
        addresses: [node.address(port)],
      });
      const [echo] = planOf(port).operations;
      if (echo === undefined) throw new TypeError('no operation');
      await session.call({ operation: echo, body: { declarations: '', content: echoContent('hello') } });
      await session.close();
    };
    await say('EchoSymmetric');
    expect(claims).toEqual([]);
    await say('EchoTls13');
    await eventually(() => expect(claims).toHaveLength(3));
  });
});
