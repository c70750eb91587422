import { describe, expect, test } from 'vitest';
import { clockHint } from '../../src/client/clock-hint.ts';
import { manOf, open, say, useFarm } from './farm.ts';

useFarm();

const port = 'EchoTls13';
const minuteMs = 60_000;
const dateOf = (aheadMs: number) => ({ Date: new Date(Date.now() + aheadMs).toUTCString() });

test.each([
  [62_000, undefined],
  [-62_000, undefined],
  [63_000, 'the clock of the service is 63 s ahead of the one here: set the one that is wrong'],
  [-63_000, 'the clock of the service is 63 s behind the one here: set the one that is wrong'],
])('of clocks that differ by %i ms where a minute is tolerated it says %s', (aheadMs, hint) => {
  const nowMs = Date.UTC(2026, 0, 1);
  expect(clockHint(new Date(nowMs + aheadMs).toUTCString(), nowMs, minuteMs)).toBe(hint);
});

test.each([undefined, '', 'now', '2026-01-01T00:00:00Z'])('a Date that is none (%s) says nothing', date =>
  expect(clockHint(date, 0, minuteMs)).toBeUndefined(),
);

describe('of a service whose clock is ahead', () => {
  const ahead = (seconds: number) => expect.stringMatching(`^the clock of the service is ${seconds}\\d s ahead of `);

  test('the caller is told rather than of passwords, where the message is refused', async () => {
    const session = open(port);
    manOf(port).meddle = async (message, forward) => {
      const old = message.replace(/(:Created>)\d{4}/, '$12001');
      return { ...(await forward(old)), headers: dateOf(10 * minuteMs + 5_000) };
    };
    await expect(say(session, port)).rejects.toMatchObject({ code: 'FAULT', hint: ahead(60) });
  });

  test('the caller is told, where the answer is out of its time here', async () => {
    const session = open(port);
    await say(session, port);
    const service = Date.now;
    manOf(port).meddle = async (message, forward) => {
      Date.now = service;
      const answer = await forward(message);
      Date.now = () => service() - 3 * minuteMs;
      return { ...answer, headers: { Date: new Date(service() + 5_000).toUTCString() } };
    };
    try {
      Date.now = () => service() - 3 * minuteMs;
      await expect(say(session, port)).rejects.toMatchObject({ code: 'MESSAGE_REFUSED', hint: ahead(18) });
    } finally {
      Date.now = service;
    }
  });
});
