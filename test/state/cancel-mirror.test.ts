import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { cancelList } from '../../src/state/cancel-list.ts';
import { cancelMirror } from '../../src/state/cancel-mirror.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { eventually } from '../support/eventually.ts';

const opened: Store[] = [];
const laterMs = Date.now() + 3_600_000;
const ended = { id: 'urn:uuid:00000000-0000-4000-8000-000000000001', untilMs: laterMs };
const other = { id: 'urn:uuid:00000000-0000-4000-8000-000000000002', untilMs: laterMs };

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

/** A store that several nodes have, and the way of each to it, which can be cut. */
function sharedStore() {
  const store = waitingStore(Date.now);
  opened.push(store);
  const way = () => {
    let isCut = false;
    let asked = 0;
    const passing =
      <A extends readonly unknown[], R>(method: (...args: A) => R) =>
      (...args: A): R => {
        asked += 1;
        if (isCut) throw new StoreUnavailable('it is cut off');
        return method(...args);
      };
    const own: Store = {
      ...store,
      get: passing(store.get),
      put: passing(store.put),
      async *changes(topic, cursor, signal) {
        for await (const change of store.changes(topic, cursor, signal)) {
          if (isCut) throw new StoreUnavailable('it is cut off');
          yield change;
        }
      },
    };
    return { own, cut: (cut: boolean) => (isCut = cut), asked: () => asked };
  };
  return { store, way };
}

/** A node's list that knows all that was there when it was opened. */
async function complete(store: Store, maxEntries?: number) {
  const list = cancelMirror(store, { clock: Date.now, ...(maxEntries === undefined ? {} : { maxEntries }) });
  await eventually(() => expect(list.has(other.id)).toBe(false));
  return list;
}

test('a feed that was silent for longer than a mark is kept tells all in the end', async () => {
  let nowMs = Date.now();
  const late = memoryStore({ clock: () => nowMs });
  opened.push(late);
  const passing = new AbortController();
  const own: Store = {
    ...late,
    get: async key => late.get(key),
    async *changes(topic, cursor, signal) {
      if (!passing.signal.aborted) await once(passing.signal, 'abort');
      yield* late.changes(topic, cursor, signal);
    },
  };
  await late.put(`cancelled/${ended.id}`, Buffer.from(String(laterMs)), { untilMs: laterMs });
  const list = cancelMirror(own, { clock: () => nowMs });
  await eventually(async () => expect(await list.has(other.id)).toBe(false));
  nowMs += 600_000;
  passing.abort();
  await eventually(() => expect(list.has(other.id)).toBe(false));
  expect(list.has(ended.id)).toBe(true);
});

test('ends of any times take memory by their number', async () => {
  const store = memoryStore({ clock: Date.now });
  opened.push(store);
  const nowMs = Date.now();
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 1; at <= 4_000; at += 1) {
    const untilMs = at === 4_000 ? Number.MAX_SAFE_INTEGER : nowMs + at * 1_800_000;
    await store.put(`cancelled/${at}`, Buffer.from(String(untilMs)), { untilMs });
  }
  const list = cancelMirror({ ...store, get: async () => undefined }, { clock: Date.now });
  await eventually(() => expect(list.has(other.id)).toBe(false));
  expect([1, 2, 100, 3_999, 4_000].map(at => list.has(String(at)))).toEqual(Array(5).fill(true));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});

test('what one node ended is ended at each, and no call waits for the store', async () => {
  const { store } = sharedStore();
  const [one, two] = [await complete(store), await complete(store)];
  expect(await one.add(ended, Date.now())).toBe(true);
  expect(one.has(ended.id)).toBe(true);
  await eventually(() => expect(two.has(ended.id)).toBe(true));
  expect([one.has(other.id), two.has(other.id)]).toEqual([false, false]);
});

