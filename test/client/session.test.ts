import { describe, expect, test, vi } from 'vitest';
import { openSession } from '../../src/client/session.ts';
import type { SessionOptions } from '../../src/client/session-options.ts';
import type { EndpointOptions } from '../../src/server/endpoint-options.ts';
import { listen } from '../support/endpoint.ts';
import { planOf } from '../support/initiator.ts';
import { type PortName, portNames, user } from '../support/node.ts';
import { hourMs, isCall, lost, manOf, men, messageId, nodes, open, say, since, useFarm } from './farm.ts';

useFarm();

/** A node of its own behind the man in the middle. It goes by the clock that is faked already. */
async function behindMan(port: PortName, options: Partial<EndpointOptions>) {
  const man = manOf(port);
  const node = await listen({ addresses: [man.base], ...options });
  const { upstream } = man;
  man.upstream = port === 'EchoSymmetric' ? node.http : node.https;
  const close = async () => {
    man.upstream = upstream;
    await node.close();
  };
  return { node, man, close };
}

describe.each(portNames)('a session on %s', port => {
  const { dialect } = planOf(port);

  test('sends nothing before its first call, and nothing where it is closed before', async () => {
    const counted = since(nodes[0]);
    await open(port).close();
    expect(counted()).toEqual({ calls: 0, issued: 0, cancelled: 0, refused: 0 });
    expect(manOf(port).passages).toEqual([]);
  });

  test('bootstraps once for calls that begin at the same time', async () => {
    const counted = since(nodes[0]);
    const session = open(port);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => say(session, port, `call ${i}`)));
    for (const [i, { envelope }] of answers.entries()) expect(envelope).toContain(`>call ${i}<`);
    expect(counted()).toEqual({ calls: 12, issued: 1, cancelled: 0, refused: 0 });
    expect(session.bootstraps).toBe(1);
  });

  test('whose conversation the service lost bootstraps once more, for all calls that learn of it at once', async () => {
    const session = open(port);
    await say(session, port);
    const counted = since(nodes[0]);
    nodes[0].endpoint.cancelled({ id: session.contextId ?? '', untilMs: Date.now() + hourMs });
    const answers = await Promise.all(Array.from({ length: 6 }, () => say(session, port)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(counted()).toEqual({ calls: 6, issued: 1, cancelled: 0, refused: 6 });
    expect(session.bootstraps).toBe(2);
  });

  test('that is told again and again that its conversation is lost gives up after one more bootstrap', async () => {
    const session = open(port);
    const man = manOf(port);
    man.meddle = async (message, forward) => (isCall(message) ? lost(dialect.wsc) : forward(message));
    await expect(say(session, port)).rejects.toMatchObject({ code: 'BAD_CONTEXT_TOKEN' });
    expect(session.bootstraps).toBe(2);
    expect(man.passages).toHaveLength(4);
  });

  test('takes BadContextToken of another namespace for a fault like any other', async () => {
    const session = open(port);
    manOf(port).meddle = async (message, forward) => (isCall(message) ? lost('urn:other') : forward(message));
    await expect(say(session, port)).rejects.toMatchObject({ code: 'FAULT' });
    expect(session.bootstraps).toBe(1);
  });

  test('whose bootstrap fails says why to every call that waits for it, and tries again with the next', async () => {
    const session = open(port);
    const man = manOf(port);
    man.meddle = async () => undefined;
    const failed = await Promise.allSettled([say(session, port), say(session, port)]);
    expect(failed.map(each => each.status === 'rejected' && each.reason.code)).toEqual(['NETWORK', 'NETWORK']);
    expect(man.passages).toHaveLength(1);
    man.meddle = undefined;
    expect((await say(session, port)).status).toBe(200);
  });

  test('with a wrong password ends with the fault, without a second try', async () => {
    const session = open(port, { password: 'wrong' });
    await expect(say(session, port)).rejects.toMatchObject({
      code: 'FAULT',
      faultSubcode: { local: 'FailedAuthentication' },
    });
    expect(manOf(port).passages).toHaveLength(1);
  });

  describe.each([
    ['renews its conversation', true],
    ['opens a new conversation where the policy forbids to renew', false],
  ])('%s', (_law, mayRenew) => {
    test('before the old one ends, so that no call is lost', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
      const node = await listen({ lifetimeMs: 300_000 });
      const session = open(port, { addresses: [node.address(port)], plan: { ...planOf(port), mayRenew } });
      await say(session, port);
      const first = session.contextId;
      vi.setSystemTime(Date.now() + 269_000);
      await say(session, port);
      expect([session.bootstraps, session.renewals]).toEqual([1, 0]);
      vi.setSystemTime(Date.now() + 2_000);
      await Promise.all([say(session, port), say(session, port), say(session, port)]);
      const [issued, renewed] = mayRenew ? [1, 1] : [2, 0];
      expect(node.endpoint.statistics()).toMatchObject({ calls: 5, issued, renewed, faults: {} });
      expect([session.bootstraps, session.renewals]).toEqual([issued, renewed]);
      expect(session.contextId === first).toBe(mayRenew);
      expect(await session.close()).toBe(true);
      await node.close();
    });
  });

  test('renews its conversation after a pause that was longer than its life', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const node = await listen({ lifetimeMs: 20_000 });
    const session = open(port, { addresses: [node.address(port)] });
    for (let turn = 0; turn < 4; turn += 1) {
      expect((await say(session, port)).status).toBe(200);
      vi.setSystemTime(Date.now() + 60_000);
    }
    expect(node.endpoint.statistics()).toMatchObject({ calls: 4, issued: 1, renewed: 3, faults: {} });
    await session.close();
    await node.close();
  });

  test('that is told to renew first, does so and calls once more', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const { node, man, close } = await behindMan(port, { lifetimeMs: 20_000 });
    // The answer takes its time: by our clock the conversation ends later than by the service's.
    man.meddle = async (message, forward) => {
      const answer = await forward(message);
      vi.setSystemTime(Date.now() + 10_000);
      return answer;
    };
    const session = open(port);
    await say(session, port);
    man.meddle = undefined;
    vi.setSystemTime(Date.now() + 1_000);
    const answers = await Promise.all([say(session, port), say(session, port), say(session, port)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([session.bootstraps, session.renewals]).toEqual([1, 1]);
    expect(node.endpoint.statistics()).toMatchObject({ calls: 4, issued: 1, renewed: 1, faults: { renewNeeded: 3 } });
    await session.close();
    await close();
  });

  test('opens a new conversation where the service does not renew the old one', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const node = await listen({ lifetimeMs: 60_000, maxRenewals: 1 });
    const session = open(port, { addresses: [node.address(port)] });
    for (let turn = 0; turn < 5; turn += 1) {
      await say(session, port);
      vi.setSystemTime(Date.now() + 55_000);
    }
    // First, renewed, first again, renewed again, first again: a refusal of one conversation is none of the next.
    expect([session.bootstraps, session.renewals]).toEqual([3, 2]);
    expect(node.endpoint.statistics()).toMatchObject({ calls: 5, issued: 3, renewed: 2, faults: { unableToRenew: 2 } });
    await session.close();
    await node.close();
  });

  test('asks a service that can not renew once, and then no more', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const { man, close } = await behindMan(port, { lifetimeMs: 60_000 });
    const session = open(port);
    const isRenewal = (message: string) => message.includes('/RST/SCT/Renew<');
    man.meddle = async (message, forward) => (isRenewal(message) ? lost('urn:other') : forward(message));
    for (let turn = 0; turn < 3; turn += 1) {
      await say(session, port);
      vi.setSystemTime(Date.now() + 60_000);
    }
    expect([session.bootstraps, session.renewals]).toEqual([3, 0]);
    expect(man.passages.filter(({ request }) => isRenewal(request))).toHaveLength(1);
    await session.close();
    await close();
  });

  test('whose password is wrong by the time of the renewal does not try it twice', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    let isChanged = false;
    const node = await listen({
      lifetimeMs: 300_000,
      authenticate: async username => (isChanged ? undefined : { user: username, roles: [] }),
    });
    const session = open(port, { addresses: [node.address(port)] });
    await say(session, port);
    isChanged = true;
    vi.setSystemTime(Date.now() + 290_000);
    await expect(say(session, port)).rejects.toMatchObject({ faultSubcode: { local: 'FailedAuthentication' } });
    expect(node.endpoint.statistics().faults).toEqual({ failedAuthentication: 1 });
    isChanged = false;
    await say(session, port);
    expect([session.bootstraps, session.renewals]).toEqual([1, 1]);
    await session.close();
    await node.close();
  });

  test('whose renewal does not get through says why, and renews with the next call', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const { man, close } = await behindMan(port, { lifetimeMs: 60_000 });
    const session = open(port);
    await say(session, port);
    vi.setSystemTime(Date.now() + 55_000);
    man.meddle = async () => undefined;
    await expect(say(session, port)).rejects.toMatchObject({ code: 'NETWORK' });
    man.meddle = undefined;
    expect((await say(session, port)).status).toBe(200);
    expect([session.bootstraps, session.renewals]).toEqual([1, 1]);
    await session.close();
    await close();
  });

  test('cancels its conversation once when it is closed; that the service forgot it already is no error', async () => {
    const session = open(port);
    await say(session, port);
    const counted = since(nodes[0]);
    await session.close();
    await session.close();
    expect(counted()).toMatchObject({ cancelled: 1, refused: 0 });
    const other = open(port);
    await say(other, port);
    nodes[0].endpoint.cancelled({ id: other.contextId ?? '', untilMs: Date.now() + hourMs });
    await other.close();
    expect(counted()).toMatchObject({ cancelled: 1, refused: 1 });
  });

  test('signs each message anew: no two have the same MessageID or signature', async () => {
    const session = open(port);
    for (let i = 0; i < 5; i += 1) await say(session, port);
    const sent = manOf(port).passages.map(({ request }) => request);
    expect(new Set(sent.map(messageId)).size).toBe(6);
  });
});

