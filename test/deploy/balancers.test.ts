import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSession, type Session } from '../../src/client/session.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { createEndpoint } from '../../src/server/endpoint.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import type { Endpoint } from '../../src/server/open-endpoint.ts';
import { send } from '../oauth/http.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { freshRing } from '../support/endpoint.ts';
import { converse, echoContent, planOf } from '../support/initiator.ts';
import { authenticate, keptLog, notedService, user, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { endBalancers, freePorts, startBalancer, type TcpPorts } from './balancer.ts';
import { configurations, pinning, sharing } from './shipped.ts';

/* Nodes behind a real HAProxy and a real nginx, with the configurations that are shipped. */

/** A node on TCP ports that it has again when it is started again. */
interface PinnedNode {
  readonly ports: TcpPorts;
  readonly calls: string[];
  readonly endpoint: () => Endpoint;
  start(): Promise<void>;
  /** Ends as it does when it is told to, and settles when a balancer has noticed. */
  leave(): Promise<void>;
  end(): Promise<void>;
}

let balancer: TcpPorts;
let nodes: readonly PinnedNode[];
const sessions: Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
  await endBalancers();
  await Promise.all(nodes.map(node => node.end()));
});
afterAll(removeFolders);

/** What nodes are told where TLS ends at the balancer of this machine, and is not begun anew. */
const offloaded = { tlsOffloadedFrom: ['127.0.0.1'], trustedProxies: ['127.0.0.1'] };

function nodeOn(ports: TcpPorts, ring: string, more: Partial<EndpointOptions>): PinnedNode {
  const calls: string[] = [];
  let endpoint: Endpoint;
  return {
    ports,
    calls,
    endpoint: () => endpoint,
    async start() {
      endpoint = createEndpoint({
        ...{ wsdl, services: notedService(calls), ring, authenticate, log: keptLog().log, ...more },
        ...{ certificate: pem.service.certificate, key: pem.service.key },
        tls: { certificate: pem.tls.certificate, key: pem.tls.key },
        addresses: [`http://localhost:${balancer.http}`, `https://localhost:${balancer.https}`],
      });
      await endpoint.listen({ ...ports, host: '127.0.0.1' });
    },
    leave: () => endpoint.drain(8_000),
    end: () => endpoint.close(),
  };
}

async function startNodes(more: Partial<EndpointOptions> = { state: 'none' }): Promise<void> {
  balancer = await freePorts();
  const ring = join(newFolder(), 'ring.json');
  writeRingFile(ring, freshRing());
  const places = [await freePorts(), await freePorts(), await freePorts()];
  nodes = places.map(place => nodeOn(place, ring, more));
  await Promise.all(nodes.map(node => node.start()));
}

const ports = ['EchoSymmetric', 'EchoTls13'] as const;
type Port = (typeof ports)[number];

function open(port: Port, cookies = false): Session {
  const base = port === 'EchoSymmetric' ? `http://localhost:${balancer.http}` : `https://localhost:${balancer.https}`;
  const session = openSession({
    ...{ plan: planOf(port), ...user, ca: pem.ca.certificate, serviceCertificate: pem.service.certificate },
    ...{ addresses: [`${base}/${port}`], cookies },
  });
  sessions.push(session);
  return session;
}

async function call(session: Session, port: Port): Promise<void> {
  const operation = planOf(port).operations.find(({ name }) => name === 'Echo') ?? expect.fail('no operation Echo');
  const { status } = await session.call({ operation, body: { declarations: '', content: echoContent('hello') } });
  expect(status).toBe(200);
}

/** How many calls each node has done. */
const callsDone = () => nodes.map(({ calls }) => calls.length);
const allDone = () => callsDone().reduce((sum, calls) => sum + calls, 0);

/** The node that did the last of the calls that were made in between. */
async function nodeOf(session: Session, port: Port): Promise<PinnedNode> {
  const before = callsDone();
  await call(session, port);
  return nodes.find(({ calls }, i) => calls.length > (before[i] ?? 0)) ?? expect.fail('no node has done it');
}

describe.each(pinning)('behind the balancer of %s', name => {
  beforeEach(async () => {
    await startNodes();
    await startBalancer(
      name,
      balancer,
      nodes.map(node => node.ports),
    );
  });

  test.each(ports)('a conversation of %s stays at one node, also with several calls at once', async port => {
    const session = open(port);
    for (let turn = 0; turn < 5; turn += 1) await Promise.all([1, 2, 3, 4].map(() => call(session, port)));
    expect(session.bootstraps).toBe(1);
    expect(callsDone().sort((a, b) => a - b)).toEqual([0, 0, 20]);
  });

  test.each(ports)('a client of %s begins again when its node ends, and no call is done twice', async port => {
    const session = open(port);
    const first = await nodeOf(session, port);
    await first.leave();
    for (let turn = 0; turn < 4; turn += 1) await call(session, port);
    expect(session.bootstraps).toBe(2);
    expect(first.calls).toHaveLength(1);
    expect(allDone()).toBe(5);
  });

  test('clients of different addresses are spread over the nodes', async () => {
    const addresses = Array.from({ length: 16 }, (_, n) => `127.0.0.${n + 2}`);
    for (const address of addresses) await converse('EchoSymmetric', message => postFrom(address, message));
    const issued = nodes.map(node => node.endpoint().statistics().issued);
    expect(issued.reduce((sum, count) => sum + count, 0)).toBe(addresses.length);
    expect(Math.max(...issued)).toBeLessThan(addresses.length);
  });
});

