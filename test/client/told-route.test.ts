import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { createRequire } from 'node:module';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import axios from 'axios';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Client } from 'soap';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { secureConversation } from '../../src/client/secure-conversation.ts';
import { type ListeningNode, listen } from '../support/endpoint.ts';
import { user } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const soap: typeof import('soap') = createRequire(import.meta.url)('soap');

/** What stands at the addresses of the WSDL, where nothing may arrive: it counts connections, and octets. */
interface Canary {
  readonly port: number;
  connections: number;
  octets: number;
}

let node: ListeningNode;
let canary: Canary;
let folder: string;
let wsdl: string;
const servers: Server[] = [];
const sockets = new Set<Socket>();

async function listening(server: Server): Promise<number> {
  servers.push(server.on('connection', socket => sockets.add(socket)));
  await once(server.listen(0, 'localhost'), 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  node = await listen();
  const counted = { connections: 0, octets: 0 };
  const port = await listening(
    createServer(socket => {
      counted.connections += 1;
      socket
        .on('error', () => {})
        .on('data', octets => {
          counted.octets += octets.length;
        });
    }),
  );
  canary = Object.assign(counted, { port });
  folder = mkdtempSync(join(tmpdir(), 'told-route-'));
  wsdl = join(folder, 'echo.wsdl');
  const echo = readFileSync('wsdl/echo.wsdl', 'utf8');
  writeFileSync(wsdl, echo.replace(/(https?):\/\/localhost:\d+/g, `$1://localhost:${port}`));
});
beforeEach(() => Object.assign(canary, { connections: 0, octets: 0 }));
afterAll(async () => {
  await node.close();
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  rmSync(folder, { recursive: true });
});

interface EchoClient extends Client {
  EchoAsync(args: { text: string }, options?: object): Promise<[{ text: string }]>;
}

const options = { ...user, ca: pem.ca.certificate, serviceCertificate: pem.service.certificate };
const open = (settings: object = {}, endpoint?: string) =>
  soap.createClientAsync(wsdl, settings, endpoint) as Promise<EchoClient>;

function converse(client: EchoClient, port: string, more: object = {}) {
  const conversation = secureConversation(client, { port, ...options, ...more });
  client.setSecurity(conversation);
  return conversation;
}

/** Calls, and ends the conversation. */
async function callsAndCloses(client: EchoClient, port: string, more: object = {}, callOptions: object = {}) {
  const conversation = converse(client, port, more);
  expect((await client.EchoAsync({ text: 'x' }, callOptions))[0]).toEqual({ text: 'x' });
  expect(await conversation.close()).toBe(true);
}

const untouched = () => expect({ ...canary }).toEqual({ port: canary.port, connections: 0, octets: 0 });

describe.each(['EchoTls13', 'EchoSymmetric'])('not one octet goes to the address of the WSDL (%s)', port => {
  test('with the option endpoint', async () => {
    await callsAndCloses(await open({ endpoint: node.address(port) }), port);
    untouched();
  });

  test('with an endpoint as the last argument', async () => {
    await callsAndCloses(await open({}, node.address(port)), port);
    untouched();
  });

  test('with setEndpoint(), before the plug-in is made and after', async () => {
    const [before, after] = [await open(), await open()];
    before.setEndpoint(node.address(port));
    await callsAndCloses(before, port);
    const conversation = converse(after, port);
    after.setEndpoint(node.address(port));
    await after.EchoAsync({ text: 'x' });
    await conversation.close();
    untouched();
  });

  test('with setEndpoint(), by a method that was taken before it', async () => {
    const client = await open();
    const conversation = converse(client, port);
    const { EchoAsync } = client;
    client.setEndpoint(node.address(port));
    await EchoAsync({ text: 'x' });
    await conversation.close();
    untouched();
  });

  test('while the endpoint does not answer', async () => {
    const client = await open({ endpoint: 'https://127.0.0.1:1/' });
    const conversation = converse(client, port);
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'NETWORK', sent: false });
    expect(await conversation.close()).toBe(false);
    untouched();
  });
});

test('without an endpoint the WSDL says where to', async () => {
  const client = await open();
  converse(client, 'EchoTls13', { timeoutMs: 300 });
  await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'NETWORK' });
  expect(canary.connections).toBe(1);
});

