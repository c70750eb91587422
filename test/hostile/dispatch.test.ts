import { createServer } from 'node:net';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { ns, spoken } from '../../src/names.ts';
import { expectFault, expectNoSecrets, expectRefused, loggedReasons } from '../support/faults.ts';
import {
  addAction,
  addContent,
  amend,
  type Conversation,
  call,
  cancel,
  converseWith,
  echo,
  echoAction,
  echoContent,
  issueRequest,
  planOf,
  readAnswer,
  replaced,
} from '../support/initiator.ts';
import { portNames, startNode, type TestNode, user } from '../support/node.ts';

const clock = { nowMs: Date.now() };
// The messages are of now, and all tests together may take longer than clocks may differ.
beforeEach(() => {
  clock.nowMs = Date.now();
});
let node: TestNode;
beforeAll(async () => {
  node = await startNode({ ring: createRing({ nowMs: clock.nowMs, random: systemRandom }), clock });
});

describe.each(portNames)('on %s', port => {
  let conversation: Conversation;
  beforeAll(async () => {
    conversation = await converseWith(node, port);
  });
  const lost = port === 'EchoTls13' ? 'badContextToken200512' : 'badContextToken';

  test.each<[string, string, string, string | undefined]>([
    ['the Action of one operation over the Body of another', addAction, echoContent('x'), undefined],
    ['the other way round', echoAction, addContent, undefined],
    ['an HTTP action of one operation over the message of another', echoAction, echoContent('x'), addAction],
    ['an HTTP action that agrees with the Body and not with wsa:Action', addAction, echoContent('x'), echoAction],
    ['an HTTP action that agrees with wsa:Action and not with the Body', addAction, echoContent('x'), addAction],
    ['the Action of an answer', `${echo}/EchoPortType/EchoResponse`, echoContent('x'), undefined],
    [
      'a Body of the same name in another namespace',
      echoAction,
      '<Echo xmlns="urn:other"><text>x</text></Echo>',
      undefined,
    ],
    ['a Body of the same name in no namespace', echoAction, '<Echo><text>x</text></Echo>', undefined],
    ['an empty Body', echoAction, '', undefined],
  ])('%s calls no operation', async (_, action, content, soapAction) => {
    const message = call(conversation, { action, content });
    const isAnswer = action.endsWith('Response');
    await expectRefused(node, port, message, isAnswer ? lost : 'actionMismatch', soapAction);
  });

  test.each([
    '',
    'urn:',
    `${echo}/EchoPortType/echo`,
    `${echoAction}/`,
    `${echoAction}%20`,
    '__proto__',
    'constructor',
    'toString',
  ])('an Action that no operation has calls none: "%s"', async action => {
    const answer = await node.post(port, call(conversation, { action: action || 'x:' }));
    expectFault(answer, lost);
    expect(node.calls).toEqual([]);
  });

  test('the Action of a call over a bootstrap, and of a bootstrap over a call, proves nothing', async () => {
    const before = node.statistics().issued;
    await expectRefused(node, port, issueRequest(port, { action: echoAction }).sent.text, 'invalidSecurity');
    await expectRefused(
      node,
      port,
      call(conversation, { action: planOf(port).dialect.requestAction.issue }),
      'invalidSecurity',
    );
    expect(node.statistics().issued).toBe(before);
  });

  test('the Action of a Cancel over a call cancels nothing', async () => {
    const invalid = port === 'EchoTls13' ? 'invalidRequest200512' : 'invalidRequest';
    await expectRefused(
      node,
      port,
      call(conversation, { action: spoken(planOf(port).dialect.requestAction.cancel) }),
      invalid,
    );
    await expectRefused(node, port, cancel(conversation, { action: echoAction }), 'actionMismatch');
    expect(node.cancelled).toEqual([]);
  });

  test.each([
    'http://evil.example/EchoTls13',
    'urn:other',
    'http://localhost:8080/',
    'https://localhost:8443/EchoTls13?wsdl',
    'HTTPS://localhost:8443/EchoTls13',
    'https://localhost:8443/EchoTls13/../EchoTls11',
    'https://user@localhost:8443/EchoTls13',
    'http://www.w3.org/2005/08/addressing/anonymous',
  ])('a message to %s is for somebody else', async to => {
    await expectRefused(node, port, call(conversation, { to }), 'invalidAddressingHeader');
  });

  test('a message to another port of this service is for somebody else', async () => {
    for (const other of portNames)
      if (other !== port)
        await expectRefused(node, port, call(conversation, { to: planOf(other).address }), 'invalidAddressingHeader');
  });

  test('a message without To is refused', async () => {
    await expectRefused(node, port, call(conversation, { to: undefined }), 'addressingHeaderRequired');
  });

  test.each([
    ['longer than 512', `urn:uuid:${'a'.repeat(504)}`],
    ['with spaces', 'urn:a b'],
    ['of markup', 'urn:&lt;x&gt;]]&gt;"'],
  ])('a MessageID %s is no MessageID', async (what, messageId) => {
    const message = call(conversation, { messageId });
    const answer = await node.post(port, message);
    if (what === 'of markup') {
      // It is a value like any other; what comes back is XML, and holds it as it was written.
      expect(answer.status).toBe(200);
      node.calls.pop();
    } else expectFault(answer, 'invalidAddressingHeader');
    expect(node.calls).toEqual([]);
  });
});

