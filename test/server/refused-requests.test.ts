import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bareProblems } from '../../src/server/bare-refusal.ts';
import { foundText } from '../../src/server/known.ts';
import { pathInLine } from '../../src/server/request-path.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { type Conversation, call, cancel, converse, issueRequest, replaced, withState } from '../support/initiator.ts';
import { user } from '../support/node.ts';
import { raw, request } from '../support/raw.ts';
import { post } from '../support/sts.ts';

/*
 * What the line of a refused request says: who, what of it, and what exactly was wrong. What nobody has proved stands
 * among the claims.
 */

let node: ListeningNode;
let conversation: Conversation;
const port = 'EchoTls13';
const send = (message: string, to: typeof port | 'EchoSymmetric' = port) => post(node.address(to), message);

beforeAll(async () => {
  node = await listen({ issueRate: { perSecond: 0.001, burst: 3 } });
  conversation = await converse(port, message => send(message));
});
afterAll(() => node.close());
beforeEach(() => {
  node.lines.length = 0;
});

/** The one line that was written, without what each line has. */
function line(): Record<string, unknown> {
  expect(node.lines).toHaveLength(1);
  const { time: _time, pid: _pid, hostname: _hostname, ...rest } = JSON.parse(node.lines[0] ?? '');
  return rest;
}

describe('a request that is refused before it is read as a message', () => {
  const host = 'Host: localhost';
  const type = 'Content-Type: application/soap+xml; charset=utf-8';
  const none = 'Content-Length: 0';
  test.each<[string, string, readonly string[], object]>([
    [
      'a charset',
      'POST /EchoSymmetric',
      [host, 'Content-Type: application/soap+xml; charset=latin1', none],
      {
        reason: 'http-415',
        problem: 'charset',
        header: 'content-type',
        found: 'application/soap+xml; charset=latin1',
        port: 'EchoSymmetric',
      },
    ],
    [
      'a media type',
      'POST /EchoSymmetric',
      [host, 'Content-Type: text/xml', none],
      {
        reason: 'http-415',
        problem: 'media-type',
        header: 'content-type',
        found: 'text/xml',
      },
    ],
    ...['multipart/related; type="application/xop+xml"; boundary=x', 'Multipart/Related'].map(
      (found): [string, string, readonly string[], object] => [
        'attachments',
        'POST /EchoSymmetric',
        [host, `Content-Type: ${found}`, none],
        {
          reason: 'http-415',
          problem: 'attachments',
          header: 'content-type',
          found,
          hint: expect.stringMatching(/MTOM/),
        },
      ],
    ),
    ['no media type', 'POST /EchoSymmetric', [host, none], { reason: 'http-415', problem: 'content-type-missing' }],
    [
      'what is compressed',
      'POST /EchoSymmetric',
      [host, type, none, 'Content-Encoding: gzip'],
      {
        problem: 'compressed',
        header: 'content-encoding',
        found: 'gzip',
      },
    ],
    [
      'a size',
      'POST /EchoSymmetric',
      [host, type, 'Content-Length: 99999999999'],
      {
        reason: 'http-413',
        problem: 'size',
        found: '99999999999',
        limit: expect.stringMatching(/^the message has more than [\d,]+ bytes/),
        hint: expect.any(String),
      },
    ],
    ['a path', 'POST /nothing?token=x', [host, type, none], { reason: 'http-404', problem: 'path', path: '/nothing' }],
    ['a method', 'PUT /EchoSymmetric', [host], { reason: 'http-405', problem: 'method', found: 'PUT' }],
    ['no TLS', 'POST /EchoTls13', [host, type, none], { reason: 'http-403', problem: 'tls-missing', port }],
    [
      'a header that stands twice',
      'POST /EchoSymmetric',
      [host, host, type],
      {
        reason: 'http-400',
        problem: 'header-twice',
        header: 'host',
      },
    ],
    [
      'an action that another one stands beside',
      'POST /EchoSymmetric',
      [host, `${type}; action="urn:a"`, none, 'SOAPAction: "urn:b"'],
      {
        problem: 'action-differs',
        header: 'soapaction',
        found: '"urn:b"',
      },
    ],
    [
      'a coding',
      'POST /EchoSymmetric',
      [host, type, 'Transfer-Encoding: gzip, chunked'],
      {
        reason: 'http-501',
        problem: 'transfer-coding',
        header: 'transfer-encoding',
      },
    ],
    [
      'headers',
      'GET /',
      [host, ...Array.from({ length: 64 }, (_, i) => `X-${i}: 1`)],
      {
        reason: 'http-431',
        problem: 'too-many-headers',
        limit: 'at most 64 header lines',
      },
    ],
    ['what can not be read', 'evil', [], { reason: 'http-400', problem: 'parser', found: 'HPE_INVALID_METHOD' }],
  ])('for %s names it, and where it came from', async (_, first, headers, said) => {
    await raw(node.http, request(first, headers));
    expect(line()).toMatchObject({ level: 40, peer: expect.stringMatching(/^(127\.0\.0\.1|::1)$/), ...said });
    expect(bareProblems).toContain(line().problem);
  });

  test('names no password that stands in a Host or a target', async () => {
    await raw(node.http, request('GET /', ['Host: user:hunter2hunter2@a']));
    await raw(node.http, request('GET http://user:hunter2hunter2@localhost/', [host]));
    expect(node.lines).toHaveLength(2);
    expect(node.lines.join()).not.toContain('hunter2');
  });
});

