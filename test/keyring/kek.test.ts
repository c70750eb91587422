import { chmodSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { kekInFile, parseKeks } from '../../src/keyring/kek.ts';
import { importMachineKey } from '../../src/keyring/machine-keys.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { openKeyRing, readRingFile, updateRingFile, writeRingFile } from '../../src/keyring/ring-file.ts';
import { formatRing, parseRing } from '../../src/keyring/ring-text.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { parseMachineKey } from '../../src/machine-key/config.ts';
import { at, emptyFolder, madeRing, seededRandom, write } from './made.ts';

const nowMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('kek');
const base64 = (seed: string) => Buffer.from(seededRandom(seed)(32)).toString('base64');
const [text, otherText] = [base64('one'), base64('two')];
const [kek] = parseKeks(text, 'test');
if (kek === undefined) throw new Error('no KEK');
const keks = () => parseKeks(text, 'test');
const hex = (seed: string, bytes: number) => Buffer.from(seededRandom(seed)(bytes)).toString('hex');
const settings = parseMachineKey({ validationKey: hex('v', 64), decryptionKey: hex('d', 32) }, Error);
const plain = importMachineKey(
  rotateRing(madeRing(nowMs), { now: false, nowMs, random }),
  settings,
  nowMs,
  problem => new Error(problem),
);
const ring: RingRecords = { ...plain, kek: kek.id };
const wrapped = formatRing(ring, { kek, random });
const [firstKey, ...otherKeys] = ring.keys;
if (firstKey === undefined) throw new Error('no key');
const revokedWrapped = formatRing(
  { ...ring, keys: [{ ...firstKey, revokedAtMs: nowMs }, ...otherKeys] },
  { kek, random },
);

function problem(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toMatchObject({ code: 'RING_INVALID' });
    expect((error as Error).cause).toBeUndefined();
    return String((error as Error).message).replace(/^(?:key ring|KEK) \S+: /, '');
  }
  throw new Error('nothing was thrown');
}

const parse = (changed: string, by = text) => parseRing(changed, 'test', { keks: () => parseKeks(by, 'test') });

/** The wrapped ring with something else in one place. */
function changed(path: string, value: unknown): string {
  const json = JSON.parse(revokedWrapped);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const place = names.reduce((at, name) => at[name], json);
  if (value === undefined && Array.isArray(place)) place.pop();
  else place[last] = value;
  return JSON.stringify(json);
}

describe('a ring whose keys are wrapped', () => {
  test('is read as it was, with its KEK and not without', () => {
    const read = parse(wrapped);
    expect(read).toEqual(ring);
    expect(read.keys.map(({ key }) => secretBytes(key))).toEqual(ring.keys.map(({ key }) => secretBytes(key)));
    expect(read.machineKeys.map(({ validationKey }) => secretBytes(validationKey))).toEqual(
      ring.machineKeys.map(({ validationKey }) => secretBytes(validationKey)),
    );
    expect(problem(() => parseRing(wrapped, 'test'))).toBe(`its keys are wrapped by KEK ${kek.id}, and none was given`);
    expect(problem(() => parse(wrapped, otherText))).toMatch(/^its keys are wrapped by KEK \w{16}, not by \w{16}$/);
  });

  test('has no key in it, in any form', () => {
    const secrets = [
      ...ring.keys.map(({ key }) => secretBytes(key)),
      ...ring.machineKeys.flatMap(key => [secretBytes(key.validationKey), secretBytes(key.decryptionKey)]),
    ];
    for (const secret of secrets)
      for (const form of ['base64', 'hex', 'base64url'] as const) expect(wrapped).not.toContain(secret.toString(form));
    expect(wrapped).not.toContain(text);
  });

  test('is read by the KEK that it names of several, and wrapped by the first when it is written', () => {
    const file = join(emptyFolder(), 'ring.json');
    writeRingFile(file, ring, { keks });
    const both = { keks: () => parseKeks(`${otherText}\n${text}\n`, 'test') };
    expect(readRingFile(file, both)).toEqual(ring);
    const [next] = both.keks();
    updateRingFile(file, present => ({ ...present, generation: present.generation + 1, kek: next?.id }), both);
    expect(readRingFile(file, { keks: () => parseKeks(otherText, 'test') }).kek).toBe(next?.id);
    expect(problem(() => readRingFile(file, { keks }))).toMatch(/^its keys are wrapped by KEK \w{16}, not by \w{16}$/);
  });

  test('is a snapshot where its KEK is given', () => {
    const file = join(emptyFolder(), 'ring.json');
    writeRingFile(file, ring, { keks });
    expect(openKeyRing(file, { kek: text }).current(nowMs)?.id).toBe(ring.keys[0]?.id);
    expect(problem(() => openKeyRing(file))).toMatch(/none was given$/);
  });

  test('is never written in clear for want of a KEK', () => {
    const file = join(emptyFolder(), 'ring.json');
    expect(problem(() => writeRingFile(file, ring))).toBe('its keys are to be wrapped, and no KEK was given');
  });
});

