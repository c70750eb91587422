import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { ns } from '../../src/names.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, expectRefused, loggedReasons } from '../support/faults.ts';
import {
  type Conversation,
  call,
  cancel,
  converse,
  converseWith,
  issueRequest,
  replaced,
} from '../support/initiator.ts';
import { portNames, startNode, type TestNode, user } from '../support/node.ts';

const kib64 = 65_536;
const clock = { nowMs: Date.now() };
// The messages are of now, and all tests together may take longer than clocks may differ.
beforeEach(() => {
  clock.nowMs = Date.now();
});
let node: TestNode;
beforeAll(async () => {
  node = await startNode({ ring: createRing({ nowMs: clock.nowMs, random: systemRandom }), clock });
});

/** A message whose Body begins after so many characters: white space in the Header, which nothing signs. */
function withHeaderOf(message: string, chars: number): string {
  return replaced(message, '</s:Header>', `${' '.repeat(chars - message.indexOf('<s:Body'))}</s:Header>`);
}

/** A message of so many bytes: white space after the Envelope. */
const ofBytes = (message: string, bytes: number) => message + ' '.repeat(bytes - Buffer.byteLength(message));

test.each(portNames)('%s refuses an Envelope of the other version of SOAP, in that version', async port => {
  const conversation = await converseWith(node, port);
  const other = call(conversation).replaceAll(ns.soap12, ns.soap11);
  const { status, body } = await node.post(port, other);
  expect(status).toBe(500);
  expect(body).toContain(`<s:Envelope xmlns:s="${ns.soap11}">`);
  expect(body).toContain('VersionMismatch');
  expect(loggedReasons(node.lines).at(-1)).toBe('soap-version');
});

describe.each(portNames)('on %s', port => {
  const malformed = async (message: string, reason: string) => {
    await expectRefused(node, port, message, 'malformed');
    expect(loggedReasons(node.lines).at(-1)).toBe(reason);
  };

  test('what comes before the Body may have 64 KiB and no more', async () => {
    const conversation = await converseWith(node, port);
    expect((await node.post(port, withHeaderOf(call(conversation), kib64))).status).toBe(200);
    await malformed(withHeaderOf(call(conversation), kib64 + 1), 'header-size');
  });

  test('a bootstrap may have 64 KiB and no more, and a call may have more', async () => {
    expect((await node.post(port, ofBytes(issueRequest(port).sent.text, kib64))).status).toBe(200);
    const before = node.statistics().issued;
    await malformed(ofBytes(issueRequest(port).sent.text, kib64 + 1), 'rst-bytes');
    expect(node.statistics().issued).toBe(before);
    const conversation = await converseWith(node, port);
    expect((await node.post(port, ofBytes(call(conversation), kib64 + 1))).status).toBe(200);
  });

  test('a Cancel may have 64 KiB and no more', async () => {
    const conversation = await converseWith(node, port);
    await malformed(ofBytes(cancel(conversation), kib64 + 1), 'rst-bytes');
    expect((await node.post(port, ofBytes(cancel(conversation), kib64))).status).toBe(200);
  });
});

describe('a user who begins conversations faster than the issue rate', () => {
  const port = 'EchoSymmetric';
  const bob = { username: 'bob', password: 'another one' };
  let listening: ListeningNode;
  let first: Conversation;

  async function post(message: string) {
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
    const response = await fetch(listening.address(port), { method: 'POST', headers, body: message });
    return { status: response.status, body: await response.text() };
  }
  const begin = async (credentials = user) => (await post(issueRequest(port, { credentials }).sent.text)).status;

  beforeAll(async () => {
    listening = await listen({
      issueRate: { perSecond: 0.001, burst: 3 },
      authenticate: async (name, password) =>
        [user, bob].some(known => known.username === name && known.password === password)
          ? { user: name, roles: [] }
          : undefined,
    });
    first = await converse(port, post);
  });
  afterAll(() => listening.close());

  test('is told to come again later, and goes on in those that there are', async () => {
    expect([await begin(), await begin()]).toEqual([200, 200]);
    const { sent } = issueRequest(port);
    expectFault(await post(sent.text), 'busy');
    expect(loggedReasons(listening.lines)).toEqual(['issue-rate']);
    expect(listening.endpoint.statistics().issued).toBe(3);
    expect((await post(call(first))).status).toBe(200);
  });

  test('takes nothing from another user', async () => {
    expect(await begin(bob)).toBe(200);
    expect(await begin()).toBe(503);
  });

  test('can not be made one by somebody who does not know the password', async () => {
    for (let i = 0; i < 5; i++) expect(await begin({ ...bob, password: 'guessed' })).toBe(500);
    expect([await begin(bob), await begin(bob)]).toEqual([200, 200]);
  });
});

test('without an issue rate of its own an endpoint lets a user begin 300 conversations at once', async () => {
  const listening = await listen();
  const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
  const bodies = Array.from({ length: 300 }, () => issueRequest('EchoSymmetric').sent.text);
  const answers = await Promise.all(
    bodies.map(body => fetch(listening.address('EchoSymmetric'), { method: 'POST', headers, body })),
  );
  await Promise.all(answers.map(answer => answer.arrayBuffer()));
  await listening.close();
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
});
