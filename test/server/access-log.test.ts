import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { type Conversation, call, converse, echoContent, issueRequest } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { type RawAnswer, raw, request } from '../support/raw.ts';
import { post } from '../support/sts.ts';

let node: ListeningNode;
let conversation: Conversation;
const port = 'EchoSymmetric';
const send = (message: string) => post(node.address(port), message);
beforeAll(async () => {
  node = await listen({ accessLog: true });
  conversation = await converse(port, send);
});
afterAll(() => node.close());
afterEach(() => {
  node.lines.length = 0;
});

/** The lines of level `info`, without what each line has. */
const answered = () =>
  node.lines
    .map(text => JSON.parse(text))
    .filter(({ level }) => level === 30)
    .map(({ time: _time, pid: _pid, hostname: _hostname, level: _level, ...rest }) => rest);

describe('a line for each request that is answered', () => {
  test('of one that begins a conversation names the user', () => {
    expect(answered()).toEqual([
      expect.objectContaining({ tokenRequest: 'issue', user: user.username, status: 200, msg: 'request answered' }),
    ]);
  });

  test('of a call names who, what, how much and how long, and nothing of what was said', async () => {
    const messageId = 'urn:uuid:11111111-2222-4333-8444-555555555555';
    const message = call(conversation, { messageId, content: echoContent('very private words') });
    const { bytes } = await send(message);
    expect(answered()).toEqual([
      {
        peer: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
        method: 'POST',
        path: '/EchoSymmetric',
        status: 200,
        user: user.username,
        contextId: conversation.token.id,
        messageId,
        operation: 'Echo',
        ms: expect.any(Number),
        bytesIn: Buffer.byteLength(message),
        bytesOut: bytes.length,
        msg: 'request answered',
      },
    ]);
    expect(node.lines.join()).not.toContain('private');
  });

  test('of a refused message has its reason, beside the line of the refusal', async () => {
    await send(issueRequest(port, { credentials: { ...user, password: 'not the right one' } }).sent.text);
    expect(answered()).toEqual([expect.objectContaining({ status: 500, reason: 'user-or-password' })]);
    expect(node.lines).toHaveLength(2);
  });

  test('of a WSDL and of what is refused unread has path and status, and no query', async () => {
    const asked: RawAnswer[] = [];
    for (const target of ['/?wsdl', '/nothing?token=secret'])
      asked.push(await raw(node.http, request(`GET ${target}`, ['Host: localhost', 'Connection: close'])));
    expect(asked.map(({ statuses }) => statuses)).toEqual([[200], [404]]);
    expect(answered().map(({ path, status, method }) => [method, path, status])).toEqual([
      ['GET', '/', 200],
      ['GET', '/nothing', 404],
    ]);
  });

  test('is none for what balancers ask', async () => {
    for (const path of ['/healthz', '/readyz'])
      await raw(node.http, request(`GET ${path}`, ['Host: localhost', 'Connection: close']));
    expect(node.lines).toEqual([]);
  });
});

test('without the option there is no such line', async () => {
  const quiet = await listen();
  await converse(port, message => post(quiet.address(port), message));
  expect(quiet.lines).toEqual([]);
  await quiet.close();
});
