import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { type DatabaseModeOptions, databaseMode } from '../../src/state/database-mode.ts';
import { maxInstances } from '../../src/state/kept-conversation.ts';
import type { StateMode } from '../../src/state/state-mode.ts';
import { answeringStore } from '../../src/store/answering-store.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { madeRing, seededRandom } from '../keyring/made.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { alice, audience, binding, nowMs, other, renewedTo, tokenOf } from './calls.ts';
import { atOnce, random, readVector } from './made.ts';

afterEach(() => void vi.useRealTimers());

const records = madeRing(nowMs);
const minuteMs = 60_000;
const hourMs = 3_600_000;
const key = `conversation/${alice.id.slice('urn:uuid:'.length)}`;
const otherKey = `${key.slice(0, -1)}0`;

/** Nodes with one store, each use of which is noted; `broken`: what it does in the place of what it should. */
function farm(made: (clock: () => number) => Store = clock => memoryStore({ clock, random })) {
  const clock = { nowMs };
  const good = made(() => clock.nowMs);
  const asked = { get: 0, put: 0, delete: 0 };
  let broken: Partial<Store> = {};
  const using = <M extends 'get' | 'put' | 'delete'>(method: M) =>
    ((...given: unknown[]) => {
      asked[method] += 1;
      return Reflect.apply(broken[method] ?? good[method], undefined, given);
    }) as Store[M];
  const store = answeringStore({ ...good, get: using('get'), put: using('put'), delete: using('delete') });
  const held = { ring: keyRing(records) };
  const keeper = { ring: () => held.ring, stale: () => false, refresh: (_id: string) => false };
  const node = (options: Partial<DatabaseModeOptions> = {}) =>
    databaseMode({ keeper, store, cacheEntries: 100, rolloverMs: 300_000, idleMs: undefined, random, ...options });
  return { node, clock, good, asked, held, keeper, breakBy: (fault: Partial<Store>) => (broken = fault) };
}

const issue = (mode: StateMode, context = alice) => atOnce(mode.issue(context, binding, nowMs));
const find = (mode: StateMode, context = alice, atMs = nowMs) => atOnce(mode.find(tokenOf(context), audience, atMs));
const bytesOf = (store: Store, at = key) => Buffer.from(atOnce(store.get(at))?.value ?? []);
const putBytes = (store: Store, bytes: Uint8Array, at = key) =>
  atOnce(store.put(at, bytes, { untilMs: alice.absoluteExpiresMs }));

describe('who reads the store', () => {
  test('finds no word of user, roles, ids or secret in it', () => {
    const { node, good } = farm();
    issue(node());
    const bytes = bytesOf(good);
    const uuid = Buffer.from(alice.id.replace(/^urn:uuid:|-/g, ''), 'hex');
    for (const word of ['alice', 'reader', alice.id, uuid, readVector('alice').plaintext.subarray(35, 51)])
      expect(bytes.includes(word)).toBe(false);
    expect(bytes.length).toBeGreaterThan(200);
  });
  test('can open nothing of it with the ring of another farm', () => {
    const { node, keeper } = farm();
    issue(node());
    const foreign = keyRing(madeRing(nowMs, {}, 'other farm'));
    expect(find(node({ keeper: { ...keeper, ring: () => foreign } }))).toBeUndefined();
    expect(find(node())).toBeDefined();
  });
});

