import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { keepRing, type RingKeeper } from '../../src/keyring/keeper.ts';
import { parseKeks } from '../../src/keyring/kek.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { revokeKeys } from '../../src/keyring/revoke.ts';
import { type RingHome, ringInStore } from '../../src/keyring/ring-home.ts';
import { formatRing } from '../../src/keyring/ring-text.ts';
import { rotateRing, withKey } from '../../src/keyring/rotate.ts';
import { rotateByItself } from '../../src/keyring/rotator.ts';
import { openWith, ringToSealWith } from '../../src/keyring/seal.ts';
import { nextRing } from '../../src/keyring/writer.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../support/eventually.ts';
import { at, madeRing, seededRandom } from './made.ts';

const startMs = at('2026-01-01T00:00:00Z');
const minuteMs = 60_000;
const random = seededRandom('stored');
const keks = (seed = 'kek') => parseKeks(Buffer.from(seededRandom(seed)(32)).toString('base64'), 'test');
const access = { keks: () => keks(), random };
const kek = keks()[0]?.id;
const key = 'ring/current';
const fail = (problem: string) => new Error(problem);

let nowMs = startMs;
let store: Store;
let home: RingHome;
let isDown = false;
/** How often a record was read. */
let readings = 0;
let errors: string[] = [];
const open: { close(): unknown }[] = [];
const first: RingRecords = { ...madeRing(startMs), kek };
const second = rotateRing(first, { now: true, nowMs: startMs + 1, random });

beforeEach(() => {
  nowMs = startMs;
  errors = [];
  isDown = false;
  readings = 0;
  store = asynchronous(memoryStore({ clock: () => nowMs }));
  home = ringInStore(store, 'store', access);
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await store.close();
});

/** A store that answers with promises, as those on a network do, and can be away. */
function asynchronous(memory: Store): Store {
  const asked = async <T>(ask: () => T | Promise<T>): Promise<T> => {
    if (isDown) throw new StoreUnavailable('it is down');
    return ask();
  };
  return {
    claim: (name, untilMs) => asked(() => memory.claim(name, untilMs)),
    has: name => asked(() => memory.has(name)),
    get: async name => {
      const record = await asked(() => memory.get(name));
      readings += 1;
      return record;
    },
    put: (name, value, options) => asked(() => memory.put(name, value, options)),
    delete: name => asked(() => memory.delete(name)),
    add: (name, n, untilMs) => asked(() => memory.add(name, n, untilMs)),
    changes: (topic, cursor, signal) => memory.changes(topic, cursor, signal),
    close: () => memory.close(),
  };
}

async function write(text: string): Promise<void> {
  await store.put(key, Buffer.from(text), { untilMs: Number.MAX_SAFE_INTEGER });
}

const writeRing = (ring: RingRecords, by = keks()[0]) => write(formatRing(ring, by && { kek: by, random }));

function keep(): RingKeeper {
  const keeper = keepRing(home, {
    clock: () => nowMs,
    random: () => 0.5,
    onError: error => errors.push(error.message.replace(/^key ring store: /, '')),
  });
  open.push(keeper);
  return keeper;
}

/** A keeper that has read its ring, and again when the feed began with what is there. */
async function kept(ring = first, reads = 2): Promise<RingKeeper> {
  await writeRing(ring);
  const keeper = keep();
  await eventually(() => expect(readings).toBeGreaterThanOrEqual(reads));
  await keeper.ready;
  await eventually(() => expect(keeper.ring().generation).toBe(ring.generation));
  return keeper;
}

describe('a node whose store has no ring', () => {
  test('waits for it, says so once, and refuses what it can not know', async () => {
    const keeper = keep();
    await eventually(() => expect(errors).toEqual(['there is none']));
    expect(keeper.stale()).toBe(true);
    const missing = expect.objectContaining({ code: 'RING_STALE', fault: 'server', reason: 'ring-missing' });
    expect(() => keeper.ring()).toThrow(missing);
    // A token that another node issued is no bad one here.
    expect(() =>
      openWith(
        keeper,
        () => 'a'.repeat(16),
        () => undefined,
      ),
    ).toThrow(missing);
    expect(() => ringToSealWith(keeper)).toThrow(expect.objectContaining({ fault: 'server' }));
    await writeRing(first);
    await keeper.ready;
    expect(keeper.ring().farm).toBe(first.farm);
    expect(keeper.stale()).toBe(false);
  });
  test('waits for a store that is away, too', async () => {
    isDown = true;
    const keeper = keep();
    await eventually(() => expect(errors).toEqual(['the store does not answer: it is down']));
    isDown = false;
    await writeRing(first);
    await keeper.ready;
    expect(keeper.ring().generation).toBe(1);
  });
});

