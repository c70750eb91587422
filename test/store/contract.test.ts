import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing.ts';

const open = () => memoryStore({ clock: Date.now });

for (const { name, run } of storeContract('memory', open)) test(name, () => expect(run()).resolves.toBeUndefined());

/** Stores with one fault each, and the check that must find it. */
const faults: readonly (readonly [fault: string, law: string, broken: (good: Store) => Partial<Store>])[] = [
  ['claims twice', 'a key is claimed once', () => ({ claim: () => 'new' })],
  ['asks, waits and claims', 'of claims at once one is new', claimsSlowly],
  ['keeps the bytes it was given', 'a record is read as it was written', keepsBytes],
  ['gives every record one version', 'a record is replaced, under a greater version', onlyVersion],
  [
    'does not look at ifVersion',
    'a record is written only over the version that was named',
    good => ({ put: (key, value, { untilMs }) => good.put(key, value, { untilMs }) }),
  ],
  ['keeps what was deleted', 'a deleted record is gone', () => ({ delete: () => {} })],
  ['counts one name space', 'claims, records and counters do not share keys', claimsCounters],
  [
    'takes any key',
    'a key has any name, and at most 512 characters',
    good => ({ claim: (key, untilMs) => (key.length > 512 || !/.\//.test(key) ? 'new' : good.claim(key, untilMs)) }),
  ],
  [
    'begins again at each feed',
    'a feed goes on from a cursor, with what was deleted meanwhile',
    good => ({ changes: (topic, _cursor, signal) => good.changes(topic, undefined, signal) }),
  ],
];

function claimsSlowly(good: Store): Partial<Store> {
  return {
    async claim(key, untilMs) {
      if (await good.has(key)) return 'seen';
      await good.claim(key, untilMs);
      return 'new';
    },
  };
}

function claimsCounters(good: Store): Partial<Store> {
  return {
    add(key, n, untilMs) {
      good.claim(key, untilMs);
      return good.add(key, n, untilMs);
    },
  };
}

function keepsBytes(good: Store): Partial<Store> {
  const values = new Map<string, Uint8Array>();
  return {
    put(key, value, options) {
      values.set(key, value);
      return good.put(key, value, options);
    },
    async get(key) {
      const record = await good.get(key);
      return record && { ...record, value: values.get(key) ?? record.value };
    },
  };
}

function onlyVersion(good: Store): Partial<Store> {
  return {
    async put(key, value, options) {
      const outcome = await good.put(key, value, options);
      return typeof outcome === 'number' ? 1 : outcome;
    },
  };
}

describe('the contract refuses a store that', () => {
  test.each(faults)('%s', async (_, law, broken) => {
    const check = storeContract('broken', () => {
      const good = open();
      return { ...good, ...broken(good) };
    }).find(({ name }) => name === `broken: ${law}`);
    await expect(check?.run()).rejects.toThrow();
  });
});
