import { expect, test } from 'vitest';
import { attack, type Clock, type Hit, type Outcome } from '../../src/cli/load/attack.ts';
import { closedLoop, openLoop } from '../../src/cli/load/pacer.ts';
import { metrics } from '../../src/cli/load/report.ts';

const good: Outcome = {
  error: undefined,
  address: 'http://node1:80/',
  sentBytes: 900,
  receivedBytes: 600,
  stateChars: 300,
};
const end = { port: 'P', conversations: 1, bootstraps: 0, openedFromSeal: null };

/** A clock that stands still until everybody sleeps, and then goes to the first who wakes. */
function virtualClock(): Clock & { run(): Promise<void> } {
  let nowMs = 0;
  const sleepers: { atMs: number; wake: () => void }[] = [];
  return {
    steadyMs: () => nowMs,
    sleep: ms => new Promise(wake => sleepers.push({ atMs: nowMs + ms, wake })),
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
  const collected = metrics(address => new URL(address).hostname);
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
  });
  await clock.run();
  return { hits, report: collected.report({ ...end, elapsedMs: await attacked }) };
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
    signal: stopping.signal,
  });
  await clock.run();
  await attacked;
  expect(hits).toHaveLength(21);
});

test('errors are counted by name and left out of nodes and bytes', () => {
  const collected = metrics(address => new URL(address).hostname);
  const times = { dueMs: 0, startedMs: 0, endedMs: 10 };
  collected.add({ ...times, outcome: good });
  collected.add({ ...times, outcome: { ...good, address: 'http://node2:80/' } });
  collected.add({
    ...times,
    outcome: { ...good, error: 'BadContextToken', address: undefined, sentBytes: 0, receivedBytes: 0 },
  });
  const report = collected.report({ ...end, elapsedMs: 1_000 });
  expect(report).toMatchObject({
    calls: 3,
    failed: 1,
    callsPerSecond: 2,
    errors: { BadContextToken: 1 },
    nodes: { node1: 1, node2: 1 },
  });
  expect(report.bytes).toEqual({ sent: 900, received: 600, state: 300, stateShare: 0.2 });
});

test.each([13.933, 0.9999, 250.001, 12_345.678])('no percentile is above the longest time, %d ms', endedMs => {
  const collected = metrics(address => new URL(address).hostname);
  collected.add({ dueMs: 0, startedMs: 0, endedMs, outcome: good });
  const { p50, p90, p99, max } = collected.report({ ...end, elapsedMs: 1_000 }).latencyMs;
  expect(Math.max(p50, p90, p99)).toBeLessThanOrEqual(max);
});
