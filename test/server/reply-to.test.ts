import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTransport } from '../../src/client/transport.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { send } from '../../src/message/send.ts';
import { addressingVersions, ns, soapVersions } from '../../src/names.ts';
import { readEnvelope } from '../../src/soap/envelope.ts';
import { readFault } from '../../src/soap/fault-shape.ts';
import { scanText } from '../../src/xml/scan.ts';
import { childNamed } from '../../src/xml/tree.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import {
  type Conversation,
  call,
  converse,
  echoAction,
  echoContent,
  replaced,
  timestampTtlMs,
} from '../support/initiator.ts';
import { notedService, type PortName, portNames } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const transport = openTransport({ ca: pem.ca.certificate, timeoutMs: 10_000, maxBytes: 1 << 20 });
const conversations = new Map<PortName, Conversation>();
const calls: string[] = [];
let node: ListeningNode;
let fails = false;

beforeAll(async () => {
  const echo = ({ text }: { text: string }) => {
    if (fails) throw { Fault: { Code: { Value: 'soap:Sender' }, Reason: { Text: 'no' } } };
    return { text };
  };
  node = await listen({ services: notedService(calls, echo) });
  for (const port of portNames) conversations.set(port, await converse(port, message => post(port, message)));
});
beforeEach(() => {
  calls.length = 0;
  node.lines.length = 0;
  fails = false;
});
afterAll(async () => {
  transport.close();
  await node.close();
});

async function post(port: PortName, message: string) {
  const type = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
  const { status, bytes } = await transport.post(node.address(port), message, type);
  return { status, body: Buffer.from(bytes).toString() };
}

function conversationOf(port: PortName): Conversation {
  const conversation = conversations.get(port);
  if (conversation === undefined) throw new TypeError('no conversation');
  return conversation;
}

const version = addressingVersions['1.0'];
const none = version.none ?? '';

/** A call whose ReplyTo has this address, and is signed where the policy says so. */
function callTo(port: PortName, replyTo: string): string {
  const { plan, keys } = conversationOf(port);
  const operation = plan.operations.find(({ name }) => name === 'Echo');
  if (operation === undefined) throw new TypeError('no operation');
  const body = { declarations: '', content: echoContent('hello') };
  return send(
    operation.request,
    { soap: plan.soap, addressing: { ...version, anonymous: replyTo } },
    { context: keys },
    { action: echoAction, to: node.address(port), replyToAnonymous: true, body },
    { nowMs: Date.now(), random: systemRandom, timestampTtlMs },
  ).text;
}

describe.each(portNames)('on %s', port => {
  test('an answer that is to go nowhere is HTTP 202 alone, and the operation is done', async () => {
    expect(await post(port, callTo(port, none))).toEqual({ status: 202, body: '' });
    expect(calls).toHaveLength(1);
    fails = true;
    expect(await post(port, callTo(port, none))).toEqual({ status: 202, body: '' });
    expect(calls).toHaveLength(2);
  });

  test('an answer to whoever asks comes back', async () => {
    expect((await post(port, callTo(port, version.anonymous))).status).toBe(200);
  });

  test('a message for elsewhere is refused by the name of its header, and nobody is called', async () => {
    const { status, body } = await post(port, callTo(port, 'http://127.0.0.1:1/'));
    expect(status).toBe(500);
    expect(problemOf(body)).toBe('ReplyTo');
    expect(JSON.parse(node.lines[0] ?? '')).toMatchObject({
      reason: 'address-not-anonymous',
      header: `{${ns.wsa10}}ReplyTo`,
    });
    expect(calls).toEqual([]);
  });
});

/** What a fault names as the addressing header that is at fault (SOAP 1.2). */
function problemOf(text: string): string | undefined {
  const detail = readFault(readEnvelope(scanText(text)).body)?.detail;
  const name = detail && childNamed(detail, ns.wsa10, 'ProblemHeaderQName');
  return name && /^a:(\w+)$/.exec(text.slice(name.contentStart, name.contentEnd))?.[1];
}

describe('over TLS, where the headers of a message can be changed in the test', () => {
  const port = 'EchoTls13';
  const message = () => replaced(call(conversationOf(port)), /https:\/\/localhost:\d+\/EchoTls13/, node.address(port));
  const anonymous = `<a:Address>${version.anonymous}</a:Address>`;
  const faultTo = (address: string) =>
    `<a:FaultTo xmlns:a="${ns.wsa10}"><a:Address>${address}</a:Address></a:FaultTo></s:Header>`;

  test('a fault goes to FaultTo, an answer does not', async () => {
    const quiet = () => replaced(message(), '</s:Header>', faultTo(none));
    expect((await post(port, quiet())).status).toBe(200);
    fails = true;
    expect(await post(port, quiet())).toEqual({ status: 202, body: '' });
    const loud = replaced(
      replaced(message(), anonymous, `<a:Address>${none}</a:Address>`),
      '</s:Header>',
      faultTo(version.anonymous),
    );
    expect((await post(port, loud)).status).toBe(500);
  });

  test.each<[string, (text: string) => string, string]>([
    ['no MessageID', text => replaced(text, /<a:MessageID.*?<\/a:MessageID>/, ''), 'MessageID'],
    ['a To of another service', text => replaced(text, /\/EchoTls13<\/a:To>/, '/Other</a:To>'), 'To'],
    ['two Actions', text => text.replace(/<a:Action.*?<\/a:Action>/, '$&$&'), 'Action'],
    [
      'a RelatesTo that is no URI',
      text => replaced(text, '</s:Header>', `<a:RelatesTo xmlns:a="${ns.wsa10}">a b</a:RelatesTo></s:Header>`),
      'RelatesTo',
    ],
    ['a FaultTo for elsewhere', text => replaced(text, '</s:Header>', faultTo('http://x.example/')), 'FaultTo'],
  ])('%s is named', async (_, change, name) => {
    const { status, body } = await post(port, change(message()));
    expect(status).toBe(500);
    expect(problemOf(body)).toBe(name);
    expect(calls).toEqual([]);
  });

  test('a header block that must be understood and is not is named, as it is called', async () => {
    const block = `<x:Licence xmlns:x="urn:li&quot;cence" s:mustUnderstand="1">secret</x:Licence></s:Header>`;
    const { status, body } = await post(port, replaced(message(), '</s:Header>', block));
    expect(status).toBe(500);
    const { header } = readEnvelope(scanText(body));
    const told = header.find(({ local }) => local === 'NotUnderstood');
    expect(told?.namespace).toBe(soapVersions['1.2'].namespace);
    expect(told?.attributes).toMatchObject([{ local: 'qname', value: 'f:Licence' }]);
    expect(body).toContain('xmlns:f="urn:li&quot;cence"');
    expect(body).not.toContain('secret');
    expect(JSON.parse(node.lines[0] ?? '')).toMatchObject({ header: '{urn:li"cence}Licence' });
  });

  test('a name that is longer than anybody needs is not sent back', async () => {
    const block = `<x:${'L'.repeat(100)} xmlns:x="urn:${'x'.repeat(500)}" s:mustUnderstand="1"/></s:Header>`;
    const { body } = await post(port, replaced(message(), '</s:Header>', block));
    expect(body).toContain('MustUnderstand');
    expect(body).not.toContain('LLLL');
  });
});
