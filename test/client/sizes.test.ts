import { request } from 'node:http';
import soap, { type Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type SecureConversation, secureConversation } from '../../src/client/secure-conversation.ts';
import { openSession } from '../../src/client/session.ts';
import type { SecureConversationOptions } from '../../src/client/session-options.ts';
import { selfContained } from '../../src/message/sent-body.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { planOf } from '../support/initiator.ts';
import { type PortName, portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { operation } from './farm.ts';

/** Messages of all sizes between node-soap with the plug-in and a service. */

const mib = 1024 * 1024;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface EchoClient extends Client {
  EchoAsync(args: { readonly text: string }): Promise<[{ readonly text: string }]>;
}

async function clientOf(
  node: ListeningNode,
  port: PortName,
  limits: NonNullable<SecureConversationOptions['limits']> = {},
): Promise<(text: string) => Promise<string>> {
  const client = (await soap.createClientAsync(wsdl)) as EchoClient;
  const conversation: SecureConversation = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address(port)],
    timeoutMs: 120_000,
    limits,
  });
  client.setSecurity(conversation);
  closing.push(() => conversation.close());
  return async text => (await client.EchoAsync({ text }))[0].text;
}

async function nodeWith(limits: NonNullable<EndpointOptions['limits']>): Promise<ListeningNode> {
  const node = await listen({ limits });
  closing.push(() => node.close());
  return node;
}

/** What the node said of its last refusal. */
const saidLast = ({ lines }: ListeningNode) => {
  const { reason, limit, hint } = JSON.parse(lines.findLast(line => line.includes('"reason"')) ?? '{}');
  return { reason, limit, hint };
};

const bytes = (count: number) => Buffer.from(Uint8Array.from({ length: count }, (_, i) => (i * 31) % 251));

/** Payloads of 1 MiB, each harder to carry in its own way. */
const payloads: Readonly<Record<string, string>> = {
  'binary in base64': bytes(mib).toString('base64'),
  'binary in base64, folded as MIME has it':
    bytes(mib)
      .toString('base64')
      .match(/.{1,76}/g)
      ?.join('\n') ?? '',
  'ASCII text': 'The quick brown fox.'.repeat(mib / 20),
  'text of two octets a character': 'äöüß'.repeat(mib / 8),
};

describe.each(portNames)('on %s', port => {
  let node: ListeningNode;
  beforeAll(async () => {
    node = await listen();
  });
  afterAll(() => node.close());

  test.each(Object.entries(payloads))('1 MiB of %s goes there and back by default', async (_, text) => {
    const echo = await clientOf(node, port);
    const answered = await echo(text);
    // Not by toBe, which would print both.
    expect(answered === text).toBe(true);
  });

  test('more than fits is answered with 413, and both sides say why', async () => {
    const echo = await clientOf(node, port);
    await expect(echo('x'.repeat(2 * mib))).rejects.toMatchObject({
      code: 'NETWORK',
      status: 413,
      message: expect.stringMatching(/HTTP 413 to a message of 2,\d{3},\d{3} bytes/),
      hint: expect.stringContaining('limits.maxBytes of the service'),
    });
    expect(saidLast(node)).toEqual({
      reason: 'http-413',
      limit: 'the message has more than 2,097,152 bytes (limits.maxBytes)',
      hint: 'send less, or raise limits.maxBytes here',
    });
  });

  test('6 MiB of binary pass where both sides let messages have 16 MiB', async () => {
    const limits = { maxBytes: 16 * mib };
    const echo = await clientOf(await nodeWith(limits), port, limits);
    const text = bytes(6 * mib).toString('base64');
    const answered = await echo(text);
    expect(answered === text).toBe(true);
  });

  test('an answer that is longer than the client takes is refused by name', async () => {
    const echo = await clientOf(node, port, { maxBytes: 20_000 });
    await expect(echo('x'.repeat(20_000))).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('(the answer has more than 20,000 bytes (limits.maxBytes), or comes in'),
      hint: 'send less, or raise limits.maxBytes here',
    });
  });

  test('an answer beyond another limit of the client is refused by name', async () => {
    const echo = await clientOf(node, port, { maxNodes: 60 });
    await expect(echo('hello')).rejects.toMatchObject({
      code: 'MESSAGE_REFUSED',
      message: expect.stringMatching(/^the answer has more than 60 elements, .* \(limits\.maxNodes\)$/),
    });
  });

  test('a message beyond another limit of the service gets 400, and its log says why', async () => {
    const small = await nodeWith({ maxDepth: 3 });
    const echo = await clientOf(small, port);
    await expect(echo('hello')).rejects.toMatchObject({ status: 400, hint: expect.stringContaining('limits') });
    expect(saidLast(small)).toMatchObject({
      reason: 'xml-depth',
      limit: 'the message has more than 3 levels of elements (limits.maxDepth)',
    });
  });
});

