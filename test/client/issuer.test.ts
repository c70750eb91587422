import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import type { SessionOptions } from '../../src/client/session-options.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { freePort, freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { planOf } from '../support/initiator.ts';
import { type PortName, portNames, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { issuerAt, type ListeningSts, listenSts } from '../support/sts.ts';
import { say } from './farm.ts';

const ring = freshRing();
const store = memoryStore({ clock: Date.now });
let sts: ListeningSts;
let node: ListeningNode;

beforeAll(async () => {
  sts = await listenSts(ring, { store, lifetimeMs: 1_000 });
  // Nobody answers where this node would hand requests for tokens on to: what it is asked for, it has not.
  node = await listen({ issuer: issuerAt(await freePort()), store }, ring);
});
afterAll(() => Promise.all([node.close(), sts.close()]));

const open = (port: PortName, options: Partial<SessionOptions>) =>
  openSession({
    plan: planOf(port),
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: [node.address(port)],
    ...options,
  });

/** What the issuer has counted from now on. */
function since() {
  const before = sts.sts.statistics();
  return () => {
    const { issued, renewed, cancelled } = sts.sts.statistics();
    return {
      issued: issued - before.issued,
      renewed: renewed - before.renewed,
      cancelled: cancelled - before.cancelled,
    };
  };
}

describe.each(portNames)('a client of %s', port => {
  test.each<[string, () => Partial<SessionOptions>]>([
    ['that is told of an issuer', () => ({ issuer: sts.address(port) })],
    ['whose policy names an issuer', () => ({ plan: { ...planOf(port), issuer: sts.address(port) } })],
    [
      'that is told of another than the policy names',
      () => ({ issuer: sts.address(port), plan: { ...planOf(port), issuer: 'https://localhost:1/' } }),
    ],
  ])('%s begins, renews and cancels its conversations there, and calls the service', async (_, options) => {
    const counted = since();
    const session = open(port, options());
    for (let i = 0; i < 2; i += 1) expect((await say(session, port)).address).toBe(node.address(port));
    expect(counted()).toMatchObject({ issued: 1, cancelled: 0 });
    await expect.poll(async () => (await say(session, port)) && session.renewals).toBeGreaterThanOrEqual(1);
    expect(session.bootstraps).toBe(1);
    const { renewals } = session;
    expect(await session.close()).toBe(true);
    expect(counted()).toEqual({ issued: 1, renewed: renewals, cancelled: 1 });
    expect(node.endpoint.statistics().relayed).toBe(0);
  });

  test('that is told of none asks where it calls, and is told that nobody issues there now', async () => {
    const session = open(port, { timeoutMs: 1_000 });
    await expect(say(session, port)).rejects.toMatchObject({ code: 'BUSY' });
    await session.close();
  });
});

test('what TLS must protect is sent to no issuer at a plain address', () => {
  for (const options of [
    { issuer: 'http://localhost:1/EchoTls13' },
    { plan: { ...planOf('EchoTls13'), issuer: 'http://localhost:1/EchoTls13' } },
  ])
    expect(() => open('EchoTls13', options)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: 'http://localhost:1/EchoTls13 is no https address, as port EchoTls13 needs one',
      }),
    );
});
