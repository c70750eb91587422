import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTransport } from '../../src/client/transport.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { openState } from '../state/made.ts';
import { freePort, freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { expectFault } from '../support/faults.ts';
import { call, converse } from '../support/initiator.ts';
import { type PortName, wsdl } from '../support/node.ts';
import { pem } from '../support/pem.ts';

const hourMs = 3_600_000;

let node: ListeningNode;
beforeEach(async () => {
  node = await listen();
});
afterEach(() => node.close());

/** Whether anybody takes connections there. */
function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: 'localhost' }, () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

describe('of two TCP ports of which one can not be listened on', () => {
  test('neither is', async () => {
    const http = await freePort();
    const failed = { code: 'LISTEN_FAILED', message: `TCP port ${node.https} is in use already` };
    await expect(node.endpoint.listen({ http, https: node.https, host: 'localhost' })).rejects.toMatchObject(failed);
    expect(await isOpen(http)).toBe(false);
  });

  test('neither is, where the two are the same', async () => {
    const port = await freePort();
    const listening = node.endpoint.listen({ http: port, https: port, host: 'localhost' });
    await expect(listening).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    expect(await isOpen(port)).toBe(false);
  });

  test('the other sockets of the endpoint go on', async () => {
    const busy = createServer().listen(0, 'localhost');
    await new Promise(resolve => busy.once('listening', resolve));
    const { port } = busy.address() as AddressInfo;
    await expect(node.endpoint.listen({ http: await freePort(), https: port, host: 'localhost' })).rejects.toThrow();
    expect([await isOpen(node.http), await isOpen(node.https)]).toEqual([true, true]);
    await new Promise(resolve => busy.close(resolve));
  });
});

test.each<[string, object, string]>([
  ['an option that there is not', { htps: 0 }, 'listen: unknown key htps'],
  ['a port that there can not be', { https: 65_536 }, 'listen: https must be a whole number from 0 to 65535'],
  ['a port as text', { http: '8080' }, 'listen: http must be a whole number from 0 to 65535'],
])('listen() refuses %s', async (_, options, message) => {
  await expect(node.endpoint.listen(options)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message });
});

test('a TLS key that is not the certificate’s is named before anything is listened on', async () => {
  await expect(listen({ tls: { certificate: pem.tls.certificate, key: pem.service.key } })).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: 'tls.key: not the key of tls.certificate',
  });
});

test('the service’s certificate and key are named by their options', async () => {
  await expect(listen({ key: 'PEM' })).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: 'key: not an unencrypted private key in PEM format',
  });
});

function postTo(served: ListeningNode, port: PortName) {
  const transport = openTransport({ ca: pem.ca.certificate, timeoutMs: 10_000, maxBytes: 1 << 20 });
  const post = async (message: string) => {
    const { status, bytes } = await transport.post(served.address(port), message, {
      'Content-Type': 'application/soap+xml',
    });
    return { status, body: Buffer.from(bytes).toString() };
  };
  return { post, close: () => transport.close() };
}

describe('a port’s own clockSkewMs', () => {
  const twoMinutesMs = 120_000;
  const overrides = { EchoTls11: {}, EchoTls13: { clockSkewMs: 180_000 }, EchoSymmetric: {} };

  /** The answer to a call whose Timestamp is that far ahead of the service's clock. */
  async function ahead(port: PortName, served: ListeningNode) {
    const { post, close } = postTo(served, port);
    const conversation = await converse(port, post);
    const answer = await post(call(conversation, { nowMs: Date.now() + twoMinutesMs }));
    close();
    return answer;
  }

  test('holds for that port, and the endpoint’s for the others', async () => {
    const served = await listen({ ports: overrides });
    expect((await ahead('EchoTls13', served)).status).toBe(200);
    for (const port of ['EchoTls11', 'EchoSymmetric'] as const)
      expectFault(await ahead(port, served), 'messageExpired');
    await served.close();
  });

  test('may be less than the endpoint’s', async () => {
    const served = await listen({ clockSkewMs: 180_000, ports: { EchoTls13: { clockSkewMs: 60_000 }, EchoTls11: {} } });
    expect((await ahead('EchoTls11', served)).status).toBe(200);
    expectFault(await ahead('EchoTls13', served), 'messageExpired');
    await served.close();
  });
});

