import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket, connect as socketTo } from 'node:net';
import { expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { type KeptConnection, keptConnection } from '../../src/store/kept-connection.ts';
import { freePort } from '../support/endpoint.ts';

function connectionTo(port: number): KeptConnection<Socket & { connect(): Promise<unknown> }> {
  const make = () => {
    const socket = socketTo(port, '127.0.0.1');
    return Object.assign(socket, { connect: () => once(socket, 'connect') });
  };
  return keptConnection(make, async () => {}, { onReady: () => {}, onTrouble: () => {} });
}

test('nobody waits for a server that is away longer than they say, and all get it when it is there', async () => {
  const port = await freePort();
  const kept = connectionTo(port);
  await expect(kept.ready(20)).rejects.toThrow(StoreUnavailable);
  const [early, later] = [kept.ready(10_000), kept.ready(10_000)];
  const server = createServer().listen(port, '127.0.0.1');
  expect(await early).toBe(await later);
  expect(await kept.ready(20)).toBe(await early);
  kept.close();
  server.close();
});

test('one that is lost is no longer given, and the next one is', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const kept = connectionTo((server.address() as AddressInfo).port);
  const first = await kept.ready(10_000);
  kept.drop();
  const second = await kept.ready(10_000);
  expect([first.destroyed, second.destroyed]).toEqual([true, false]);
  kept.close();
  server.close();
});
