import { expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Change } from '../../src/store/store.ts';
import { at, seededRandom } from '../keyring/made.ts';

const startMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('memory store');
const value = Buffer.from('value');

/** A store whose clock the test sets, with room for two of each kind. */
function smallStore() {
  const clock = { nowMs: startMs };
  const store = memoryStore({ clock: () => clock.nowMs, random, maxClaims: 2, maxRecords: 2, maxCounters: 2 });
  return { clock, store };
}

test('it answers without a promise', () => {
  const { store } = smallStore();
  const untilMs = startMs + 1000;
  expect(store.claim('a/1', untilMs)).toBe('new');
  expect(store.has('a/1')).toBe(true);
  expect(store.put('a/1', value, { untilMs })).toBe(1);
  expect(store.get('a/1')).toEqual({ value: Uint8Array.from(value), version: 1 });
  expect(store.delete('a/1')).toBeUndefined();
  expect(store.add('a/1', 3, untilMs)).toBe(3);
});

test('a topic that is full takes nothing more before the time of what it holds, and no room of another', () => {
  const { clock, store } = smallStore();
  const untilMs = startMs + 1000;
  expect(['a/1', 'a/2', 'a/3', 'b/1'].map(key => store.claim(key, untilMs))).toEqual(['new', 'new', 'full', 'new']);
  const put = (key: string) => store.put(key, value, { untilMs: clock.nowMs + 1000 });
  expect(['a/1', 'a/2', 'a/3', 'b/1'].map(put)).toEqual([1, 2, 'full', 1]);
  expect([store.get('a/1'), put('a/2')]).toEqual([expect.objectContaining({ version: 1 }), 3]);
  clock.nowMs += 1000;
  expect(['a/3', 'a/4', 'a/5'].map(put)).toEqual([4, 5, 'full']);
  clock.nowMs += 3_600_000;
  expect(store.claim('a/3', clock.nowMs + 1)).toBe('new');
});

test('counters are remembered of the latest', () => {
  const { store } = smallStore();
  for (const key of ['a/1', 'a/2', 'a/3']) store.add(key, 1, startMs + 1000);
  expect(['a/3', 'a/2', 'a/1'].map(key => store.add(key, 1, startMs + 1000))).toEqual([2, 2, 1]);
});

test('a listener that is slow hears the last of each record, and nothing that is over', async () => {
  const { clock, store } = smallStore();
  const heard: Change[] = [];
  const ending = new AbortController();
  store.put('a/1', value, { untilMs: startMs + 10 });
  store.put('a/2', value, { untilMs: startMs + 1000 });
  for await (const change of store.changes('a', undefined, ending.signal)) {
    heard.push(change);
    if (heard.length === 1) {
      store.put('a/2', value, { untilMs: startMs + 1000 });
      store.put('a/2', value, { untilMs: startMs + 1000 });
      store.put('a/1', value, { untilMs: startMs + 10 });
      clock.nowMs += 10;
      store.delete('a/2');
    } else ending.abort();
  }
  expect(heard.map(({ key, record }) => [key, record?.version])).toEqual([
    ['a/1', 1],
    ['a/2', undefined],
  ]);
});

test('a URL opens the store of its scheme, and an unknown scheme is refused by name', () => {
  expect(openStore(new URL('memory:'), { clock: () => startMs }).claim('a/1', startMs + 1)).toBe('new');
  for (const url of ['ftp://example', 'constructor://x'])
    expect(() => openStore(new URL(url), { clock: () => startMs })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: `there is no store for "${new URL(url).protocol}"`,
        hint: expect.stringMatching(
          /^give a URL that begins with memory: or sqlite: or redis: or rediss: or postgres:, /,
        ),
      }),
    );
});