test('of decrypted content beyond a limit the log says which, and the wire no more than ever', async () => {
  const node = await listen();
  closing.push(() => node.close());
  const plan = planOf('EchoSymmetric');
  const serviceCertificate = pem.service.certificate;
  const session = openSession({ plan, ...user, serviceCertificate, addresses: [node.address('EchoSymmetric')] });
  closing.push(() => session.close());
  const content = `<Echo xmlns="urn:soap-secure-conversation:echo">${'<text></text>'.repeat(20_001)}</Echo>`;
  const call = session.call({ operation: operation(plan), body: selfContained(content) });
  await expect(call).rejects.toMatchObject({ code: 'FAULT', faultSubcode: { local: 'FailedCheck' } });
  expect(saidLast(node)).toMatchObject({
    reason: 'decryption',
    limit: 'the message has more than 20,000 child elements in one element (limits.maxChildren)',
  });
});

describe('messages of more than 4 MiB', () => {
  const large = 'x'.repeat(5 * mib);

  /** An echo whose large calls note when they begin and end, and end when `until` says. */
  function notedEcho(until: (begun: number) => Promise<unknown>) {
    const notes: string[] = [];
    let begun = 0;
    const Echo = async ({ text }: { readonly text: string }) => {
      if (text.length < mib) return { text };
      notes.push('begun');
      begun += 1;
      await until(begun);
      notes.push('ended');
      return { text: 'done' };
    };
    const operations = { Echo, Add: Echo };
    const services = { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } };
    return { notes, services };
  }

  async function clients(services: object, maxLargeMessages: number, port: PortName = 'EchoTls13') {
    const limits = { maxBytes: 16 * mib, maxLargeMessages };
    const node = await listen({ services, limits });
    closing.push(() => node.close());
    const both = { ...limits, maxLargeMessages: 9 };
    return [await clientOf(node, port, both), await clientOf(node, port, both)] as const;
  }

  test.each(portNames)('are done one after the other by default, and small ones in between, on %s', async port => {
    let small: (text: string) => Promise<string>;
    const echo = notedEcho(async begun => {
      if (begun === 1) for (let calls = 0; calls < 10; calls++) await small('hello');
    });
    const [first, second] = await clients(echo.services, 1, port);
    small = second;
    await Promise.all([first('hello'), second('hello')]);
    expect(await Promise.all([first(large), second(large)])).toEqual(['done', 'done']);
    expect(echo.notes).toEqual(['begun', 'ended', 'begun', 'ended']);
  });

  test('are done two at once where there may be two', async () => {
    let bothBegun = () => {};
    const both = new Promise<void>(resolve => {
      bothBegun = resolve;
    });
    const echo = notedEcho(begun => {
      if (begun === 2) bothBegun();
      return both;
    });
    const [first, second] = await clients(echo.services, 2);
    expect(await Promise.all([first(large), second(large)])).toEqual(['done', 'done']);
    expect(echo.notes).toEqual(['begun', 'begun', 'ended', 'ended']);
  });

  test('wait for each other at the client too, both those that it sends and its answers', async () => {
    const limits = { maxBytes: 16 * mib };
    const node = await listen({ limits: { ...limits, maxLargeMessages: 9 } });
    closing.push(() => node.close());
    const echo = await clientOf(node, 'EchoTls13', limits);
    const answers = await Promise.all([echo(large), echo(large), echo('hello'), echo(large)]);
    expect(answers.map(text => text.length)).toEqual([large.length, large.length, 5, large.length]);
  });

  test('that are broken off leave their place to the next', async () => {
    const limits = { maxBytes: 16 * mib };
    const node = await nodeWith(limits);
    const echo = await clientOf(node, 'EchoSymmetric', limits);
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8', 'Content-Length': 6 * mib };
    const sending = request(node.address('EchoSymmetric'), { method: 'POST', headers });
    sending.on('error', () => undefined);
    await new Promise(resolve => sending.write(Buffer.alloc(5 * mib, 'x'), resolve));
    sending.destroy();
    const answered = await echo(large);
    expect(answered.length).toBe(large.length);
  });

  test('that come in slowly keep nobody from being answered', async () => {
    const limits = { maxBytes: 16 * mib };
    const node = await nodeWith(limits);
    const echo = await clientOf(node, 'EchoSymmetric', limits);
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8', 'Content-Length': 6 * mib };
    const sending = request(node.address('EchoSymmetric'), { method: 'POST', headers });
    const ended = new Promise<Error>(resolve => sending.on('error', resolve));
    await new Promise(resolve => sending.write(Buffer.alloc(5 * mib, 'x'), resolve));
    // What was sent has been read before what came after it was answered.
    for (let calls = 0; calls < 3; calls++) await echo('hello');
    const answered = await Promise.race([ended, echo(large)]);
    expect(answered).toHaveLength(large.length);
    sending.destroy();
  });
});
