import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { soapVersions } from '../../src/names.ts';
import { closeServer, listenOn } from '../../src/server/listener.ts';
import { isServed, type Served, serveRequest } from '../../src/server/requests.ts';
import { routesOf } from '../../src/server/routes.ts';
import { freshRing } from '../support/endpoint.ts';
import { type Conversation, call, converseWith } from '../support/initiator.ts';
import { keptLog, readyNode, startNode, type TestNode } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { raw, request } from '../support/raw.ts';

const { log, lines } = keptLog();
let node: TestNode;
let conversation: Conversation;
let served: Served;
let plain: Server;
let tls: Server;

/** Answers with the first half of what it has to say, and never comes to the other. */
const half: RequestListener = (_, response) => void response.write('half an answer');

const listening = (options: { tls?: typeof pem.tls } = {}) =>
  listenOn(served, { port: 0, host: 'localhost', tls: options.tls, exclusive: false });
const portOf = (server: Server) => (server.address() as AddressInfo).port;
const connections = (server: Server) =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
const closed = (server: Server) => {
  server.closeAllConnections();
  return new Promise(resolve => server.close(resolve));
};

beforeAll(async () => {
  node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() } });
  conversation = await converseWith(node, 'EchoSymmetric');
  served = {
    ports: routesOf([...node.ports.values()], ({ addresses }) => [addresses.path]),
    wsdl: () => () => '<wsdl/>',
    mounted: { path: '/half', handler: half },
    readiness: readyNode,
    maxBytes: () => 1 << 20,
    trustedProxies: () => false,
    ready: Promise.resolve(),
    isDraining: false,
    refused: () => undefined,
    isClosed: false,
    tlsOffloadedFrom: () => false,
    log,
  };
  plain = await listening();
  tls = await listening({ tls: pem.tls });
});
afterAll(() => Promise.all([closed(plain), closed(tls)]));
beforeEach(() => {
  lines.length = 0;
  node.calls.length = 0;
});

/** What the log holds: everything but what each of its lines has, and what refused-requests.test.ts is about. */
const logged = () =>
  lines.map(line => {
    const { time: _time, pid: _pid, hostname: _hostname, peer: _peer, path: _path, ...rest } = JSON.parse(line);
    const { problem: _problem, header: _header, found: _found, limit: _limit, hint: _hint, ...own } = rest;
    return own;
  });
const refusal = (status: number, port?: string) => ({
  level: 40,
  ...(port === undefined ? {} : { port }),
  reason: `http-${status}`,
  msg: 'request refused',
});

const target = 'POST /EchoSymmetric';
const host = 'Host: localhost';
const soapType = 'Content-Type: application/soap+xml';
const chunked = [host, soapType, 'Transfer-Encoding: chunked'];

/** Sends octets over TLS and reads until the peer closes the connection. */
function rawTls(octets: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port: portOf(tls), host: 'localhost', ca: pem.ca.certificate }, () =>
      socket.write(octets),
    );
    let text = '';
    socket.setEncoding('latin1').on('data', chunk => {
      text += chunk;
    });
    socket.on('error', error => (text === '' ? reject(error) : socket.destroy()));
    socket.on('close', () => resolve(text));
  });
}

test('the WSDL is written once for a request that asks for it, and not to find out whether there is one', async () => {
  let written = 0;
  const counting: Served = {
    ...served,
    wsdl: () => () => {
      written += 1;
      return '<wsdl/>';
    },
  };
  const mounting: RequestListener = (request, response) => {
    if (isServed(request, counting)) void serveRequest(request, response, counting);
    else response.writeHead(204).end();
  };
  const server = createServer(mounting).listen(0, 'localhost');
  await once(server, 'listening');
  const statusOf = async (path: string) => (await fetch(`http://localhost:${portOf(server)}${path}`)).status;
  expect([await statusOf('/Echo'), written]).toEqual([204, 0]);
  expect([await statusOf('/Echo?wsdl'), written]).toEqual([200, 1]);
  await closed(server);
});

