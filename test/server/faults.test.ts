import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { ns } from '../../src/names.ts';
import { type CurrentContext, currentContext, findCurrentContext } from '../../src/server/current-context.ts';
import { readFault } from '../../src/soap/fault-shape.ts';
import { usersOf } from '../../src/users/logins.ts';
import { leafText } from '../../src/xml/tree.ts';
import { expectFault, expectNoSecrets } from '../support/faults.ts';
import {
  addAction,
  addContent,
  type Conversation,
  call,
  converseWith,
  issueRequest,
  readAnswer,
} from '../support/initiator.ts';
import { authenticate, caller, type PortName, portNames, startNode, type TestNode, user } from '../support/node.ts';

type Callback = (error: unknown, result?: unknown) => void;

/** What the operation does; each test sets its own. */
let behaviour: (args: { text: string }, callback: Callback) => unknown;
let seen: CurrentContext[] = [];

/** Operations as methods of a class, as node-soap takes them too. */
class Operations {
  Echo(args: { text: string }, callback: Callback) {
    seen.push(currentContext());
    return behaviour(args, callback);
  }
}

let node: TestNode;
const conversations = new Map<PortName, Conversation>();
beforeAll(async () => {
  const operations = new Operations();
  node = await startNode({
    ring: createRing({ nowMs: Date.now(), random: systemRandom }),
    clock: {
      get nowMs() {
        return Date.now();
      },
    },
    services: { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } },
  });
  for (const port of portNames) conversations.set(port, await converseWith(node, port));
});
beforeEach(() => {
  seen = [];
});

const secret = 'SELECT password FROM users at /srv/app/db.js:17';

/** Calls Echo and verifies the answer as the client does. */
async function ask(port: PortName, change: Parameters<typeof call>[1] = {}) {
  const conversation = conversations.get(port);
  const operation = conversation?.plan.operations.find(({ name }) => name === 'Echo');
  if (conversation === undefined || operation === undefined) throw new TypeError('no conversation');
  const { status, body = '' } = await node.post(port, call(conversation, change));
  const verified = await readAnswer(body, operation, { context: conversation.keys });
  return { status, wire: body, verified, fault: verified.content && readFault(verified.content) };
}

/** A result that fails when it is written, and one that contains itself. */
const unwritable = {
  get text(): string {
    return fail(new Error(secret));
  },
};
const endless: { text: unknown } = { text: undefined };
endless.text = endless;

/** A promise of another library than the language's own. */
const foreign = (promise: Promise<unknown>) => ({
  // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
  then: (done: (value: unknown) => void, failed: (error: unknown) => void) => void promise.then(done, failed),
});

const fail = (error: unknown): never => {
  throw error;
};

