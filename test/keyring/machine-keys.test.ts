import { expect, test } from 'vitest';
import { importMachineKey, removeMachineKey, useMachineKey } from '../../src/keyring/machine-keys.ts';
import { shortId } from '../../src/keyring/named-key.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { maintainRing } from '../../src/keyring/writer.ts';
import { parseMachineKey } from '../../src/machine-key/config.ts';
import { at, madeRing, seededRandom } from './made.ts';

const nowMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('machine-keys');
const empty = madeRing(nowMs);

function settings(seed: string) {
  const hex = (bytes: number) => Buffer.from(seededRandom(seed)(bytes)).toString('hex');
  const config = { validationKey: hex(64), decryptionKey: hex(32) };
  return parseMachineKey(config, (place, problem) => new Error(`${place} ${problem}`));
}

function imported(...seeds: string[]): RingRecords {
  return seeds.reduce((ring, seed) => importMachineKey(ring, settings(seed), nowMs, Error), empty);
}

function ids(ring: RingRecords): string[] {
  return ring.machineKeys.map(({ id }) => id);
}

const two = imported('one', 'two');
const [first = '', second = ''] = ids(two);

test('a new ring has no machineKey', () => {
  expect(empty.machineKeys).toEqual([]);
  expect(keyRing(empty).machineKeys).toEqual([]);
});

test('an imported machineKey is in the next generation, behind those that are there', () => {
  expect(ids(imported('one'))).toEqual([first]);
  expect(ids(two)).toEqual([first, second]);
  expect([imported('one').generation, two.generation]).toEqual([2, 3]);
  expect(two.keys).toBe(empty.keys);
});

test('the one that is used stands first, and the others stay', () => {
  const three = imported('one', 'two', 'three');
  const used = useMachineKey(three, ids(three)[2] ?? '', Error);
  expect(ids(used)).toEqual([ids(three)[2], first, second]);
  expect(used.generation).toBe(5);
});

test('a ring holds four machineKeys, each once', () => {
  const four = imported('one', 'two', 'three', 'four');
  expect(four.machineKeys).toHaveLength(4);
  expect(() => importMachineKey(four, settings('five'), nowMs, Error)).toThrow(
    "has 4 machineKeys already, and can't have more",
  );
  expect(() => importMachineKey(two, settings('one'), nowMs, Error)).toThrow(
    `has this machineKey already, as ${shortId(first)}`,
  );
});

test('one that does not write is removed, the one that writes only when it is alone', () => {
  expect(ids(removeMachineKey(two, shortId(second), Error))).toEqual([first]);
  expect(() => removeMachineKey(two, first, Error)).toThrow(
    `its machineKey ${shortId(first)} writes: let another one write first`,
  );
  expect(ids(removeMachineKey(imported('one'), first, Error))).toEqual([]);
});

test('the one that writes already is not used again', () => {
  expect(() => useMachineKey(two, first, Error)).toThrow(`its machineKey ${shortId(first)} writes already`);
});

test.each(['', first.slice(0, 7), 'ffffffff', `${first}0`, `${first.slice(0, 8)}zz`])(
  'an id that names no machineKey does nothing: "%s"',
  id => {
    for (const change of [useMachineKey, removeMachineKey])
      expect(() => change(two, id, Error)).toThrow(`has no machineKey ${JSON.stringify(id.slice(0, 16))}`);
  },
);

test('an id that names two machineKeys does nothing', () => {
  const twins = { ...two, machineKeys: two.machineKeys.map((key, i) => ({ ...key, id: `aaaaaaaa0000000${i}` })) };
  expect(() => useMachineKey(twins, 'aaaaaaaa', Error)).toThrow('has no machineKey "aaaaaaaa"');
});

test("a rotation of the ring's own keys leaves the machineKeys as they are", () => {
  const rotated = rotateRing(two, { now: true, nowMs: nowMs + 1, random });
  expect(rotated.machineKeys).toBe(two.machineKeys);
  expect(maintainRing(two, at('2026-01-01T12:00:00Z'), random)?.machineKeys).toBe(two.machineKeys);
});

test('every machineKey of a ring opens what it protected, before and after another one writes', () => {
  const purposes = ['a', 'b'];
  const before = keyRing(two).machineKeys;
  const sealed = before.map(key => key.protect(Buffer.from(key.id), purposes, random));
  const after = keyRing(useMachineKey(two, second, Error)).machineKeys;
  expect(after[0]?.id).toBe(second);
  for (const bytes of sealed) {
    const opened = after.flatMap(key => key.unprotect(bytes, purposes)?.toString() ?? []);
    expect(opened).toHaveLength(1);
    expect(ids(two)).toContain(opened[0]);
  }
});
