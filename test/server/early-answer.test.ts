import { once } from 'node:events';
import { request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bearerTokens } from '../../src/oauth/bearer-tokens.ts';
import { mountedTokens } from '../../src/oauth/token-server.ts';
import { readOut } from '../../src/server/early-answer.ts';
import { listenOn } from '../../src/server/listener.ts';
import type { Served } from '../../src/server/requests.ts';
import { routesOf } from '../../src/server/routes.ts';
import { defaultLimits } from '../../src/xml/limits.ts';
import { files } from '../oauth/service.ts';
import { freshRing } from '../support/endpoint.ts';
import { authenticate, keptLog, readyNode, startNode } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { request } from '../support/raw.ts';

const { log, lines } = keptLog();
const servers: Server[] = [];

beforeAll(async () => {
  const node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() } });
  const tokens = bearerTokens({
    ring: files.ring,
    authenticate,
    clients: files.clients,
    audience: 'urn:a',
    dangerouslyAllowHttp: true,
    log,
  });
  const served: Served = {
    ports: routesOf([...node.ports.values()], ({ addresses }) => [addresses.path]),
    wsdl: () => () => '<wsdl/>',
    mounted: mountedTokens(tokens),
    readiness: readyNode,
    maxBytes: () => defaultLimits.maxBytes,
    ready: Promise.resolve(),
    isDraining: false,
    refused: () => undefined,
    isClosed: false,
    tlsOffloadedFrom: () => false,
    trustedProxies: () => false,
    log,
  };
  for (const tls of [undefined, pem.tls])
    servers.push(await listenOn(served, { port: 0, host: 'localhost', tls, exclusive: false }));
});
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});
beforeEach(() => {
  lines.length = 0;
});

const portOf = (server: { address(): unknown } | undefined) =>
  (server?.address() as AddressInfo | undefined)?.port ?? 0;
const connections = (server: Server | undefined) =>
  new Promise<number>(resolve => server?.getConnections((_, count) => resolve(count)));

type Open = () => Socket;
const ways: [string, Open][] = [
  ['plain HTTP', () => connect({ port: portOf(servers[0]), host: 'localhost' })],
  ['TLS', () => connectTls({ port: portOf(servers[1]), host: 'localhost', ca: pem.ca.certificate })],
];

const mib = Buffer.alloc(1 << 20, 'x');

/** Sends all of it before it reads anything, as a blocking client does. @returns what it then reads until the end */
function sendAll(open: Open, parts: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open();
    let text = '';
    socket.on('error', reject).on('close', () => resolve(text));
    const sendFrom = (i: number) => {
      const part = parts[i];
      if (part !== undefined) return void socket.write(part, () => sendFrom(i + 1));
      socket.setEncoding('latin1').on('data', chunk => {
        text += chunk;
      });
    };
    sendFrom(0);
  });
}

const host = 'Host: localhost';
const soapType = 'Content-Type: application/soap+xml';
const target = 'POST /EchoSymmetric';
const length = `Content-Length: ${8 * mib.length}`;
const whole = Array.from({ length: 8 }, () => mib);
const chunks = whole.flatMap(part => [`${part.length.toString(16)}\r\n`, part, '\r\n']);