test.each(ports)('by cookie a client of %s stays where it is when its first node comes back', async port => {
  await startNodes();
  await startBalancer(
    'haproxy-cookie.cfg',
    balancer,
    nodes.map(node => node.ports),
  );
  const [kept, without] = [open(port, true), open(port)];
  const first = await nodeOf(kept, port);
  expect(await nodeOf(without, port)).toBe(first);
  await first.leave();
  const second = await nodeOf(kept, port);
  expect(await nodeOf(without, port)).toBe(second);
  await first.start();
  // Who has no cookie goes back, to a node that does not know the conversation any more.
  await expect.poll(() => nodeOf(without, port)).toBe(first);
  expect(without.bootstraps).toBe(3);
  for (let turn = 0; turn < 4; turn += 1) expect(await nodeOf(kept, port)).toBe(second);
  expect(kept.bootstraps).toBe(2);
});

describe.each(sharing)('behind the balancer of %s', name => {
  test.each(ports)(
    'a conversation of %s goes on at other nodes while one ends, and no call is done twice',
    async port => {
      await startNodes(name.includes('offload') ? offloaded : {});
      await startBalancer(
        name,
        balancer,
        nodes.map(node => node.ports),
      );
      const session = open(port);
      const first = await nodeOf(session, port);
      let hasLeft = false;
      const leaving = first.leave().then(() => {
        hasLeft = true;
      });
      let calls = 1;
      for (; !hasLeft; calls += 1) await call(session, port);
      await leaving;
      expect(await nodeOf(session, port)).not.toBe(first);
      expect(session.bootstraps).toBe(1);
      expect(allDone()).toBe(calls + 1);
    },
  );
});

test.each(['haproxy-offload.cfg', 'nginx-offload.conf'] as const)(
  'what %s says of TLS is what it saw, whatever a client says',
  async name => {
    await startNodes(offloaded);
    await startBalancer(
      name,
      balancer,
      nodes.map(node => node.ports),
    );
    const said = { 'X-Forwarded-Proto': 'https', Forwarded: 'proto=https' };
    const { status } = await postFrom('127.0.0.1', '<a/>', { path: '/EchoTls13', headers: said });
    expect(status).toBe(403);
  },
);

test.each(['haproxy-offload.cfg', 'haproxy-passthrough.cfg'] as const)(
  'the balancer of %s sends nothing to nodes that say that they are not ready, until they are',
  async name => {
    nodes = [];
    let isReady = false;
    const node = (asked: IncomingMessage, answer: ServerResponse) => {
      answer.writeHead(asked.url === '/readyz' && !isReady ? 503 : 200).end();
    };
    const tls = { cert: pem.tls.certificate, key: pem.tls.key };
    const servers = [createHttpServer(node), createHttpsServer(tls, node)] as const;
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
    const [http, https] = servers.map(server => (server.address() as AddressInfo).port) as [number, number];
    const place = { http, https };
    balancer = await freePorts();
    await startBalancer(name, balancer, [place, place, place]);
    const status = (base: string) =>
      // Each by a connection of its own, for which a node is chosen.
      send(base, { ca: pem.ca.certificate, headers: { Connection: 'close' } }).then(
        answer => answer.status,
        () => 'closed',
      );
    const both = () =>
      Promise.all([status(`http://localhost:${balancer.http}/`), status(`https://localhost:${balancer.https}/`)]);
    const none = name === 'haproxy-passthrough.cfg' ? 'closed' : 503;
    await expect.poll(both).toEqual([none, none]);
    isReady = true;
    await expect.poll(both).toEqual([200, 200]);
    for (const server of servers) server.close();
  },
);

describe.each(configurations)('the balancer of %s', name => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  test('sends no message again of which a node has read a byte', async () => {
    nodes = [];
    let messages = 0;
    const takesAndEnds = async () => {
      const server = createServer(socket => {
        socket.on('error', () => {});
        socket.once('data', data => {
          // The others are checks of a node's health.
          if (data.toString('latin1').startsWith('POST')) messages += 1;
          socket.destroy();
        });
      });
      servers.push(server);
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      return { http: port, https: port };
    };
    balancer = await freePorts();
    await startBalancer(name, balancer, [await takesAndEnds(), await takesAndEnds(), await takesAndEnds()]);
    expect(await answered('127.0.0.1', '<a/>')).toBe(name === 'haproxy-passthrough.cfg' ? 'closed' : 502);
    expect(messages).toBe(1);
  });
});

/** The status of what comes back, or that nothing did. */
function answered(localAddress: string, message: string): Promise<number | 'closed'> {
  return postFrom(localAddress, message).then(
    ({ status }) => status,
    () => 'closed',
  );
}

/** Posts a message to the balancer from one of this machine's addresses. */
function postFrom(
  localAddress: string,
  message: string,
  more: { readonly path?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ status: number; body: string }> {
  const { path = '/EchoSymmetric' } = more;
  const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8', ...more.headers };
  const options = { method: 'POST', host: '127.0.0.1', port: balancer.http, path, localAddress };
  return new Promise((resolve, reject) => {
    const sending = request({ ...options, headers: { ...headers, Host: `localhost:${balancer.http}` } }, response => {
      let body = '';
      response.on('data', text => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sending.on('error', reject);
    sending.end(message);
  });
}