test('another ring is taken within a moment of its writing', async () => {
  const keeper = await kept();
  await writeRing(second);
  await eventually(() => expect(keeper.ring().generation).toBe(2));
});

describe('a ring is the same when it is read again, also', () => {
  const early = withKey(
    withKey(first, startMs, startMs + 60 * minuteMs, random),
    startMs,
    startMs + 30 * minuteMs,
    random,
  );
  const revoked = revokeKeys(early, [early.keys[1]?.id ?? ''], { nowMs: startMs, random, fail });
  test.each([
    ['where a key issues before one that was made earlier', early],
    ['where a key was revoked before it has issued', revoked],
    ['where its keys stand in another order', { ...revoked, keys: [...revoked.keys].reverse() }],
  ])('%s', async (_where, ring) => {
    const keeper = await kept(ring);
    nowMs = startMs + 16 * minuteMs;
    expect(keeper.stale()).toBe(true);
    expect(await keeper.refresh()).toBe(false);
    expect(errors).toEqual([]);
    expect(keeper.stale()).toBe(false);
  });
});

describe('a ring that can not be taken is named, and the last good one stays', () => {
  const third = rotateRing(second, { now: true, nowMs: startMs + 2, random });
  const backup = rotateRing(first, { now: true, nowMs: startMs + 5, random });
  const forked = rotateRing(backup, { now: true, nowMs: startMs + 6, random });
  const forkedFurther = rotateRing(forked, { now: true, nowMs: startMs + 7, random });
  const revoked = revokeKeys(second, [first.keys[0]?.id ?? ''], { nowMs: startMs + 2, random, fail });
  test.each<[string, RingRecords, () => Promise<void>, RegExp]>([
    [
      'of another farm',
      first,
      () => writeRing({ ...madeRing(startMs, {}, 'other'), kek }),
      /^is the ring of farm \w{16}/,
    ],
    ['older', third, () => writeRing(second), /^its generation 2 is older than 3, which is in use$/],
    ['another one of its generation', second, () => writeRing(backup), /^is another ring of generation 2 than/],
    ['un-revoked', revoked, () => writeRing(forkedFurther), /^has the key \w{8} again, which has ended before$/],
    ['garbage', first, () => write('garbage'), /^is not JSON/],
    ['empty', first, () => write(''), /^is empty$/],
    ['cut', first, () => write(formatRing(second, { kek: keks()[0] as never, random }).slice(0, 400)), /^is not JSON/],
    ['of another KEK', first, () => writeRing(second, keks('other')[0]), /wrapped by KEK \w{16}, not by \w{16}$/],
    ['not wrapped', first, () => write(formatRing({ ...second, kek: undefined })), /^its keys are not wrapped/],
    ['gone', first, async () => store.delete(key), /^there is none$/],
  ])('it is %s', async (_what, held, spoil, sentence) => {
    const keeper = await kept(held);
    await spoil();
    await eventually(() => expect(errors).toContainEqual(expect.stringMatching(sentence)));
    expect(keeper.ring().generation).toBe(held.generation);
    expect(keeper.ring().farm).toBe(held.farm);
  });

  test('a key that is gone from the ring does not come back with a later generation', async () => {
    const [gone, ...rest] = second.keys;
    const keeper = await kept(second);
    await writeRing({ ...second, generation: 3, keys: rest });
    await eventually(() => expect(keeper.ring().generation).toBe(3));
    await writeRing({ ...second, generation: 4 });
    await eventually(() =>
      expect(errors).toContain(`has the key ${gone?.id.slice(0, 8)} again, which has ended before`),
    );
  });
});

test('a node that can not read its ring for the propagation time only opens, and says so once', async () => {
  const keeper = await kept();
  isDown = true;
  for (const minutes of [10, 15, 16, 17]) {
    nowMs = startMs + minutes * minuteMs;
    expect(await keeper.refresh(minutes.toString(16).padStart(16, '0'))).toBe(false);
  }
  expect(keeper.stale()).toBe(true);
  nowMs += minuteMs;
  await expect(ringToSealWith(keeper)).rejects.toMatchObject({ reason: 'ring-stale' });
  expect(() => ringToSealWith(keeper)).toThrow(expect.objectContaining({ reason: 'ring-stale' }));
  expect(keeper.ring().find(first.keys[0]?.id ?? '', nowMs)).toBeDefined();
  const sentence = 'was not read for 900 s, so this node issues nothing until it is, and goes on opening';
  expect(errors.filter(said => said === sentence)).toHaveLength(1);
  isDown = false;
  nowMs += minuteMs;
  await keeper.refresh('f'.repeat(16));
  expect(keeper.stale()).toBe(false);
});

test('a clock that was set back by more than the propagation time makes no stale ring fresh', async () => {
  const keeper = await kept();
  isDown = true;
  nowMs = startMs - 3_600_000;
  expect(keeper.stale()).toBe(true);
});

