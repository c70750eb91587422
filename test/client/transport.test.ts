import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openTransport, type Transport } from '../../src/client/transport.ts';
import { pem } from '../support/pem.ts';

type Scheme = 'http' | 'https';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0)) await close();
});

/** A peer of raw sockets that answers each connection as it is told, once something has come. */
async function peer(scheme: Scheme, answer: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const take = (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).once('data', () => answer(socket));
  };
  const server: Server =
    scheme === 'https'
      ? createTlsServer({ cert: pem.tls.certificate, key: pem.tls.key }, take)
      : createServer({}, take);
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `${scheme}://localhost:${(server.address() as { port: number }).port}/`, sockets };
}

function transport(timeoutMs: number): Transport {
  const opened = openTransport({ ca: pem.ca.certificate, timeoutMs, maxBytes: 1 << 20 });
  closing.push(() => opened.close());
  return opened;
}

const send = (opened: Transport, address: string) =>
  opened.post(address, '<a/>', { 'Content-Type': 'application/soap+xml' });
const closed = (socket: Socket | undefined) =>
  socket?.destroyed ? undefined : new Promise(resolve => socket?.on('close', resolve));

/** Writes `first`, then one more character each 20 ms for as long as there is somebody to take it. */
function dribble(first: string, then: string) {
  return (socket: Socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(then), 20);
    socket.on('close', () => clearInterval(timer));
  };
}

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n';

describe.each<Scheme>(['http', 'https'])('a peer over %s', scheme => {
  test.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => {}],
    ['sends a header that does not end', dribble(`${head}X-Long: `, 'x')],
    ['sends a message of a known length by and by', dribble(`${head}Content-Length: 100000\r\n\r\n`, ' ')],
    ['sends a message that does not end', dribble(`${head}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n')],
  ])('that %s is given up after timeoutMs, and its connection closed', async (_, answer) => {
    const { address, sockets } = await peer(scheme, answer);
    await expect(send(transport(300), address)).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'NETWORK',
      sent: true,
      message: `${address}: no answer (not within 300 ms)`,
    });
    expect(sockets).toHaveLength(1);
    await closed(sockets[0]);
  });

  test('that is slow, but not too slow, is waited for', async () => {
    const text = 'slow';
    const { address } = await peer(scheme, socket => {
      let at = 0;
      const timer = setInterval(() => {
        socket.write(at === 0 ? `${head}Content-Length: ${text.length}\r\n\r\n` : (text[at - 1] ?? ''));
        at += 1;
        if (at > text.length) clearInterval(timer);
      }, 20);
    });
    const { status, bytes } = await send(transport(20_000), address);
    expect([status, Buffer.from(bytes).toString()]).toEqual([200, text]);
  });
});

test('a peer that takes no handshake is given up, and known not to have the message', async () => {
  const silent = createServer();
  await new Promise<void>(resolve => silent.listen(0, 'localhost', resolve));
  const taken = new Promise<Socket>(resolve => silent.on('connection', socket => resolve(socket.resume())));
  closing.push(() => void silent.close());
  const address = `https://localhost:${(silent.address() as { port: number }).port}/`;
  await expect(send(transport(300), address)).rejects.toMatchObject({ code: 'NETWORK', sent: false });
  await closed(await taken);
});

describe('the timer of the wait', () => {
  const ok = (socket: Socket) => socket.write(`${head}Content-Length: 2\r\n\r\nok`);
  const tooLong = (socket: Socket) => socket.write(`${head}Content-Length: 3000000\r\n\r\n${' '.repeat(2_000_000)}`);

  test.each<[string, (socket: Socket) => void, boolean]>([
    ['an answer', ok, true],
    ['an answer that is too long', tooLong, false],
    ['an answer that is cut off', socket => socket.end(`${head}Content-Length: 9\r\n\r\nok`), false],
    ['a connection that is closed', socket => socket.destroy(), false],
  ])('is gone after %s', async (_, answer, isAnswer) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { address } = await peer('http', answer);
    const outcome = send(transport(86_400_000), address).then(
      () => true,
      () => false,
    );
    expect(vi.getTimerCount()).toBe(1);
    expect(await outcome).toBe(isAnswer);
    expect(vi.getTimerCount()).toBe(0);
  });
});
