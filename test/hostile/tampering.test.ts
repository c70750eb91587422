import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { dialects } from '../../src/names.ts';
import type { Context } from '../../src/state/context.ts';
import { openState, sealState } from '../state/made.ts';
import { expectAllRefused, expectFault, expectNoSecrets, expectRefused, loggedReasons } from '../support/faults.ts';
import {
  type Conversation,
  call,
  cancel,
  converseWith,
  echoContent,
  issueRequest,
  replaced,
  withState,
} from '../support/initiator.ts';
import { type PortName, portNames, startNode, type TestNode, user } from '../support/node.ts';

const ring = createRing({ nowMs: Date.now(), random: systemRandom });
const clock = { nowMs: Date.now() };
// The messages are of now, and all tests together may take longer than clocks may differ.
beforeEach(() => {
  clock.nowMs = Date.now();
});
const hourMs = 3_600_000;

/** The node that issues, whose cache holds every conversation, and one that never saw any of them. */
let issuing: TestNode;
let other: TestNode;
beforeAll(async () => {
  [issuing, other] = await Promise.all([startNode({ ring, clock }), startNode({ ring, clock })]);
});

const lostOn = (port: PortName) => (port === 'EchoTls13' ? 'badContextToken200512' : 'badContextToken');

/** Asserts that both nodes refuse a message as the lost conversation it is, in equal bytes, without a call. */
async function expectLost(port: PortName, message: string): Promise<void> {
  for (const node of [issuing, other]) await expectRefused(node, port, message, lostOn(port));
}

/** Asserts it of each of many messages. */
async function expectAllLost(port: PortName, messages: readonly string[]): Promise<void> {
  for (const node of [issuing, other]) await expectAllRefused(node, port, messages, lostOn(port));
}

/** The octets with each one bit of them flipped in turn, in base64. */
function* bitsFlipped(octets: Buffer): Generator<string> {
  for (let bit = 0; bit < octets.length * 8; bit += 1) {
    const flipped = Buffer.from(octets);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield flipped.toString('base64');
  }
}

/** Asserts that a message is served, in a conversation that the node holds or one that it opens from the seal. */
async function expectServed(node: TestNode, port: PortName, message: string, from: 'held' | 'seal'): Promise<void> {
  const before = node.calls.length;
  expect((await node.post(port, message)).status).toBe(200);
  const held = ['Echo issued', 'Echo cache'];
  expect(node.calls.slice(before)).toEqual([expect.toBeOneOf(from === 'held' ? held : ['Echo seal'])]);
}

function contextOf({ plan, state, token }: Conversation): Context {
  const binding = { audience: plan.audience, wsc: plan.dialect.wsc, id: token.id, instance: undefined };
  const context = openState(state, binding, keyRing(ring), clock.nowMs);
  if (context === undefined) throw new TypeError('the state of a conversation that was just issued does not open');
  return context;
}