describe('who writes into the store makes no conversation', () => {
  test('by moving a record to another Identifier, nor the other way round', () => {
    const { node, good } = farm();
    const issuer = node();
    issue(issuer);
    issue(issuer, other);
    const [one, two] = [bytesOf(good), bytesOf(good, otherKey)];
    putBytes(good, two);
    putBytes(good, one, otherKey);
    for (const mode of [node(), node()]) for (const each of [alice, other]) expect(find(mode, each)).toBeUndefined();
    putBytes(good, one);
    expect(find(node())?.context.user).toBe('alice');
  });
  test('by changing any bit of its seal, or cutting it anywhere', () => {
    const { node, good } = farm();
    issue(node());
    const sealed = bytesOf(good);
    const mode = node();
    for (let bit = 64; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      putBytes(good, changed);
      expect(find(mode)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      putBytes(good, sealed.subarray(0, length));
      expect(find(mode)).toBeUndefined();
    }
    putBytes(good, Buffer.concat([sealed, Buffer.from([0])]));
    expect(find(mode)).toBeUndefined();
  });
  test('of the State of a token, nor the State of a token of a record', () => {
    const { node, good, keeper } = farm();
    const vector = readVector('alice');
    const ring = { ...keeper, ring: () => vector.ring };
    putBytes(good, Buffer.concat([Buffer.alloc(8), Buffer.from(vector.sealed, 'base64')]));
    expect(find(node({ keeper: ring }))).toBeUndefined();
    good.delete(key);
    issue(node({ keeper: ring }));
    expect(find(node({ keeper: ring }))?.context.user).toBe('alice');
  });
});

test('an Identifier that can not be ours is never asked for', () => {
  const { node, asked } = farm();
  const mode = node();
  for (const id of ['', 'urn:x', `${alice.id}x`, alice.id.toUpperCase(), `conversation/${alice.id}`])
    expect(atOnce(mode.find({ ...tokenOf(alice), id }, audience, nowMs))).toBeUndefined();
  expect(asked.get).toBe(0);
});

test('the store is asked once a minute for a conversation that is in use', () => {
  const { node, asked } = farm();
  issue(node());
  const mode = node();
  const from = (laterMs: number) => find(mode, alice, nowMs + laterMs)?.openedFrom;
  expect([0, 1, minuteMs - 1].map(from)).toEqual(['store', 'cache', 'cache']);
  expect(asked.get).toBe(1);
  expect([minuteMs, minuteMs + 1, 2 * minuteMs - 1].map(from)).toEqual(['store', 'cache', 'cache']);
  expect(asked).toEqual({ get: 2, put: 1, delete: 0 });
});

test('the cache has its bound', () => {
  const { node, asked } = farm();
  const mode = node({ cacheEntries: 1 });
  issue(mode);
  issue(mode, other);
  expect([find(mode)?.openedFrom, find(mode)?.openedFrom]).toEqual(['store', 'cache']);
  expect(asked.get).toBe(1);
});

describe('a renewal at one node', () => {
  test('is known to another within a minute: then it holds to the roll-over', () => {
    const { node } = farm();
    const [one, two] = [node(), node()];
    issue(one);
    expect(find(two)).toBeDefined();
    const next = renewedTo(1);
    atOnce(one.replace(alice, next, binding, nowMs));
    expect(find(one, next)).toBeDefined();
    expect(find(two, alice, nowMs + minuteMs)).toBeDefined();
    expect(find(two, alice, nowMs + 300_000 - 1)).toBeDefined();
    expect(find(two, alice, nowMs + 300_000)).toBeUndefined();
    expect(() => two.replace(alice, renewedTo(1, 2), binding, nowMs)).toThrow('renew-older-instance');
  });
  test('is found at another that has the conversation in its cache', () => {
    const { node } = farm();
    const [one, two] = [node(), node()];
    issue(one);
    find(two);
    atOnce(one.replace(alice, renewedTo(1), binding, nowMs));
    expect(find(two, renewedTo(1))?.openedFrom).toBe('store');
  });
  test('and one at another node at the same time are both good', async () => {
    const { node } = farm(clock => waitingStore(clock));
    const nodes = [node(), node(), node()];
    await nodes[0]?.issue(alice, binding, nowMs);
    const nexts = nodes.map((_, n) => renewedTo(1, n));
    await Promise.all(nodes.map((mode, n) => mode.replace(alice, nexts[n] ?? alice, binding, nowMs)));
    for (const mode of nodes)
      for (const each of [alice, ...nexts]) expect(await mode.find(tokenOf(each), audience, nowMs)).toBeDefined();
  });
  test('is refused where others renew without end', () => {
    const { node, breakBy } = farm();
    const mode = node();
    issue(mode);
    breakBy({ put: () => 'conflict' });
    expect(() => mode.replace(alice, renewedTo(1), binding, nowMs)).toThrow(
      expect.objectContaining({ fault: 'server', reason: 'state-conflict' }),
    );
  });
});

test('a conversation whose name the store has already is not begun', () => {
  const { node, breakBy } = farm();
  const mode = node();
  breakBy({ put: () => 'conflict' });
  expect(() => mode.issue(alice, binding, nowMs)).toThrow(
    expect.objectContaining({ fault: 'server', reason: 'state-conflict' }),
  );
});

test('renewals without end that nobody uses fill nothing, and leave what is in use', () => {
  const { node, good } = farm();
  const mode = node();
  issue(mode);
  find(mode);
  const sizes = Array.from({ length: 3 * maxInstances }, (_, n) => {
    atOnce(mode.replace(alice, renewedTo(1, n), binding, nowMs));
    return bytesOf(good).length;
  });
  expect(new Set(sizes.slice(maxInstances)).size).toBe(1);
  expect(find(node())).toBeDefined();
  expect(find(node(), renewedTo(1, 3 * maxInstances - 1))).toBeDefined();
});

describe('idle expiry', () => {
  const idleMs = 10 * minuteMs;

  test('touches a conversation once a minute at most, at whatever nodes it is used', () => {
    const { node, clock, asked } = farm();
    const nodes = [node({ idleMs }), node({ idleMs })];
    issue(nodes[0] as StateMode);
    const begun = asked.put;
    for (let laterMs = 0; laterMs <= 30 * minuteMs; laterMs += 5_000) {
      clock.nowMs = nowMs + laterMs;
      for (const mode of nodes) expect(find(mode, alice, clock.nowMs)).toBeDefined();
    }
    expect(asked.put - begun).toBeLessThanOrEqual(2 * 30);
    expect(asked.put - begun).toBeGreaterThanOrEqual(30);
  });
  test('ends what no message has named for so long, a minute later at most', () => {
    const { node, clock } = farm();
    issue(node({ idleMs }));
    const foundAfter = (laterMs: number) => {
      clock.nowMs += laterMs;
      return find(node({ idleMs }), alice, clock.nowMs) !== undefined;
    };
    expect([minuteMs, idleMs, idleMs, idleMs + minuteMs].map(foundAfter)).toEqual([true, true, true, false]);
  });
  test('never outlasts the absolute end', () => {
    const { node, clock } = farm();
    issue(node({ idleMs: 7 * 24 * hourMs }));
    clock.nowMs = alice.absoluteExpiresMs - 1;
    expect(find(node(), alice, clock.nowMs)).toBeDefined();
    clock.nowMs += 1;
    expect(find(node(), alice, clock.nowMs)).toBeUndefined();
  });
  test('does not wait for the store, nor fail with it', () => {
    const { node, breakBy } = farm();
    const mode = node({ idleMs });
    issue(mode);
    breakBy({ put: () => new Promise(() => {}) });
    expect(find(mode, alice, nowMs + minuteMs)).toBeDefined();
    breakBy({ put: () => Promise.reject(new StoreUnavailable('it is away')) });
    expect(find(mode, alice, nowMs + 3 * minuteMs)).toBeDefined();
  });
});

describe('a store that is down', () => {
  const down = () => {
    throw new StoreUnavailable('it is down');
  };

  test('ends no conversation that a node has read, and is asked for it once in 5 s', () => {
    const { node, breakBy, asked } = farm();
    const mode = node();
    issue(mode);
    breakBy({ get: down, put: down });
    const before = asked.get;
    for (let laterMs = minuteMs; laterMs < minuteMs + 5_000; laterMs += 1_000)
      expect(find(mode, alice, nowMs + laterMs)?.openedFrom).toMatch(/issued|cache/);
    expect(asked.get - before).toBe(1);
    expect(find(mode, alice, nowMs + minuteMs + 5_000)).toBeDefined();
    expect(asked.get - before).toBe(2);
  });
  test('is no word that a conversation does not exist: what a node has not read is refused as its own trouble', () => {
    const { node, breakBy } = farm();
    const mode = node();
    issue(mode);
    breakBy({ get: down });
    for (const each of [other, renewedTo(1)]) expect(() => find(mode, each)).toThrow(StoreUnavailable);
    expect(() => find(node())).toThrow(StoreUnavailable);
  });
  test('issues and renews nothing, and nothing is written by half', () => {
    const { node, breakBy, good } = farm();
    const mode = node();
    issue(mode);
    const before = bytesOf(good);
    breakBy({ put: down });
    expect(() => issue(mode, other)).toThrow(StoreUnavailable);
    expect(() => mode.replace(alice, renewedTo(1), binding, nowMs)).toThrow(StoreUnavailable);
    expect(find(mode, other)).toBeUndefined();
    expect(find(mode, renewedTo(1))).toBeUndefined();
    expect(find(mode)).toBeDefined();
    expect(bytesOf(good)).toEqual(before);
  });
  test('that hangs is given up after 250 ms', async () => {
    const { node, breakBy } = farm();
    breakBy({ get: () => new Promise(() => {}), put: () => new Promise(() => {}) });
    const mode = node();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const refused: unknown[] = [];
    const asked = [mode.find(tokenOf(alice), audience, nowMs), mode.issue(alice, binding, nowMs)];
    const settled = Promise.all(asked.map(async each => each).map(each => each.catch(error => refused.push(error))));
    await vi.advanceTimersByTimeAsync(249);
    expect(refused).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await settled;
    expect(refused).toEqual([expect.any(StoreUnavailable), expect.any(StoreUnavailable)]);
  });
  test('is told of a first use later: then the older Instance is held to its roll-over elsewhere too', () => {
    const { node, breakBy } = farm();
    const mode = node();
    issue(mode);
    atOnce(mode.replace(alice, renewedTo(1), binding, nowMs));
    breakBy({ put: down });
    expect(find(mode, renewedTo(1))).toBeDefined();
    expect(() => mode.replace(alice, renewedTo(1, 2), binding, nowMs)).toThrow('renew-older-instance');
    breakBy({});
    expect(find(mode, renewedTo(1), nowMs + 5_000)).toBeDefined();
    expect(() => node().replace(alice, renewedTo(1, 2), binding, nowMs)).toThrow('renew-older-instance');
  });
});

describe('a store that answers what is no answer is one that is down:', () => {
  test.each<[string, unknown]>([
    ['a text', 'record'],
    ['null', null],
    ['a record without a value', { version: 1 }],
    ['a value as text', { version: 1, value: 'bytes' }],
    ['a version that is none', { version: 0, value: Buffer.alloc(300) }],
    ['a version as text', { version: '1', value: Buffer.alloc(300) }],
  ])('%s for a record', (_, answer) => {
    const { node, breakBy } = farm();
    issue(node());
    breakBy({ get: () => answer as never });
    expect(() => find(node())).toThrow(StoreUnavailable);
  });
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['yes', true],
    ['a word', 'ok'],
    ['a version that is none', 1.5],
  ])('%s for a write', (_, answer) => {
    const { node, breakBy } = farm();
    breakBy({ put: () => answer as never });
    expect(() => issue(node())).toThrow(StoreUnavailable);
  });
});