describe('how long a conversation lives', () => {
  /** Life of a fresh conversation's token, and of the conversation itself, in hours. */
  async function lifeOf(port: 'EchoTls11' | 'EchoTls13', options: Partial<EndpointOptions>, ring = freshRing()) {
    const served = await listen(options, ring);
    const { post, close } = postTo(served, port);
    const { plan, token, state } = await converse(port, post);
    close();
    await served.close();
    const { createdMs = 0, expiresMs = 0 } = token;
    const names = { audience: plan.audience, wsc: plan.dialect.wsc, id: token.id, instance: undefined };
    const context = openState(state, names, keyRing(ring), createdMs);
    return [expiresMs, context?.absoluteExpiresMs ?? 0].map(endMs => (endMs - createdMs) / hourMs);
  }
  const ringFor = (lifeMs: number) => createRing({ nowMs: Date.now(), random: systemRandom, policy: { lifeMs } });
  const withoutRenew = () => {
    const from = 'ws-securitypolicy/200702/IncludeToken/AlwaysToRecipient">\n              <wsp:Policy>';
    const text = readFileSync(wsdl, 'utf8');
    const file = join(mkdtempSync(join(tmpdir(), 'without-renew-')), 'echo.wsdl');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, `${from}<sp:MustNotSendRenew/>`));
    return file;
  };

  test('is half an hour, again with each renewal, and twelve hours in all', async () => {
    expect(await lifeOf('EchoTls13', {})).toEqual([0.5, 12]);
  });
  test('is ten hours where the policy forbids to renew it', async () => {
    const forbidding = withoutRenew();
    expect(await lifeOf('EchoTls13', { wsdl: forbidding })).toEqual([10, 10]);
    expect(await lifeOf('EchoTls11', { wsdl: forbidding })).toEqual([0.5, 12]);
    rmSync(dirname(forbidding), { recursive: true });
  });
  test('is what the options say, those of the port before those of the endpoint', async () => {
    const ports = { EchoTls13: { lifetimeMs: 2 * hourMs, absoluteLifetimeMs: 5 * hourMs }, EchoTls11: {} };
    const options = { lifetimeMs: hourMs, absoluteLifetimeMs: 4 * hourMs, ports };
    expect(await lifeOf('EchoTls13', options)).toEqual([2, 5]);
    expect(await lifeOf('EchoTls11', options)).toEqual([1, 4]);
  });
  test('ends with its one Instance where that lives longer than all renewals may', async () => {
    expect(await lifeOf('EchoTls13', { lifetimeMs: 3 * hourMs, absoluteLifetimeMs: hourMs })).toEqual([3, 3]);
  });
  test('is no longer than the ring’s keys open it, whatever the options say', async () => {
    expect(await lifeOf('EchoTls13', {}, ringFor(10 * hourMs))).toEqual([0.5, 10]);
    const long = { lifetimeMs: 100 * hourMs, absoluteLifetimeMs: 150 * hourMs };
    expect(await lifeOf('EchoTls13', long, ringFor(2 * hourMs))).toEqual([2, 2]);
    expect(await lifeOf('EchoTls13', long, ringFor(120 * hourMs))).toEqual([100, 120]);
  });
});

test('a token lives no longer than the ring’s keys open it, whatever lifetimeMs says', async () => {
  const ring = freshRing();
  const served = await listen({ lifetimeMs: ring.policy.lifeMs + 3_600_000 }, ring);
  const { post, close } = postTo(served, 'EchoTls11');
  const { createdMs = 0, expiresMs = 0 } = (await converse('EchoTls11', post)).token;
  expect(expiresMs - createdMs).toBe(ring.policy.lifeMs);
  close();
  await served.close();
});

describe('a message that comes again is a replay as long as it is fresh', () => {
  const ttlMs = 300_000;
  afterEach(() => void vi.useRealTimers());

  test.each<[PortName, number]>([
    ['EchoSymmetric', 60_000],
    ['EchoTls13', 60_000],
    ['EchoSymmetric', 180_000],
  ])('on %s, with clocks that may differ by %d ms, whatever the other ports tolerate', async (port, clockSkewMs) => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const served = await listen({ ports: { EchoTls11: {}, [port]: { clockSkewMs } } });
    const { post, close } = postTo(served, port);
    const conversation = await converse(port, post);
    const message = call(conversation, { nowMs: Date.now() + clockSkewMs });
    expect((await post(message)).status).toBe(200);
    for (const passedMs of [1_000, ttlMs, 2 * clockSkewMs - 1_000]) {
      vi.advanceTimersByTime(passedMs);
      expectFault(await post(message), 'invalidSecurity');
      expect(served.lines.at(-1)).toContain('"reason":"replay"');
    }
    vi.advanceTimersByTime(1_001);
    expectFault(await post(message), 'messageExpired');
    close();
    await served.close();
  });
});
