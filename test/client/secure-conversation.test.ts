import { createRequire } from 'node:module';
import type { Client } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import type { Session } from '../../src/client/session.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { planOf } from '../support/initiator.ts';
import { notedService, portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

let node: ListeningNode;
const calls: string[] = [];
let echo: (args: { text: string }) => unknown = ({ text }) => ({ text });
beforeAll(async () => {
  node = await listen({ services: notedService(calls, args => echo(args)) });
});
afterAll(() => node.close());

interface EchoClient extends Client {
  EchoAsync(args: { text: string }): Promise<[{ text: string }, string]>;
  AddAsync(args: { a: number; b: number }): Promise<[{ sum: number }]>;
}

async function connect(port: string, settings: object = {}, options: object = {}) {
  const client = (await soap.createClientAsync(wsdl, settings)) as EchoClient;
  const security = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address(port)],
    ...options,
  });
  client.setSecurity(security);
  return { client, security };
}

describe.each(portNames)('node-soap’s client on %s', port => {
  test.each([{}, { forceSoap12Headers: true }, { envelopeKey: 'x' }, { escapeXML: true }, { stream: true }])(
    'speaks in a conversation with the settings %j',
    async settings => {
      const { client, security } = await connect(port, settings);
      const text = 'ü <b> & "q" \u2028 ]]> 𐍈';
      expect((await client.EchoAsync({ text }))[0]).toEqual({ text });
      expect((await client.AddAsync({ a: 2, b: 3 }))[0]).toEqual({ sum: 5 });
      expect(security.session.bootstraps).toBe(1);
      await security.close();
    },
  );

  test('gets the fault of an operation as node-soap’s own fault error', async () => {
    const { client, security } = await connect(port);
    echo = () => {
      throw {
        Fault: {
          Code: { Value: 'soap:Sender', Subcode: { Value: 'app:NoSuchText' } },
          Reason: { Text: 'no such text' },
        },
      };
    };
    const error = await client.EchoAsync({ text: 'x' }).catch(caught => caught);
    echo = ({ text }) => ({ text });
    expect(error.root.Envelope.Body.Fault).toMatchObject({ Reason: { Text: { $value: 'no such text' } } });
    expect(error.message).toContain('no such text');
    expect((await client.EchoAsync({ text: 'y' }))[0]).toEqual({ text: 'y' });
    expect(security.session.bootstraps).toBe(1);
    await security.close();
  });

  test('gets an unsecured fault as an error of ours that says so', async () => {
    const { client, security } = await connect(port, {}, { password: 'wrong' });
    const error = await client.EchoAsync({ text: 'x' }).catch(caught => caught);
    expect(error).toMatchObject({ name: 'PeerFault', code: 'FAULT' });
    expect(error.message).not.toContain('wrong');
    await security.close();
  });

  test('shares one bootstrap among its first calls', async () => {
    const { client, security } = await connect(port);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map(text => client.EchoAsync({ text })));
    expect(answers.map(([{ text }]) => text)).toEqual(['a', 'b', 'c', 'd']);
    expect(security.session.bootstraps).toBe(1);
    await security.close();
  });
});

test.each<[string, string, object, string]>([
  ['a port that the WSDL does not have', 'EchoTls14', {}, 'WSDL_INVALID'],
  ['no certificate of the service', 'EchoSymmetric', { serviceCertificate: undefined }, 'CONFIG_INVALID'],
  ['a certificate of the service that is none', 'EchoSymmetric', { serviceCertificate: 'PEM' }, 'CERTIFICATE_INVALID'],
  ['no user name', 'EchoTls13', { username: undefined }, 'CONFIG_INVALID'],
  ['no password', 'EchoTls13', { password: undefined }, 'CONFIG_INVALID'],
  ['a user name that XML can not hold', 'EchoTls13', { username: 'al\0ice' }, 'CONFIG_INVALID'],
  ['a password that XML can not hold', 'EchoTls13', { password: '\ud800' }, 'CONFIG_INVALID'],
  ['authorities without a certificate', 'EchoTls13', { ca: 'root:x:0:0' }, 'CERTIFICATE_INVALID'],
  [
    'a plain address for a port that TLS protects',
    'EchoTls13',
    { addresses: ['http://localhost/EchoTls13'] },
    'CONFIG_INVALID',
  ],
])('%s is named at once', async (_, port, options, code) => {
  await expect(connect(port, {}, options)).rejects.toMatchObject({ name: 'ConfigurationError', code });
});

