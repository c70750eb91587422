import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { SecureConversationOptions, WireExchange } from '../../src/client/session-options.ts';
import { hasConversation } from '../../src/policy/plan.ts';
import { withDialect } from '../../src/policy/told-dialect.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { loggedReasons } from '../support/faults.ts';
import { call, cancel, converse, issueRequest, planOf, renewRequest, withState } from '../support/initiator.ts';
import { notedService, type PortName, plans, portNames, startNode, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { variantFile } from '../support/variants.ts';

const april = (port: PortName) => {
  const plan = withDialect(planOf(port), '2004-04');
  if (!hasConversation(plan)) throw new TypeError('no conversation');
  return plan;
};
const told = Object.fromEntries(portNames.map(port => [port, { dialect: '2004-04' as const }]));
const folder = mkdtempSync(join(tmpdir(), 'told-dialect-'));
afterAll(() => rmSync(folder, { recursive: true }));

const inSoap11 = variantFile(folder, { soap: '1.1', addressing: '1.0' });

/** A port of each shape. */
const shapes = ['EchoTls11', 'EchoSymmetric'] as const;

/** A client of a port that keeps what was on the wire. */
async function connectTo(
  node: ListeningNode,
  file: string,
  port: PortName,
  more: Partial<SecureConversationOptions> = { dialect: '2004-04' },
) {
  const exchanges: WireExchange[] = [];
  const client = await createClientAsync(file);
  const conversation = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address(port)],
    trace: exchange => void exchanges.push(exchange),
    ...more,
  });
  client.setSecurity(conversation);
  const add = (a: number) =>
    new Promise<unknown>((resolve, reject) => {
      client.EchoService[port].Add({ a, b: 40 }, (error: unknown, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      );
    });
  return { add, conversation, exchanges };
}

describe('a service of April 2004', () => {
  let node: ListeningNode;
  beforeAll(async () => {
    node = await listen({ ports: told });
  });
  afterAll(() => node.close());

  const connect = (port: PortName, more?: Partial<SecureConversationOptions>) => connectTo(node, wsdl, port, more);

  test.each(shapes)('on %s answers the calls of one conversation, in names of that time alone', async port => {
    const { add, conversation, exchanges } = await connect(port);
    expect(await Promise.all([1, 2, 3].map(add))).toEqual([41, 42, 43].map(sum => ({ sum })));
    expect(conversation.session.bootstraps).toBe(1);
    const said = exchanges.flatMap(({ request, response }) => [request, response]);
    expect(said).toHaveLength(8);
    for (const text of said) {
      expect(text).toContain('xmlns:a="http://schemas.xmlsoap.org/ws/2004/03/addressing"');
      expect(text).not.toMatch(/ws-(?:sx|trust|secureconversation)|2005\/(?:02|08)|2004\/08/);
    }
    const [issue, first] = exchanges;
    expect(issue?.request).toContain('>http://schemas.xmlsoap.org/ws/2004/04/security/trust/RST/SCT</a:Action>');
    expect(issue?.response).toContain('>http://schemas.xmlsoap.org/ws/2004/04/security/trust/RSTR/SCT</a:Action>');
    expect(first?.request).toMatch(/<c:SecurityContextToken[^>]*><c:Identifier>[^<]*<\/c:Identifier><k:State [^>]*>\w/);
  });

  test('derives keys by a qualified Algorithm and a Nonce of WS-Security', async () => {
    const { add, exchanges } = await connect('EchoSymmetric');
    await add(1);
    const derived = /<c:DerivedKeyToken [^>]* c:Algorithm="([^"]*)">.*?<n:Nonce xmlns:n="([^"]*)">/.exec(
      exchanges[1]?.response ?? '',
    );
    expect(derived?.slice(1)).toEqual([
      'http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk/p_sha1',
      'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
    ]);
  });

  test.each(shapes)('on %s cancels nothing where a client ends', async port => {
    const { add, conversation, exchanges } = await connect(port);
    await add(1);
    expect(await conversation.close()).toBe(false);
    expect(exchanges).toHaveLength(2);
  });

  test.each(shapes)('on %s refuses a wrong password with the fault that names it', async port => {
    const { add } = await connect(port, { dialect: '2004-04', password: 'wrong' });
    const refused = await add(1).catch((error: unknown) => error);
    expect(JSON.stringify(refused)).toContain('"local":"FailedAuthentication"');
  });

  test.each(shapes)('on %s refuses a client that is not told of it', async port => {
    const { add } = await connect(port, {});
    const before = loggedReasons(node.lines).length;
    await expect(add(1)).rejects.toThrow();
    expect(loggedReasons(node.lines).slice(before)).toEqual(['action-unknown']);
  });
});

