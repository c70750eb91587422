import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { listenOn } from '../../src/server/listener.ts';
import { type Served, serveRequest } from '../../src/server/requests.ts';
import { keptLog, readyNode } from '../support/node.ts';
import { raw, request } from '../support/raw.ts';

/*
 * A peer that sends requests and takes no answers, with no credentials. What the answers are is all the same, so they
 * are a WSDL that is longer than what the kernel takes of it.
 */

const wsdlBytes = 24 << 20;
const host = 'Host: localhost';
const get = request('GET /?wsdl', [host]);
const last = request('GET /?wsdl', [host, 'Connection: close']);

const servers: Server[] = [];
const peers: Socket[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
});

/** A listener whose WSDL has so many bytes, and how often it was written. */
async function listening(bytes: number, changed: Partial<Served> = {}) {
  const { log, lines } = keptLog();
  const text = 'x'.repeat(bytes);
  const count = { written: 0 };
  const served: Served = {
    ports: new Map(),
    wsdl: () => () => {
      count.written += 1;
      return text;
    },
    readiness: readyNode,
    maxBytes: () => 1,
    trustedProxies: () => false,
    ready: Promise.resolve(),
    isDraining: false,
    refused: () => undefined,
    isClosed: false,
    tlsOffloadedFrom: () => false,
    log,
    ...changed,
  };
  const server = await listenOn(served, { port: 0, host: 'localhost', tls: undefined, exclusive: false });
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  return { server, served, port, count, reasons: () => lines.map(line => JSON.parse(line).reason) };
}

/** A peer that sends octets and reads nothing until it is told to. */
function reader(port: number, octets: Uint8Array) {
  const socket = connect({ port, host: 'localhost' }).pause();
  peers.push(socket);
  const got = { bytes: 0, isClosed: false };
  socket.on('data', chunk => {
    got.bytes += chunk.length;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    got.isClosed = true;
  });
  socket.write(octets);
  return { socket, got };
}

describe('requests that come together', () => {
  test('are served one after the other, each when the answer before it was taken', async () => {
    const { port, count } = await listening(wsdlBytes);
    const { socket, got } = reader(port, Buffer.concat([get, get, last]));
    await expect.poll(() => count.written).toBe(1);
    await sleep(300);
    expect(count.written).toBe(1);
    socket.resume();
    await expect.poll(() => got.isClosed).toBe(true);
    expect(count.written).toBe(3);
    expect(got.bytes).toBeGreaterThan(3 * wsdlBytes);
  });

  test('may be seventeen, of which sixteen wait', async () => {
    const { port, reasons } = await listening(10);
    const { statuses } = await raw(port, Buffer.concat([...Array.from({ length: 16 }, () => get), last]));
    expect(statuses).toEqual(Array.from({ length: 17 }, () => 200));
    expect(reasons()).toEqual([]);
  });

  test('are all dropped with their connection where they are more, and none of those that wait is served', async () => {
    const { port, count, reasons } = await listening(wsdlBytes);
    const { got } = reader(port, Buffer.concat(Array.from({ length: 900 }, () => get)));
    await expect.poll(reasons).toEqual(['requests-waiting']);
    peers[0]?.resume();
    await expect.poll(() => got.isClosed).toBe(true);
    expect(count.written).toBeLessThanOrEqual(1);
  });

  test('wait for each other in a server of the program’s own, too', async () => {
    const { served, count } = await listening(wsdlBytes);
    const own = createServer((request, response) => void serveRequest(request, response, served)).listen(
      0,
      'localhost',
    );
    servers.push(own);
    await new Promise(resolve => own.once('listening', resolve));
    reader((own.address() as AddressInfo).port, Buffer.concat([get, get, get]));
    await expect.poll(() => count.written).toBe(1);
    await sleep(300);
    expect(count.written).toBe(1);
  });
});

describe('a connection on which nothing comes and goes', () => {
  test('ends with an answer that is not taken', async () => {
    const { server, port, count } = await listening(wsdlBytes);
    server.timeout = 200;
    const { got, socket } = reader(port, get);
    await expect.poll(() => count.written).toBe(1);
    await expect.poll(() => new Promise(resolve => server.getConnections((_, open) => resolve(open)))).toBe(0);
    socket.resume();
    await expect.poll(() => got.isClosed).toBe(true);
    expect(got.bytes).toBeLessThan(wsdlBytes);
  });

  test('ends with the part of an answer that is not taken, though more is to come', async () => {
    const handler: RequestListener = (_request, response) => void response.write('x'.repeat(wsdlBytes));
    const { server, port } = await listening(10, { mounted: { path: '/part', handler } });
    server.timeout = 200;
    const connected = once(server, 'connection');
    const { socket, got } = reader(port, request('GET /part', [host]));
    await connected;
    await expect.poll(() => new Promise(resolve => server.getConnections((_, open) => resolve(open)))).toBe(0);
    socket.resume();
    await expect.poll(() => got.isClosed).toBe(true);
    expect(got.bytes).toBeLessThan(wsdlBytes);
  });

  test('goes on while an answer is made', async () => {
    const mounted = {
      path: '/slow',
      handler: (_request: unknown, response: { end(text: string): void }) =>
        void sleep(1_000).then(() => response.end('made')),
    };
    const { server, port } = await listening(10, { mounted });
    server.timeout = 200;
    const { text } = await raw(port, request('GET /slow', [host, 'Connection: close']));
    expect(text).toMatch(/made$/);
  });

  test('ends between two requests', async () => {
    const { server, port } = await listening(10);
    server.keepAliveTimeout = 200;
    const { statuses } = await raw(port, get);
    expect(statuses).toEqual([200]);
  });
});