describe.each(portNames)('a sealed state on %s', port => {
  test('with any one bit flipped is no conversation, on the node that issued it as on the others', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    const flipped = [...bitsFlipped(Buffer.from(conversation.state, 'base64'))];
    expect(flipped.length).toBeGreaterThan(800);
    await expectAllLost(
      port,
      flipped.map(state => replaced(message, conversation.state, state)),
    );
    await expectServed(other, port, message, 'seal');
    await expectServed(issuing, port, message, 'held');
  });

  test('cut at any place is no conversation', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    const sealed = Buffer.from(conversation.state, 'base64');
    const cut = [
      ...Array.from({ length: sealed.length - 1 }, (_, i) => sealed.subarray(0, i + 1).toString('base64')),
      ...Array.from({ length: conversation.state.length - 1 }, (_, i) => conversation.state.slice(0, i + 1)),
    ];
    await expectAllLost(
      port,
      cut.map(state => replaced(message, conversation.state, state)),
    );
    await expectServed(issuing, port, message, 'held');
  });

  test.each([
    [
      'with bytes after its end',
      (state: string) => Buffer.concat([Buffer.from(state, 'base64'), Buffer.alloc(3)]).toString('base64'),
    ],
    ['that is not base64', (state: string) => `!${state.slice(1)}`],
    ['in base64url', (state: string) => `${state.slice(0, -4)}-_-_`],
    ['of zeros', (state: string) => Buffer.alloc(Buffer.from(state, 'base64').length).toString('base64')],
  ])('%s is no conversation', async (_, spoil) => {
    const conversation = await converseWith(issuing, port);
    await expectLost(port, withState(conversation, spoil(conversation.state)));
  });

  test('under the Identifier of another conversation of the same user is none, whoever signs', async () => {
    const [one, two] = [await converseWith(issuing, port), await converseWith(issuing, port)];
    await expectLost(port, withState(one, two.state));
    await expectLost(port, withState(two, one.state));
  });

  test('with an Instance that it was not issued with is no conversation', async () => {
    const conversation = await converseWith(issuing, port);
    const instance = '<c:Instance>urn:uuid:0b8f2a54-54a0-4c0e-9df4-1f0d2b9c7e11</c:Instance>';
    await expectLost(port, replaced(call(conversation), '</c:Identifier>', `</c:Identifier>${instance}`));
  });

  test('that was taken out of its token is no conversation, though the node has it in its cache', async () => {
    const conversation = await converseWith(issuing, port);
    await expectLost(port, replaced(call(conversation), /<k:State.*<\/k:State>/, ''));
  });

  test('that another farm sealed with the same key is no conversation', async () => {
    const conversation = await converseWith(issuing, port);
    const { plan } = conversation;
    const binding = { audience: plan.audience, wsc: plan.dialect.wsc };
    const foreign = keyRing({ ...ring, farm: '00112233aabbccdd' });
    const state = sealState(contextOf(conversation), binding, foreign, clock.nowMs, systemRandom);
    await expectLost(port, withState(conversation, state));
  });

  test('that was sealed for another service or another namespace is no conversation', async () => {
    const conversation = await converseWith(issuing, port);
    const { audience, dialect } = conversation.plan;
    const context = contextOf(conversation);
    const sealed = (binding: { audience: string; wsc: string }) =>
      withState(conversation, sealState(context, binding, keyRing(ring), clock.nowMs, systemRandom));
    const otherDialect = dialect === dialects.feb2005 ? dialects['200512'] : dialects.feb2005;
    await expectLost(port, sealed({ audience: `${audience}2`, wsc: dialect.wsc }));
    await expectLost(port, sealed({ audience, wsc: otherDialect.wsc }));
    const good = sealed({ audience, wsc: dialect.wsc });
    await expectServed(other, port, good, 'seal');
  });

  test('ends for good to the millisecond, where it is in the cache as on a node that never met it', async () => {
    const start = clock.nowMs;
    const life = { lifetimeMs: hourMs, absoluteLifetimeMs: hourMs };
    const late = await startNode({ ring, clock });
    const issuer = await startNode({ ring, clock, life });
    const conversation = await converseWith(issuer, port, start);
    try {
      clock.nowMs = start + hourMs - 1;
      await expectServed(issuer, port, call(conversation, { nowMs: clock.nowMs }), 'held');
      await expectServed(other, port, call(conversation, { nowMs: clock.nowMs }), 'seal');
      clock.nowMs = start + hourMs;
      await expectLost(port, call(conversation, { nowMs: clock.nowMs }));
      await expectRefused(issuer, port, call(conversation, { nowMs: clock.nowMs }), lostOn(port));
      await expectRefused(late, port, call(conversation, { nowMs: clock.nowMs }), lostOn(port));
      // What it refused was the time, not the conversation.
      clock.nowMs = start + hourMs - 1;
      await expectServed(late, port, call(conversation, { nowMs: clock.nowMs }), 'seal');
    } finally {
      clock.nowMs = start;
    }
  });

  test('is worth nothing to somebody who has it without its key', async () => {
    const [victim, thief] = [await converseWith(issuing, port), await converseWith(issuing, port)];
    const { id, token } = victim.keys;
    const stolen = { ...thief, keys: { ...thief.keys, id, token, reference: victim.keys.reference } };
    for (const node of [issuing, other]) await expectRefused(node, port, call(stolen), 'failedCheck');
  });
});

test('a state that was issued for one port is no conversation on another one of the same dialect', async () => {
  const tls = await converseWith(issuing, 'EchoTls11');
  const symmetric = await converseWith(issuing, 'EchoSymmetric');
  await expectLost('EchoTls11', call({ ...tls, keys: { ...symmetric.keys } }));
  await expectLost('EchoSymmetric', call({ ...symmetric, keys: { ...tls.keys } }));
});

