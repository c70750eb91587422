import { createRequire } from 'node:module';
import type { Client } from 'soap';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { type ListeningNode, listen } from '../hostile/endpoint.ts';
import { notedService, portNames, user, wsdl } from '../hostile/node.ts';
import { pem } from '../hostile/pem.ts';

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
  test.each([{}, { forceSoap12Headers: true }, { envelopeKey: 'x' }, { escapeXML: true }])(
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
  ['no password', 'EchoTls13', { password: undefined }, 'CONFIG_INVALID'],
  [
    'a plain address for a port that TLS protects',
    'EchoTls13',
    { addresses: ['http://localhost/EchoTls13'] },
    'CONFIG_INVALID',
  ],
])('%s is named at once', async (_, port, options, code) => {
  await expect(connect(port, {}, options)).rejects.toMatchObject({ name: 'SecureConversationError', code });
});

test('a service object without a port that is served is named at once', async () => {
  await expect(listen({ services: { EchoService: {} } })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'services has no EchoService.EchoTls11',
  });
  const one = await listen({ services: { EchoService: { EchoTls13: {} } }, ports: { EchoTls13: {} } });
  await one.close();
});