test('what ended before a node was opened is ended there from its first call on', async () => {
  const { store } = sharedStore();
  await (await complete(store)).add(ended, Date.now());
  const late = cancelMirror(store, { clock: Date.now });
  expect(await late.has(ended.id)).toBe(true);
  expect(await late.has(other.id)).toBe(false);
});

test('as long as a node does not know what was there, and can not ask, it lets no call through', async () => {
  const { way } = sharedStore();
  const { own, cut } = way();
  cut(true);
  const list = cancelMirror(own, { clock: Date.now });
  expect(() => list.has(other.id)).toThrow(StoreUnavailable);
  cut(false);
  expect(await list.has(other.id)).toBe(false);
});

test('a node that knows all goes on without the store, and hears of the rest afterwards', async () => {
  const { store, way } = sharedStore();
  const { own, cut, asked } = way();
  const [one, far] = [await complete(store), await complete(own)];
  cut(true);
  const before = asked();
  await one.add(ended, Date.now());
  await setImmediate();
  expect([far.has(other.id), far.has(ended.id), asked()]).toEqual([false, false, before]);
  cut(false);
  await eventually(() => expect(far.has(ended.id)).toBe(true));
});

test('nothing is ended where the store does not take it', async () => {
  const { way } = sharedStore();
  const { own, cut } = way();
  const list = await complete(own);
  cut(true);
  expect(() => list.add(ended, Date.now())).toThrow(StoreUnavailable);
  expect(list.has(ended.id)).toBe(false);
  const full = cancelMirror({ ...own, put: () => 'full', get: () => undefined }, { clock: Date.now });
  expect(await full.add(ended, Date.now())).toBe(false);
  expect(full.has(ended.id)).toBe(false);
});

test("what another node says ended is ended, also where the store can't be told", async () => {
  const { way } = sharedStore();
  const { own, cut } = way();
  const list = await complete(own);
  cut(true);
  expect(() => list.heard(ended, Date.now())).toThrow(StoreUnavailable);
  expect(list.has(ended.id)).toBe(true);
});

test('what a store forgets is not forgotten here', async () => {
  const { store } = sharedStore();
  const list = await complete(store);
  await list.add(ended, Date.now());
  await store.delete(`cancelled/${ended.id}`);
  await store.put(`cancelled/${other.id}`, Buffer.from(String(laterMs)), { untilMs: laterMs });
  await eventually(() => expect(list.has(other.id)).toBe(true));
  expect(list.has(ended.id)).toBe(true);
});

test('the store is asked for what has no room in the process', async () => {
  const { store } = sharedStore();
  const list = await complete(store, 1);
  expect([await list.add(ended, Date.now()), await list.add(other, Date.now())]).toEqual([true, true]);
  expect([list.has(ended.id), await list.has(other.id), await list.has('urn:uuid:3')]).toEqual([true, true, false]);
});

test('the later of two ends counts', async () => {
  const { store } = sharedStore();
  const list = await complete(store);
  const until = async () => Buffer.from((await store.get(`cancelled/${ended.id}`))?.value ?? []).toString();
  await list.add({ ...ended, untilMs: laterMs - 1_000 }, Date.now());
  await list.add(ended, Date.now());
  await list.add({ ...ended, untilMs: laterMs - 1_000 }, Date.now());
  expect(await until()).toBe(String(laterMs));
});

describe('of what stands in the store', () => {
  test.each(['', 'x', '-1', '1e9', '0', '12345678901234567', 'mark'])('%j is no time, and ends nothing', async text => {
    const { store } = sharedStore();
    const list = await complete(store);
    await store.put(`cancelled/${ended.id}`, Buffer.from(text), { untilMs: laterMs });
    await store.put(`cancelled/${other.id}`, Buffer.from(String(laterMs)), { untilMs: laterMs });
    await eventually(() => expect(list.has(other.id)).toBe(true));
    expect(list.has(ended.id)).toBe(false);
  });
});

test('all who use one store in a process have one list', () => {
  const { store } = sharedStore();
  expect(cancelList(store)).toBe(cancelList(store));
});
