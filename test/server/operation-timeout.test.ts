import { createRequire } from 'node:module';
import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type SecureConversation, secureConversation } from '../../src/client/secure-conversation.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { settingsOf, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

interface EchoClient extends Client {
  EchoAsync(args: object): Promise<readonly [result: { text: string }]>;
}

type Callback = (error: unknown, result?: object) => void;

const receiverFault = /Receiver.*The service could not process the request\./s;
let node: ListeningNode;
const open: SecureConversation[] = [];
/** What operations are called with that are not answered yet. */
const waiting: Callback[] = [];

const operations = {
  Echo({ text }: { text: string }, callback: Callback) {
    if (text === 'at once') return { text };
    waiting.push(callback);
    return text === 'promise' ? new Promise(() => {}) : undefined;
  },
};

beforeAll(async () => {
  const ports = { EchoTls13: operations };
  node = await listen({ services: { EchoService: ports }, ports: { EchoTls13: {} }, operationTimeoutMs: 20 });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(each => each.close()));
  waiting.length = 0;
});
afterAll(() => node.close());

async function connect(): Promise<EchoClient> {
  const client = (await soap.createClientAsync(wsdl, { forceSoap12Headers: true })) as EchoClient;
  const addresses = [node.address('EchoTls13')];
  const security = secureConversation(client, { port: 'EchoTls13', ...user, ca: pem.ca.certificate, addresses });
  client.setSecurity(security);
  open.push(security);
  return client;
}

test.each(['callback', 'promise'])(
  'an operation that never answers by its %s is answered with a fault of the Receiver',
  async text => {
    const client = await connect();
    const before = node.lines.length;
    await expect(client.EchoAsync({ text })).rejects.toThrow(receiverFault);
    expect(waiting).toHaveLength(1);
    const [line = ''] = node.lines.slice(before).filter(each => each.includes('operation failed'));
    expect(line).toContain('the operation did not answer within operationTimeoutMs, 20 ms');
    expect(line).toContain('"operation":"Echo"');
  },
);

test('what comes after the time is over is let go of, and the next call is served', async () => {
  const client = await connect();
  await expect(client.EchoAsync({ text: 'callback' })).rejects.toThrow(receiverFault);
  waiting[0]?.(null, { text: 'late' });
  expect((await client.EchoAsync({ text: 'at once' }))[0]).toEqual({ text: 'at once' });
});

test('drain ends, where an operation never answers, as soon as its time is over', async () => {
  const own = await listen({
    services: { EchoService: { EchoTls13: operations } },
    ports: { EchoTls13: {} },
    operationTimeoutMs: 200,
  });
  const client = (await soap.createClientAsync(wsdl, { forceSoap12Headers: true })) as EchoClient;
  const addresses = [own.address('EchoTls13')];
  const security = secureConversation(client, { port: 'EchoTls13', ...user, ca: pem.ca.certificate, addresses });
  client.setSecurity(security);
  const call = client.EchoAsync({ text: 'callback' }).catch((error: unknown) => error);
  await expect.poll(() => waiting.length).toBe(1);
  await own.endpoint.drain(600_000);
  expect(String(await call)).toMatch(receiverFault);
  await security.close().catch(() => {});
  await own.close();
});

test.each([0, 86_400_001, '5s'])('%s is no time-out', operationTimeoutMs => {
  expect(() => settingsOf({ operationTimeoutMs: operationTimeoutMs as number })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('operationTimeoutMs') }),
  );
});