describe.each(portNames)('a message on %s', port => {
  test('is served once: its copy is refused, also with other whitespace outside of what is signed', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    await expectServed(issuing, port, message, 'held');
    await expectRefused(issuing, port, message, 'invalidSecurity');
    await expectRefused(issuing, port, replaced(message, '</s:Header>', '\n</s:Header>'), 'invalidSecurity');
    const wrapped = message.replace(/(SignatureValue>)([^<]{8})/, '$1$2\n');
    if (wrapped === message) throw new TypeError('no SignatureValue');
    await expectRefused(issuing, port, wrapped, 'invalidSecurity');
    expect(loggedReasons(issuing.lines).slice(-3)).toEqual(['replay', 'replay', 'replay']);
  });

  test('of which 32 copies race is served once', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    const before = issuing.calls.length;
    const answers = await Promise.all(Array.from({ length: 32 }, () => issuing.post(port, message)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(issuing.calls.length).toBe(before + 1);
  });

  test('is remembered as long as it could be accepted', async () => {
    const start = clock.nowMs;
    const message = call(await converseWith(issuing, port, start), { nowMs: start });
    await expectServed(issuing, port, message, 'held');
    try {
      for (const [afterMs, fault] of [
        [299_000, 'invalidSecurity'],
        [359_000, 'invalidSecurity'],
        [361_000, 'messageExpired'],
      ] as const) {
        clock.nowMs = start + afterMs;
        await expectRefused(issuing, port, message, fault);
      }
    } finally {
      clock.nowMs = start;
    }
  });

  test('that is too old or from the future is refused as expired', async () => {
    const conversation = await converseWith(issuing, port);
    const { nowMs } = clock;
    for (const offMs of [-361_000, -hourMs, 62_000, hourMs])
      await expectRefused(issuing, port, call(conversation, { nowMs: nowMs + offMs }), 'messageExpired');
    await expectServed(issuing, port, call(conversation, { nowMs: nowMs + 58_000 }), 'held');
  });

  test('without its signature, or with another Timestamp than the signed one, is refused', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    const unsigned = replaced(message, /<(\w+:)?Signature .*<\/\1?Signature>/s, '');
    await expectRefused(issuing, port, unsigned, 'invalidSecurity');
    const expires = replaced(message, /(?<=Expires>)[^<]*/, new Date(clock.nowMs + 299_000).toISOString());
    await expectRefused(issuing, port, expires, 'failedCheck');
    await expectServed(issuing, port, message, 'held');
  });

  test('with any one bit of its SignatureValue flipped is refused', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    const value = /SignatureValue>([^<]+)</.exec(message)?.[1] ?? '';
    const flipped = [...bitsFlipped(Buffer.from(value, 'base64'))];
    expect(flipped.length).toBeGreaterThanOrEqual(160);
    await expectAllRefused(
      issuing,
      port,
      flipped.map(text => replaced(message, value, text)),
      'failedCheck',
    );
    await expectServed(issuing, port, message, 'held');
  });
});

describe('a signed and encrypted message', () => {
  const port = 'EchoSymmetric';

  test('does not name the operation or its arguments, and neither does its answer', async () => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation, { content: echoContent('attack at dawn') });
    const { body } = await issuing.post(port, message);
    for (const text of [message, body ?? ''])
      expect(text).not.toMatch(/attack at dawn|<Echo|EchoResponse[^<]*>\s*<text/);
  });

  test('with a bit flipped in its encrypted Body is refused, and then the genuine one is a replay', async () => {
    const conversation = await converseWith(issuing, port);
    for (const at of [0, 20, -1]) {
      const message = call(conversation);
      const ciphertext = [...message.matchAll(/CipherValue>([^<]+)</g)].at(-1)?.[1] ?? '';
      const bytes = Buffer.from(ciphertext, 'base64');
      bytes.writeUInt8((bytes.at(at) ?? 0) ^ 1, at < 0 ? bytes.length + at : at);
      await expectRefused(issuing, port, replaced(message, ciphertext, bytes.toString('base64')), 'failedCheck');
      await expectRefused(issuing, port, message, 'invalidSecurity');
    }
  });

  test.each([
    ['To', /(?<=>)http[^<]+/, 'http://127.0.0.1:8080/EchoSymmetric'],
    ['Action', /(?<= )u:Id/, 'xml:lang="en" u:Id'],
    ['MessageID', /(?<=urn:uuid:)./, 'x'],
    ['ReplyTo', /addressing\/anonymous/, 'addressing/none'],
  ])('with another %s than the signed one is refused', async (local, from, to) => {
    const conversation = await converseWith(issuing, port);
    const message = call(conversation);
    const header = new RegExp(`<a:${local} [^>]*>.*</a:${local}>`).exec(message)?.[0] ?? '';
    await expectRefused(issuing, port, replaced(message, header, replaced(header, from, to)), 'failedCheck');
    const absent = local === 'Action' ? 'addressingHeaderRequired' : 'invalidSecurity';
    await expectRefused(issuing, port, replaced(message, header, ''), absent);
    const unreferred = replaced(header, / u:Id="[^"]*"/, '');
    await expectRefused(issuing, port, replaced(message, header, unreferred), 'invalidSecurity');
  });

  test('whose Body is taken from another message of the same conversation is refused', async () => {
    const conversation = await converseWith(issuing, port);
    const [one, two] = [call(conversation), call(conversation, { content: echoContent('other') })];
    const bodyOf = (message: string) => /<s:Body.*<\/s:Body>/.exec(message)?.[0] ?? '';
    await expectRefused(issuing, port, replaced(one, bodyOf(one), bodyOf(two)), 'failedCheck');
  });
});

