import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Awaitable } from '../awaitable.ts';
import type { Change, Store } from './store.ts';

/** One thing that a store must do. */
export interface ContractCheck {
  /** The law, with the name of the store in front. */
  readonly name: string;
  /** Rejects with an AssertionError where the store breaks the law, with what it threw where it failed. */
  run(): Promise<void>;
}

/** A store, with a topic and keys that no other check has used. */
interface Checked {
  readonly store: Store;
  readonly topic: string;
  readonly key: string;
  readonly other: string;
  /** Milliseconds since the epoch, an hour from now. */
  readonly laterMs: number;
}

const patienceMs = 20_000;
const soonMs = 100;
const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const short = (text: string) => Buffer.from(text);

const laws: Readonly<Record<string, (checked: Checked) => Promise<void>>> = {
  async 'a key is claimed once'({ store, key, other, laterMs }) {
    assert.equal(await store.has(key), false);
    assert.equal(await store.claim(key, laterMs), 'new');
    assert.equal(await store.claim(key, laterMs), 'seen');
    assert.deepEqual([await store.has(key), await store.has(other)], [true, false]);
  },
  async 'of claims at once one is new'({ store, key, laterMs }) {
    const outcomes = await Promise.all(Array.from({ length: 20 }, async () => store.claim(key, laterMs)));
    assert.deepEqual(outcomes.sort(), ['new', ...Array(19).fill('seen')]);
  },
  async 'a record is read as it was written'({ store, key, laterMs }) {
    const given = Uint8Array.from(bytes);
    const version = await written(store, key, given, laterMs);
    given.fill(0);
    const record = await store.get(key);
    assert.deepEqual(record && [...record.value], [...bytes]);
    assert.equal(record?.version, version);
  },
  async 'a record is replaced, under a greater version'({ store, key, laterMs }) {
    const first = await written(store, key, short('one'), laterMs);
    assert.ok((await written(store, key, short('two'), laterMs)) > first);
    assert.equal(await textOf(store, key), 'two');
  },
  async 'a record is written only over the version that was named'({ store, key, laterMs }) {
    const put = (text: string, ifVersion: number) => store.put(key, short(text), { untilMs: laterMs, ifVersion });
    assert.equal(await put('none', 1), 'conflict');
    const first = await put('one', 0);
    assert.ok(typeof first === 'number' && first > 0);
    assert.equal(await put('again', 0), 'conflict');
    assert.equal(typeof (await put('two', first)), 'number');
    assert.equal(await put('late', first), 'conflict');
    assert.equal(await textOf(store, key), 'two');
  },
  async 'of writes at once over one version one is done'({ store, key, laterMs }) {
    const put = async (text: string) => store.put(key, short(text), { untilMs: laterMs, ifVersion: 0 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, writer) => put(String(writer))));
    assert.equal(outcomes.filter(outcome => outcome !== 'conflict').length, 1);
    assert.equal(await textOf(store, key), String(outcomes.findIndex(outcome => outcome !== 'conflict')));
  },
  async 'a record has at most 65,536 bytes'({ store, key, laterMs }) {
    const longest = new Uint8Array(65_536).fill(7);
    await written(store, key, longest, laterMs);
    assert.equal((await store.get(key))?.value.byteLength, longest.byteLength);
    await assert.rejects(async () => store.put(key, new Uint8Array(65_537), { untilMs: laterMs }), TypeError);
    await written(store, key, new Uint8Array(0), laterMs);
    assert.equal((await store.get(key))?.value.byteLength, 0);
  },
  async 'a deleted record is gone'({ store, key, other, laterMs }) {
    const first = await written(store, key, short('one'), laterMs);
    await store.delete(key);
    await store.delete(other);
    assert.equal(await store.get(key), undefined);
    const second = await store.put(key, short('two'), { untilMs: laterMs, ifVersion: 0 });
    assert.ok(typeof second === 'number' && second > first);
  },
  async 'a record is gone when its time is over'({ store, key }) {
    await written(store, key, short('one'), Date.now() + soonMs);
    await until(async () => (await store.get(key)) === undefined);
    assert.equal(typeof (await store.put(key, short('two'), { untilMs: Date.now() + soonMs, ifVersion: 0 })), 'number');
  },
  async 'a counter sums up, and is read by adding 0'({ store, key, other, laterMs }) {
    assert.deepEqual([await store.add(key, 0, laterMs), await store.add(key, 2, laterMs)], [0, 2]);
    await Promise.all(Array.from({ length: 20 }, async () => store.add(key, 1, laterMs)));
    assert.deepEqual([await store.add(key, -2, laterMs), await store.add(other, 1, laterMs)], [20, 1]);
  },
  async 'a counter begins again when the time of its first addition is over'({ store, key, laterMs }) {
    // Where a machine stands still the time of the first may be over before the second comes: then there is another.
    for (let at = 0, lifeMs = soonMs; ; at += 1, lifeMs *= 2) {
      const counter = `${key}${at}`;
      await store.add(counter, 1, Date.now() + lifeMs);
      if ((await store.add(counter, 1, laterMs)) === 2)
        return until(async () => (await store.add(counter, 0, Date.now() + soonMs)) === 0);
      assert.ok(lifeMs < patienceMs, 'it begins again before its time is over');
    }
  },
  async 'claims, records and counters do not share keys'({ store, key, laterMs }) {
    await store.add(key, 1, laterMs);
    assert.deepEqual([await store.has(key), await store.get(key)], [false, undefined]);
    assert.equal(await store.claim(key, laterMs), 'new');
    assert.equal(await store.get(key), undefined);
    await written(store, key, short('one'), laterMs);
    await store.delete(key);
    assert.deepEqual([await store.has(key), await store.add(key, 0, laterMs)], [true, 1]);
  },
  async 'a key has any name, and at most 512 characters'({ store, topic, laterMs }) {
    for (const name of ['', '/', 'a\0b', 'a\nb', 'ä€😀', "';--", '*', '../x', 'x'.repeat(511 - topic.length)])
      assert.equal(await store.claim(`${topic}/${name}`, laterMs), 'new', JSON.stringify(name));
    for (const key of ['', topic, '/name', `${topic}/${'x'.repeat(512)}`, `${topic}/\ud800`, `${topic}/\udc00x`])
      await assert.rejects(async () => store.claim(key, laterMs), TypeError);
  },
  async 'a feed tells of what is there, then of what comes, in order'({ store, topic, key, other, laterMs }) {
    await written(store, other, short('one'), laterMs);
    await written(store, key, short('two'), laterMs);
    await written(store, other, short('three'), laterMs);
    await written(store, `${topic}-other/1`, short('of another topic'), laterMs);
    await listened(store, topic, undefined, async next => {
      assert.deepEqual([await next(), await next()].map(told), [`${key} two`, `${other} three`]);
      await written(store, key, short('four'), laterMs);
      assert.equal(told(await next()), `${key} four`);
      await store.delete(other);
      assert.equal(told(await next()), `${other} deleted`);
    });
  },
  async 'a feed goes on from a cursor, with what was deleted meanwhile'({ store, topic, key, other, laterMs }) {
    await written(store, key, short('one'), laterMs);
    await written(store, other, short('two'), laterMs);
    let cursor = '';
    await listened(store, topic, undefined, async next => {
      cursor = [await next(), await next()].at(-1)?.cursor ?? '';
    });
    await store.delete(key);
    await written(store, other, short('three'), laterMs);
    const heard: string[] = [];
    await listened(store, topic, cursor, async next => {
      while (!heard.includes(`${other} three`)) heard.push(told(await next()));
    });
    assert.ok(heard.includes(`${key} deleted`), heard.join());
    await listened(store, topic, undefined, async next => assert.equal(told(await next()), `${other} three`));
  },
  async 'a feed ends when it is told to, and when the store is closed'({ store, topic }) {
    const ending = new AbortController();
    const feeds = [ending.signal, undefined].map(signal =>
      store.changes(topic, undefined, signal)[Symbol.asyncIterator]().next(),
    );
    ending.abort();
    assert.equal((await inTime(feeds[0]))?.done, true);
    await store.close();
    assert.equal((await inTime(feeds[1]))?.done, true);
  },
};

