import { afterEach, describe, expect, test, vi } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import type { Context } from '../../src/state/context.ts';
import { cookieMode } from '../../src/state/cookie-mode.ts';
import { farmRollOver } from '../../src/state/farm-roll-over.ts';
import type { StateMode } from '../../src/state/state-mode.ts';
import type { Store } from '../../src/store/store.ts';
import { madeRing } from '../keyring/made.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { eventually } from '../support/eventually.ts';
import { alice as aliceOnce, audience, binding, tokenOf } from './calls.ts';
import { random } from './made.ts';

const nowMs = Date.now();
const windowMs = 60_000;
const skewMs = 30_000;
const instanceOf = (n: number) => `urn:uuid:${String(n).padStart(8, '0')}-4455-4677-8899-aabbccddeeff`;
const times = {
  createdMs: nowMs,
  keyEffectiveMs: nowMs,
  keyExpiresMs: nowMs + 1_800_000,
  tokenExpiresMs: nowMs + 1_800_000,
  absoluteExpiresMs: nowMs + 3_600_000,
};
const alice: Context = { ...aliceOnce, ...times };
const renewed = (renewals: number, id = alice.id): Context => ({
  ...alice,
  id,
  instance: instanceOf(renewals),
  renewals,
});

const opened: Store[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

function shared(): Store {
  const store = waitingStore(Date.now);
  opened.push(store);
  return store;
}

/** The way of one node to a store, which can be cut. */
function wayTo(store: Store) {
  let isCut = false;
  let isDeaf = false;
  const unlessCut = <T>(act: () => T): T => {
    if (isCut) throw new StoreUnavailable('it is cut off');
    return act();
  };
  const way: Store = {
    ...store,
    get: key => unlessCut(() => store.get(key)),
    put: (...given) => unlessCut(() => store.put(...given)),
    async *changes(topic, ...rest) {
      for await (const change of store.changes(topic, ...rest)) {
        // Nothing more comes of it.
        if (isDeaf && topic === 'renewed') await new Promise(() => {});
        yield change;
      }
    },
  };
  return { way, cut: (to: boolean) => (isCut = to), deafen: () => (isDeaf = true) };
}

/** What a node knows, when it has heard all that was there. */
const nodeOf = (store: Store) =>
  farmRollOver({ store, windowMs, maxOwn: 1, maxShared: 10, skewMs: () => skewMs, random });

async function knowing(store: Store) {
  const node = nodeOf(store);
  await eventually(() => expect(node.learn(alice.id, nowMs)).toBeUndefined());
  return node;
}

const ring = keyRing(madeRing(nowMs - 1_000));
const keeper = { ring: () => ring, stale: () => false, refresh: () => false };
const nodeWith = (store: Store): StateMode =>
  cookieMode({ keeper, store, cacheEntries: 10, rolloverMs: windowMs, random });
const finds = async (mode: StateMode, context: Context, state: string | undefined, atMs: number) =>
  (await mode.find(tokenOf(context, state), audience, atMs)) !== undefined;

describe('an Instance that one node has had in use', () => {
  test('ends the older ones at the others, a window after its first use there', async () => {
    const store = shared();
    const [one, other] = [await knowing(store), await knowing(wayTo(store).way)];
    expect(one.use(renewed(2), nowMs)).toBe(true);
    await eventually(() => expect(other.isReplaced(renewed(1))).toBe(true));
    const at = (context: Context, atMs: number) => other.use(context, atMs);
    expect([alice, renewed(1)].map(old => [at(old, nowMs + windowMs - 1), at(old, nowMs + windowMs)])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect([at(renewed(2), nowMs + windowMs), at(renewed(3), nowMs + windowMs)]).toEqual([true, true]);
    expect(other.isReplaced(renewed(3))).toBe(false);
  });

  test('is remembered as long as the conversation may live by a clock that is behind', async () => {
    const store = shared();
    const put = vi.spyOn(store, 'put');
    (await knowing(store)).use(renewed(1), nowMs);
    await eventually(() => expect(put.mock.calls.map(([key]) => key)).toContain(`renewed/${alice.id}`));
    const [, , options] = put.mock.calls.find(([key]) => key === `renewed/${alice.id}`) ?? [];
    expect(options?.untilMs).toBe(alice.absoluteExpiresMs + skewMs);
  });

  test('is told once, and nothing is told of a conversation that was not renewed', async () => {
    const store = shared();
    const node = await knowing(store);
    const put = vi.spyOn(store, 'put');
    for (let i = 0; i < 5; i += 1) {
      node.use(alice, nowMs + i);
      node.use(renewed(1), nowMs + i);
    }
    await eventually(async () => expect(await store.get(`renewed/${alice.id}`)).toBeDefined());
    node.use(renewed(1), nowMs + 60_000);
    expect(put).toHaveBeenCalledTimes(1);
  });

  test('is told again with a later use where the store was away, and a later one that is there stays', async () => {
    const store = shared();
    const { way, cut } = wayTo(store);
    const node = await knowing(way);
    cut(true);
    node.use(renewed(1), nowMs);
    node.use(renewed(1), nowMs + 4_999);
    cut(false);
    node.use(renewed(1), nowMs + 4_999);
    await new Promise(setImmediate);
    expect(await store.get(`renewed/${alice.id}`)).toBeUndefined();
    node.use(renewed(1), nowMs + 5_000);
    await eventually(async () => expect(await store.get(`renewed/${alice.id}`)).toBeDefined());
    const late = await knowing(wayTo(shared()).way);
    expect(late.isReplaced(alice)).toBe(false);
    const text = async () => Buffer.from((await store.get(`renewed/${alice.id}`))?.value ?? []).toString();
    const told = await text();
    (await knowing(wayTo(store).way)).use(renewed(3), nowMs + 7_000);
    await eventually(async () => expect(await text()).not.toBe(told));
    const last = await text();
    const behind = nodeOf(wayTo(store).way);
    behind.use(renewed(2), nowMs + 8_000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(await text()).toBe(last);
  });
});

describe('a node in cookie mode with a store that others have', () => {
  test('refuses an older Instance in its cache, and one that it opens, as soon as it has heard', async () => {
    const store = shared();
    const [issuer, other] = [nodeWith(store), nodeWith(wayTo(store).way)];
    const old = await issuer.issue(alice, binding, nowMs);
    expect(await finds(other, alice, old, nowMs)).toBe(true);
    const next = await issuer.replace(alice, renewed(1), binding, nowMs);
    expect(await finds(issuer, renewed(1), next, nowMs)).toBe(true);
    const laterMs = nowMs + windowMs;
    await eventually(async () => expect(await finds(other, alice, old, laterMs)).toBe(false));
    expect(await finds(other, renewed(1), next, laterMs)).toBe(true);
    expect(await finds(nodeWith(wayTo(store).way), alice, old, laterMs)).toBe(false);
  });

  test('renews no older Instance, though it has not heard of the new one', async () => {
    const store = shared();
    const issuer = nodeWith(store);
    const { way, deafen } = wayTo(store);
    await issuer.issue(alice, binding, nowMs);
    const next = await issuer.replace(alice, renewed(1), binding, nowMs);
    deafen();
    const other = nodeWith(way);
    expect(await finds(issuer, renewed(1), next, nowMs)).toBe(true);
    await eventually(async () => expect(await store.get(`renewed/${alice.id}`)).toBeDefined());
    await expect(async () => other.replace(alice, renewed(2), binding, nowMs)).rejects.toMatchObject({
      fault: 'unableToRenew',
      reason: 'renew-older-instance',
    });
    expect(await other.replace(renewed(1), renewed(2), binding, nowMs)).toBeDefined();
  });

  test('renews what it knows while the store is down', async () => {
    const { way, cut } = wayTo(shared());
    const node = nodeWith(way);
    const old = await node.issue(alice, binding, nowMs);
    await eventually(() => expect(node.find(tokenOf(alice, old), audience, nowMs)).not.toBeInstanceOf(Promise));
    cut(true);
    const next = await node.replace(alice, renewed(1), binding, nowMs);
    expect(await finds(node, renewed(1), next, nowMs)).toBe(true);
    await expect(async () => node.replace(alice, renewed(1), binding, nowMs)).rejects.toMatchObject({
      reason: 'renew-older-instance',
    });
  });
});

test('what others wrote into the store and says nothing of the kind is nothing', async () => {
  const store = shared();
  const node = await knowing(store);
  const until = String(alice.absoluteExpiresMs);
  const texts = ['', 'x', '1', `1 ${nowMs}`, `01 ${nowMs} ${until}`, `1 ${nowMs} ${until} 1`, `-1 ${nowMs} ${until}`];
  const long = [`100000 ${nowMs} ${until}`, `1 ${'9'.repeat(17)} ${until}`, `1 ${nowMs} ${until}${' '.repeat(40)}`];
  for (const text of [...texts, ...long]) {
    await store.put(`renewed/${alice.id}`, Buffer.from(text), { untilMs: alice.absoluteExpiresMs });
    await node.ask(alice.id);
    expect(node.isReplaced(alice), text).toBe(false);
  }
  await store.put(`renewed/${alice.id}`, Buffer.from(`1 ${nowMs} ${until}`), { untilMs: alice.absoluteExpiresMs });
  await node.ask(alice.id);
  expect(node.isReplaced(alice)).toBe(true);
});

test('where more conversations are renewed than are remembered, the store is asked, until those are over', async () => {
  const store = shared();
  const node = await knowing(store);
  const idOf = (n: number) => `urn:uuid:${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const endMs = nowMs + 1_000;
  for (let n = 0; n <= 10; n += 1) node.use({ ...renewed(1, idOf(n)), absoluteExpiresMs: endMs }, nowMs);
  expect(node.isReplaced({ ...alice, id: idOf(0) })).toBe(false);
  expect(node.learn(alice.id, endMs)).toBeUndefined();
  await node.learn(idOf(0), endMs - 1);
  expect(node.learn(alice.id, endMs - 1)).toBeInstanceOf(Promise);
});