test('a token of a key that the node does not know is opened after one look into the store', async () => {
  // A store that gives no word of changes.
  home = { ...home, watch: () => () => {} };
  const keeper = await kept(first, 1);
  const newKey = second.keys[1]?.id ?? '';
  await writeRing(second);
  const opened = () =>
    openWith(
      keeper,
      () => newKey,
      ring => ring.find(newKey, nowMs)?.id,
    );
  expect(await opened()).toBeUndefined();
  nowMs = startMs + 5_000;
  expect(await Promise.all([opened(), opened()])).toEqual([newKey, newKey]);
});

describe('writers', () => {
  const make = (present: RingRecords | undefined, seed: string) =>
    present === undefined ? { ...madeRing(startMs, {}, seed), kek } : undefined;

  test('that find no ring at the same time make one', async () => {
    const made = await Promise.all(['a', 'b', 'c'].map(async seed => home.change(present => make(present, seed))));
    expect(made.filter(ring => ring !== undefined)).toHaveLength(1);
    expect((await home.read())?.farm).toBe(made.find(ring => ring !== undefined)?.farm);
  });

  test('that are late are asked again for the ring that they meet', async () => {
    await writeRing(first);
    const seen: (number | undefined)[] = [];
    const late = home.change(present => {
      seen.push(present?.generation);
      return present?.generation === 1 ? rotateRing(present, { now: true, nowMs: startMs + 3, random }) : undefined;
    });
    await writeRing(second);
    expect(await late).toBeUndefined();
    expect(seen).toEqual([1, 2]);
    expect((await home.read())?.keys.map(({ id }) => id)).toEqual(second.keys.map(({ id }) => id));
  });

  test('share a lease, which spares the others the work', async () => {
    const untilMs = startMs + 10_000;
    expect(await Promise.all([1, 2, 3].map(() => home.lease(7, untilMs)))).toEqual([true, false, false]);
    expect(await home.lease(8, untilMs)).toBe(true);
  });

  test('never fill a store that was emptied, nor go on from a ring of another farm', () => {
    expect(nextRing(undefined, first, startMs, random)).toBeUndefined();
    expect(nextRing(madeRing(startMs, {}, 'other'), first, startMs + 9e9, random)).toBeUndefined();
  });

  test('put back what they hold where a backup has an older generation of it', async () => {
    const revoked = revokeKeys(second, [first.keys[0]?.id ?? ''], { nowMs: startMs + 2, random, fail });
    const keeper = await kept(revoked);
    await writeRing(first);
    await eventually(() => expect(errors).toContain('its generation 1 is older than 3, which is in use'));
    const stop = rotateByItself({
      home,
      keeper,
      clock: () => nowMs,
      random,
      onError: error => errors.push(error.message),
    });
    await eventually(async () => expect(await home.read()).toEqual(revoked));
    stop();
  });

  test('rotate when it is due: one new key, however many nodes there are', async () => {
    const keepers = await Promise.all([kept(), kept(), kept()]);
    nowMs = startMs + 12 * 3_600_000 - 20 * minuteMs;
    const stops = keepers.map(keeper =>
      rotateByItself({ home, keeper, clock: () => nowMs, random, onError: error => errors.push(error.message) }),
    );
    await eventually(async () => expect((await home.read())?.generation).toBe(2));
    await Promise.all(keepers.map(keeper => eventually(() => expect(keeper.ring().keys).toHaveLength(2))));
    for (const stop of stops) stop();
    expect(errors).toEqual([]);
  });
});

describe("a store of somebody's own that fails in words of its own", () => {
  const odd = () => {
    throw new TypeError('odd');
  };
  const failed = 'the store does not answer: it failed';

  test('ends no node: the ring that is there stays', async () => {
    const keeper = await kept();
    home = ringInStore({ ...store, get: odd, changes: odd }, 'store', access);
    keep();
    await eventually(() => expect(errors).toContain(failed));
    const stop = rotateByItself({
      home,
      keeper,
      clock: () => nowMs,
      random,
      onError: ({ message }) => errors.push(message),
    });
    await eventually(() => expect(errors.filter(error => error === failed).length).toBeGreaterThan(1));
    stop();
    expect(keeper.ring().generation).toBe(1);
  });

  test('is a store that does not answer for who writes a ring', async () => {
    await writeRing(first);
    const unavailable = { code: 'STORE_UNAVAILABLE', why: 'it failed' };
    const full = ringInStore({ ...store, put: odd, claim: odd }, 'store', access);
    await expect(Promise.resolve(full.change(() => second))).rejects.toMatchObject(unavailable);
    await expect(Promise.resolve(full.lease(1, nowMs))).rejects.toMatchObject(unavailable);
  });
});