test('what was found is named without user information and query', () => {
  expect(foundText('https://user:secret@a.example/b?token=c')).toBe('https://…@a.example/b?…');
  expect(foundText('user:secret@a.example')).toBe('…@a.example');
  expect(foundText('urn:uuid:1')).toBe('urn:uuid:1');
  expect(pathInLine({ url: '//user:secret@a.example/b?token=c' })).toEqual({ path: '//…@a.example/b' });
});

describe('a message that is refused', () => {
  const messageId = 'urn:uuid:11111111-2222-4333-8444-555555555555';

  test('once its conversation has proved it, names user, conversation and MessageID, and what was wrong', async () => {
    await send(call(conversation, { messageId, to: 'https://elsewhere.example/EchoTls13?key=1' }));
    expect(line()).toMatchObject({ reason: 'to-unknown', found: 'https://elsewhere.example/EchoTls13?…' });
    expect(line().header).toMatch(/To$/);
    expect(line()).toMatchObject({ user: user.username, contextId: conversation.token.id, messageId });
    expect(line().claims).toEqual({ action: expect.stringContaining('Echo') });
  });

  test('before anything has proved it, names what it says of itself as its claims', async () => {
    await send(withState(conversation, 'A'.repeat(300), { messageId }));
    const { claims, ...rest } = line();
    expect(claims).toEqual({ messageId, contextId: conversation.token.id, action: expect.stringContaining('Echo') });
    expect(Object.keys(rest)).not.toContain('user');
    expect(JSON.stringify(rest)).not.toContain('urn:uuid:');
  });

  test('of a broken signature proves nothing either', async () => {
    await send(replaced(call(conversation, { messageId }), /SignatureValue>[\w+/]{4}/, 'SignatureValue>AAAA'));
    expect(line()).not.toHaveProperty('user');
    expect(line()).toMatchObject({ claims: { messageId } });
  });

  test('for a wrong password names nobody: the name may be a password', async () => {
    const credentials = { username: 'hunter2hunter2', password: 'not the right one' };
    await send(issueRequest(port, { credentials, messageId }).sent.text);
    expect(line()).toMatchObject({ reason: 'user-or-password', claims: { messageId } });
    expect(node.lines.join()).not.toMatch(/hunter2|not the right/);
  });

  test('for load after a right password names the user', async () => {
    for (let i = 0; i < 4; i += 1) await send(issueRequest(port, { messageId: `urn:m:${i}` }).sent.text);
    expect(JSON.parse(node.lines.at(-1) ?? '')).toMatchObject({
      reason: 'issue-rate',
      user: user.username,
      messageId: 'urn:m:3',
    });
  });

  test('of a conversation that was cancelled claims to be of it', async () => {
    const other = await converse('EchoSymmetric', message => send(message, 'EchoSymmetric')).catch(() => undefined);
    const held = other ?? conversation;
    await send(cancel(held), held.port as typeof port);
    node.lines.length = 0;
    await send(call(held), held.port as typeof port);
    expect(line()).toMatchObject({ fault: 'badContextToken', claims: { contextId: held.token.id } });
  });
});

test('a claim that is long or does not print is cut off and written out', async () => {
  const other = await listen();
  const held = await converse('EchoTls13', message => post(other.address('EchoTls13'), message));
  const id = `urn:x:${'x'.repeat(400)}`;
  await post(other.address('EchoTls13'), call(held, { messageId: id, to: 'urn:nobody' }));
  const { claims, messageId } = JSON.parse(other.lines.at(-1) ?? '');
  expect((messageId ?? claims.messageId).length).toBe(256);
  const evil = replaced(call(held), held.token.id, `urn:x:\u202e\u2028${'y'.repeat(300)}`);
  await post(other.address('EchoTls13'), evil);
  const last = JSON.parse(other.lines.at(-1) ?? '');
  expect(last.claims.contextId).toMatch(/^urn:x:\\u\{202e\}\\u\{2028\}y+…$/);
  expect(last.claims.contextId).toHaveLength(256);
  await other.close();
});
