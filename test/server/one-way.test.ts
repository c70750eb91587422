import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTransport } from '../../src/client/transport.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { send } from '../../src/message/send.ts';
import { ns } from '../../src/names.ts';
import { type CurrentContext, currentContext } from '../../src/server/current-context.ts';
import { readFault } from '../../src/soap/fault-shape.ts';
import { echoText } from '../policy/echo-variant.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault, loggedReasons } from '../support/faults.ts';
import {
  addAction,
  addContent,
  type Change,
  type Conversation,
  call,
  converse,
  echo,
  echoAction,
  echoContent,
  readAnswer,
  replaced,
  timestampTtlMs,
  withState,
} from '../support/initiator.ts';
import { type PortName, portNames, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { raw, request } from '../support/raw.ts';

type Callback = (error: unknown, result?: unknown) => void;

/** What the one-way operation does; each test sets its own. */
let behaviour: (args: unknown, callback: Callback) => unknown;
let seen: { readonly args: unknown; readonly context: CurrentContext }[] = [];

/** The example's operations as methods of a class; Add is one-way here. */
class Operations {
  note(args: unknown) {
    seen.push({ args, context: currentContext() });
  }
  Echo({ text }: { text: string }) {
    return { text };
  }
  Add(args: unknown, callback: Callback) {
    this.note(args);
    return behaviour(args, callback);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'one-way-'));
const transport = openTransport({ ca: pem.ca.certificate, timeoutMs: 10_000, maxBytes: 1 << 20 });
const conversations = new Map<PortName, Conversation>();
let node: ListeningNode;

/** The example's WSDL, where the named operations have no output. */
function wsdlWithout(name: string): string {
  const output = new RegExp(`<wsdl:output message="tns:EchoPortType_${name}_OutputMessage"[^>]*/>`);
  const inBinding = new RegExp(
    `(<wsdl:operation name="${name}">\\s*<soap12:operation[^]*?)<wsdl:output>[^]*?</wsdl:output>`,
    'g',
  );
  const text = echoText({ within: '<wsdl:portType', from: output, to: '' }).replace(inBinding, '$1');
  const file = join(folder, `${name}.wsdl`);
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  const operations = new Operations();
  node = await listen({
    wsdl: wsdlWithout('Add'),
    services: { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } },
  });
  for (const port of portNames) conversations.set(port, await converse(port, message => post(port, message)));
});
afterAll(async () => {
  transport.close();
  await node.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  seen = [];
  node.lines.length = 0;
  behaviour = () => undefined;
});

async function post(port: PortName, message: string, to: ListeningNode = node) {
  const { status, bytes } = await transport.post(to.address(port), message, { 'Content-Type': 'application/soap+xml' });
  return { status, body: Buffer.from(bytes).toString() };
}

function conversationOf(port: PortName): Conversation {
  const conversation = conversations.get(port);
  if (conversation === undefined) throw new TypeError('no conversation');
  return conversation;
}

const addCall = (port: PortName, change: Change = {}) =>
  call(conversationOf(port), { action: addAction, content: addContent, ...change });

/** A message as `call` writes one, but without a MessageID, as what relates to another message has none. */
function withoutMessageId(port: PortName, action: string, content: string): string {
  const { plan, keys } = conversationOf(port);
  const [operation] = plan.operations;
  if (operation === undefined) throw new TypeError('no operation');
  const body = { declarations: '', content };
  return send(
    operation.request,
    plan,
    { context: keys },
    { action, to: plan.address, relatesTo: 'urn:uuid:1', body },
    { nowMs: Date.now(), random: systemRandom, timestampTtlMs },
  ).text;
}

const accepted = { status: 202, body: '' };
const secret = 'SELECT password FROM users at /srv/app/db.js:17';
const fail = (error: unknown): never => {
  throw error;
};

