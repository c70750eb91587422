import { afterEach, expect, test } from 'vitest';
import { eventList, watchFarm } from '../../src/cli/load/events.ts';
import { readStatus } from '../../src/cli/load/farm-status.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing, rotateRing } from '../../src/keyring/rotate.ts';
import { openAdmin } from '../../src/server/admin.ts';
import { boundedLog } from '../../src/server/log.ts';
import { nodeAt } from '../../src/status/ask-node.ts';
import { ringTimeline } from '../../src/status/ring-timeline.ts';
import { statusPages } from '../../src/status/status-pages.ts';
import { keptLog, readyNode } from '../support/node.ts';

/* What a load test marks of a farm that lists its nodes, at real admin addresses. */

const { log } = keptLog();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map(close => close()));
});

async function openAt(metrics: () => Promise<string>, status?: ReturnType<typeof statusPages>) {
  const sources = { readiness: readyNode, metrics, more: status?.pages };
  const { port, close } = await openAdmin({ host: '127.0.0.1', port: 0 }, sources, boundedLog(log));
  closing.push(close);
  return { base: `http://127.0.0.1:${port}`, close };
}

test('a key that is rotated, a node that goes and one that is started again are marked', async () => {
  let startedS = 1;
  let ring = createRing({ nowMs: Date.now(), random: systemRandom });
  const steady = await openAt(async () => `process_start_time_seconds ${startedS}\nwssc_ready 1\n`);
  const leaving = await openAt(async () => 'process_start_time_seconds 1\nwssc_ready 1\n');
  const status = statusPages({
    nodes: [steady.base, leaving.base].map(nodeAt),
    ring: nowMs => ringTimeline(ring, nowMs),
    clock: Date.now,
    periodMs: 10,
  });
  closing.push(status.close);
  const { base } = await openAt(async () => '', status);
  const events = eventList();
  const first = await readStatus(base, 60_000);
  closing.push(watchFarm(base, first, events, () => 0));
  ring = rotateRing(ring, { nowMs: Date.now(), random: systemRandom, now: true });
  startedS = 2;
  await leaving.close();
  const active = ringTimeline(ring, Date.now()).keys.find(({ state }) => state === 'active')?.id4;
  const hostOf = (address: string) => new URL(address).host;
  const marks = [
    `${hostOf(steady.base)} was started again`,
    `${hostOf(leaving.base)} is down`,
    `key rotated: ${active} is active`,
  ];
  await expect
    .poll(
      () =>
        events
          .all()
          .map(({ text }) => text)
          .sort(),
      { timeout: 60_000 },
    )
    .toEqual(marks.sort());
});