test('a store without room begins no conversation', () => {
  const { node } = farm(clock => memoryStore({ clock, random, maxRecords: 1 }));
  const mode = node();
  issue(mode);
  expect(() => issue(mode, other)).toThrow(expect.objectContaining({ fault: 'server', reason: 'store-full' }));
  expect(find(mode, other)).toBeUndefined();
  expect(find(mode)).toBeDefined();
});

test('the record of what was cancelled is deleted, and a store that can not do so keeps nothing alive', async () => {
  const { node, good, breakBy } = farm();
  const mode = node();
  issue(mode);
  issue(mode, other);
  atOnce(mode.cancel(alice, nowMs));
  expect(atOnce(good.get(key))).toBeUndefined();
  breakBy({ delete: () => Promise.reject(new StoreUnavailable('it is away')) });
  atOnce(mode.cancel(other, nowMs));
  await setTimeout();
  for (const each of [mode, node()]) expect(find(each, other)).toBeUndefined();
});

test('what was sealed with a key that this node does not know yet is opened after the ring was read again', () => {
  const { node, keeper, held } = farm();
  const next = keyRing(rotateRing(records, { now: true, nowMs: nowMs + 1, random: seededRandom('unknown') }));
  atOnce(node({ keeper: { ...keeper, ring: () => next } }).issue(alice, binding, nowMs + 2));
  expect(find(node(), alice, nowMs + 2)).toBeUndefined();
  const asked: string[] = [];
  const refresh = (id: string) => {
    asked.push(id);
    held.ring = next;
    return true;
  };
  expect(find(node({ keeper: { ...keeper, refresh } }), alice, nowMs + 2)?.context.user).toBe('alice');
  expect(asked).toEqual([next.keys.at(-1)?.id]);
});

test('a context whose user and roles are too long is not issued', () => {
  const roles = Array.from({ length: 100 }, (_, n) => `${'long '.repeat(10)}${n}`);
  expect(() => issue(farm().node(), { ...alice, roles })).toThrow(
    expect.objectContaining({ fault: 'server', reason: 'state-too-large' }),
  );
});
