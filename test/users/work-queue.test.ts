import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CallerGone, type Overload } from '../../src/errors.ts';
import { type Place, workQueue } from '../../src/users/work-queue.ts';
import { heldWorks, outcome, turn } from './works.ts';

const place = (party: string | undefined, change: Partial<Place> = {}): Place => ({
  party,
  failures: 0,
  isLast: false,
  signal: new AbortController().signal,
  ...change,
});

function opened({ queue = 10, atOnce = 1, steadyClock = (): number => 0 } = {}) {
  const held = heldWorks();
  const made = workQueue({ queue, atOnce, usualMs: 200, steadyClock });
  const run = (name: string, at: Place = place(undefined)) => outcome(made.run(held.work(name), at));
  const refusal = () => made.run(held.work('one more'), place(undefined)).catch((error: Overload) => error);
  /** Ends one work after the other, and says in which order they began. */
  const order = async () => {
    for (let i = 0; i < held.begun.length; i += 1) {
      held.begun[i]?.end();
      await turn();
    }
    return held.names().join(' ');
  };
  return { ...held, run, refusal, order, waiting: () => made.waiting() };
}

describe('a queue', () => {
  test('does as many works at once as it may, and the rest in the order in which they came', async () => {
    const { run, order, names } = opened({ atOnce: 2 });
    for (const name of ['a', 'b', 'c', 'd']) void run(name);
    await turn();
    expect(names()).toEqual(['a', 'b']);
    expect(await order()).toBe('a b c d');
  });

  test('holds as many as it may and refuses one more', async () => {
    const { run, waiting } = opened({ queue: 3 });
    for (const name of ['a', 'b', 'c', 'd']) void run(name);
    expect(waiting()).toBe(3);
    expect(await run('e')).toBe('queue-full');
    expect(waiting()).toBe(3);
  });

  test('gives what a work gives, fails as it fails, and goes on with the next', async () => {
    const { run, begun } = opened();
    const [first, second] = [run('a'), run('b')];
    begun[0]?.fail(new Error('broken'));
    expect(await first).toMatchObject({ message: 'broken' });
    await turn();
    begun[1]?.end('done');
    expect(await second).toBe('done');
  });

  test('takes turns: the first work of each party comes before the second of any', async () => {
    const { run, order } = opened();
    const parties = ['x', 'a', 'a', 'a', 'b', 'b', 'c'];
    for (const [i, party] of parties.entries()) void run(`${party}${i}`, place(party));
    expect(await order()).toBe('x0 a1 b4 c6 a2 b5 a3');
  });

  test('puts a party as far back as it has failures', async () => {
    const { run, order } = opened();
    void run('running');
    void run('bad', place('a', { failures: 2 }));
    for (const name of ['one', 'two', 'three', 'four']) void run(name, place('b'));
    expect(await order()).toBe('running one two bad three four');
  });

  test('puts who comes last after all others, whatever those have done', async () => {
    const { run, order } = opened();
    void run('running');
    void run('last', place('a', { isLast: true }));
    void run('last but one', place('b', { failures: 1_000 }));
    void run('first', place('c'));
    expect(await order()).toBe('running first last but one last');
  });

  test('that is full gives the place of the one that stands last to one that stands before it', async () => {
    const { run, order } = opened({ queue: 3 });
    void run('running');
    const [one, two, three] = ['one', 'two', 'three'].map(name => run(name, place('crowd')));
    const stranger = run('stranger', place('stranger'));
    expect(await three).toBe('queue-full');
    expect(await order()).toBe('running one stranger two');
    expect([await one, await two, await stranger]).toEqual(['one', 'two', 'stranger']);
  });

  test('lets a work go whose caller has gone, and never begins it', async () => {
    const { run, order, waiting } = opened();
    const leaving = new AbortController();
    void run('a');
    const gone = run('gone', place('b', { signal: leaving.signal }));
    void run('c');
    leaving.abort();
    expect(waiting()).toBe(1);
    expect(await gone).toBeInstanceOf(CallerGone);
    expect(await order()).toBe('a c');
    expect(await run('late', place('b', { signal: leaving.signal }))).toBeInstanceOf(CallerGone);
    expect(await order()).toBe('a c');
  });

  test('does not end a work that has begun because its caller has gone', async () => {
    const { run, begun } = opened();
    const leaving = new AbortController();
    const first = run('a', place('b', { signal: leaving.signal }));
    leaving.abort();
    begun[0]?.end();
    expect(await first).toBe('a');
  });
});

test('a refusal says to come again when those that wait will be done, at the pace of the last ones', async () => {
  const clock = { nowMs: 0 };
  const { run, refusal, begun } = opened({ queue: 10, atOnce: 2, steadyClock: () => clock.nowMs });
  for (let i = 0; i < 100; i += 1) {
    const done = run(`${i}`);
    clock.nowMs += 1_500;
    begun.at(-1)?.end();
    await done;
  }
  for (let i = 0; i < 12; i += 1) void run('waits');
  expect(await refusal()).toMatchObject({ fault: 'busy', reason: 'queue-full', retryAfterS: 8 });
});

test('never are more works done or waiting than may be, and each comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ party: fc.nat(3), failures: fc.nat(3), isLast: fc.boolean(), leaves: fc.boolean() })),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      async (works, atOnce, most) => {
        const queue = workQueue({ queue: most, atOnce, usualMs: 200, steadyClock: () => 0 });
        let running = 0;
        const work = async () => {
          running += 1;
          expect(running).toBeLessThanOrEqual(atOnce);
          expect(queue.waiting()).toBeLessThanOrEqual(most);
          await turn();
          running -= 1;
        };
        const runs = works.map(({ party, leaves, ...rest }) => {
          const caller = new AbortController();
          const run = outcome(queue.run(work, { party: `${party}`, ...rest, signal: caller.signal }));
          if (leaves) caller.abort();
          return run;
        });
        await Promise.all(runs);
        expect([running, queue.waiting()]).toEqual([0, 0]);
      },
    ),
    { numRuns: 50 },
  );
});