describe('a user’s mistake is named before anything is sent', () => {
  const tls = 'EchoTls13';
  test.each<[string, PortName, Partial<SessionOptions>, string, RegExp]>([
    [
      'a plain address for a port that TLS protects',
      tls,
      { addresses: ['http://localhost:1/EchoTls13'] },
      'CONFIG_INVALID',
      /no https address.*EchoTls13/,
    ],
    ['an address that is none', tls, { addresses: ['localhost:8443'] }, 'CONFIG_INVALID', /localhost:8443/],
    ['an address of another scheme', 'EchoSymmetric', { addresses: ['ftp://localhost/'] }, 'CONFIG_INVALID', /ftp:/],
    [
      'a service certificate that is none',
      'EchoSymmetric',
      { serviceCertificate: 'x' },
      'CERTIFICATE_INVALID',
      /serviceCertificate/,
    ],
  ])('%s', (_, port, options, code, message) => {
    expect(() => open(port, options)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code, message: expect.stringMatching(message) }),
    );
    expect(men.http.passages.concat(men.https.passages)).toEqual([]);
  });

  test('no password, and no service certificate where one is needed', () => {
    const base = { plan: planOf('EchoSymmetric'), ...user };
    expect(() => openSession(base)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    const { password: _, ...rest } = base;
    expect(() => openSession(rest as typeof base)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  test('a plain address for one call on a port that TLS protects', async () => {
    const session = open(tls);
    await say(session, tls);
    await expect(say(session, tls, 'x', `http://localhost:${nodes[0].http}/EchoTls13`)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  test('a server whose certificate is not trusted gets nothing', async () => {
    const { ca: _, ...session } = { plan: planOf(tls), ...user, addresses: [nodes[0].address(tls)], ca: undefined };
    await expect(say(openSession(session), tls)).rejects.toMatchObject({ code: 'NETWORK' });
  });
});

test('no error and no log line holds a password or a state', async () => {
  const seen: string[] = [];
  for (const port of portNames) {
    const session = open(port);
    await say(session, port);
    manOf(port).meddle = async message => ({ status: 200, response: message });
    const error = await say(session, port).catch(caught => caught);
    manOf(port).meddle = undefined;
    seen.push(error.message, error.stack, JSON.stringify(error));
    const state = /State[^>]*>([^<]+)</.exec(manOf(port).passages.at(-1)?.request ?? '')?.[1] ?? '';
    expect(state.length).toBeGreaterThan(200);
    expect([...seen, ...nodes.flatMap(node => node.lines)].join('')).not.toContain(state);
  }
  expect([...seen, ...nodes.flatMap(node => node.lines)].join('')).not.toContain(user.password);
});
