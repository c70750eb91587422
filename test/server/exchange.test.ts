import { beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { answerMessage } from '../../src/server/pipeline.ts';
import type { ServedPort } from '../../src/server/port.ts';
import { expectFault } from '../support/faults.ts';
import { call, cancel, converseWith, issueRequest, replaced } from '../support/initiator.ts';
import { caller, type PortName, portNames, startNode, type TestNode, user } from '../support/node.ts';

const tlsPorts = ['EchoTls11', 'EchoTls13'] as const;
const other = { username: 'bob', password: user.password };

let node: TestNode;
beforeAll(async () => {
  node = await startNode({
    ring: createRing({ nowMs: Date.now(), random: systemRandom }),
    clock: {
      get nowMs() {
        return Date.now();
      },
    },
    authenticate: async username => ({ user: username, roles: [] }),
  });
});

function portOf(name: PortName): ServedPort {
  const port = node.ports.get(name);
  if (port === undefined) throw new TypeError(`no port ${name}`);
  return port;
}

/** What a port answers to a message, with its last line in the log. */
async function post(port: ServedPort, message: string) {
  const answered = await answerMessage(Buffer.from(message), undefined, port, caller);
  if (answered === undefined) throw new TypeError('the caller is there');
  const { status, body } = answered;
  return { status, body, reason: JSON.parse(node.lines.at(-1) ?? '{}').reason };
}

describe.each(portNames)('a Cancel to %s', name => {
  test('is refused where the policy says MustNotSendCancel, and the conversation goes on', async () => {
    const port = portOf(name);
    const conversation = await converseWith(node, name);
    const forbidden = { ...port, plan: { ...port.plan, mayCancel: false } };
    const refused = await post(forbidden, cancel(conversation));
    expectFault(refused, name === 'EchoTls13' ? 'invalidRequest200512' : 'invalidRequest');
    expect(refused.reason).toBe('cancel-not-offered');
    expect((await node.post(name, call(conversation))).status).toBe(200);
    expect((await post(port, cancel(conversation))).status).toBe(200);
  });
});

test.each(tlsPorts)('a bootstrap of %s without a UsernameToken is nobody’s', async name => {
  const message = replaced(issueRequest(name).sent.text, /<o:UsernameToken .*<\/o:UsernameToken>/, '');
  const refused = await post(portOf(name), message);
  expectFault(refused, 'invalidSecurity');
  expect(refused.reason).toBe('supporting-token-count');
});

test.each(portNames)(
  'a bootstrap of %s whose caller went away while the password was checked opens nothing',
  async name => {
    const { counters, ...parts } = portOf(name).parts;
    const before = counters.snapshot();
    const gone = new AbortController();
    const authenticate: ServedPort['parts']['authenticate'] = async username => {
      gone.abort();
      return { user: username, roles: [] };
    };
    const port = { ...portOf(name), parts: { ...parts, counters, authenticate } };
    const answered = answerMessage(Buffer.from(issueRequest(name).sent.text), undefined, port, {
      ...caller,
      signal: gone.signal,
    });
    expect(await answered).toBeUndefined();
    expect(counters.snapshot().issued).toBe(before.issued);
  },
);

describe.each(tlsPorts)('a bootstrap of %s, of which nothing is signed', name => {
  const messageId = () => `urn:uuid:${crypto.randomUUID()}`;

  test('is spent by its MessageID: a second one is a replay, also with another Timestamp', async () => {
    const id = messageId();
    const ask = (nowMs: number) => post(portOf(name), issueRequest(name, { messageId: id, nowMs }).sent.text);
    expect((await ask(Date.now())).status).toBe(200);
    const second = await ask(Date.now() + 1_000);
    expectFault(second, 'invalidSecurity');
    expect(second.reason).toBe('replay');
    expect((await post(portOf(name), issueRequest(name, { messageId: messageId() }).sent.text)).status).toBe(200);
  });

  test('is spent for its user alone: nobody spends the MessageID of somebody else', async () => {
    const id = messageId();
    for (const credentials of [other, user])
      expect((await post(portOf(name), issueRequest(name, { messageId: id, credentials }).sent.text)).status).toBe(200);
  });

  test('that can’t be told from a replay because the table is full is the server’s fault', async () => {
    const port = portOf(name);
    const full: ServedPort = { ...port, parts: { ...port.parts, spend: () => 'full' } };
    const refused = await post(full, issueRequest(name).sent.text);
    expectFault(refused, 'server');
    expect(refused.reason).toBe('replay-table-full');
  });
});
