import { afterEach, expect, test, vi } from 'vitest';
import { sumOf } from '../../src/status/figures.ts';
import type { Sample } from '../../src/status/sample.ts';
import { type Watch, watchNodes } from '../../src/status/watch.ts';

/* A watch asks in rounds. The test says what a node answers in each, and what time it is. */

let watch: Watch | undefined;
afterEach(() => watch?.close());

const sample = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({
  name,
  value,
  labels: new Map(Object.entries(labels)),
});

/** What a node says that was started at a time, and has answered so many calls. */
const said = (startedS: number, calls: number): readonly Sample[] => [
  sample('process_start_time_seconds', startedS),
  sample('wssc_calls_total', calls, { port: 'A', operation: 'Echo', outcome: 'answered' }),
];

type Answer = readonly Sample[] | Error;

/** The state of a node after each of some rounds, which are so many seconds apart. */
async function rounds(answers: readonly Answer[], apartS: number) {
  let nowMs = Date.UTC(2026, 2, 1, 12);
  let asked = 0;
  let next = () => {};
  const ask = async () => {
    // The first round begins with the watch; the others when the one before was looked at.
    if (asked > 0) nowMs += apartS * 1_000;
    const answer = answers[Math.min(asked, answers.length - 1)] ?? new Error('asked too often');
    asked += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const states: ReturnType<Watch['states']>[number][] = [];
  const told = () => {
    const [state] = watched.states();
    if (state !== undefined && states.length < answers.length) states.push(state);
    if (states.length === answers.length) next();
  };
  const watched = watchNodes([{ name: 'node1', ask }], {
    clock: () => nowMs,
    periodMs: 0,
    told,
    isFollowed: () => true,
  });
  watch = watched;
  void watched.look();
  await new Promise<void>(resolve => {
    next = resolve;
  });
  watched.close();
  return states;
}

const callsIn = (state: { readonly lately: { readonly counted: readonly Sample[] } } | undefined) =>
  sumOf(state?.lately.counted ?? [], 'wssc_calls_total');

test('what was counted is told of two looks, and of the last minute at most', async () => {
  const states = await rounds(
    [0, 10, 30, 60, 100].map(calls => said(1, calls)),
    25,
  );
  expect(states.map(callsIn)).toEqual([0, 10, 30, 50, 70]);
  expect(states.map(({ lately }) => lately.seconds)).toEqual([0, 25, 50, 50, 50]);
});

test('a process that was started again is a restart, and is counted from nothing', async () => {
  const states = await rounds([said(1, 500), said(1, 600), said(9, 3), said(9, 5)], 5);
  expect(states.map(({ restarts }) => restarts)).toEqual([0, 0, 1, 1]);
  expect(states.map(callsIn)).toEqual([0, 100, 0, 2]);
});

test('a node that does not answer keeps what it said last, with its time and why', async () => {
  const [first, down, back] = await rounds([said(1, 5), new Error('does not answer (ECONNREFUSED)'), said(1, 9)], 5);
  expect([first?.problem, down?.problem, back?.problem]).toEqual([
    undefined,
    'does not answer (ECONNREFUSED)',
    undefined,
  ]);
  expect(down?.figures).toEqual(first?.figures);
  expect([callsIn(back), back?.restarts]).toEqual([4, 0]);
});

test('a node that has never answered has no figures', async () => {
  const [state] = await rounds([new Error('is not there')], 5);
  expect(state).toMatchObject({ name: 'node1', problem: 'is not there', figures: undefined, restarts: 0 });
});

test('a counter that comes up later has grown from 0', async () => {
  const refused = sample('wssc_refusals_total', 4, { reason: 'replay' });
  const [, state] = await rounds([said(1, 5), [...said(1, 5), refused]], 5);
  expect(sumOf(state?.lately.counted ?? [], 'wssc_refusals_total')).toBe(4);
});

test('nodes are asked while somebody looks: all who do share a round, and nobody is asked for nobody', async () => {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return said(1, asked);
  };
  const watched = watchNodes([{ name: 'node1', ask }], {
    ...{ clock: Date.now, periodMs: 86_400_000, told() {} },
    isFollowed: () => false,
  });
  watch = watched;
  expect(watched.states()[0]?.problem).toBe('has not been asked yet');
  expect(asked).toBe(0);
  await Promise.all([watched.look(), watched.look()]);
  await watched.look();
  expect(asked).toBe(1);
  expect(watched.states()[0]?.problem).toBeUndefined();
});

test('a watch ends a minute after the last look, and never where somebody follows', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    let asked = 0;
    let isFollowed = false;
    const ask = async () => {
      asked += 1;
      return said(1, asked);
    };
    const watched = watchNodes([{ name: 'node1', ask }], {
      ...{ clock: Date.now, periodMs: 5_000, told() {} },
      isFollowed: () => isFollowed,
    });
    watch = watched;
    await watched.look();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked).toBe(14);
    await watched.look();
    isFollowed = true;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked).toBe(14 + 1 + 120);
    isFollowed = false;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked).toBe(14 + 1 + 121);
  } finally {
    vi.useRealTimers();
  }
});
