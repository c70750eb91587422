import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import type { RingKeeper } from '../../src/keyring/keeper.ts';
import { parseKeks } from '../../src/keyring/kek.ts';
import { importMachineKey, removeMachineKey } from '../../src/keyring/machine-keys.ts';
import { openHome } from '../../src/keyring/open-home.ts';
import { destroyKey } from '../../src/keyring/revoke.ts';
import { openRing } from '../../src/keyring/ring-source.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { parseMachineKey } from '../../src/machine-key/config.ts';
import { eventually } from '../support/eventually.ts';
import { emptyFolder, madeRing } from './made.ts';

const nowMs = Date.now();
const kek = randomBytes(32).toString('base64');
const fail = (problem: string) => new Error(problem);

let keeper: RingKeeper | undefined;
afterEach(() => keeper?.close());

test.each([
  ['a file', (folder: string) => join(folder, 'ring.json')],
  ['a store', (folder: string) => new URL(`sqlite:${join(folder, 'ring.sqlite')}`)],
])('a node overwrites a key that is no longer in its ring in %s, and no other', async (_, placeIn) => {
  const place = placeIn(emptyFolder());
  const home = openHome(place, { keks: () => parseKeks(kek, 'kek') });
  const [id] = parseKeks(kek, 'kek').map(each => each.id);
  const first = { ...madeRing(nowMs - 60_000, {}, 'wiped'), kek: id };
  await home.change(() => first);
  await home.change(ring => ring && rotateRing(ring, { now: true, nowMs, random: systemRandom }));
  keeper = openRing(place, { kek });
  await keeper.ready;
  const before = keeper.ring();
  const [old, next] = before.keys;
  if (old === undefined || next === undefined) throw new Error('the ring has two keys');
  expect(old.id).toBe(first.keys[0]?.id);
  const derived = [old.purposeKey('sct-state'), next.purposeKey('sct-state')] as const;
  const [oldBytes, nextBytes] = [secretBytes(old.key), secretBytes(next.key)];
  const isZero = (bytes: Uint8Array) => bytes.every(byte => byte === 0);
  expect([oldBytes, nextBytes, ...derived].map(isZero)).toEqual([false, false, false, false]);

  await home.change(ring => ring && destroyKey(ring, old.id, nowMs, fail));
  await eventually(() => expect(isZero(oldBytes)).toBe(true));
  expect(keeper.ring().keys.map(({ id: there }) => there)).toEqual([next.id]);
  expect([oldBytes, nextBytes, ...derived].map(isZero)).toEqual([true, false, true, false]);
  // Who holds the snapshot of before does nothing with zeros.
  expect([before.find(old.id, nowMs), before.find(next.id, nowMs)]).toEqual([undefined, next]);
  expect(before.current(nowMs)).toBe(next);
  expect(before.current(nowMs - 30_000)).not.toBe(old);
  expect(() => old.purposeKey('sct-state')).toThrow(new TypeError('the secret key was wiped'));
  await home.close();
});

test('so it is with a machineKey that was removed', async () => {
  const home = openHome(join(emptyFolder(), 'ring.json'));
  const settings = () => {
    const config = { validationKey: randomBytes(64).toString('hex'), decryptionKey: randomBytes(32).toString('hex') };
    return parseMachineKey(config, fail);
  };
  await home.change(() =>
    importMachineKey(importMachineKey(madeRing(nowMs), settings(), nowMs, fail), settings(), nowMs, fail),
  );
  keeper = openRing(home.place);
  const bytes = keeper
    .ring()
    .machineKeys.map(({ validationKey, decryptionKey }) => [validationKey, decryptionKey].map(secretBytes));
  const [, second] = keeper.ring().machineKeys;
  await home.change(ring => ring && removeMachineKey(ring, second?.id ?? '', fail));
  const areZero = () => bytes.map(pair => pair.map(each => each.every(byte => byte === 0)));
  await eventually(() =>
    expect(areZero()).toEqual([
      [false, false],
      [true, true],
    ]),
  );
});
