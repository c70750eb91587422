import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, loggedReasons } from '../support/faults.ts';
import {
  type Conversation,
  call,
  cancel,
  converse,
  issueRequest,
  readAnswer,
  renewals,
  renewRequest,
  validateRequest,
} from '../support/initiator.ts';
import { type PortName, portNames, user } from '../support/node.ts';
import { issuerAt, type ListeningSts, listenSts, post } from '../support/sts.ts';

const ring = freshRing();
let sts: ListeningSts;
let nodes: readonly [ListeningNode, ListeningNode];
/** What is cancelled at the issuer, the nodes know by the store that they share with it. */
const store = memoryStore({ clock: Date.now });

/** Addresses that clients send to: the WSDL's, as behind a balancer. */
const balancer = ['http://localhost:8080', 'https://localhost:8443'];

beforeAll(async () => {
  sts = await listenSts(ring, { store, addresses: balancer });
  const issuer = issuerAt(sts.relay);
  nodes = [
    await listen({ issuer, store, addresses: balancer }, ring),
    await listen({ issuer, store, addresses: balancer }, ring),
  ];
});
afterAll(() => Promise.all([...nodes, sts].map(each => each.close())));
afterEach(() => {
  for (const node of nodes) node.calls.length = 0;
});

const [one, other] = [() => nodes[0], () => nodes[1]];
const postTo = (node: ListeningNode, port: PortName, message: string) => post(node.address(port), message);

/** What sts and nodes have counted from now on. */
function since() {
  const now = () => [sts.sts.statistics(), ...nodes.map(node => node.endpoint.statistics())];
  const before = now();
  return () =>
    now().map(({ issued, renewed, cancelled, relayed, calls }, i) => ({
      issued: issued - (before[i]?.issued ?? 0),
      renewed: renewed - (before[i]?.renewed ?? 0),
      cancelled: cancelled - (before[i]?.cancelled ?? 0),
      relayed: relayed - (before[i]?.relayed ?? 0),
      calls: calls - (before[i]?.calls ?? 0),
    }));
}
const nothing = { issued: 0, renewed: 0, cancelled: 0, relayed: 0, calls: 0 };

const begin = (port: PortName, node = one()): Promise<Conversation> =>
  converse(port, message => postTo(node, port, message));

describe.each(portNames)('on %s, nodes that issue nothing', port => {
  test('hand a bootstrap on to the issuer, and each of them takes calls of the conversation', async () => {
    const counted = since();
    const conversation = await begin(port);
    for (const node of nodes) expect((await postTo(node, port, call(conversation))).status).toBe(200);
    expect(counted()).toEqual([
      { ...nothing, issued: 1 },
      { ...nothing, relayed: 1, calls: 1 },
      { ...nothing, calls: 1 },
    ]);
  });

  test('hand a Cancel on, and refuse the conversation from then on', async () => {
    const counted = since();
    const conversation = await begin(port);
    expect((await postTo(other(), port, cancel(conversation))).status).toBe(200);
    expect(counted()).toEqual([
      { ...nothing, issued: 1, cancelled: 1 },
      { ...nothing, relayed: 1 },
      { ...nothing, relayed: 1 },
    ]);
    for (const node of nodes)
      await expect.poll(async () => (await postTo(node, port, call(conversation))).body).toContain('BadContextToken');
  });

  test('answer with the fault of the issuer where it refuses', async () => {
    const credentials = { ...user, password: 'wrong' };
    expectFault(await postTo(one(), port, issueRequest(port, { credentials }).sent.text), 'failedAuthentication');
    expect(loggedReasons(sts.lines).at(-1)).toBe('user-or-password');
  });

  test('hand one message on twice, and the issuer takes it once', async () => {
    const message = issueRequest(port).sent.text;
    const answers = await Promise.all(nodes.map(node => postTo(node, port, message)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 500]);
    expectFault(
      answers.find(({ status }) => status === 500) ?? answers[0] ?? { status: 0, body: '' },
      'invalidSecurity',
    );
    expect(loggedReasons(sts.lines).at(-1)).toBe('replay');
  });
});

describe.each(renewals)('on %s, proved by the %s,', (port, proof) => {
  test('a Renew and a Validate are the issuer’s to answer', async () => {
    const counted = since();
    const conversation = await begin(port);
    const { sent, plan } = renewRequest(conversation, proof);
    const renewed = await postTo(other(), port, sent.text);
    const verified = await readAnswer(renewed.body, plan.bootstrap, { encryptedKey: sent.encryptedKey });
    expect(verified.addressing?.action).toBe(plan.dialect.responseAction.renew);
    const { status, body } = await postTo(one(), port, validateRequest(conversation, proof).text);
    expect(status).toBe(200);
    expect(body).not.toContain('Fault');
    expect(counted()).toEqual([
      { ...nothing, issued: 1, renewed: 1 },
      { ...nothing, relayed: 2 },
      { ...nothing, relayed: 1 },
    ]);
  });
});

describe.each(portNames)('an issuer that clients of %s know', port => {
  const direct = (message: string) => post(sts.address(port), message);

  test('takes what is addressed to it', async () => {
    const { plan, sent } = issueRequest(port, { to: sts.address(port) });
    const { status, body } = await direct(sent.text);
    expect(status).toBe(200);
    const verified = await readAnswer(body, plan.bootstrap, { encryptedKey: sent.encryptedKey });
    expect(verified.content?.local).toMatch(/^RequestSecurityTokenResponse/);
  });

  test('takes from them nothing that is addressed to a service: that is for nodes alone to hand on', async () => {
    expectFault(await direct(issueRequest(port).sent.text), 'invalidAddressingHeader');
    expect(loggedReasons(sts.lines).at(-1)).toBe('to-unknown');
  });

  test('takes from nodes nothing that is addressed to it', async () => {
    const message = issueRequest(port, { to: sts.address(port) }).sent.text;
    expectFault(await postTo(one(), port, message), 'invalidAddressingHeader');
    expect(loggedReasons(one().lines).at(-1)).toBe('to-unknown');
  });

  test('does nothing of a service', async () => {
    const conversation = await begin(port);
    const message = call(conversation, { to: sts.address(port) });
    expectFault(await direct(message), port === 'EchoTls13' ? 'badContextToken200512' : 'badContextToken');
    expect(loggedReasons(sts.lines).at(-1)).toBe('action-unknown');
  });
});

test('the issuer counts a login for the address that the node says, which is the client’s', async () => {
  const seen: string[] = [];
  const issuing = await listenSts(ring, {
    addresses: balancer,
    authenticate: async (name, _, { address }) => {
      seen.push(address);
      return { user: name, roles: [] };
    },
  });
  const trustedProxies = ['127.0.0.1', '::1'];
  const node = await listen({ issuer: issuerAt(issuing.relay), addresses: balancer, trustedProxies }, ring);
  const { text } = issueRequest('EchoTls13').sent;
  const answer = await post(node.address('EchoTls13'), text, { 'X-Forwarded-For': '203.0.113.9' });
  expect([answer.status, seen]).toEqual([200, ['203.0.113.9']]);
  await Promise.all([node.close(), issuing.close()]);
});
