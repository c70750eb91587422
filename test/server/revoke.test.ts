import { afterEach, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import { type RevokeOptions, type RevokeTarget, revoke } from '../../src/state/revoke.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Authenticate } from '../../src/users/authenticate.ts';
import { sharedState } from '../seams/shared-state.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { freshRing, listen } from '../support/endpoint.ts';
import { eventually } from '../support/eventually.ts';
import {
  type Conversation,
  call,
  converseWith,
  echoContent,
  issueRequest,
  planOf,
  renew,
  renewals,
  renewRequest,
} from '../support/initiator.ts';
import { authenticate, portNames, startNode, type TestNode, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const bob = { username: 'bob', password: 'a password of his own' };
const both: Authenticate = async (username, password, caller) =>
  username === bob.username && password === bob.password
    ? { user: username, roles: [] }
    : authenticate(username, password, caller);
const ended = { status: 500, body: expect.stringContaining('BadContextToken') };
const minuteMs = 60_000;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Two nodes of one farm with one store, and their clock. */
async function startFarm(open: (clock: () => number) => Store, check: Authenticate = both) {
  const ring = freshRing();
  const clock = { nowMs: Date.now() };
  const store = open(() => clock.nowMs);
  closing.push(() => store.close());
  const options = { ring, clock, store, authenticate: check };
  const nodes = [await startNode(options), await startNode(options)] as const;
  const say = (node: TestNode, conversation: Conversation) =>
    node.post(conversation.port, call(conversation, { nowMs: clock.nowMs }));
  return {
    clock,
    store,
    nodes,
    say,
    begin: (port: (typeof portNames)[number], credentials = user) =>
      converseWith(nodes[0], port, clock.nowMs, credentials),
    revoke: (target: RevokeTarget, given: RevokeOptions = { clockSkewMs: 0 }) =>
      revoke(store, target, { clock: () => clock.nowMs, ...given }),
    /** Waits until each node refuses a conversation. */
    async refused(conversation: Conversation) {
      for (const node of nodes)
        await eventually(async () => expect(await say(node, conversation)).toMatchObject(ended));
    },
    async served(...conversations: readonly Conversation[]) {
      for (const node of nodes)
        for (const conversation of conversations)
          expect((await say(node, conversation)).status, conversation.port).toBe(200);
    },
  };
}

const stores: readonly (readonly [string, (clock: () => number) => Store])[] = [
  ['in memory', clock => memoryStore({ clock })],
  ['of several nodes', waitingStore],
];

describe.each(stores)('with a store %s', (_, open) => {
  test.each(portNames)('what a user has begun on %s ends, in each cache too, and nothing else', async port => {
    const farm = await startFarm(open);
    const [alice, other] = [await farm.begin(port), await farm.begin(port, bob)];
    await farm.served(alice, other, alice);
    farm.clock.nowMs += 1_000;
    await farm.revoke({ user: 'alice' });
    await farm.refused(alice);
    await farm.served(other, await farm.begin(port));
  });

  test('what was begun before a time ends, whoever began it', async () => {
    const farm = await startFarm(open);
    const early = [await farm.begin('EchoTls13'), await farm.begin('EchoSymmetric', bob)];
    farm.clock.nowMs += minuteMs;
    const later = [await farm.begin('EchoTls13'), await farm.begin('EchoSymmetric', bob)];
    await farm.served(...early, ...later);
    await farm.revoke({ beforeMs: farm.clock.nowMs });
    for (const conversation of early) await farm.refused(conversation);
    await farm.served(...later);
  });

  test('one conversation ends by its Identifier', async () => {
    const farm = await startFarm(open);
    const [one, other] = [await farm.begin('EchoTls11'), await farm.begin('EchoTls11')];
    await farm.revoke({ context: one.token.id });
    await farm.refused(one);
    await farm.served(other);
  });

  test.each(renewals)(
    'no renewal of %s by the %s escapes: the time of the first Instance counts',
    async (port, proof) => {
      const farm = await startFarm(open);
      const first = await farm.begin(port);
      farm.clock.nowMs += minuteMs;
      const second = await renew(farm.nodes[0], first, proof, { nowMs: farm.clock.nowMs });
      const later = await farm.begin(port);
      await farm.served(second, later);
      await farm.revoke({ beforeMs: farm.clock.nowMs - 1 });
      await farm.refused(second);
      await farm.served(later);
      for (const node of farm.nodes) {
        const { sent } = renewRequest(second, proof, { nowMs: farm.clock.nowMs });
        const { status, body } = await node.post(port, sent.text);
        expect({ status, body }).toMatchObject({
          status: 500,
          body: expect.stringContaining(proof === 'key' ? 'BadContextToken' : 'UnableToRenew'),
        });
      }
    },
  );

  test('a renewal is refused whose user is revoked while the password is checked', async () => {
    let isRevoking = false;
    const farm = await startFarm(open, async (...given) => {
      if (isRevoking) await farm.revoke({ user: 'alice' }, { clockSkewMs: 1_000 });
      if (isRevoking) await new Promise(resolve => setTimeout(resolve, 50));
      return authenticate(...given);
    });
    const conversation = await farm.begin('EchoTls13');
    await farm.served(conversation);
    isRevoking = true;
    const { sent } = renewRequest(conversation, 'key', { nowMs: farm.clock.nowMs });
    expect((await farm.nodes[0].post('EchoTls13', sent.text)).body).toContain('UnableToRenew');
    expect(farm.nodes[0].lines.join()).toContain('"reason":"renew-revoked"');
  });

  test('what nodes whose clocks are ahead have issued ends too; until then a user is told to come again', async () => {
    const farm = await startFarm(open);
    const startMs = farm.clock.nowMs;
    farm.clock.nowMs = startMs + minuteMs - 1;
    const ahead = await farm.begin('EchoTls13');
    await farm.served(ahead);
    await farm.revoke({ user: 'alice' }, { clock: () => startMs });
    await farm.refused(ahead);
    const begin = async (credentials: typeof user) => {
      const { sent } = issueRequest('EchoTls13', { nowMs: farm.clock.nowMs, credentials });
      return farm.nodes[0].post('EchoTls13', sent.text);
    };
    const busy = { status: 503, body: expect.stringContaining('Receiver') };
    expect(await begin(user)).toMatchObject({ ...busy, retryAfterS: 1 });
    expect(farm.nodes[0].lines.join()).toContain('"reason":"user-revoked"');
    await farm.served(await farm.begin('EchoTls13', bob));
    farm.clock.nowMs += 1;
    await farm.served(await farm.begin('EchoTls13'));
    await farm.revoke({ user: 'bob' }, {});
    await eventually(async () => expect(await begin(bob)).toMatchObject({ ...busy, retryAfterS: 60 }));
  });
});

test.each([
  ['the database', () => 'database' as const],
  ['the node’s memory', () => 'none' as const],
  ['a state mode of somebody else’s', sharedState],
])('conversations in %s end too', async (_, state) => {
  const store = waitingStore(Date.now);
  closing.push(() => store.close());
  const node = await listen({ state: state(), store });
  closing.push(node.close);
  const session = openSession({
    plan: planOf('EchoTls13'),
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address('EchoTls13')],
  });
  const echo = planOf('EchoTls13').operations.find(({ name }) => name === 'Echo');
  if (echo === undefined) throw new TypeError('no operation Echo');
  const say = () => session.call({ operation: echo, body: { declarations: '', content: echoContent('hello') } });
  await say();
  const before = session.contextId;
  await revoke(store, { user: 'alice' }, { clockSkewMs: 1 });
  await eventually(async () => expect((await say()).status).toBe(200));
  expect(session.contextId).not.toBe(before);
  await session.close();
});
