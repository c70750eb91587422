import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ExchangeTime } from '../../src/client/exchange.ts';
import { parseRetryAfter, ServiceBusy } from '../../src/client/service-busy.ts';
import { writeFault } from '../../src/soap/fault.ts';
import { planOf } from '../support/initiator.ts';
import type { PortName } from '../support/node.ts';
import { isCall, lost, manOf, messageId, nodes, open as openInTime, say, useFarm } from './farm.ts';
import type { Meddled } from './man.ts';

useFarm();

const waitMs = (retryAfter: string, date?: string) => parseRetryAfter({ retryAfter, date }, 0);

describe('Retry-After is a number of seconds or a date', () => {
  test.each<[string, number]>([
    ['0', 0],
    ['1', 1_000],
    ['120', 120_000],
    ['86400', 86_400_000],
    ['86401', 86_400_000],
    ['315360000', 86_400_000],
    ['9'.repeat(400), 86_400_000],
    ['Thu, 01 Jan 1970 00:00:05 GMT', 5_000],
    ['Thu, 01 Jan 2099 00:00:00 GMT', 86_400_000],
    ['Wed, 31 Dec 1969 23:59:59 GMT', 0],
  ])('%s', (text, ms) => expect(waitMs(text)).toBe(ms));

  test('a date is taken by the clock of who wrote it', () => {
    expect(waitMs('Sun, 06 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 08:49:30 GMT')).toBe(7_000);
    expect(waitMs('Sun, 06 Nov 1994 08:49:37 GMT', 'yesterday')).toBe(86_400_000);
  });

  test.each([
    '',
    ' ',
    '-1',
    '+1',
    '1.5',
    '1e3',
    '0x1',
    '1, 2',
    'soon',
    'Infinity',
    '1994-11-06T08:49:37Z',
    'Sun, 99 Foo 1994 99:99:99 GMT',
    '\u0661',
  ])('%j says nothing', text => expect(waitMs(text)).toBeUndefined());
});

/** What a node without room answers. */
function busy(port: PortName, retryAfter: string | undefined, more: Readonly<Record<string, string>> = {}): Meddled {
  const { soap, addressing, dialect } = planOf(port);
  const response = writeFault({ fault: 'server', soap, addressing, dialect, relatesTo: undefined });
  return { status: 503, response, headers: retryAfter === undefined ? more : { 'Retry-After': retryAfter, ...more } };
}

/** The first `count` messages of a kind are answered with 503, the others forwarded. */
function refuseFirst(port: PortName, count: number, isKind: (message: string) => boolean, retryAfter = '0'): void {
  let refused = 0;
  manOf(port).meddle = async (message, forward) => {
    if (!isKind(message) || refused === count) return forward(message);
    refused += 1;
    return busy(port, retryAfter);
  };
}

const isBootstrap = (message: string) => !isCall(message) && !message.includes('Cancel');
const count = (port: PortName, isKind: (message: string) => boolean) =>
  manOf(port).passages.filter(({ request }) => isKind(request)).length;
const ports = ['EchoSymmetric', 'EchoTls13'] as const;

/**
 * Time that stands still but for the waits, which are over with the millisecond: messages bear the real time, and over
 * TLS nothing else is signed.
 */
let waitedMs = 0;
const waiting: ExchangeTime = {
  steadyClock: () => waitedMs,
  async wait(ms) {
    waitedMs += ms;
    for (const startedMs = Date.now(); Date.now() === startedMs; ) await setImmediate();
  },
};
const open = (port: PortName, options: Parameters<typeof openInTime>[1] = {}) => openInTime(port, options, waiting);

/** What something gives, and how long it waited. */
async function timed<T>(what: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const startedMs = waitedMs;
  const value = await what();
  return { value, ms: waitedMs - startedMs };
}

const failureOf = (port: PortName, options: Parameters<typeof open>[1] = {}) =>
  timed(() =>
    say(open(port, options), port).then(
      () => undefined,
      (error: unknown) => error,
    ),
  );