test('a conversation follows its client to another endpoint, and back to the WSDL’s', async () => {
  const [one, two] = [await listen(), await listen()];
  const client = await open({ endpoint: one.address('EchoTls13') });
  const conversation = converse(client, 'EchoTls13');
  await client.EchoAsync({ text: 'x' });
  client.setEndpoint(two.address('EchoTls13'));
  await client.EchoAsync({ text: 'y' });
  expect([one.endpoint.statistics().calls, two.endpoint.statistics().calls]).toEqual([1, 1]);
  expect(conversation.session.bootstraps).toBe(2);
  client.setEndpoint('');
  await expect(client.EchoAsync({ text: 'z' }, { timeout: 300 })).rejects.toMatchObject({ code: 'NETWORK' });
  expect(canary.connections).toBe(1);
  await conversation.close();
  await Promise.all([one.close(), two.close()]);
});

test('an endpoint without TLS gets nothing of a port that TLS protects', async () => {
  const client = await open();
  const conversation = converse(client, 'EchoTls13');
  client.setEndpoint(`http://localhost:${canary.port}/EchoTls13`);
  await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('is no https address, as port EchoTls13 needs one'),
  });
  await conversation.close();
  untouched();
});

describe('an endpoint beside addresses', () => {
  test('that they hold is one of them', async () => {
    const address = node.address('EchoTls13');
    await callsAndCloses(await open({ endpoint: address }), 'EchoTls13', { addresses: [address] });
    untouched();
  });

  test('that they do not hold is refused, at once or with the call', async () => {
    const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining('which is none of the addresses') };
    const addresses = [node.address('EchoTls13')];
    const endpoint = `https://localhost:${canary.port}/EchoTls13`;
    const client = await open({ endpoint });
    expect(() => converse(client, 'EchoTls13', { addresses })).toThrow(expect.objectContaining(refused));
    const other = await open();
    converse(other, 'EchoTls13', { addresses });
    other.setEndpoint(`${endpoint}/further`);
    await expect(other.EchoAsync({ text: 'x' })).rejects.toMatchObject(refused);
    untouched();
  });
});

/** A proxy as HTTP has them: CONNECT, and it notes where to. */
async function httpProxy() {
  const asked: string[] = [];
  const server = createHttpServer().on('connect', ({ url = '' }, client) => {
    asked.push(url);
    const [, port] = url.split(':');
    const upstream = connectTcp(Number(port), 'localhost', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const end of [client, upstream]) end.on('error', () => {});
  });
  return { address: `http://localhost:${await listening(server)}`, asked };
}

describe('a proxy', () => {
  const endpoint = () => node.address('EchoTls13');
  const asked = () => [`localhost:${node.https}`];

  test('is gone through with the agent of the plug-in’s options, its TLS being that of the options', async () => {
    const proxy = await httpProxy();
    const httpsAgent = new HttpsProxyAgent(proxy.address) as unknown as HttpsAgent;
    await callsAndCloses(await open({ endpoint: endpoint() }), 'EchoTls13', { httpsAgent });
    expect(new Set(proxy.asked)).toEqual(new Set(asked()));
  });

  test('is gone through with the agent of node-soap’s axios, and of a call', async () => {
    const [one, two] = [await httpProxy(), await httpProxy()];
    const agentOf = ({ address }: { address: string }) => new HttpsProxyAgent(address);
    const request = axios.create({ httpsAgent: agentOf(one), proxy: false });
    await callsAndCloses(await open({ endpoint: endpoint(), request }), 'EchoTls13');
    await callsAndCloses(await open({ endpoint: endpoint() }), 'EchoTls13', {}, { httpsAgent: agentOf(two) });
    expect([new Set(one.asked), new Set(two.asked)]).toEqual([new Set(asked()), new Set(asked())]);
  });

  test('that refuses is no service that answered, and nothing was sent to anybody else', async () => {
    const port = await listening(
      createServer(socket => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')),
    );
    const httpsAgent = new HttpsProxyAgent(`http://localhost:${port}`) as unknown as HttpsAgent;
    const client = await open({ endpoint: endpoint() });
    converse(client, 'EchoTls13', { httpsAgent });
    await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'NETWORK' });
    untouched();
  });

  test('of axios’ own option is refused, and false is taken', async () => {
    const client = await open({ endpoint: endpoint() });
    const conversation = converse(client, 'EchoTls13');
    await expect(client.EchoAsync({ text: 'x' }, { proxy: { host: 'localhost', port: 1 } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('proxy'),
    });
    await client.EchoAsync({ text: 'x' }, { proxy: false });
    await conversation.close();
  });
});

