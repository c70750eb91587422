import { expect, test } from 'vitest';
import { attack, type Clock, type Hit, type Outcome } from '../../src/cli/load/attack.ts';
import { givenUp } from '../../src/cli/load/failure.ts';
import { closedLoop, openLoop } from '../../src/cli/load/pacer.ts';
import { metrics } from '../../src/cli/load/report.ts';

const good: Outcome = {
  failure: undefined,
  address: 'http://node1:80/',
  sentBytes: 900,
  receivedBytes: 600,
  stateChars: 300,
};
const beganMs = Date.UTC(2026, 10, 30, 12);
const notMissed = () => expect.fail('no call was to be missed');
const end = { port: 'P', conversations: 1, bootstraps: 0, openedFromSeal: null };

/** A clock that stands still until everybody sleeps, and then goes to the first who wakes. */
function virtualClock(): Clock & { run(): Promise<void> } {
  let nowMs = 0;
  const sleepers: { atMs: number; wake: () => void }[] = [];
  return {
    steadyMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise(wake => {
        const sleeper = { atMs: nowMs + ms, wake };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          if (!sleepers.includes(sleeper)) return;
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          wake();
        });
      }),
    async run() {
      for (;;) {
        for (let i = 0; i < 50; i++) await Promise.resolve();
        sleepers.sort((a, b) => a.atMs - b.atMs);
        const next = sleepers.shift();
        if (next === undefined) return;
        nowMs = next.atMs;
        next.wake();
      }
    },
  };
}

/** Attacks a service that answers after `serviceMs`, but stands still from 500 ms to 1,500 ms. */
async function attackStalling(
  callers: number,
): Promise<{ hits: Hit[]; report: ReturnType<ReturnType<typeof metrics>['report']> }> {
  const clock = virtualClock();
  const hits: Hit[] = [];
  const collected = metrics(address => new URL(address).hostname, beganMs);
  const call = async () => {
    const now = clock.steadyMs();
    await clock.sleep(now >= 500 && now < 1_500 ? 1_501 - now : 1);
    return good;
  };
  const attacked = attack({
    pacer: openLoop({ ratePerS: 100, durationMs: 3_000, callers }),
    call,
    clock,
    onHit: hit => {
      hits.push(hit);
      collected.add(hit);
    },
    onMissed: notMissed,
    drainMs: 5_000,
  });
  await clock.run();
  return { hits, report: collected.report({ ...end, ...(await attacked) }) };
}

test('a service that stands still for a second shows it in the tail, however few callers there are', async () => {
  const { hits, report } = await attackStalling(1);
  expect(hits).toHaveLength(300);
  // A third of all calls was due while it stood still or was worked off behind it; from the start of each call only one
  // was slow.
  expect(report.latencyMs.max).toBeGreaterThan(990);
  expect(report.latencyMs.p90).toBeGreaterThan(500);
  expect(hits.filter(({ startedMs, endedMs }) => endedMs - startedMs > 10)).toHaveLength(1);
});

test('times count from when a call was due, not from when a caller was free for it', async () => {
  const one = await attackStalling(1);
  const many = await attackStalling(400);
  expect(Math.abs(one.report.latencyMs.p90 - many.report.latencyMs.p90)).toBeLessThan(250);
});

test('a closed loop never has more calls under way than callers', async () => {
  const clock = virtualClock();
  let underWay = 0;
  let most = 0;
  const attacked = attack({
    pacer: closedLoop({ concurrency: 3, durationMs: 100, thinkMs: 2 }),
    call: async n => {
      underWay += 1;
      most = Math.max(most, underWay);
      await clock.sleep(1 + (n % 3));
      underWay -= 1;
      return good;
    },
    clock,
    onHit: () => {},
    onMissed: notMissed,
    drainMs: 5_000,
  });
  await clock.run();
  await attacked;
  expect(most).toBe(3);
});

test('an attack that is stopped starts no further call and waits for those under way', async () => {
  const clock = virtualClock();
  const stopping = new AbortController();
  const hits: Hit[] = [];
  const attacked = attack({
    pacer: openLoop({ ratePerS: 100, durationMs: 10_000, callers: 4 }),
    call: async n => {
      await clock.sleep(5);
      if (n === 20) stopping.abort();
      return good;
    },
    clock,
    onHit: hit => hits.push(hit),
    onMissed: notMissed,
    drainMs: 5_000,
    signal: stopping.signal,
  });
  await clock.run();
  await attacked;
  expect(hits).toHaveLength(21);
});

/** Calls of a service that never answers: each waits until it is given up. */
const neverAnswered = (_n: number, signal: AbortSignal) =>
  new Promise<Outcome>(resolve => signal.addEventListener('abort', () => resolve({ ...good, failure: givenUp })));