describe.each(ports)('a bootstrap of %s that is refused for load', port => {
  test.each(['connect', 'any', 'none'] as const)('twice is made in the end, with the retry mode %s', async retry => {
    refuseFirst(port, 2, isBootstrap);
    const session = open(port, { retry });
    expect((await say(session, port)).status).toBe(200);
    expect(session.bootstraps).toBe(1);
    expect(count(port, isBootstrap)).toBe(3);
    expect(nodes[0].calls).toHaveLength(1);
  });

  test('is another message each time', async () => {
    refuseFirst(port, 2, isBootstrap);
    await say(open(port), port);
    const requests = manOf(port)
      .passages.map(({ request }) => request)
      .filter(isBootstrap);
    expect(new Set(requests.map(messageId)).size).toBe(3);
    expect(new Set(requests).size).toBe(3);
  });

  test('waits at least as long as it was told', async () => {
    refuseFirst(port, 1, isBootstrap, '1');
    const beganMs = performance.now();
    await say(openInTime(port), port);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(1_000);
  });

  test('waits for a date by the clock of who wrote it', async () => {
    manOf(port).meddle = async (message, forward) =>
      manOf(port).passages.length === 1
        ? busy(port, 'Sun, 06 Nov 1994 08:49:38 GMT', { Date: 'Sun, 06 Nov 1994 08:49:37 GMT' })
        : forward(message);
    const { ms } = await timed(() => say(open(port), port));
    expect(ms).toBeGreaterThanOrEqual(1_000);
    expect(ms).toBeLessThan(10_000);
  });

  test('always ends within the time-out, which a Retry-After of 0 does not fill with attempts', async () => {
    refuseFirst(port, 1_000, () => true);
    const { value, ms } = await failureOf(port, { timeoutMs: 60_000 });
    expect(value).toBeInstanceOf(ServiceBusy);
    expect(value).toMatchObject({ code: 'BUSY', retryAfterMs: 0 });
    expect(ms).toBeLessThan(60_000);
    expect(manOf(port).passages.length).toBeLessThanOrEqual(8);
    expect(manOf(port).passages.length).toBeGreaterThanOrEqual(2);
  });

  test.each([
    ['30', 'try again in 30 s', 30_000],
    ['315360000', 'try again in 86400 s', 86_400_000],
    ['9'.repeat(300), 'try again in 86400 s', 86_400_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 'try again in 86400 s', 86_400_000],
  ])('and told %s, which is past the time-out, fails at once and says when', async (retryAfter, said, retryAfterMs) => {
    refuseFirst(port, 1_000, () => true, retryAfter);
    const { value, ms } = await failureOf(port, { timeoutMs: 20_000 });
    const address = `${manOf(port).base}/${port}`;
    expect(value).toMatchObject({ code: 'BUSY', message: `${address}: the service is busy, ${said}`, retryAfterMs });
    expect(ms).toBeLessThan(10_000);
    expect(manOf(port).passages).toHaveLength(1);
  });

  test('is not waited for where an answer does not come in what is left of the time-out', async () => {
    manOf(port).meddle = async () =>
      manOf(port).passages.length === 1 ? busy(port, '0') : new Promise<undefined>(() => {});
    const { value } = await failureOf(port, { timeoutMs: 5_000 });
    const message = expect.stringMatching(/not within 4[67]\d\d ms/);
    expect(value).toMatchObject({ code: 'NETWORK', message });
  });

  test('is made at another address at once', async () => {
    refuseFirst(port, 1_000, isBootstrap, '3600');
    const second = nodes[1].address(port);
    const session = open(port, { addresses: [`${manOf(port).base}/${port}`, second] });
    const { value, ms } = await timed(() => say(session, port));
    expect(value.address).toBe(second);
    expect(ms).toBeLessThan(5_000);
    expect(count(port, isBootstrap)).toBe(1);
  });
});