describe('a wrapped ring that somebody without the KEK has changed is refused', () => {
  test.each<[what: string, path: string, value: unknown]>([
    ['a key is revoked no more', 'keys.0.revokedAt', null],
    ['a key issues longer', 'keys.0.issueUntil', '2099-01-01T00:00:00.000Z'],
    ['the life of tokens', 'policy.lifeS', 1e6],
    ['the generation', 'generation', 99],
    ['the farm', 'farm', '00112233aabbccdd'],
    ['a key less', 'keys.1', undefined],
    ['a key under the name of another', 'keys.0.key', JSON.parse(revokedWrapped).keys[1].key],
    ['no machineKeys', 'machineKeys', undefined],
    ['no MAC', 'mac', undefined],
    ['a MAC of another length', 'mac', JSON.parse(revokedWrapped).mac.slice(0, 40)],
    ['another MAC', 'mac', Buffer.alloc(32, 7).toString('base64')],
    ['one field more', 'more', 1],
  ])('%s', (_what, path, value) => {
    expect(problem(() => parse(changed(path, value)))).toBe('was changed by somebody who has not its KEK');
  });
});

describe('a wrapped key opens only where it was put', () => {
  const names = { farm: ring.farm, keyId: 'a'.repeat(16), what: 'key' };
  const made = kek.wrap(Buffer.alloc(32, 1), names, random);
  test.each([
    ['another farm', { ...names, farm: 'b'.repeat(16) }],
    ['another key', { ...names, keyId: 'b'.repeat(16) }],
    ['another use', { ...names, what: 'validationKey' }],
  ])('%s', (_what, other) => {
    expect(kek.unwrap(made, names)).toEqual(Buffer.alloc(32, 1));
    expect(kek.unwrap(made, other)).toBeUndefined();
  });
  test('not with a bit changed, and not cut', () => {
    for (let at = 0; at < made.length; at += 1) {
      const bent = Buffer.from(made);
      bent[at] = (bent[at] ?? 0) ^ 1;
      expect(kek.unwrap(bent, names)).toBeUndefined();
      expect(kek.unwrap(made.subarray(0, at), names)).toBeUndefined();
    }
  });
});

test('a wrapped key that is genuine and named wrongly is refused, even under a good MAC', () => {
  const json = JSON.parse(wrapped);
  [json.keys[0].key, json.keys[1].key] = [json.keys[1].key, json.keys[0].key];
  const { mac: _, ...whole } = json;
  const forged = { ...whole, mac: kek.mac(JSON.stringify(whole)).toString('base64') };
  expect(problem(() => parse(JSON.stringify(forged)))).toBe('keys[0] has a key that its KEK did not wrap');
});

describe('a KEK', () => {
  test('is base64 or hex digits', () => {
    const digits = Buffer.from(text, 'base64').toString('hex');
    expect([digits, digits.toUpperCase(), ` ${text}\n`].map(form => parseKeks(form, 'x')[0]?.id)).toEqual(
      Array(3).fill(kek.id),
    );
  });
  test.each([
    ['nothing', ' \n', 'must be 1 to 4 keys'],
    ['five', Array(5).fill(text).join('\n'), 'must be 1 to 4 keys'],
    ['a short one', Buffer.alloc(16, 1).toString('base64'), 'must be base64 of 32 bytes, or hex digits'],
    ['a password', 'correct horse', 'key 1 must be base64 of 32 bytes, or hex digits'],
    ['zeros', Buffer.alloc(32).toString('base64'), 'is not random, all its bytes are the same'],
  ])('is refused where it is %s, and not quoted', (_what, bad, sentence) => {
    expect(problem(() => parseKeks(bad, 'file'))).toBe(sentence);
  });

  test('in a file may be a link of mode 440, as Kubernetes mounts it, and is read again where it leads by then', () => {
    const folder = emptyFolder();
    write(join(folder, 'one'), `${text}\n`, 0o440);
    write(join(folder, 'two'), `${otherText}\n`, 0o400);
    symlinkSync('one', join(folder, 'kek'));
    const source = kekInFile(join(folder, 'kek'));
    expect(source()[0]?.id).toBe(kek.id);
    symlinkSync('two', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'kek'));
    expect(source()[0]?.id).toBe(parseKeks(otherText, 'x')[0]?.id);
    chmodSync(join(folder, 'two'), 0o444);
    expect(problem(source)).toBe('its mode 444 lets others at it, 600 or 440 is needed');
    writeFileSync(join(folder, 'one'), '');
    expect(problem(kekInFile(join(folder, 'none')))).toBe('does not exist');
  });
});