describe.each(portNames)('on %s', port => {
  test('a one-way operation is called with the message and its conversation, and answered with 202 alone', async () => {
    expect(await post(port, addCall(port))).toEqual(accepted);
    const { id } = conversationOf(port).token;
    expect(seen).toMatchObject([{ args: { a: 2, b: 3 }, context: { id, user: user.username, roles: ['reader'] } }]);
    expect(node.lines).toEqual([]);
  });

  test('the answer waits for the beginning of the operation and not for its end', async () => {
    let end: () => void = () => undefined;
    let isOver = false;
    behaviour = async () => {
      await new Promise<void>(resolve => {
        end = resolve;
      });
      isOver = true;
    };
    expect(await post(port, addCall(port))).toEqual(accepted);
    expect({ calls: seen.length, isOver }).toEqual({ calls: 1, isOver: false });
    end();
    await expect.poll(() => isOver).toBe(true);
  });

  describe('what the operation gives is dropped, whichever way', () => {
    const unwritable = {
      get sum(): number {
        return fail(new Error(secret));
      },
    };
    test.each<[string, typeof behaviour]>([
      ['returned', () => ({ sum: 5 })],
      ['returned, and no result of any operation', () => unwritable],
      ['promised', async () => ({ sum: 5 })],
      ['called back', (_, callback) => callback(null, { sum: 5 })],
      ['called back as the only argument', (_, callback) => callback({ sum: 5 })],
      ['nothing called back', (_, callback) => callback(null)],
    ])('%s', async (_, behave) => {
      behaviour = behave;
      expect(await post(port, addCall(port))).toEqual(accepted);
      expect(node.lines).toEqual([]);
    });
  });

  describe('what the operation fails with is one line of the log and never sent', () => {
    const fault = { Fault: { faultcode: 'soap:Client', faultstring: secret } };
    test.each<[string, typeof behaviour]>([
      ['thrown', () => fail(new Error(secret))],
      ['a text thrown', () => fail(secret)],
      ['rejected', async () => fail(new Error(secret))],
      ['called back', (_, callback) => callback(new Error(secret))],
      ['called back with a result', (_, callback) => callback(secret, {})],
      ['called back later', (_, callback) => void setImmediate(() => callback(new Error(secret)))],
      ['a fault, thrown', () => fail(fault)],
      ['a fault, called back', (_, callback) => callback(fault)],
      [
        'called back and rejected',
        async (_, callback) => {
          callback(new Error(secret));
          throw new Error('again');
        },
      ],
    ])('%s', async (_, behave) => {
      behaviour = behave;
      expect(await post(port, addCall(port))).toEqual(accepted);
      await expect.poll(() => node.lines.length).toBe(1);
      const line = JSON.parse(node.lines[0] ?? '');
      expect(line).toMatchObject({ level: 40, port, operation: 'Add', msg: 'operation failed' });
      expect(JSON.stringify(line.err)).toContain(secret);
    });
  });

  test('arguments that can not be read are a fault, protected as an answer is: nothing was begun', async () => {
    const { plan, keys } = conversationOf(port);
    const operation = plan.operations.find(({ name }) => name === 'Add');
    if (operation === undefined) throw new TypeError('no operation');
    const content = `<Add xmlns="${echo}"><a>2<b>3</b></a></Add>`;
    const { status, body } = await post(port, addCall(port, { content }));
    const verified = await readAnswer(body, operation, { context: keys });
    expect({ status, action: verified.addressing?.action }).toEqual({ status: 500, action: `${ns.wsa10}/soap/fault` });
    expect(verified.content && readFault(verified.content)).toMatchObject({
      code: { namespace: ns.soap12, local: 'Receiver' },
      reason: 'The service could not process the request.',
    });
    expect(seen).toEqual([]);
    expect(node.lines.map(line => JSON.parse(line).msg)).toEqual(['operation failed']);
  });

  describe('a message that is refused is answered with the fault of its class, and calls nothing', () => {
    const tokenLost = port === 'EchoTls13' ? 'badContextToken200512' : 'badContextToken';
    const signature = /(?<=SignatureValue>)[^<]{8}/;
    test.each<[string, () => string, Parameters<typeof expectFault>[1], string]>([
      ['a wrong signature', () => replaced(addCall(port), signature, 'AAAAAAAA'), 'failedCheck', 'signature-value'],
      [
        'a state of no key',
        () => withState(conversationOf(port), 'AAAA', { action: addAction, content: addContent }),
        tokenLost,
        'context-unknown',
      ],
      ['an old message', () => addCall(port, { nowMs: Date.now() - 3_600_000 }), 'messageExpired', 'timestamp-stale'],
      ['another address', () => addCall(port, { to: 'urn:other' }), 'invalidAddressingHeader', 'to-unknown'],
      ['another body', () => addCall(port, { content: echoContent('x') }), 'actionMismatch', 'action-body-mismatch'],
      ['another action', () => addCall(port, { action: echoAction }), 'actionMismatch', 'action-body-mismatch'],
    ])('%s', async (_, message, name, reason) => {
      expectFault(await post(port, message()), name);
      expect(seen).toEqual([]);
      expect(loggedReasons(node.lines)).toEqual([reason]);
    });

    test('a replay', async () => {
      const message = addCall(port);
      expect(await post(port, message)).toEqual(accepted);
      expectFault(await post(port, message), 'invalidSecurity');
      expect(seen).toHaveLength(1);
    });
  });

  test('an operation with an output is served beside it', async () => {
    expect((await post(port, call(conversationOf(port)))).status).toBe(200);
  });
});