describe.each(portNames)('on %s', port => {
  describe('the answer of an operation comes back, whichever way it gives it', () => {
    test.each<[string, typeof behaviour]>([
      ['returned', ({ text }) => ({ text })],
      ['promised', async ({ text }) => ({ text })],
      ['by another library’s promise', ({ text }) => foreign(Promise.resolve({ text }))],
      ['called back', ({ text }, callback) => callback(null, { text })],
      ['called back later', ({ text }, callback) => void setImmediate(() => callback(null, { text }))],
      ['called back as the only argument', ({ text }, callback) => callback({ text })],
    ])('%s', async (_, behave) => {
      behaviour = behave;
      const { status, verified } = await ask(port);
      expect(status).toBe(200);
      expect(verified.content?.local).toBe('EchoResponse');
      expect(verified.content?.children[0]?.source).toContain('hello');
      expect(seen).toMatchObject([
        { user: user.username, roles: ['reader'], authenticatedBy: 'usernameToken', node: 'node' },
      ]);
    });

    test('undefined, promised, is an answer without parts', async () => {
      behaviour = async () => undefined;
      const { status, verified } = await ask(port);
      expect({ status, name: verified.content?.local, parts: verified.content?.children }).toEqual({
        status: 200,
        name: 'EchoResponse',
        parts: [],
      });
    });

    test.each<[string, typeof behaviour]>([
      ['a part that is null', () => ({ text: null })],
      ['null, promised', async () => null],
      ['null, called back', (_, callback) => callback(null, null)],
    ])('%s comes back as nil', async (_, behave) => {
      behaviour = behave;
      const { status, verified } = await ask(port);
      expect({ status, name: verified.content?.local }).toEqual({ status: 200, name: 'EchoResponse' });
      expect(verified.content?.source).toMatch(/ xsi:nil="true"/);
    });

    test('a text that looks like nil or like another answer is a text', async () => {
      const text = '<a xsi:nil="true"> ]]> </s:Body> & \u2028 xmlns:xsi="urn:x"';
      behaviour = () => ({ text });
      const { verified } = await ask(port);
      const [part] = verified.content?.children ?? [];
      expect(part && leafText(part)).toBe(text);
    });

    test('an answer may be longer than any message that is accepted', async () => {
      behaviour = () => ({ text: 'x'.repeat(2_000_000) });
      const conversation = conversations.get(port);
      if (conversation === undefined) throw new TypeError('no conversation');
      const { status, body = '' } = await node.post(port, call(conversation));
      expect(status).toBe(200);
      expect(body.length).toBeGreaterThan(2_000_000);
    });

    test('undefined, returned, is no answer yet: the callback is waited for', async () => {
      let later: Callback | undefined;
      behaviour = (_, callback) => {
        later = callback;
      };
      const asked = ask(port);
      await expect.poll(() => later).toBeDefined();
      later?.(null, { text: 'in the end' });
      expect((await asked).verified.content?.source).toContain('in the end');
    });
  });

  describe('what an operation says of a failure by an Error never leaves the node', () => {
    test.each<[string, typeof behaviour]>([
      ['thrown', () => fail(new Error(secret))],
      ['rejected', async () => fail(new Error(secret))],
      ['rejected by another library’s promise', () => foreign(Promise.reject(new Error(secret)))],
      ['called back', (_, callback) => callback(new Error(secret))],
      ['called back later', (_, callback) => void setImmediate(() => callback(new Error(secret)))],
      ['called back with a result', (_, callback) => callback(new Error(secret), { text: secret })],
      ['a text thrown', () => fail(secret)],
      ['an object thrown', () => fail({ message: secret, stack: secret })],
      ['nothing thrown', () => fail(undefined)],
      ['null rejected', async () => fail(null)],
      ['an answer that cannot be written', () => unwritable],
      ['an answer that cannot be written, promised', async () => unwritable],
      [
        'an answer that cannot be written, called back later',
        (_, callback) => void setImmediate(() => callback(null, unwritable)),
      ],
      ['an answer without end', async () => endless],
    ])('%s', async (_, behave) => {
      behaviour = behave;
      const { status, wire, verified, fault } = await ask(port);
      expect(status).toBe(500);
      expect(fault).toMatchObject({
        code: { namespace: ns.soap12, local: 'Receiver' },
        subcode: undefined,
        reason: 'The service could not process the request.',
        detail: undefined,
      });
      expect(verified.addressing?.action).toBe(`${ns.wsa10}/soap/fault`);
      for (const text of [wire, verified.content?.source ?? ''])
        expect(text).not.toMatch(/SELECT|db\.js|Error|node_modules/);
    });
  });

  describe('a fault that an operation makes comes back as it was made, protected like an answer', () => {
    const fault11 = { faultcode: 'soap:Client', faultstring: 'no such text', detail: 'row <17> & more' };
    const fault12 = {
      Code: { Value: 'soap:Sender', Subcode: { Value: '{urn:app}NoSuchText' } },
      Reason: { Text: 'no such text' },
      Detail: 'row <17> & more',
    };
    test.each<[string, typeof behaviour, string | undefined]>([
      ['SOAP 1.1, thrown', () => fail({ Fault: fault11 }), undefined],
      ['SOAP 1.1, rejected', async () => fail({ Fault: fault11 }), undefined],
      ['SOAP 1.1, called back', (_, callback) => callback({ Fault: fault11 }), undefined],
      ['SOAP 1.2, thrown', () => fail({ Fault: fault12 }), 'NoSuchText'],
      ['SOAP 1.2, rejected', async () => fail({ Fault: fault12 }), 'NoSuchText'],
      [
        'SOAP 1.2, rejected by another library’s promise',
        () => foreign(Promise.reject({ Fault: fault12 })),
        'NoSuchText',
      ],
      [
        'SOAP 1.2, called back later',
        (_, callback) => void setImmediate(() => callback({ Fault: fault12 })),
        'NoSuchText',
      ],
      ['SOAP 1.2, on an Error', () => fail(Object.assign(new Error(secret), { Fault: fault12 })), 'NoSuchText'],
    ])('%s', async (_, behave, subcode) => {
      behaviour = behave;
      const { status, wire, verified, fault } = await ask(port);
      expect(status).toBe(500);
      expect(fault).toMatchObject({ code: { namespace: ns.soap12, local: 'Sender' }, reason: 'no such text' });
      expect(fault?.subcode?.local).toBe(subcode);
      expect(fault?.detail?.children[0]?.source).toContain('row &lt;17&gt; &amp; more');
      expect(verified.addressing?.action).toBe(`${ns.wsa10}/soap/fault`);
      if (port === 'EchoSymmetric') {
        expect(wire).not.toMatch(/Fault>|no such text|row &lt;/);
        expect(verified.signed.has(verified.body)).toBe(true);
      }
      expect(wire).toMatch(/<\w+:Timestamp /);
    });

    test.each([
      [404, 404],
      [503, 503],
      [400, 400],
      [599, 599],
      [399, 500],
      [600, 500],
      [200, 500],
      [404.5, 500],
      ['404', 500],
      [undefined, 500],
    ])('with the statusCode %j it comes with HTTP %i', async (statusCode, status) => {
      behaviour = () => fail({ Fault: { ...fault12, statusCode } });
      const answer = await ask(port);
      expect(answer.status).toBe(status);
      expect(answer.fault).toMatchObject({ code: { local: 'Sender' }, reason: 'no such text' });
    });

    test.each([
      ['null', null],
      ['a text', 'x'],
      ['empty', {}],
      [
        'of markup',
        {
          Code: { Value: '<x>', Subcode: { Value: '"><evil/>' } },
          Reason: { Text: ']]><evil/>' },
          Detail: { a: ['<evil/>'] },
        },
      ],
      ['of prototype names', { Code: { Value: '__proto__' }, Reason: { Text: { toString: 1 } } }],
    ])('a fault that is %s is still a fault that can be read', async (_, fault) => {
      behaviour = () => fail({ Fault: fault });
      const answer = await ask(port);
      expect(answer.status).toBe(500);
      expect(answer.fault?.code).toEqual({ namespace: ns.soap12, local: 'Receiver' });
      expect(answer.verified.content?.source).not.toContain('<evil');
    });
  });

  test('an operation that the service object does not have is a fault, and the node goes on', async () => {
    const conversation = conversations.get(port);
    if (conversation === undefined) throw new TypeError('no conversation');
    const { status, body = '' } = await node.post(port, call(conversation, { action: addAction, content: addContent }));
    expect(status).toBe(500);
    expect(body).not.toMatch(/TypeError|undefined/);
    behaviour = ({ text }) => ({ text });
    expect((await ask(port)).status).toBe(200);
  });

  test('calls that run at the same time have each its own context', async () => {
    const other = await converseWith(node, port);
    const first = conversations.get(port);
    if (first === undefined) throw new TypeError('no conversation');
    const ids: (string | undefined)[] = [];
    behaviour = async ({ text }) => {
      await new Promise(resolve => setImmediate(resolve));
      ids.push(currentContext().id);
      return { text };
    };
    await Promise.all([first, other, first, other].map(held => node.post(port, call(held))));
    expect(ids.sort()).toEqual([first, other, first, other].map(({ token }) => token.id).sort());
    expect(findCurrentContext()).toBeUndefined();
  });
});