describe('what Node’s parser refuses is answered as by Node, with one line of the log, not in the peer’s words', () => {
  const bad = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
  test.each<[string, string | Uint8Array, string, ReturnType<typeof refusal>]>([
    ['a request line that is none', 'evil.example\r\n\r\n', bad, refusal(400)],
    ['another version', 'GET /EchoSymmetric HTTP/9.9\r\n\r\n', bad, refusal(400)],
    ['a TLS handshake', Buffer.from('160301', 'hex'), bad, refusal(400)],
    ['a header line that is none', request(target, [host, 'evil example']), bad, refusal(400)],
    ['lengths that differ', request(target, [host, 'Content-Length: 1', 'Content-Length: 2']), bad, refusal(400)],
    ['a chunk without a length', request(target, chunked, 'evil\r\n'), bad, refusal(400, 'EchoSymmetric')],
    [
      'headers that are too long',
      request(target, [host, `X: ${'x'.repeat(20_000)}`]),
      'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n',
      refusal(431),
    ],
    [
      'chunk extensions that are too long',
      request(target, chunked, `1;${'x'.repeat(20_000)}`),
      'HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n',
      refusal(413, 'EchoSymmetric'),
    ],
  ])('%s', async (_, octets, answer, line) => {
    expect((await raw(portOf(plain), octets)).text).toBe(answer);
    expect(logged()).toEqual([line]);
    lines.length = 0;
    expect(await rawTls(octets)).toBe(answer);
    expect(logged()).toEqual([line]);
    expect(node.calls).toEqual([]);
  });

  test('a request that does not get on', async () => {
    const impatient = await listening();
    impatient.headersTimeout = 1;
    const { text } = await raw(portOf(impatient), 'POST /EchoSymmetric HTTP/1.1\r\n');
    expect(text).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
    expect(logged()).toEqual([refusal(408)]);
    await closed(impatient);
  });

  test('a body that does not get on, by the name of its port', async () => {
    const impatient = await listening();
    Object.assign(impatient, { headersTimeout: 1, requestTimeout: 1 });
    const { text } = await raw(portOf(impatient), request(target, [host, soapType, 'Content-Length: 9'], '<x>'));
    expect(text).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
    expect(logged()).toEqual([refusal(408, 'EchoSymmetric')]);
    await closed(impatient);
  });
});

describe('HTTP/1.1 without Host is refused, with its line in the log', () => {
  test.each<[string, string, readonly string[], string | undefined]>([
    ['a call', target, [soapType, 'Content-Length: 0'], 'EchoSymmetric'],
    ['a WSDL', 'GET /?wsdl', [], undefined],
    ['what is mounted beside the ports', 'GET /half', [], undefined],
  ])('%s', async (_, line, headers, port) => {
    const { statuses, text } = await raw(portOf(plain), request(line, headers));
    expect(statuses).toEqual([400]);
    expect(text.split('\r\n\r\n')[1]).toBe('');
    expect(logged()).toEqual([refusal(400, port)]);
  });

  test('and HTTP/1.0 is served', async () => {
    expect((await raw(portOf(plain), 'GET /?wsdl HTTP/1.0\r\n\r\n')).statuses).toEqual([200]);
    expect(logged()).toEqual([]);
  });
});

test('a port of SOAP 1.1 takes its own media type, and not that of SOAP 1.2', async () => {
  const port = [...served.ports.values()].flat().find(({ plan }) => plan.transport === 'http');
  if (port === undefined) throw new TypeError('no port without TLS');
  const ports = routesOf([{ ...port, plan: { ...port.plan, soap: soapVersions['1.1'] } }], ({ addresses }) => [
    addresses.path,
  ]);
  const old = await listenOn({ ...served, ports }, { port: 0, host: 'localhost', tls: undefined, exclusive: false });
  const statusOf = async (type: string) =>
    (await raw(portOf(old), request(target, [host, type, 'Content-Length: 0']))).statuses;
  expect(await statusOf(soapType)).toEqual([415]);
  expect(logged()).toEqual([refusal(415, 'EchoSymmetric')]);
  // Read as a message, and refused as none: that line is in the log of the port.
  expect(await statusOf('Content-Type: text/xml; charset=utf-8')).toEqual([400]);
  expect(logged()).toHaveLength(1);
  await closed(old);
});

describe('one connection tells its answers apart', () => {
  const garbage = 'evil.example\r\n\r\n';
  const genuine = () => {
    const message = call(conversation);
    return request(target, [host, soapType, `Content-Length: ${Buffer.byteLength(message)}`], message);
  };
  /** Sends the second part once the first has been answered. */
  const afterAnswer = (first: Uint8Array, second: string) =>
    raw(portOf(plain), first, socket => socket.once('data', () => socket.write(second)));

  test('a refusal comes after the whole answer to the request before', async () => {
    const { statuses, text } = await afterAnswer(genuine(), garbage);
    expect(statuses).toEqual([200, 400]);
    expect(text).toMatch(/<\/s:Envelope>HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/);
    expect(node.calls).toHaveLength(1);
    expect(logged()).toEqual([refusal(400)]);
  });

  test('nothing comes after a part of an answer, and the connection ends', async () => {
    const { statuses, text } = await afterAnswer(request('GET /half', [host]), garbage);
    expect(statuses).toEqual([200]);
    expect(text).toMatch(/half an answer\r\n$/);
    expect(logged()).toEqual([refusal(400)]);
  });

  test('a call that came in one piece with what can not be read ends the connection with one answer', async () => {
    const { statuses } = await raw(portOf(plain), Buffer.concat([genuine(), Buffer.from(garbage), genuine()]));
    expect(statuses).toEqual([400]);
    await expect.poll(() => connections(plain)).toBe(0);
    expect(logged()).toEqual([refusal(400)]);
    expect(node.calls.length).toBeLessThanOrEqual(1);
  });

  test('a request that is wrong in two ways is refused once', async () => {
    const head = [host, 'Content-Type: text/plain', 'Transfer-Encoding: chunked'];
    expect((await raw(portOf(plain), request(target, head, 'evil\r\n'))).statuses).toEqual([400]);
    await expect.poll(() => connections(plain)).toBe(0);
    expect(logged()).toEqual([refusal(400, 'EchoSymmetric')]);
  });
});