describe('without a MessageID', () => {
  test('a one-way message is accepted where its signature is spent, and its copy is not', async () => {
    const message = withoutMessageId('EchoSymmetric', addAction, addContent);
    expect(message).not.toContain('MessageID');
    expect(await post('EchoSymmetric', message)).toEqual(accepted);
    expectFault(await post('EchoSymmetric', message), 'invalidSecurity');
    expect(seen).toHaveLength(1);
  });

  test.each(['EchoTls11', 'EchoTls13'] as const)('it is refused on %s, where the MessageID is spent', async port => {
    expectFault(await post(port, withoutMessageId(port, addAction, addContent)), 'addressingHeaderRequired');
    expect(seen).toEqual([]);
  });

  test('a message that wants an answer is refused everywhere', async () => {
    for (const port of portNames)
      expectFault(await post(port, withoutMessageId(port, echoAction, echoContent('x'))), 'addressingHeaderRequired');
  });
});

test('the 202 has no envelope and no type, and the connection goes on', async () => {
  const octets = (header: string) => {
    const message = addCall('EchoSymmetric');
    const length = `Content-Length: ${Buffer.byteLength(message)}`;
    return request(
      'POST /EchoSymmetric',
      ['Host: localhost', 'Content-Type: application/soap+xml', length, header],
      message,
    );
  };
  const { statuses, text } = await raw(
    node.http,
    Buffer.concat([octets('Connection: keep-alive'), octets('Connection: close')]),
  );
  expect(statuses).toEqual([202, 202]);
  expect(text).not.toMatch(/Content-Type|Envelope/);
  expect(text.match(/^Content-Length: 0\r$/gm)).toHaveLength(2);
  expect(seen).toHaveLength(2);
});

test('a one-way operation that the service object does not have is a fault, and the node goes on', async () => {
  const bare = { Echo: ({ text }: { text: string }) => ({ text }) };
  const other = await listen({
    wsdl: wsdlWithout('Add'),
    services: { EchoService: { EchoTls11: bare, EchoTls13: bare, EchoSymmetric: bare } },
  });
  const held = await converse('EchoSymmetric', message => post('EchoSymmetric', message, other));
  const { status, body } = await post('EchoSymmetric', call(held, { action: addAction, content: addContent }), other);
  expect(status).toBe(500);
  expect(body).not.toMatch(/TypeError|undefined/);
  expect((await post('EchoSymmetric', call(held), other)).status).toBe(200);
  expect(other.endpoint.statistics().calls).toBe(2);
  await other.close();
});
