import { expect, test } from 'vitest';
import { CallerGone } from '../../src/errors.ts';
import { sharedWork } from '../../src/users/shared-work.ts';
import { heldWorks, outcome, turn } from './works.ts';

function begun() {
  const { begun: works, work } = heldWorks();
  const seen: { signal?: AbortSignal; over: number } = { over: 0 };
  const shared = sharedWork(
    signal => {
      seen.signal = signal;
      return work('work')();
    },
    () => {
      seen.over += 1;
    },
  );
  return { shared, seen, end: () => works[0]?.end('done') };
}

test('what is shared goes on while one waits, and gives all who wait its result', async () => {
  const { shared, seen, end } = begun();
  const [leaving, staying] = [new AbortController(), new AbortController()];
  const [left, stayed, late] = [leaving, staying, staying].map(({ signal }) => outcome(shared.join(signal)));
  leaving.abort();
  expect(await left).toBeInstanceOf(CallerGone);
  expect([seen.signal?.aborted, seen.over]).toEqual([false, 0]);
  end();
  expect([await stayed, await late]).toEqual(['done', 'done']);
  expect([seen.signal?.aborted, seen.over]).toEqual([false, 1]);
});

test('what nobody waits for any more is told so, and is over once', async () => {
  const { shared, seen, end } = begun();
  const callers = [new AbortController(), new AbortController()];
  const results = callers.map(({ signal }) => outcome(shared.join(signal)));
  for (const caller of callers) caller.abort();
  expect([seen.signal?.aborted, seen.over]).toEqual([true, 1]);
  end();
  await turn();
  for (const result of results) expect(await result).toBeInstanceOf(CallerGone);
  expect(seen.over).toBe(1);
});

test('a caller who goes after the end changes nothing', async () => {
  const { shared, seen, end } = begun();
  const caller = new AbortController();
  const result = shared.join(caller.signal);
  end();
  expect(await result).toBe('done');
  caller.abort();
  expect(seen.signal?.aborted).toBe(false);
});