test.each([
  ['an open loop', openLoop({ ratePerS: 3_000, durationMs: 4_000, callers: 512 }), 12_000],
  ['a closed loop', closedLoop({ concurrency: 16, durationMs: 4_000, thinkMs: 0 }), 16],
])(
  '%s at a service that hangs ends with its drain time, and each call that was due counts as failed',
  async (_, pacer, due) => {
    const clock = virtualClock();
    const collected = metrics(address => address, beganMs);
    const attacked = attack({
      pacer,
      call: neverAnswered,
      clock,
      onHit: collected.add,
      onMissed: collected.addMissed,
      drainMs: 1_500,
    });
    await clock.run();
    expect(await attacked).toEqual({ elapsedMs: 5_500, leftMs: 0 });
    const { calls, failed, answered, errors, latencyMs } = collected.report({ ...end, elapsedMs: 5_500 });
    expect({ calls, failed, answered }).toEqual({ calls: due, failed: due, answered: 0 });
    expect(errors).toEqual({
      'no answer in time': pacer.callers,
      ...(due > pacer.callers ? { 'not started in time': due - pacer.callers } : {}),
    });
    // Those that were never started waited too: the longest from its due time on.
    expect(latencyMs.p50).toBeGreaterThan(3_400);
    expect(latencyMs.max).toBeCloseTo(5_500, -1);
  },
);

test('a slow service is called no longer than the time that was asked for', async () => {
  const clock = virtualClock();
  const hits: Hit[] = [];
  let missed = 0;
  const attacked = attack({
    pacer: openLoop({ ratePerS: 1_000, durationMs: 1_000, callers: 10 }),
    call: async () => {
      await clock.sleep(300);
      return good;
    },
    clock,
    onHit: hit => hits.push(hit),
    onMissed: ({ count }) => (missed += count),
    drainMs: 5_000,
  });
  await clock.run();
  const { elapsedMs, leftMs } = await attacked;
  expect(Math.max(...hits.map(({ startedMs }) => startedMs))).toBeLessThan(1_000);
  expect(elapsedMs).toBe(Math.max(...hits.map(({ endedMs }) => endedMs)));
  expect(leftMs).toBe(6_000 - elapsedMs);
  expect(hits.length + missed).toBe(1_000);
});

test('an attack that is stopped waits for the drain time, and what was due later counts for nothing', async () => {
  const clock = virtualClock();
  const stopping = new AbortController();
  const collected = metrics(address => address, beganMs);
  const attacked = attack({
    pacer: openLoop({ ratePerS: 100, durationMs: 10_000, callers: 4 }),
    call: (n, signal) => {
      if (n === 3) void clock.sleep(1_000).then(() => stopping.abort());
      return neverAnswered(n, signal);
    },
    clock,
    onHit: collected.add,
    onMissed: collected.addMissed,
    drainMs: 500,
    signal: stopping.signal,
  });
  await clock.run();
  expect(await attacked).toEqual({ elapsedMs: 1_530, leftMs: 0 });
  expect(collected.report({ ...end, elapsedMs: 1_530 }).errors).toEqual({
    'no answer in time': 4,
    'not started in time': 99,
  });
});

test('errors are counted by name and left out of nodes and bytes', () => {
  const collected = metrics(address => new URL(address).hostname, beganMs);
  const times = { dueMs: 0, startedMs: 0, endedMs: 10 };
  collected.add({ ...times, outcome: good });
  collected.add({ ...times, outcome: { ...good, address: 'http://node2:80/' } });
  const failure = { kind: 'BadContextToken', message: 'no such context', answered: true };
  collected.add({ ...times, outcome: { ...good, failure, sentBytes: 0, receivedBytes: 0 } });
  const report = collected.report({ ...end, elapsedMs: 1_000 });
  expect(report).toMatchObject({
    calls: 3,
    failed: 1,
    callsPerSecond: 2,
    answered: 3,
    errors: { BadContextToken: 1 },
    firstErrors: [
      { at: '2026-11-30T12:00:00.010Z', node: 'node1', error: 'BadContextToken', message: 'no such context' },
    ],
    nodes: { node1: 1, node2: 1 },
  });
  expect(report.bytes).toEqual({ sent: 900, received: 600, state: 300, stateShare: 0.2 });
});

test.each([13.933, 0.9999, 250.001, 12_345.678])('no percentile is above the longest time, %d ms', endedMs => {
  const collected = metrics(address => new URL(address).hostname, beganMs);
  collected.add({ dueMs: 0, startedMs: 0, endedMs, outcome: good });
  const { p50, p90, p99, max } = collected.report({ ...end, elapsedMs: 1_000 }).latencyMs;
  expect(Math.max(p50, p90, p99)).toBeLessThanOrEqual(max);
});