describe.each(ways)('whoever goes on sending over %s reads the answer and its end', (_, open) => {
  test.each<[string, readonly (string | Uint8Array)[], string]>([
    ['a length over the limit', [request(target, [host, soapType, length]), ...whole], '413 Payload Too Large'],
    [
      'chunks over the limit',
      [request(target, [host, soapType, 'Transfer-Encoding: chunked']), ...chunks, '0\r\n\r\n'],
      '413 Payload Too Large',
    ],
    [
      'a length over the limit, cut short',
      [request(target, [host, soapType, length]), mib, mib],
      '413 Payload Too Large',
    ],
    [
      'another type',
      [request(target, [host, 'Content-Type: text/plain', length]), ...whole],
      '415 Unsupported Media Type',
    ],
    ['a path that is none', [request('POST /nothing', [host, soapType, length]), ...whole], '404 Not Found'],
    [
      'another version',
      [`${target} HTTP/2.0\r\n${host}\r\n${length}\r\n\r\n`, ...whole],
      '505 HTTP Version Not Supported',
    ],
    ['a header without end', [`${target} HTTP/1.1\r\nX: `, ...whole], '431 Request Header Fields Too Large'],
    ['no HTTP', ['hello\r\n', ...whole], '400 Bad Request'],
    ['CONNECT', [request('CONNECT evil.example:25', [host]), ...whole], '405 Method Not Allowed'],
  ])('%s', async (_case, parts, status) => {
    const text = await sendAll(open, parts);
    expect(text.match(/HTTP\/1\.1 [^\r]*/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(text).toMatch(/\r\nConnection: close\r\n/);
    expect(text).toMatch(/\r\n\r\n$/);
    expect(lines.map(line => JSON.parse(line).reason)).toEqual([`http-${status.slice(0, 3)}`]);
    for (const server of servers) await expect.poll(() => connections(server)).toBe(0);
  });

  test('a form that is too long for the token service', async () => {
    const type = 'Content-Type: application/x-www-form-urlencoded';
    const text = await sendAll(open, [request('POST /oauth/token', [host, type, length]), ...whole]);
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toMatch(/\r\nConnection: close\r\n/);
    expect(text).toContain('"error_description":"the body is too long"');
  });
});

test('the answer to a request that was refused comes after the whole answer to the one before', async () => {
  const first = request('GET /?wsdl', [host]);
  const refused = request(target, [host, soapType, length]);
  const text = await sendAll(
    () => connect({ port: portOf(servers[0]), host: 'localhost' }),
    [Buffer.concat([first, refused, mib]), ...whole.slice(1)],
  );
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 413']);
  expect(text).toMatch(/<wsdl\/>HTTP\/1\.1 413[\s\S]*\r\n\r\n$/);
});

test('a client on node:http gets the 413 of a body that it is still sending', async () => {
  const sending = httpRequest(`http://localhost:${portOf(servers[0])}/EchoSymmetric`, {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/soap+xml' },
  });
  const answered = once(sending, 'response');
  for (const part of whole) sending.write(part);
  sending.end();
  const [response] = await answered;
  expect(response.statusCode).toBe(413);
  response.resume();
  await once(response, 'end');
});

describe('a connection that was answered is read from', () => {
  /** A peer that sends until it is cut off, and what it could send. */
  async function cutOff(bounds: { maxMs: number; maxBytes: number }, part: Uint8Array, everyMs: number | undefined) {
    const server = createServer({ allowHalfOpen: true }, socket => {
      socket.on('error', () => undefined).resume();
      readOut(socket, bounds);
    });
    await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
    const startedMs = performance.now();
    const socket = connect({ port: portOf(server), host: 'localhost', allowHalfOpen: true });
    const sendOn = () => {
      if (socket.destroyed) return;
      socket.write(part, () => (everyMs === undefined ? setImmediate(sendOn) : setTimeout(sendOn, everyMs)));
    };
    socket.on('error', () => undefined).resume();
    sendOn();
    await new Promise(resolve => socket.on('close', resolve));
    server.close();
    return { bytes: socket.bytesWritten, ms: performance.now() - startedMs };
  }

  test('for so long', async () => {
    const { ms } = await cutOff({ maxMs: 200, maxBytes: 1 << 30 }, Buffer.from('x'), 5);
    expect(ms).toBeGreaterThan(150);
  });

  test('and for so many octets', async () => {
    const { bytes } = await cutOff({ maxMs: 3_600_000, maxBytes: 1 << 20 }, mib, undefined);
    expect(bytes).toBeGreaterThanOrEqual(1 << 20);
  });
});