describe.each(portNames)('a bootstrap on %s', port => {
  test('with a wrong password and one of an unknown user are refused alike, and neither is logged', async () => {
    const before = issuing.statistics().issued;
    for (const credentials of [
      { ...user, password: 'Tr0ub4dor&3' },
      { username: 'mallory-the-unknown', password: user.password },
      { username: '__proto__', password: user.password },
    ]) {
      const { sent } = issueRequest(port, { credentials });
      await expectRefused(issuing, port, sent.text, 'failedAuthentication');
    }
    expect(issuing.statistics().issued).toBe(before);
    expectNoSecrets(issuing.lines, ['Tr0ub4dor&3', user.password, 'mallory-the-unknown']);
  });

  test('makes one conversation: its copy is refused', async () => {
    const { sent } = issueRequest(port);
    expect((await issuing.post(port, sent.text)).status).toBe(200);
    const before = issuing.statistics().issued;
    await expectRefused(issuing, port, sent.text, 'invalidSecurity');
    expect(issuing.statistics().issued).toBe(before);
  });

  test('that is too old is refused', async () => {
    await expectRefused(issuing, port, issueRequest(port, { nowMs: clock.nowMs - hourMs }).sent.text, 'messageExpired');
  });
});

test('a bootstrap whose EncryptedKey was changed is refused like one with a wrong signature', async () => {
  const { sent } = issueRequest('EchoSymmetric');
  const value = /CipherValue>([^<]+)</.exec(sent.text)?.[1] ?? '';
  const bytes = Buffer.from(value, 'base64');
  for (const at of [0, 100, 255]) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await expectRefused(
      issuing,
      'EchoSymmetric',
      replaced(sent.text, value, flipped.toString('base64')),
      'failedCheck',
    );
  }
});

describe.each(portNames)('a Cancel on %s', port => {
  const invalid = port === 'EchoTls13' ? 'invalidRequest200512' : 'invalidRequest';

  test('ends the conversation on every node that was told of it, for good', async () => {
    const conversation = await converseWith(issuing, port);
    await expectServed(other, port, call(conversation), 'seal');
    expect((await issuing.post(port, cancel(conversation))).status).toBe(200);
    await expectRefused(issuing, port, call(conversation), lostOn(port));
    const told = issuing.cancelled.at(-1);
    expect(told?.id).toBe(conversation.token.id);
    for (const served of other.ports.values()) served.state.cancelled(told ?? { id: '', untilMs: 0 }, clock.nowMs);
    await expectLost(port, call(conversation));
    await expectLost(port, cancel(conversation));
    expect(issuing.cancelled.filter(({ id }) => id === conversation.token.id)).toHaveLength(1);
  });

  test("of another user's conversation is refused, and that conversation goes on", async () => {
    const [victim, thief] = [await converseWith(issuing, port), await converseWith(issuing, port)];
    const before = issuing.cancelled.length;
    await expectRefused(issuing, port, cancel(thief, { target: victim }), invalid);
    expect(issuing.cancelled.length).toBe(before);
    await expectServed(issuing, port, call(victim), 'held');
    await expectServed(issuing, port, call(thief), 'held');
  });

  test('without a signature cancels nothing', async () => {
    const conversation = await converseWith(issuing, port);
    const before = issuing.cancelled.length;
    const unsigned = replaced(cancel(conversation), /<(\w+:)?Signature .*<\/\1?Signature>/s, '');
    await expectRefused(issuing, port, unsigned, 'invalidSecurity');
    expect(issuing.cancelled.length).toBe(before);
    await expectServed(issuing, port, call(conversation), 'held');
  });

  test('under the Action of a bootstrap is no bootstrap and no Cancel', async () => {
    const conversation = await converseWith(issuing, port);
    const { dialect } = conversation.plan;
    const before = issuing.cancelled.length;
    const answer = await issuing.post(port, cancel(conversation, { action: dialect.requestAction.issue }));
    expectFault(answer, 'invalidSecurity');
    await expectServed(issuing, port, call(conversation), 'held');
    expect(issuing.cancelled.length).toBe(before);
  });
});

test('no log of all this holds a password, a state or a key', async () => {
  const conversation = await converseWith(issuing, 'EchoSymmetric');
  await expectRefused(issuing, 'EchoSymmetric', withState(conversation, 'A'.repeat(400)), 'badContextToken');
  const keys = ring.keys.map(({ key }) => secretBytes(key));
  const lines = [...issuing.lines, ...other.lines];
  expect(lines.length).toBeGreaterThan(1000);
  expectNoSecrets(lines, [user.password, conversation.state, secretBytes(conversation.token.secret), ...keys]);
  expect(lines.filter(line => line.length > 800)).toEqual([]);
});