beforeEach(() => {
  node.calls.length = 0;
});

/** The TLS ports sign no addressing header, so that what TLS carries is all that there is: anything may be written. */
describe.each(['EchoTls11', 'EchoTls13'] as const)('addressing on %s', port => {
  let conversation: Conversation;
  beforeAll(async () => {
    conversation = await converseWith(node, port);
  });
  const wsa = ns.wsa10;
  const reply = /<a:ReplyTo .*<\/a:ReplyTo>/;
  const header = (local: string, address: string, more = '') =>
    `<a:${local} xmlns:a="${wsa}"><a:Address>${address}</a:Address>${more}</a:${local}>`;

  test('no ReplyTo, FaultTo or From is ever connected to', async () => {
    const connections: string[] = [];
    const listener = createServer(socket => {
      connections.push(`${socket.remotePort}`);
      socket.destroy();
    });
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
    const { port: tcpPort } = listener.address() as { port: number };
    const places = [
      `http://127.0.0.1:${tcpPort}/`,
      `soap.tcp://127.0.0.1:${tcpPort}`,
      `http://[::1]:${tcpPort}/x`,
      'http://169.254.169.254/latest',
      'file:///etc/passwd',
      'mailto:a@b',
    ];
    for (const place of places) {
      for (const local of ['ReplyTo', 'FaultTo'])
        await expectRefused(
          node,
          port,
          replaced(call(conversation), reply, header(local, place)),
          'onlyAnonymousAddressSupported',
        );
      const from = replaced(call(conversation), reply, header('From', place));
      expect((await node.post(port, from)).status).toBe(200);
    }
    const overlong = replaced(
      call(conversation),
      reply,
      header('ReplyTo', `http://127.0.0.1:${tcpPort}/${'x'.repeat(10_000)}`),
    );
    await expectRefused(node, port, overlong, 'invalidAddressingHeader');
    await new Promise(resolve => listener.close(resolve));
    expect(connections).toEqual([]);
  });

  test('a ReplyTo with reference parameters, with two addresses or with none is refused', async () => {
    const parameters = `<a:ReferenceParameters><x xmlns="urn:x">1</x></a:ReferenceParameters>`;
    const { anonymous } = planOf(port).trustAddressing;
    for (const spoilt of [
      header('ReplyTo', anonymous, parameters),
      header('ReplyTo', anonymous, `<a:Address>${anonymous}</a:Address>`),
      `<a:ReplyTo xmlns:a="${wsa}"></a:ReplyTo>`,
      `<a:ReplyTo xmlns:a="${wsa}">${anonymous}</a:ReplyTo>`,
      header('ReplyTo', `${anonymous}<!-- -->x`),
    ])
      await expectRefused(node, port, replaced(call(conversation), reply, spoilt), 'invalidAddressingHeader');
  });

  test.each(['Action', 'MessageID', 'To', 'ReplyTo'])('a second %s is refused, equal or not', async local => {
    const message = call(conversation);
    const block = new RegExp(`<a:${local} .*?</a:${local}>`).exec(message)?.[0] ?? '';
    await expectRefused(node, port, replaced(message, block, block + block), 'invalidAddressingHeader');
    const other = local === 'ReplyTo' ? block : replaced(block, /(?<=>)[^<]+/, 'urn:other');
    await expectRefused(node, port, replaced(message, block, other + block), 'invalidAddressingHeader');
  });

  test('headers of the other addressing version, alone or beside ours, are refused', async () => {
    const message = call(conversation);
    const old = `<w:Action xmlns:w="${ns.wsa200408}">${echoAction}</w:Action>`;
    await expectRefused(node, port, replaced(message, '<a:Action ', `${old}<a:Action `), 'invalidAddressingHeader');
    const translated = message
      .replaceAll(wsa, ns.wsa200408)
      .replace('addressing/anonymous', 'addressing/role/anonymous');
    await expectRefused(node, port, translated, 'invalidAddressingHeader');
  });

  test('a message without MessageID, Action or any addressing is refused', async () => {
    const message = call(conversation);
    await expectRefused(
      node,
      port,
      replaced(message, /<a:MessageID .*<\/a:MessageID>/, ''),
      'addressingHeaderRequired',
    );
    await expectRefused(node, port, replaced(message, /<a:Action .*<\/a:Action>/, ''), 'addressingHeaderRequired');
    const bare = replaced(message, /<a:Action .*<\/a:To>/, '');
    expect((await node.post(port, bare)).status).toBe(500);
    expect(node.calls).toEqual([]);
  });

  test('a MessageID that names itself is a call like any other, and one for two users is two calls', async () => {
    const messageId = 'urn:uuid:6f0d2c1e-5b1a-4c5e-9d5c-0d1b5a0a4e7f';
    const loop = replaced(
      call(conversation, { messageId }),
      '</a:MessageID>',
      `</a:MessageID><a:RelatesTo xmlns:a="${wsa}">${messageId}</a:RelatesTo>`,
    );
    expect((await node.post(port, loop)).status).toBe(200);
    const other = await converseWith(node, port);
    expect((await node.post(port, call(other, { messageId }))).status).toBe(200);
    await expectRefused(node, port, call(other, { messageId }), 'invalidSecurity');
    expect(node.calls).toHaveLength(2);
  });

  test('an unknown header that must be understood is refused; one for another node, or optional, is not', async () => {
    const message = call(conversation);
    const block = (attributes: string) =>
      replaced(message, '<a:Action ', `<x:H xmlns:x="urn:x" ${attributes}/><a:Action `);
    await expectRefused(node, port, block('s:mustUnderstand="1"'), 'mustUnderstand');
    await expectRefused(node, port, block('s:mustUnderstand="true"'), 'mustUnderstand');
    await expectRefused(node, port, block('s:mustUnderstand="2"'), 'malformed');
    expect((await node.post(port, block('s:mustUnderstand="1" s:role="urn:someone"'))).status).toBe(200);
  });

  test('a MessageID of markup comes back as it was written, in answers and in faults', async () => {
    const messageId = `urn:"'>]]>&<evil/>`;
    const answer = await node.post(port, call(conversation, { messageId }));
    const { plan, keys } = conversation;
    const [operation] = plan.operations;
    if (operation === undefined) throw new TypeError('no operation');
    const verified = await readAnswer(answer.body ?? '', operation, { context: keys });
    expect(verified.addressing?.relatesTo).toBe(messageId);
    const fault = await node.post(port, call(conversation, { messageId }));
    expect(fault.body).toContain(`<a:RelatesTo>urn:"'&gt;]]&gt;&amp;&lt;evil/&gt;</a:RelatesTo>`);
  });
});

