import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { guardedCalls } from '../../src/store/guarded-calls.ts';

const answerMs = 50;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Calls over a socket, to a server that does with each what it is told. */
async function callsTo(serve: (socket: Socket) => void) {
  const server = createServer(socket => socket.on('error', () => {}).on('data', () => serve(socket))).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(client, 'connect');
  closing.push(
    () => client.destroy(),
    () => server.close(),
  );
  const told: string[] = [];
  const { call } = guardedCalls({
    steadyClock: () => performance.now(),
    onDown: () => told.push('down'),
    onUp: () => told.push('up'),
    answerMs,
  });
  const ask = () =>
    call(async () => {
      client.write('ask');
      const [answer] = await once(client, 'data');
      return String(answer);
    });
  return { ask, told };
}

/** Nothing runs in this process meanwhile, as where it is stopped. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('an answer that came while the process stood still is taken, however late it is read', async () => {
  const { ask, told } = await callsTo(socket => {
    socket.write('answer');
    standStill(4 * answerMs);
  });
  for (let i = 0; i < 4; i += 1) expect(await ask()).toBe('answer');
  expect(told).toEqual([]);
});

test('one that does not come is not waited for', async () => {
  const { ask, told } = await callsTo(() => {});
  for (let i = 0; i < 3; i += 1) await expect(ask()).rejects.toThrow(StoreUnavailable);
  expect(told).toEqual(['down']);
});