test('a user store that fails is a fault of the service that says nothing', async () => {
  const broken = await startNode({
    ring: createRing({ nowMs: Date.now(), random: systemRandom }),
    clock: { nowMs: Date.now() },
    authenticate: async () => fail(new Error(secret)),
  });
  for (const port of portNames) expectFault(await broken.post(port, issueRequest(port).sent.text), 'server');
});

test.each([true, 1, 'alice', { user: 'alice' }])(
  'a user store that answers %j is a fault that says nothing, and a line of the log that says what to give',
  async answer => {
    const wrong = await startNode({
      ring: createRing({ nowMs: Date.now(), random: systemRandom }),
      clock: { nowMs: Date.now() },
      authenticate: usersOf(async () => answer as never).source.check,
    });
    expectFault(await wrong.post('EchoTls13', issueRequest('EchoTls13').sent.text), 'server');
    expect(wrong.lines.join()).toMatch(/authenticate gave .*: it must give \{ user: 'name', roles: \['role'\] \}/);
    expect(wrong.statistics().issued).toBe(0);
  },
);

test('a user whose name and roles do not fit into a token gets none', async () => {
  const greedy = await startNode({
    ring: createRing({ nowMs: Date.now(), random: systemRandom }),
    clock: { nowMs: Date.now() },
    authenticate: async () => ({ user: 'x', roles: Array.from({ length: 10_000 }, (_, i) => `role ${i}`) }),
  });
  expectFault(await greedy.post('EchoTls13', issueRequest('EchoTls13').sent.text), 'server');
  expect(greedy.statistics().issued).toBe(0);
});

test('failures are logged with what was thrown, once each, never with a state, a password or arguments', async () => {
  behaviour = () => fail(new Error('disk full'));
  const before = node.lines.length;
  await ask('EchoTls13', {
    content: `<Echo xmlns="urn:soap-secure-conversation:echo"><text>my argument</text></Echo>`,
  });
  const lines = node.lines.slice(before);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('disk full');
  expectNoSecrets(node.lines, ['my argument', user.password, ...[...conversations.values()].map(({ state }) => state)]);
  expect(await authenticate(user.username, user.password, caller)).toBeDefined();
});