/**
 * What every {@link Store} must do, as checks for any test runner:
 * `for (const { name, run } of storeContract('mine', open)) test(name, run);`
 * @param name of the store, put in front of each check's
 * @param open opens a store for one check; it is closed afterwards. It need not be empty. Its clock is this machine's.
 */
export function storeContract(name: string, open: () => Awaitable<Store>): readonly ContractCheck[] {
  return Object.entries(laws).map(([law, check]) => ({
    name: `${name}: ${law}`,
    async run() {
      const store = await open();
      const topic = `check-${randomUUID().replace(/\d/g, digit => 'ghijklmnop'.charAt(Number(digit)))}`;
      try {
        await check({ store, topic, key: `${topic}/a`, other: `${topic}/b`, laterMs: Date.now() + 3_600_000 });
      } finally {
        await store.close();
      }
    },
  }));
}

async function written(store: Store, key: string, value: Uint8Array, untilMs: number): Promise<number> {
  const version = await store.put(key, value, { untilMs });
  assert.ok(typeof version === 'number' && Number.isSafeInteger(version) && version > 0, `put gave ${version}`);
  return version;
}

async function textOf(store: Store, key: string): Promise<string | undefined> {
  const record = await store.get(key);
  return record && Buffer.from(record.value).toString();
}

function told({ key, record }: Change): string {
  return `${key} ${record === undefined ? 'deleted' : Buffer.from(record.value).toString()}`;
}

/** Listens to a topic until the work is done. */
async function listened(
  store: Store,
  topic: string,
  cursor: string | undefined,
  work: (next: () => Promise<Change>) => Promise<void>,
): Promise<void> {
  const ending = new AbortController();
  const feed = store.changes(topic, cursor, ending.signal)[Symbol.asyncIterator]();
  try {
    await work(async () => {
      const { done, value } = await inTime(feed.next());
      assert.equal(done, false, 'the feed has ended');
      return value;
    });
  } finally {
    ending.abort();
  }
}

/** A feed that is silent fails its check. */
async function inTime<T>(value: T): Promise<Awaited<T>> {
  const ended = new AbortController();
  const late = setTimeout(patienceMs, undefined, { signal: ended.signal }).then(() => assert.fail('nothing was told'));
  try {
    return await Promise.race([value, late]);
  } finally {
    ended.abort();
    late.catch(() => {});
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + patienceMs;
  while (!(await isSo())) {
    assert.ok(Date.now() < endMs, 'it is still there');
    await setTimeout(10);
  }
}