describe('names of JavaScript objects', () => {
  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])(
    'as an element or attribute change no prototype and no answer: %s',
    async name => {
      const before = Object.getOwnPropertyNames(Object.prototype);
      for (const port of portNames) {
        const conversation = await converseWith(node, port);
        const content =
          `<Echo xmlns="${echo}" ${name}="x"><${name}><polluted>1</polluted></${name}><${name}>2</${name}>` +
          `<text>x</text><${name} ${name}="1" polluted="1"/></Echo>`;
        const { status } = await node.post(port, call(conversation, { content }));
        expect([200, 500]).toContain(status);
        await expectRefused(
          node,
          port,
          call(conversation, { content: `<${name} xmlns="${echo}"/>` }),
          'actionMismatch',
        );
        expect((await node.post(port, call(conversation))).status).toBe(200);
      }
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test('as a user name open no conversation', async () => {
    for (const username of ['__proto__', 'constructor', 'toString'])
      await expectRefused(
        node,
        'EchoTls13',
        issueRequest('EchoTls13', { credentials: { username, password: 'x' } }).sent.text,
        'failedAuthentication',
      );
  });
});

test.each(portNames)('a genuine request to amend is refused by %s, and the conversation goes on', async port => {
  const conversation = await converseWith(node, port);
  const before = node.statistics().issued;
  await expectRefused(
    node,
    port,
    amend(conversation),
    port === 'EchoTls13' ? 'invalidRequest200512' : 'invalidRequest',
  );
  expect(loggedReasons(node.lines).at(-1)).toBe('amend-not-offered');
  expect(node.statistics().issued).toBe(before);
  expect((await node.post(port, call(conversation))).status).toBe(200);
});

test('what a message says of itself comes into the log as its claim alone', async () => {
  const conversation = await converseWith(node, 'EchoTls13');
  const nasty = 'urn:x\u2028"},{"level":60';
  await node.post('EchoTls13', call(conversation, { action: nasty, messageId: 'urn:log-injection' }));
  for (const line of node.lines) expect(line).toMatch(/^\{.*\}\n$/);
  expectNoSecrets(node.lines, [user.password, conversation.state]);
  const own = node.lines.map(line => JSON.stringify({ ...JSON.parse(line), found: '', claims: '' }));
  expectNoSecrets(own, ['evil.example', 'log-injection', 'polluted']);
  const fields = new Set(node.lines.flatMap(line => Object.keys(JSON.parse(line))));
  const each = ['fault', 'hostname', 'level', 'msg', 'peer', 'pid', 'port', 'reason', 'time'];
  const some = ['claims', 'contextId', 'found', 'header', 'messageId', 'operation', 'tokenRequest', 'user'];
  expect([...fields].filter(name => !each.includes(name) && !some.includes(name))).toEqual([]);
  expect(each.filter(name => !fields.has(name))).toEqual([]);
});
