import soap, { type Client } from 'soap';
import { afterAll, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { explainPolicy } from '../../src/policy/explain-policy.ts';
import { loadWsdl } from '../../src/policy/load-wsdl.ts';
import { listen } from '../support/endpoint.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const first = await listen();
const ca = pem.ca.certificate;
const wsdl = await loadWsdl(`https://localhost:${first.https}/?wsdl`, { ca });
const second = await listen({ wsdl });
afterAll(() => Promise.all([first.close(), second.close()]));

interface EchoClient extends Client {
  EchoAsync(args: { text: string }): Promise<[{ text: string }]>;
}

test('a node serves what it has loaded from another', async () => {
  const client = (await soap.createClientAsync('wsdl/echo.wsdl', { forceSoap12Headers: true })) as EchoClient;
  const addresses = [second.address('EchoTls13')];
  const conversation = secureConversation(client, { port: 'EchoTls13', ...user, ca, addresses });
  client.setSecurity(conversation);
  const [{ text }] = await client.EchoAsync({ text: 'hello' });
  await conversation.close();
  expect(text).toContain('hello');
  expect(second.calls).toHaveLength(1);
});

test('what was loaded is explained, and something else is not taken for it', () => {
  expect(explainPolicy(wsdl).map(({ port }) => port)).toEqual(['EchoTls11', 'EchoTls13', 'EchoSymmetric']);
  expect(() => explainPolicy({ name: wsdl.name })).toThrow('explainPolicy: wsdl must be a path, or what loadWsdl gave');
});
