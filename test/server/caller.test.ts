import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callerOf, originOf } from '../../src/server/caller.ts';
import { addressList } from '../../src/users/addresses.ts';
import { costOfFourTimes } from '../support/cost.ts';

const trusted = addressList(['10.0.0.0/8', '2001:db8:ffff::/48']);
const proxy = '10.0.0.1';

function from(headers: Readonly<Record<string, string>>, peer = proxy): string {
  const { address, isLimited } = originOf(peer, headers, trusted);
  return isLimited ? address : `${address} without limit`;
}

describe('an address that is no trusted proxy’s', () => {
  test.each<Readonly<Record<string, string>>>([
    {},
    { 'x-forwarded-for': '203.0.113.9' },
    { forwarded: 'for=203.0.113.9' },
    { 'x-forwarded-for': '10.0.0.2', forwarded: 'for=10.0.0.2' },
  ])('is where a request comes from, whatever it says: %j', headers => {
    expect(from(headers, '192.0.2.1')).toBe('192.0.2.1');
    expect(from(headers, '::ffff:192.0.2.1')).toBe('192.0.2.1');
  });
});

describe('a trusted proxy', () => {
  test.each(['10.0.0.1', '::ffff:10.0.0.1', '2001:db8:ffff::1'])('at %s that says nothing is not limited', peer => {
    expect(from({}, peer)).toMatch(/ without limit$/);
  });

  test.each([
    ['203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['198.51.100.1,203.0.113.9,10.0.0.7, 10.0.0.8', '203.0.113.9'],
    ['nonsense, 203.0.113.9', '203.0.113.9'],
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
  ])('is believed by the right-most stranger of X-Forwarded-For: %s', (value, address) => {
    expect(from({ 'x-forwarded-for': value })).toBe(address);
  });

  test.each([
    ['for=203.0.113.9', '203.0.113.9'],
    ['For="203.0.113.9:80"', '203.0.113.9'],
    ['for=198.51.100.1, for=203.0.113.9;proto=https;by=10.0.0.1', '203.0.113.9'],
    ['by=10.0.0.1;for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['for=[2001:db8::1]', '2001:db8::1'],
    ['for=203.0.113.9, for=10.0.0.7', '203.0.113.9'],
    ['for="_hidden, for=1.2.3.4", for=203.0.113.9', '203.0.113.9'],
  ])('is believed by the right-most stranger of Forwarded: %s', (value, address) => {
    expect(from({ forwarded: value })).toBe(address);
  });

  test('that names only trusted proxies is one of them itself, and not limited', () => {
    expect(from({ 'x-forwarded-for': '10.0.0.7, 10.0.0.8' })).toBe('10.0.0.1 without limit');
    expect(from({ forwarded: 'for=10.0.0.7' })).toBe('10.0.0.1 without limit');
  });

  test.each<Readonly<Record<string, string>>>([
    { 'x-forwarded-for': '' },
    { 'x-forwarded-for': 'nonsense' },
    { 'x-forwarded-for': '203.0.113.9, unknown' },
    { 'x-forwarded-for': '203.0.113.9, 10.0.0.256' },
    { 'x-forwarded-for': '203.0.113.9,' },
    { 'x-forwarded-for': '203.0.113.9\u00a0' },
    { 'x-forwarded-for': '203.0.113.9, localhost, 10.0.0.7' },
    { 'x-forwarded-for': `203.0.113.9${', 10.0.0.7'.repeat(33)}` },
    { forwarded: '' },
    { forwarded: 'for=unknown' },
    { forwarded: 'for=_hidden' },
    { forwarded: 'proto=https' },
    { forwarded: 'for=203.0.113.9;' },
    { forwarded: 'for=203.0.113.9,' },
    { forwarded: 'for="203.0.113.9' },
    { forwarded: 'for=203.0.113.9 for=198.51.100.1' },
    { forwarded: 'for="198.51.100.1, for=203.0.113.9' },
    { forwarded: 'for=198.51.100.1', 'x-forwarded-for': '203.0.113.9' },
    { forwarded: 'for=10.0.0.7', 'x-forwarded-for': '203.0.113.9' },
    { forwarded: 'nonsense', 'x-forwarded-for': '203.0.113.9' },
  ])('whose word can not be read, or is two words, is itself the caller, and limited: %j', headers => {
    expect(from(headers)).toBe('10.0.0.1');
  });

  test('may say the same in both headers', () => {
    expect(from({ forwarded: 'for=203.0.113.9', 'x-forwarded-for': '203.0.113.9' })).toBe('203.0.113.9');
    for (const written of ['2001:DB8:0::1', '2001:db8:0:0:0:0:0:1'])
      expect(from({ forwarded: 'for="[2001:db8::1]"', 'x-forwarded-for': written })).toBe('2001:db8::1');
  });

  test('makes a node work no longer than its headers are long', async () => {
    const fillings = [',', '10.0.0.7,', 'for="', 'for=1;', ' ', '\t;', 'a=', 'for=10.0.0.7, ', '::1,', 'for="[::1]",'];
    const work = (size: number) => {
      for (const value of fillings) {
        const long = value.repeat(size / value.length);
        for (let round = 0; round < 5; round++) {
          from({ 'x-forwarded-for': long });
          from({ forwarded: long });
        }
      }
    };
    expect(await costOfFourTimes(4_096, work)).toBeLessThan(8);
  });
});

describe('the signal of a caller', () => {
  const server = createServer();
  let client: Socket;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => new Promise(resolve => server.close(resolve)));
  afterEach(() => client.destroy());

  /** Sends a request of a new client, which waits for its answer. */
  async function asked() {
    const arrived = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    client.on('error', () => {});
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [request, response] = await arrived;
    return { request, response, caller: callerOf(request, response, () => false) };
  }

  test.each(['end', 'destroy', 'resetAndDestroy'] as const)('aborts when the connection closes (%s)', async close => {
    const { signal } = (await asked()).caller;
    expect(signal.aborted).toBe(false);
    client[close]();
    await once(signal, 'abort');
  });

  test('is aborted where the connection had closed before anybody asked for it', async () => {
    const { request, caller } = await asked();
    client.destroy();
    await once(request.socket, 'close');
    expect(caller.signal.aborted).toBe(true);
  });

  test('does not abort when the answer is out, and leaves nothing at the connection', async () => {
    const { request, response, caller } = await asked();
    const before = request.socket.listenerCount('close');
    const { signal } = caller;
    expect(caller.signal).toBe(signal);
    expect(request.socket.listenerCount('close')).toBe(before + 1);
    const { socket } = request;
    response.end('well');
    await once(response, 'finish');
    expect(socket.listenerCount('close')).toBeLessThanOrEqual(before);
    client.end();
    await once(socket, 'close');
    expect(signal.aborted).toBe(false);
  });
});
