import { resolve } from 'node:path';
import { createClientAsync } from 'soap';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { messageShapes, plainPortOf } from '../interop/plain-shapes.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

/** Our client at our server, on plain ports that are protected in the message. */
const wsdl = resolve('test/interop/wsdl/plain-ping.wsdl');
const authority = await makeCertificate({ subject: 'CN=authority', isAuthority: true });
const alice = await makeCertificate({ subject: 'CN=alice', issuer: authority });
const ports = messageShapes.map(plainPortOf);

const said = (name: string, origin: string, text: string) => ({
  $xml:
    `<p:${name} xmlns:p="http://xmlsoap.org/Ping"><p:scenario>S</p:scenario><p:origin>${origin}</p:origin>` +
    `<p:text>${text}</p:text></p:${name}>`,
});

let node: ListeningNode;
beforeAll(async () => {
  const operations = {
    Ping({ Ping: { text } }: { Ping: { text: string } }) {
      const { user: name = 'nobody', authenticatedBy, id } = currentContext();
      if (text === 'fail') throw new Error('not today');
      return said('PingResponse', `${name} ${authenticatedBy} ${id}`, text);
    },
  };
  node = await listen({
    wsdl,
    services: { PingService: Object.fromEntries(ports.map(port => [port, operations])) },
    ports: Object.fromEntries(ports.map(port => [port, {}])),
    trust: authority.pem,
  });
});
afterAll(() => node.close());
beforeEach(() => {
  node.lines.length = 0;
});

async function connect(port: string, change: object = {}) {
  const client = await createClientAsync(wsdl);
  const conversation = secureConversation(client, {
    port,
    ...user,
    serviceCertificate: pem.service.certificate,
    certificate: alice.pem,
    key: alice.key,
    addresses: [`http://localhost:${node.http}/${port}`],
    ...change,
  });
  client.setSecurity(conversation);
  const ping = (text: string) =>
    new Promise((settle, reject) => {
      client.PingService[port].Ping(said('Ping', '', text), (error: unknown, answer: unknown) =>
        error ? reject(error) : settle(answer),
      );
    });
  return { conversation, ping };
}

const users = {
  nothing: 'nobody anonymous',
  UsernameToken: `${user.username} usernameToken`,
  X509Token: 'CN=alice x509',
};

test.each(messageShapes)('$name: each call is answered, and proves who sent it', async shape => {
  const { ping, conversation } = await connect(plainPortOf(shape));
  const whom = shape.binding === 'asymmetric' ? users.X509Token : users[shape.client];
  for (const text of ['one', 'ä'])
    expect(await ping(text)).toEqual({ PingResponse: { scenario: 'S', origin: `${whom} undefined`, text } });
  await expect(ping('fail')).rejects.toThrow('could not process');
  expect(await conversation.close()).toBe(false);
});
