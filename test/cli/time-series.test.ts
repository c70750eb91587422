import { expect, test } from 'vitest';
import type { Hit, Outcome } from '../../src/cli/load/attack.ts';
import { eventList, silenceNoted, statusEvents } from '../../src/cli/load/events.ts';
import type { SeenStatus } from '../../src/cli/load/farm-status.ts';
import { stepFor, timeSeries } from '../../src/cli/load/time-series.ts';

const hostOf = (address: string) => new URL(address).hostname;

function hit(dueMs: number, endedMs: number, of: Partial<Outcome> = {}): Hit {
  const outcome = {
    failure: undefined,
    address: 'http://n1:80/',
    sentBytes: 0,
    receivedBytes: 0,
    stateChars: 0,
    ...of,
  };
  return { dueMs, startedMs: dueMs, endedMs, outcome };
}

const gone: Partial<Outcome> = { failure: { kind: 'NETWORK', message: 'no answer', answered: false } };

test('each call counts in the interval that it ended in, and one without calls has no latency', () => {
  const series = timeSeries(1_000, hostOf);
  series.add(hit(0, 10));
  series.add(hit(500, 520, { address: 'http://n2:80/' }));
  series.add(hit(900, 2_100, gone));
  expect(series.intervals(2_500)).toEqual([
    {
      atMs: 0,
      lengthMs: 1_000,
      good: 2,
      failed: 0,
      latencyMs: { p50: expect.closeTo(10, 0), p90: expect.closeTo(20, 0), p99: expect.closeTo(20, 0), max: 20 },
      nodes: new Map([
        ['n1', 1],
        ['n2', 1],
      ]),
    },
    { atMs: 1_000, lengthMs: 1_000, good: 0, failed: 0, latencyMs: undefined, nodes: new Map() },
    {
      atMs: 2_000,
      lengthMs: 500,
      good: 0,
      failed: 1,
      latencyMs: expect.objectContaining({ max: expect.closeTo(1_200, -1) }),
      nodes: new Map(),
    },
  ]);
});

test.each([100, 5_000, 60_000, 3_600_000, 90_000_000])('an attack of %d ms has at most 300 intervals', totalMs => {
  expect(totalMs / stepFor(totalMs)).toBeLessThanOrEqual(300);
});

test('a node that does not answer is noted once, and once that it answers again', () => {
  const events = eventList();
  const note = silenceNoted(events, hostOf);
  const other = { address: 'http://n2:80/' };
  for (const each of [hit(0, 1), hit(0, 2, gone), hit(0, 3, other), hit(0, 4, gone), hit(0, 5), hit(0, 6)]) note(each);
  expect(events.all()).toEqual([
    { atMs: 2, text: 'no answer from n1' },
    { atMs: 5, text: 'n1 answers again' },
  ]);
});

test('a node that comes and goes without end makes no end of events, and what others named is printable', () => {
  const events = eventList();
  for (let i = 0; i < 1_000; i++) events.note(i, `n\u001b[31m${'x'.repeat(500)}`);
  expect(events.all()).toHaveLength(100);
  expect(events.all()[0]?.text).toMatch(/^n\\u\{1b\}\[31mx{1,120}…$/);
});

const ring = { generation: 4, keys: [{ id4: 'aaaaaaaa', state: 'active', ageS: 1 }] };
const nodes = ['node1', 'node2'].map((name, i) => ({ name, process: i + 1, up: true }));
const status = (of: object): SeenStatus => ({ nodes, ring, counted: undefined, ...of });
const second = (of: object) => ({ nodes: [nodes[0], { ...nodes[1], ...of }] });
const next = { generation: 5, keys: [{ id4: 'bbbbbbbb', state: 'active', ageS: 1 }] };

test.each<[object, object, string[]]>([
  [{}, {}, []],
  [{}, second({ up: false }), ['node2 is down']],
  [second({ up: false }), second({ process: 9 }), ['node2 is up again']],
  [{}, second({ process: 9 }), ['node2 was started again']],
  [{ nodes: [nodes[0]] }, {}, ['node2 is new']],
  [{}, { ring: next }, ['key rotated: bbbbbbbb is active']],
  [{ ring: undefined }, {}, []],
  [{}, { ring: undefined }, []],
  [{}, { ring: { ...ring, generation: 5 } }, ['key ring is of generation 5']],
])('what changes between two looks at a farm is told: %j, %j', (before, after, told) => {
  expect(statusEvents(status(before), status(after))).toEqual(told);
});