describe('a peer that goes away is none for the log', () => {
  /** Connects, sends, goes away in some way, and waits until the server has noticed. */
  async function goneAfter(server: Server, octets: string | Uint8Array, go: (socket: Socket) => void): Promise<void> {
    await new Promise<void>(resolve => {
      const socket = connect({ port: portOf(server), host: 'localhost' }, () => socket.write(octets, () => go(socket)));
      socket.on('error', () => undefined).on('close', () => resolve());
      socket.resume();
    });
    await expect.poll(() => connections(server)).toBe(0);
  }
  const starts: [string, string | Uint8Array][] = [
    ['in a request line', 'POST /Echo'],
    ['in the headers', 'POST /EchoSymmetric HTTP/1.1\r\nHo'],
    ['in the body', request(target, [host, soapType, 'Content-Length: 9'], '<x>')],
  ];

  test.each(starts)('by a reset %s', async (_, octets) => {
    await goneAfter(plain, octets, socket => socket.resetAndDestroy());
    expect(logged()).toEqual([]);
  });

  test.each(starts)('by an end %s, which is answered as Node does', async (_, octets) => {
    const { statuses } = await raw(portOf(plain), octets, socket => socket.end());
    expect(statuses).toEqual([400]);
    expect(logged()).toEqual([]);
  });

  test('by a reset in the handshake of TLS', async () => {
    await goneAfter(tls, Buffer.from('1603010200', 'hex'), socket => socket.resetAndDestroy());
    await goneAfter(tls, '', socket => socket.end());
    expect(logged()).toEqual([]);
  });

  test('before the refusal of what it sent can be written', async () => {
    for (let i = 0; i < 20; i += 1) await goneAfter(plain, 'evil.example\r\n\r\n', socket => socket.resetAndDestroy());
    for (const line of logged()) expect(line).toEqual(refusal(400));
    expect((await raw(portOf(plain), request('GET /?wsdl', [host, 'Connection: close']))).statuses).toEqual([200]);
  });
});

test.each<[string, string | Uint8Array, string]>([
  ['plain HTTP', request('GET /?wsdl', [host]), 'ERR_SSL_HTTP_REQUEST'],
  ['other octets', 'evil.example '.repeat(9), 'ERR_SSL_WRONG_VERSION_NUMBER'],
])('%s on a TLS socket gets no answer of HTTP and a line for debugging alone', async (_, octets, code) => {
  const answered = await raw(portOf(tls), octets).catch(() => ({ text: '' }));
  expect(answered.text).not.toContain('HTTP');
  await expect.poll(() => connections(tls)).toBe(0);
  expect(logged()).toEqual([{ level: 20, reason: 'tls-handshake', code, msg: 'connection refused' }]);
  expect(await rawTls(request('GET /?wsdl', [host, 'Connection: close']))).toMatch(/^HTTP\/1\.1 200 OK/);
});

describe('when it is told to end', () => {
  const get = request('GET /?wsdl', [host]);

  /** A connection as a balancer keeps it: one answer has come on it. */
  async function kept(server: Server): Promise<Socket> {
    const socket = connect(portOf(server), 'localhost');
    socket.write(get);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK/);
    return socket;
  }

  afterEach(() => {
    vi.useRealTimers();
    served.isDraining = false;
  });

  test('connections that were kept are good until a balancer has noticed, and closed then', async () => {
    const server = await listening();
    const [used, idle] = [await kept(server), await kept(server)];
    const closing = [once(used, 'close'), once(idle, 'close')];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    served.isDraining = true;
    const ended = closeServer(server, 10_000);
    await vi.advanceTimersByTimeAsync(2_999);
    used.write(get);
    expect(String((await once(used, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Connection: close\r\n/);
    await closing[0];
    expect(idle.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all([closing[1], ended]);
  });
});
