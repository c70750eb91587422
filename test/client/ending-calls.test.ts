import { createRequire } from 'node:module';
import type { Client } from 'soap';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type SecureConversation, secureConversation } from '../../src/client/secure-conversation.ts';
import type { SecureConversationOptions } from '../../src/client/session-options.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { planOf } from '../support/initiator.ts';
import { notedService, type PortName, portNames, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { isCall } from './farm.ts';
import { type Man, standBetween } from './man.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

interface EchoClient extends Client {
  EchoAsync(args: { text: string }, options?: object): Promise<[{ text: string }]>;
}

let men: Readonly<Record<'http' | 'https', Man>>;
let node: ListeningNode;
let proxy: TcpProxy;
const open: SecureConversation[] = [];

beforeAll(async () => {
  men = { http: await standBetween('http'), https: await standBetween('https') };
  proxy = await tcpProxy(0);
  const services = notedService([]);
  const addresses = [men.http.base, men.https.base, `https://localhost:${proxy.port}`];
  node = await listen({ services, addresses });
  proxy.upstream = node.https;
});
afterEach(async () => {
  for (const man of Object.values(men)) man.meddle = undefined;
  await Promise.all(open.splice(0).map(each => each.close()));
  for (const man of Object.values(men)) man.passages.length = 0;
});
afterAll(async () => {
  await Promise.all([node, proxy, ...Object.values(men)].map(each => each.close()));
});

/** node-soap's client of one port by way of the man in the middle. */
async function connect(port: PortName, options: Partial<SecureConversationOptions> = {}) {
  const client = (await soap.createClientAsync(wsdl)) as EchoClient;
  const { transport } = planOf(port);
  const man = men[transport];
  man.upstream = node[transport];
  const security = secureConversation(client, {
    port,
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    // Twice, so that there is one to go on to.
    addresses: [`${man.base}/${port}`, `${man.base}/${port}`],
    ...options,
  });
  client.setSecurity(security);
  open.push(security);
  return { client, security, man };
}

/** Has the man keep the messages that `which` is about. @returns gives them on, and how many there were */
function hold(man: Man, which: (message: string) => boolean) {
  let count = 0;
  let release = () => {};
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  man.meddle = async (message, forward) => {
    if (which(message)) {
      count += 1;
      await released;
    }
    return forward(message);
  };
  return { release, count: () => count };
}

const canceled = { name: 'CanceledError', code: 'ERR_CANCELED' };

describe.each(portNames)('a call of %s that its caller aborts', port => {
  test('is rejected at once, as by node-soap, and not sent again', async () => {
    const { client, man } = await connect(port, { retry: 'any' });
    await client.EchoAsync({ text: 'x' });
    const held = hold(man, isCall);
    const controller = new AbortController();
    const call = client.EchoAsync({ text: 'x' }, { signal: controller.signal });
    await expect.poll(held.count).toBe(1);
    controller.abort();
    await expect(call).rejects.toMatchObject(canceled);
    held.release();
    expect((await client.EchoAsync({ text: 'y' }))[0]).toEqual({ text: 'y' });
    expect(held.count()).toBe(2);
  });

  test('leaves the conversation that it waits for to the others', async () => {
    const { client, security, man } = await connect(port);
    const held = hold(man, message => !isCall(message));
    const controller = new AbortController();
    const first = client.EchoAsync({ text: 'x' }, { signal: controller.signal });
    await expect.poll(held.count).toBe(1);
    const second = client.EchoAsync({ text: 'y' });
    controller.abort();
    await expect(first).rejects.toMatchObject(canceled);
    held.release();
    expect((await second)[0]).toEqual({ text: 'y' });
    expect(security.session.bootstraps).toBe(1);
    expect(man.passages.filter(({ request }) => isCall(request))).toHaveLength(1);
  });

  test('is not begun where it is aborted before', async () => {
    const { client, security, man } = await connect(port);
    await expect(client.EchoAsync({ text: 'x' }, { signal: AbortSignal.abort() })).rejects.toMatchObject(canceled);
    expect(man.passages).toEqual([]);
    expect(security.session.bootstraps).toBe(0);
  });

  test('does not wait for a service that is busy', async () => {
    const { client, man } = await connect(port, { retry: 'any' });
    await client.EchoAsync({ text: 'x' });
    let asked = 0;
    man.meddle = async () => {
      asked += 1;
      return { status: 503, response: '', headers: { 'Retry-After': '20' } };
    };
    const controller = new AbortController();
    const call = client.EchoAsync({ text: 'x' }, { signal: controller.signal });
    await expect.poll(() => asked).toBe(1);
    controller.abort();
    await expect(call).rejects.toMatchObject(canceled);
  });
});

describe.each(portNames)('a client of %s that was closed', port => {
  const closed = { code: 'CLOSED', hint: expect.any(String) };

  test('makes no more calls, and opens nothing', async () => {
    const { client, security, man } = await connect(port);
    await client.EchoAsync({ text: 'x' });
    expect(await security.close()).toBe(true);
    const before = man.passages.length;
    await expect(client.EchoAsync({ text: 'y' })).rejects.toMatchObject(closed);
    expect(await security.close()).toBe(false);
    expect(man.passages.length).toBe(before);
  });

  test('makes no call whose conversation was being opened', async () => {
    const { client, security, man } = await connect(port, { retry: 'any' });
    const held = hold(man, () => true);
    const call = client.EchoAsync({ text: 'x' });
    await expect.poll(held.count).toBe(1);
    await security.close();
    await expect(call).rejects.toMatchObject({ code: expect.stringMatching(/^(?:NETWORK|CLOSED)$/) });
    held.release();
    expect(held.count()).toBe(1);
  });
});

test('many first calls at once share one conversation and a bounded number of connections', async () => {
  const count = 200;
  const texts = Array.from({ length: count }, (_, i) => `${i}`);
  const addresses = [`https://localhost:${proxy.port}/EchoTls13`];
  const all = async (options: Partial<SecureConversationOptions>) => {
    const before = proxy.made;
    const { client, security } = await connect('EchoTls13', { addresses, ...options });
    const answers = await Promise.all(texts.map(text => client.EchoAsync({ text })));
    expect(answers.map(([{ text }]) => text)).toEqual(texts);
    expect(security.session.bootstraps).toBe(1);
    return proxy.made - before;
  };
  expect(await all({})).toBe(32);
  expect(await all({ maxSockets: 3 })).toBe(3);
});