describe('the option timeout of a call', () => {
  test('is how long its answer is waited for', async () => {
    const port = await listening(createServer(() => {}));
    const client = await open({ endpoint: `https://localhost:${port}/EchoTls13` });
    converse(client, 'EchoTls13');
    await expect(client.EchoAsync({ text: 'x' }, { timeout: 150 })).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('not within 150 ms'),
    });
  });

  test('may be that of node-soap’s axios; 0 is none of its own, and what is no time is refused', async () => {
    const request = axios.create({ timeout: 15_000 });
    await callsAndCloses(await open({ endpoint: node.address('EchoTls13'), request }), 'EchoTls13');
    await callsAndCloses(await open({ endpoint: node.address('EchoTls13') }), 'EchoTls13', {}, { timeout: 0 });
    const client = await open({ endpoint: node.address('EchoTls13') });
    converse(client, 'EchoTls13');
    for (const timeout of [-1, 86_400_001])
      await expect(client.EchoAsync({ text: 'x' }, { timeout })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('the call: timeout must be a number from 1 to 86400000'),
      });
  });
});

test('an agent for http makes the connections to http addresses', async () => {
  let made = 0;
  const httpAgent = new HttpAgent();
  Object.assign(httpAgent, {
    createConnection: () => {
      made += 1;
      return connectTcp(node.http, 'localhost');
    },
  });
  const client = await open({ endpoint: `http://elsewhere.test:${node.http}/EchoSymmetric` });
  converse(client, 'EchoSymmetric', { httpAgent, retry: 'none' });
  // The node takes no messages for elsewhere.test; that it says so shows who was asked.
  await expect(client.EchoAsync({ text: 'x' })).rejects.toThrow();
  expect(made).toBe(1);
});

test('a message that an agent’s finished connection took may have been carried out', async () => {
  const port = await listening(createServer(socket => socket.once('data', () => socket.destroy())));
  const ready = connectTcp(port, 'localhost');
  await once(ready, 'connect');
  const httpAgent = new HttpAgent();
  Object.assign(httpAgent, { createConnection: () => ready });
  const client = await open({ endpoint: `http://localhost:${port}/EchoSymmetric` });
  converse(client, 'EchoSymmetric', { httpAgent });
  await expect(client.EchoAsync({ text: 'x' })).rejects.toMatchObject({ code: 'NETWORK', sent: true });
});

test('an HTTP client that is not made of node-soap’s is refused: it would send calls unprotected', async () => {
  const sent: string[] = [];
  const httpClient = { request: (_: string, data: string) => sent.push(data) };
  const client = await open({ httpClient });
  expect(() => converse(client, 'EchoTls13')).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('unprotected') }),
  );
  class Own extends soap.HttpClient {}
  await callsAndCloses(await open({ httpClient: new Own(), endpoint: node.address('EchoTls13') }), 'EchoTls13');
  expect(sent).toEqual([]);
});

describe('a WSDL that imports another is found where node-soap found it', () => {
  const top = (location: string) =>
    '<definitions name="Top" targetNamespace="urn:top" xmlns="http://schemas.xmlsoap.org/wsdl/">' +
    `<import namespace="urn:soap-secure-conversation:echo" location="${location}"/></definitions>`;
  const port = 'EchoTls13';
  const settings = () => ({ endpoint: node.address(port), disableCache: true });

  test.each([
    ['by a path that is relative', 'top.wsdl', 'echo.wsdl', {}],
    ['from a folder below', 'sub/top.wsdl', '../echo.wsdl', {}],
    ['beside it whatever its path says (fixedPath)', 'fixed.wsdl', 'no/such/folder/echo.wsdl', { fixedPath: true }],
    [
      'where overrideImportLocation says',
      'moved.wsdl',
      'urn:elsewhere',
      { overrideImportLocation: () => join(folder, 'echo.wsdl') },
    ],
  ])('%s', async (_, name, location, wsdl_options) => {
    mkdirSync(join(folder, 'sub'), { recursive: true });
    const file = join(folder, name);
    writeFileSync(file, top(location));
    const client = (await soap.createClientAsync(relative('.', file), { ...settings(), wsdl_options })) as EchoClient;
    await callsAndCloses(client, port);
  });
});
