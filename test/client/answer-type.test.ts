import { describe, expect, test } from 'vitest';
import { NetworkError } from '../../src/client/network-error.ts';
import { isCall, manOf, nodes, open, say, useFarm } from './farm.ts';
import type { Meddled } from './man.ts';

useFarm();

const page =
  '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>';

/** What HAProxy and nginx answer by themselves; they name the type, and HAProxy adds no more. */
const pageOf = (status: number, headers: Meddled['headers'] = {}): Meddled => ({
  status,
  response: page,
  headers: { 'Content-Type': 'text/html', ...headers },
});

/** Gives this to the first calls, or to the first of all messages, that come by the man before the port. */
function meddle(port: 'EchoTls13' | 'EchoSymmetric', answer: Meddled, times: number, every = isCall) {
  let left = times;
  manOf(port).meddle = async (message, forward) => {
    if (!every(message) || left === 0) return forward(message);
    left -= 1;
    return answer;
  };
  return () => left;
}

describe.each(['EchoTls13', 'EchoSymmetric'] as const)('on %s', port => {
  test.each([
    [407, 'a proxy wants a password'],
    [413, 'the message is longer than the service'],
  ])('HTTP %i without a message is told with what it means', async (status, hint) => {
    const session = open(port);
    await say(session, port);
    meddle(port, pageOf(status), Number.POSITIVE_INFINITY);
    await expect(say(session, port)).rejects.toMatchObject({ status, hint: expect.stringContaining(hint) });
  });

  const statuses = [502, 503, 504, 404, 401, 302, 200];
  test.each(statuses)('a page with HTTP %i is no answer, and says its status', async status => {
    const session = open(port, { timeoutMs: status === 503 ? 3_000 : 20_000 });
    await say(session, port);
    meddle(port, pageOf(status), Number.POSITIVE_INFINITY);
    const error = await say(session, port).catch(caught => caught);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ code: 'NETWORK', status, hint: expect.stringContaining('balancer') });
    expect(error.message).toBe(
      `${manOf(port).base}/${port}: no answer (HTTP ${status} with text/html, which is no SOAP message)`,
    );
  });

  test('the next address is asked after a page that may hide a call that was done, where retry is any', async () => {
    const other = nodes[1].address(port);
    for (const [retry, isAsked] of [
      ['connect', false],
      ['any', true],
    ] as const) {
      const session = open(port, { addresses: [`${manOf(port).base}/${port}`, other], retry });
      await say(session, port);
      meddle(port, pageOf(502), 1);
      const answer = say(session, port);
      if (isAsked) expect((await answer).address).toBe(other);
      else await expect(answer).rejects.toMatchObject({ status: 502, sent: true });
      expect(session.bootstraps).toBe(1);
    }
  });

  test('what begins a conversation goes on to the next address after any page', async () => {
    const session = open(port, { addresses: [`${manOf(port).base}/${port}`, nodes[1].address(port)] });
    meddle(port, pageOf(502), 1, () => true);
    expect((await say(session, port)).status).toBe(200);
    expect(session.bootstraps).toBe(1);
  });

  test.each([
    ['in another charset', 'application/soap+xml; charset=utf-16', 'only UTF-8 is read', 'answer-charset'],
    ['with attachments', 'multipart/related; type="application/xop+xml"', 'MTOM or SwA', 'answer-attachments'],
  ])('an answer %s is refused by a sentence that says so', async (_, type, sentence, reason) => {
    const session = open(port);
    await say(session, port);
    const headers = { 'Content-Type': type };
    manOf(port).meddle = async (message, forward) => ({ ...(await forward(message)), headers });
    const refused = { code: 'MESSAGE_REFUSED', reason, message: expect.stringContaining(sentence) };
    await expect(say(session, port)).rejects.toMatchObject(refused);
  });

  test.each(['Application/SOAP+XML;charset="UTF-8"', 'application/soap+xml', 'text/xml; charset=utf-8'])(
    'an answer of the type %s is a message',
    async type => {
      const session = open(port);
      await say(session, port);
      manOf(port).meddle = async (text, forward) => ({ ...(await forward(text)), headers: { 'Content-Type': type } });
      expect((await say(session, port)).status).toBe(200);
    },
  );
});

describe('a balancer that has no node for a moment', () => {
  test('is asked again within timeoutMs, over TLS: no call is lost', async () => {
    const session = open('EchoTls13', { timeoutMs: 20_000 });
    await say(session, 'EchoTls13');
    const left = meddle('EchoTls13', pageOf(503), 2);
    expect((await say(session, 'EchoTls13')).status).toBe(200);
    expect(left()).toBe(0);
    expect(nodes[0].calls).toHaveLength(2);
  });

  test('is asked again for a conversation without TLS too, but for a call with retry any alone', async () => {
    const port = 'EchoSymmetric';
    const session = open(port, { timeoutMs: 20_000 });
    meddle(port, pageOf(503), 2, () => true);
    await say(session, port);
    meddle(port, pageOf(503), 1);
    await expect(say(session, port)).rejects.toMatchObject({ status: 503, sent: true });
    const bold = open(port, { timeoutMs: 20_000, retry: 'any' });
    await say(bold, port);
    meddle(port, pageOf(503), 2);
    expect((await say(bold, port)).status).toBe(200);
  });

  test('is not waited for any longer than timeoutMs', async () => {
    const session = open('EchoTls13', { timeoutMs: 3_000 });
    await say(session, 'EchoTls13');
    meddle('EchoTls13', pageOf(503), Number.POSITIVE_INFINITY);
    await expect(say(session, 'EchoTls13')).rejects.toMatchObject({ code: 'NETWORK', status: 503, sent: false });
  });
});
