import { beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import type { ConversationPlan } from '../../src/policy/plan.ts';
import { answerMessage } from '../../src/server/pipeline.ts';
import type { ServedPort } from '../../src/server/port.ts';
import { expectFault, expectRefused, loggedReasons } from '../support/faults.ts';
import { type Conversation, call, cancelByUser, converseWith, renewRequest, replaced } from '../support/initiator.ts';
import { modesOfFarms } from '../support/modes.ts';
import { caller, type PortName, portNames, startNode, type TestNode, user } from '../support/node.ts';
import { conversationPort } from '../support/plans.ts';

const clock = { nowMs: Date.now() };
const bob = { username: 'bob', password: 'hunter2 hunter2' };
let node: TestNode;

const faultOn = (port: PortName) => (port === 'EchoTls13' ? 'invalidRequest200512' : 'invalidRequest');

async function expectNotCancelled(held: Conversation, message: string, reason: string): Promise<void> {
  await expectRefused(node, held.port, message, faultOn(held.port));
  expect(loggedReasons(node.lines).at(-1)).toBe(reason);
  expect((await node.post(held.port, call(held))).status).toBe(200);
}

/** A port whose bootstrap asks nobody who they are. */
function anonymous(port: PortName): { readonly served: ServedPort; readonly plan: ConversationPlan } {
  const served = conversationPort(node.ports.get(port));
  const { bootstrap } = served.plan;
  const request = { ...bootstrap.request, supporting: [] };
  const plan = { ...served.plan, bootstrap: { ...bootstrap, request } };
  return { served: { ...served, plan }, plan };
}

async function post(port: ServedPort, message: string) {
  const answered = await answerMessage(Buffer.from(message), undefined, port, caller);
  if (answered === undefined) throw new TypeError('the caller is there');
  return answered;
}

describe.each(modesOfFarms)('with state $state,', ({ state, shared }) => {
  beforeAll(async () => {
    const ring = createRing({ nowMs: clock.nowMs, random: systemRandom });
    const authenticate = async (username: string) => ({ user: username, roles: [] });
    node = await startNode({ ring, clock, authenticate, state, ...shared(() => clock.nowMs) });
  });

  describe.each(portNames)('a Cancel to %s, protected as a bootstrap,', port => {
    test('ends the conversation of its user', async () => {
      const held = await converseWith(node, port);
      const before = node.statistics().cancelled;
      expect((await node.post(port, cancelByUser(held))).status).toBe(200);
      expect(node.statistics().cancelled).toBe(before + 1);
      await expectRefused(node, port, call(held), port === 'EchoTls13' ? 'badContextToken200512' : 'badContextToken');
    });

    test('is refused alike for another user’s conversation, an unknown one and a changed one', async () => {
      const held = await converseWith(node, port);
      await expectNotCancelled(held, cancelByUser(held, { credentials: bob }), 'cancel-owner');
      const target = replaced(held.token.token, held.token.id, 'urn:uuid:11112233-4455-4677-8899-aabbccddeeff');
      await expectNotCancelled(held, cancelByUser(held, { target }), 'cancel-owner');
    });

    test('is refused where nobody says who they are, whatever token they have', async () => {
      const held = await converseWith(node, port);
      const { served, plan } = anonymous(port);
      const refused = await post(served, cancelByUser({ plan, token: held.token }));
      expectFault(refused, faultOn(port));
      expect(loggedReasons(node.lines).at(-1)).toBe('cancel-owner');
      expect((await node.post(port, call(held))).status).toBe(200);
    });

    test('is refused where the policy says MustNotSendCancel', async () => {
      const held = await converseWith(node, port);
      const served = conversationPort(node.ports.get(port));
      const refused = await post({ ...served, plan: { ...served.plan, mayCancel: false } }, cancelByUser(held));
      expectFault(refused, faultOn(port));
      expect(loggedReasons(node.lines).at(-1)).toBe('cancel-not-offered');
      expect((await node.post(port, call(held))).status).toBe(200);
    });
  });

  test.each(portNames)('a Renew to %s, by nobody in particular and without the key, renews nothing', async port => {
    const held = await converseWith(node, port);
    const { served, plan } = anonymous(port);
    const refused = await post(served, renewRequest({ ...held, plan }, 'user').sent.text);
    expectFault(refused, port === 'EchoTls13' ? 'unableToRenew200512' : 'unableToRenew');
    expect(loggedReasons(node.lines).at(-1)).toBe('renew-anonymous');
  });

  test('a Cancel by its user ends the conversation on no other port', async () => {
    const held = await converseWith(node, 'EchoTls11');
    const other = await converseWith(node, 'EchoSymmetric');
    const message = cancelByUser(other, { target: held.token.token, credentials: user });
    await expectNotCancelled(other, message, 'cancel-owner');
    expect((await node.post('EchoTls11', call(held))).status).toBe(200);
  });
});