test.each<[string, object, string]>([
  ['an unknown option', { user: 'alice' }, 'unknown key user'],
  ['an order that there is not', { order: 'zig' }, 'order must be first or rotate'],
  ['a retry that there is not', { retry: 'zag' }, 'retry must be connect, any or none'],
  ['an empty list of addresses', { addresses: [] }, 'addresses must not be empty'],
  ['one address', { addresses: 'https://localhost' }, 'addresses must be a list'],
  ['addresses of which one is no text', { addresses: [8443] }, 'addresses[0] must be a text that is not empty'],
  ['a wait of nothing', { timeoutMs: 0 }, 'timeoutMs must be a number from 1 to 86400000'],
  ['more skew than is allowed', { clockSkewMs: 300_001 }, 'clockSkewMs must be a number from 0 to 300000'],
  ['a trace that is none', { trace: true }, 'trace must be a function'],
  ['authorities in a list', { ca: [pem.ca.certificate] }, 'ca must be a text that is not empty'],
])('%s is refused with its name', async (_, options, message) => {
  await expect(connect('EchoTls13', {}, options)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `secureConversation: ${message}`,
  });
});

test('no options at all, or none for the port, are refused as such', async () => {
  const client = await soap.createClientAsync(wsdl);
  const refused = (options: unknown) => () => secureConversation(client, options as never);
  expect(refused(undefined)).toThrow('secureConversation: must be an object');
  expect(refused({})).toThrow('secureConversation: lacks the key port');
});

describe.each(portNames)('what can not be written for %s', port => {
  test.each<[string, object, string]>([
    ['a control character', { text: 'a\u0001b' }, 'the arguments hold a character that XML can not'],
    ['half of a surrogate pair', { text: 'a\ud800b' }, 'the arguments hold a character that XML can not'],
    ['a name that is none', { text: { 'a b': 1 } }, "the arguments can't be written as XML (xml-attribute)"],
    ['nesting without end', { text: nested(70) }, 'the arguments are nested too deep'],
  ])('is a mistake of the caller, and nothing is sent: %s', async (_, args, message) => {
    const exchanges: unknown[] = [];
    const { client, security } = await connect(port, {}, { trace: (exchange: unknown) => exchanges.push(exchange) });
    await expect(client.EchoAsync(args as { text: string })).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'CONFIG_INVALID',
      message,
    });
    expect(exchanges).toEqual([]);
    await security.close();
  });

  test('a text that is longer than this side would take is sent: the service says how long it may be', async () => {
    const { client, security } = await connect(port);
    await client.EchoAsync({ text: 'x' });
    const before = calls.length;
    const error = await client.EchoAsync({ text: 'x'.repeat(2_200_000) }).catch(caught => caught);
    expect(error).toMatchObject({ code: 'NETWORK', message: expect.stringMatching(/: no answer \(/) });
    expect(calls.length).toBe(before);
    await security.close();
  });
});

test.each([
  ['another certificate than the service has', { serviceCertificate: pem.tls.certificate }, /serviceCertificate/],
  ['a wrong password', { password: 'wrong' }, /user name and password/],
])('%s is answered with a fault, and the hint of its error names it', async (_, options, hint) => {
  const { client, security } = await connect('EchoSymmetric', {}, options);
  await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
    name: 'PeerFault',
    code: 'FAULT',
    hint: expect.stringMatching(hint),
  });
  await security.close();
});

test('a body that was handed to the session itself, and is no XML, is not sent either', async () => {
  const { security } = await connect('EchoSymmetric');
  const [operation] = planOf('EchoSymmetric').operations;
  if (operation === undefined) throw new TypeError('no operation');
  const before = calls.length;
  await expect(
    (security.session as Session).call({ operation, body: { declarations: '', content: '<Echo>' } }),
  ).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
  });
  expect(calls.length).toBe(before);
  await security.close();
});

function nested(depth: number): object {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}

test('a service object without a port that is served is named at once', async () => {
  await expect(listen({ services: { EchoService: {} } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'services has no EchoService.EchoTls11',
  });
  const one = await listen({ services: { EchoService: { EchoTls13: {} } }, ports: { EchoTls13: {} } });
  await one.close();
});
