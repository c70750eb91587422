import { afterEach, describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { revoke } from '../../src/state/revoke.ts';
import { heardRevocations, revokedBefore, writeRevoked } from '../../src/state/revoked.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { eventually } from '../support/eventually.ts';

const opened: Store[] = [];
const nowMs = Date.now();
const untilMs = nowMs + 3_600_000;
const hidden = '\u{1f9d1}'.repeat(500);

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

/** A store that several nodes have, and the way of one of them to it, which can be cut. */
function sharedStore() {
  const store = waitingStore(Date.now);
  opened.push(store);
  let isCut = false;
  let reads = 0;
  const own: Store = {
    ...store,
    get(key) {
      reads += 1;
      if (isCut) throw new StoreUnavailable('it is cut off');
      return store.get(key);
    },
    put(...given) {
      if (isCut) throw new StoreUnavailable('it is cut off');
      return store.put(...given);
    },
  };
  return { store, own, cut: (to: boolean) => (isCut = to), reads: () => reads };
}

/** What a node hears, when it has heard all that was there. */
async function complete(store: Store, maxUsers?: number) {
  const heard = heardRevocations(store, maxUsers === undefined ? {} : { maxUsers });
  await eventually(() => expect(typeof heard.beforeMs('')).toBe('number'));
  return heard;
}

const write = (store: Store, user: string | undefined, beforeMs: number) =>
  writeRevoked(store, { user, beforeMs, untilMs });

test('what is revoked for a user counts for that user, for everybody for each, and the later time does', async () => {
  const { store, own, reads } = sharedStore();
  const heard = await complete(own);
  const before = reads();
  await write(store, 'alice', 2_000);
  await write(store, hidden, 4_000);
  await eventually(() => expect(heard.beforeMs(hidden)).toBe(4_000));
  expect(['alice', 'bob', 'Alice', '__proto__'].map(heard.beforeMs)).toEqual([2_000, 0, 0, 0]);
  await write(store, undefined, 3_000);
  await eventually(() => expect(heard.beforeMs('bob')).toBe(3_000));
  expect([heard.beforeMs('alice'), heard.beforeMs(hidden)]).toEqual([3_000, 4_000]);
  // No call waited for the store.
  expect(reads()).toBe(before);
});

test('a time that is there already is not put back', async () => {
  const { store } = sharedStore();
  for (const user of ['alice', undefined]) {
    expect(await write(store, user, 2_000)).toBe(2_000);
    expect(await write(store, user, 1_000)).toBe(2_000);
  }
  const outcomes = await Promise.all([5_000, 9_000, 7_000].map(ms => write(store, 'bob', ms)));
  expect(Math.max(...outcomes)).toBe(9_000);
  expect(await revokedBefore(store).beforeMs('bob')).toBe(9_000);
});

test('a node that has not heard all yet asks the store, and lets nobody through where it can not', async () => {
  const { store, own, cut } = sharedStore();
  await write(store, 'alice', 2_000);
  cut(true);
  const heard = heardRevocations(own, {});
  expect(() => heard.beforeMs('alice')).toThrow(StoreUnavailable);
  cut(false);
  expect(await heard.beforeMs('alice')).toBe(2_000);
  expect(await heard.beforeMs('bob')).toBe(0);
});

test('a node that has heard all goes on without the store, and forgets nothing that the store forgets', async () => {
  const { store, own, cut } = sharedStore();
  await write(store, 'alice', 2_000);
  const heard = await complete(own);
  cut(true);
  for await (const { key } of store.changes('revoked')) {
    if (key.startsWith('revoked/mark')) continue;
    await store.delete(key);
    break;
  }
  await write(store, 'bob', 3_000);
  await eventually(() => expect(heard.beforeMs('bob')).toBe(3_000));
  expect(heard.beforeMs('alice')).toBe(2_000);
});

test('the store is asked for users who have no room in the process', async () => {
  const { store, own } = sharedStore();
  const heard = await complete(own, 1);
  await write(store, 'alice', 2_000);
  await write(store, 'bob', 3_000);
  await eventually(() => expect(typeof heard.beforeMs('bob')).toBe('object'));
  expect(await Promise.all(['alice', 'bob', 'carol'].map(heard.beforeMs))).toEqual([2_000, 3_000, 0]);
});

test('a store of this process alone is asked, and answers at once', async () => {
  const store = memoryStore({ clock: Date.now });
  await write(store, 'alice', 2_000);
  const heard = revokedBefore(store);
  expect([heard.beforeMs('alice'), heard.beforeMs('bob')]).toEqual([2_000, 0]);
  await write(store, undefined, 3_000);
  expect(heard.beforeMs('bob')).toBe(3_000);
});

describe('of what stands in the store', () => {
  const text = (value: string) => Buffer.from(value);
  test.each([
    ['no time', text('alice')],
    ['a time that is none', text('1e9 alice')],
    ['a time with a sign', text('-1 alice')],
    ['no name', text('9000')],
    ['another name', text('9000 bob')],
    ['more than a name', Buffer.concat([text('9000 alice'), Buffer.alloc(3_000, 97)])],
    ['bytes that are no text', Buffer.from([0xff, 0xfe])],
    ['nothing', text('')],
  ])('%s revokes nothing', async (_, value) => {
    const { store, own } = sharedStore();
    await write(store, 'alice', 1);
    let key = '';
    for await (const change of store.changes('revoked')) {
      key = change.key;
      if (key.startsWith('revoked/user/')) break;
    }
    const heard = await complete(own);
    await store.put(key, value, { untilMs });
    await write(store, 'carol', 5_000);
    await eventually(() => expect(heard.beforeMs('carol')).toBe(5_000));
    expect([heard.beforeMs('alice'), heard.beforeMs('bob')]).toEqual([1, 0]);
    expect(await revokedBefore(memoryOf(await store.get(key), key)).beforeMs('alice')).toBe(0);
  });

  function memoryOf(record: { readonly value: Uint8Array } | undefined, key: string): Store {
    const memory = memoryStore({ clock: Date.now });
    memory.put(key, record?.value ?? new Uint8Array(), { untilMs });
    return memory;
  }
});

describe('revoke', () => {
  const options = { clock: () => nowMs };

  test('writes the time of now and the difference of clocks for a user, and of then for everybody', async () => {
    const store = memoryStore({ clock: Date.now });
    const user = await revoke(store, { user: 'alice' }, options);
    expect(user).toEqual({ beforeMs: nowMs + 60_000, untilMs: nowMs + 3_650 * 86_400_000 });
    expect(await revoke(store, { beforeMs: 5_000.5 }, { ...options, clockSkewMs: 0.2 })).toMatchObject({
      beforeMs: 5_001,
    });
    const heard = revokedBefore(store);
    expect([heard.beforeMs('alice'), heard.beforeMs('bob')]).toEqual([nowMs + 60_000, 5_001]);
  });

  test.each([
    ['no Identifier', { context: 'urn:uuid:x' }],
    ['an Identifier in capitals', { context: 'urn:uuid:00000000-0000-4000-8000-00000000000A' }],
    ['no name', { user: '' }],
    ['a name of 2,049 bytes', { user: 'x'.repeat(2_049) }],
    ['half a character', { user: 'x\ud800' }],
    ['no text', { user: 7 as unknown as string }],
    ['a time that is to come', { beforeMs: nowMs + 1 }],
    ['no time', { beforeMs: Number.NaN }],
    ['nothing', {} as { beforeMs: number }],
  ])('refuses %s', async (_, target) => {
    const store = memoryStore({ clock: Date.now });
    await expect(revoke(store, target, options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('rejects where the store has no room', async () => {
    const full: Store = { ...memoryStore({ clock: Date.now }), put: () => 'full', claim: () => 'full' };
    const target = { context: 'urn:uuid:00000000-0000-4000-8000-000000000001' };
    for (const what of [target, { user: 'alice' }, { beforeMs: 1 }])
      await expect(revoke(full, what)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