test('a service that is told nothing refuses a client that speaks the dialect', async () => {
  const node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() } });
  for (const port of portNames) {
    const { sent } = issueRequest(port, { plan: april(port) });
    await node.post(port, sent.text);
  }
  expect(loggedReasons(node.lines)).toEqual(portNames.map(() => 'action-unknown'));
});

test('its messages may be of SOAP 1.1', async () => {
  const node = await listen({ wsdl: inSoap11, ports: told, services: notedService([]) });
  const { add, exchanges } = await connectTo(node, inSoap11, 'EchoSymmetric');
  expect(await add(2)).toEqual({ sum: 42 });
  expect(exchanges[1]?.request).toContain('"http://schemas.xmlsoap.org/soap/envelope/"');
  await node.close();
});

test('a conversation that has ended is followed by another, and never renewed', async () => {
  const node = await listen({ ports: told, lifetimeMs: 1_000 });
  const { add, conversation } = await connectTo(node, wsdl, 'EchoSymmetric');
  await add(1);
  await expect.poll(() => add(1).then(() => conversation.session.bootstraps), { timeout: 10_000 }).toBe(2);
  expect(conversation.session.renewals).toBe(0);
  await node.close();
});

describe('nodes of one ring, with and without the dialect', () => {
  const ring = freshRing();
  const clock = { nowMs: Date.now() };
  const other = { wsdl: readWsdl(wsdl), plans: plans.map(({ port }) => april(port as PortName)) };
  const nodes = async () =>
    [
      await startNode({ ring, clock, other }),
      await startNode({ ring, clock }),
      await startNode({ ring, clock, other }),
    ] as const;
  const begin = (port: PortName, node: Awaited<ReturnType<typeof startNode>>, plan = planOf(port)) =>
    converse(port, message => node.post(port, message), undefined, user, plan);

  test.each(shapes)('on %s a node opens the state that another of the same dialect has sealed', async port => {
    const [first, , third] = await nodes();
    const conversation = await begin(port, first, april(port));
    expect((await third.post(port, call(conversation))).status).toBe(200);
    expect(third.statistics().opened).toMatchObject({ seal: 1 });
  });

  test.each(shapes)('on %s a state that was sealed in one dialect is not opened in the other', async port => {
    const [old, usual, third] = await nodes();
    const [one, two] = [await begin(port, old, april(port)), await begin(port, usual)];
    expect((await third.post(port, withState(one, two.state))).status).toBe(500);
    expect((await usual.post(port, withState(two, one.state))).status).toBe(500);
    expect(loggedReasons([...third.lines, ...usual.lines])).toEqual(['context-unknown', 'context-unknown']);
    expect([...third.calls, ...usual.calls]).toEqual([]);
  });

  test.each(shapes)('on %s a call of one dialect is refused where the other is spoken', async port => {
    const [old, usual] = await nodes();
    const [one, two] = [await begin(port, old, april(port)), await begin(port, usual)];
    expect((await usual.post(port, call(one))).status).toBe(500);
    expect((await old.post(port, call(two))).status).toBe(500);
    expect(loggedReasons([...old.lines, ...usual.lines])).toEqual(['security-child', 'security-child']);
  });

  test.each(shapes)('on %s what the dialect has no name for is asked in vain', async port => {
    const [old, usual] = await nodes();
    const conversation = await begin(port, old, april(port));
    const later = await begin(port, usual);
    const { requestAction } = later.plan.dialect;
    for (const action of [requestAction.cancel, requestAction.renew, requestAction.validate])
      await old.post(port, call(conversation, { action: action ?? '' }));
    await old.post(port, call(conversation, { action: april(port).dialect.requestAction.amend ?? '' }));
    expect(loggedReasons(old.lines)).toEqual([...Array(3).fill('action-unknown'), 'amend-not-offered']);
    expect(() => cancel(conversation)).toThrow('a request that the dialect does not have');
    expect(() => renewRequest(conversation, 'key')).toThrow('a request that the dialect does not have');
  });
});

test.each([
  ['mixed dialects', { EchoSymmetric: { dialect: '2004-04' as const, acceptMixedDialects: true } }],
  ['one that policies ask for', { EchoSymmetric: { dialect: '200512' as never } }],
])('a port that is told of %s beside it is refused', (_, ports) => {
  const options = { wsdl, services: {}, ring: 'none.json', ports, addresses: ['https://node.example'] };
  expect(() => createEndpoint(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});