test('several addresses are asked again when the first of them may be', async () => {
  const first = `${manOf('EchoSymmetric').base}/EchoSymmetric`;
  let asked = 0;
  manOf('EchoSymmetric').meddle = async (message, forward) => {
    asked += 1;
    return asked === 1 ? busy('EchoSymmetric', '1') : forward(message);
  };
  const dead = 'http://localhost:1/EchoSymmetric';
  const { value, ms } = await timed(() => say(open('EchoSymmetric', { addresses: [first, dead] }), 'EchoSymmetric'));
  expect(value.address).toBe(first);
  expect(ms).toBeGreaterThanOrEqual(1_000);
});

describe('a call that is answered with 503', () => {
  test.each([
    ['EchoTls13', 'connect'],
    ['EchoTls13', 'any'],
    ['EchoSymmetric', 'any'],
  ] as const)('is made again on %s with the retry mode %s', async (port, retry) => {
    refuseFirst(port, 2, isCall);
    const session = open(port, { retry });
    expect((await say(session, port)).status).toBe(200);
    expect(session.bootstraps).toBe(1);
    const calls = manOf(port)
      .passages.map(({ request }) => request)
      .filter(isCall);
    expect(new Set(calls.map(call => /SignatureValue>([^<]*)/.exec(call)?.[1])).size).toBe(3);
    expect(nodes[0].calls).toHaveLength(1);
  });

  test.each([
    ['EchoTls13', 'none'],
    ['EchoSymmetric', 'connect'],
    ['EchoSymmetric', 'none'],
  ] as const)('is not made again on %s with the retry mode %s, here or elsewhere', async (port, retry) => {
    refuseFirst(port, 1, isCall);
    const session = open(port, { retry, addresses: [`${manOf(port).base}/${port}`, nodes[1].address(port)] });
    await expect(say(session, port)).rejects.toMatchObject({ code: 'BUSY', retryAfterMs: 0 });
    expect(count(port, isCall)).toBe(1);
    expect(nodes.flatMap(node => node.calls)).toEqual([]);
  });

  test('by somebody on the way, after it was carried out, is carried out once', async () => {
    const man = manOf('EchoSymmetric');
    man.meddle = async (message, forward) => {
      const answered = await forward(message);
      return isCall(message) ? busy('EchoSymmetric', '0') : answered;
    };
    await expect(say(open('EchoSymmetric'), 'EchoSymmetric')).rejects.toMatchObject({ code: 'BUSY' });
    expect(nodes[0].calls).toHaveLength(1);
  });

  test('without Retry-After, or with an empty one, is the fault that it holds, and is not made again', async () => {
    for (const retryAfter of [undefined, 'soon', '-1']) {
      const man = manOf('EchoTls13');
      man.meddle = async (message, forward) => (isCall(message) ? busy('EchoTls13', retryAfter) : forward(message));
      await expect(say(open('EchoTls13'), 'EchoTls13')).rejects.toMatchObject({
        code: 'FAULT',
        faultCode: { local: 'Receiver' },
      });
      expect(count('EchoTls13', isCall)).toBe(1);
      man.passages.length = 0;
    }
  });

  test('says nothing of its conversation, whatever fault it holds', async () => {
    const port = 'EchoTls13';
    const man = manOf(port);
    man.meddle = async (message, forward) =>
      isCall(message) && count(port, isCall) === 1
        ? { ...lost(planOf(port).dialect.wsc), status: 503, headers: { 'Retry-After': '0' } }
        : forward(message);
    const session = open(port);
    await say(session, port);
    expect(session.bootstraps).toBe(1);
  });

  test('has a Retry-After that means nothing at another status', async () => {
    const port = 'EchoTls13';
    manOf(port).meddle = async (message, forward) =>
      isCall(message) ? { ...busy(port, '0'), status: 500 } : forward(message);
    await expect(say(open(port), port)).rejects.toMatchObject({ code: 'FAULT' });
  });
});

test('a Cancel is tried again, for it does no harm twice', async () => {
  const port = 'EchoSymmetric';
  const session = open(port);
  await say(session, port);
  refuseFirst(port, 1, message => message.includes('Cancel'));
  expect(await session.close()).toBe(true);
});
