import { existsSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { SecureConversationError } from '../../src/errors.ts';
import { importMachineKey } from '../../src/keyring/machine-keys.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { openKeyRing, readRingFile, updateRingFile, writeRingFile } from '../../src/keyring/ring-file.ts';
import { formatRing, parseRing } from '../../src/keyring/ring-text.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { maintainRing } from '../../src/keyring/writer.ts';
import { parseMachineKey } from '../../src/machine-key/config.ts';
import { at, emptyFolder, madeRing, seededRandom, write } from './made.ts';

const nowMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('ring-file');
const ring = madeRing(nowMs);
const good = formatRing(ring);
let file = '';

beforeEach(() => {
  file = join(emptyFolder(), 'ring.json');
});

/** What the farm's writer makes of the file when the next key is due. */
function maintainLater(): RingRecords | undefined {
  return updateRingFile(file, present => maintainRing(present, nowMs + 12 * 3_600_000, random));
}

/** The ring with two machineKeys. */
const withMachineKeys = ['one', 'two'].reduce((present, seed) => {
  const hex = (bytes: number) => Buffer.from(seededRandom(seed)(bytes)).toString('hex');
  const config = { validationKey: hex(64), decryptionKey: hex(32) };
  return importMachineKey(present, parseMachineKey(config, problemError), nowMs, Error);
}, ring);

function problemError(place: string, text: string): Error {
  return new Error(`${place} ${text}`);
}

/** The file's JSON with some fields changed, by path. */
function changed(changes: Readonly<Record<string, unknown>>, of: RingRecords = ring): string {
  const json = JSON.parse(formatRing(rotateRing(of, { now: false, nowMs, random: seededRandom('second') })));
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let place = json;
    for (const name of names) place = place[name];
    if (value === undefined) delete place[last];
    else place[last] = value;
  }
  return JSON.stringify(json);
}

function problem(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    expect(error.code).toBe('RING_INVALID');
    expect(error.cause).toBeUndefined();
    expect(error.message).toMatch(/^key ring \S+: [^\n]+[^.\n]$/);
    return error.message.replace(/^key ring \S+: /, '');
  }
  throw new Error('nothing was thrown');
}

test('what is read is what was written', () => {
  const rotated = rotateRing(ring, { now: true, nowMs: nowMs + 5, random });
  const odd = { ...rotated, policy: { ...rotated.policy, refreshMs: 500, skewMs: 0 } };
  const read = parseRing(formatRing(odd), file);
  expect(read).toEqual(odd);
  expect(read.keys.map(({ key }) => secretBytes(key))).toEqual(odd.keys.map(({ key }) => secretBytes(key)));
});

test('the file has the documented fields', () => {
  const json = JSON.parse(good);
  expect(Object.keys(json)).toEqual(['version', 'farm', 'generation', 'kek', 'policy', 'keys']);
  expect(json.policy).toEqual({ refreshS: 60, skewS: 300, propagateS: 900, issueS: 43_200, lifeS: 43_200 });
  expect(json.keys[0]).toMatchObject({
    created: '2026-01-01T00:00:00.000Z',
    issueFrom: '2026-01-01T00:00:00.000Z',
    issueUntil: '2026-01-01T12:00:00.000Z',
    acceptUntil: '2026-01-02T00:20:00.000Z',
    revokedAt: null,
  });
  expect(json.keys[0].id).toMatch(/^[0-9a-f]{16}$/);
  expect(Buffer.from(json.keys[0].key, 'base64')).toHaveLength(32);
});

test('machineKeys are read as they were written, and the first one stays the first', () => {
  const read = parseRing(formatRing(withMachineKeys), file);
  expect(read).toEqual(withMachineKeys);
  expect(read.machineKeys.map(({ validationKey }) => secretBytes(validationKey))).toEqual(
    withMachineKeys.machineKeys.map(({ validationKey }) => secretBytes(validationKey)),
  );
  const json = JSON.parse(formatRing(withMachineKeys));
  expect(json.version).toBe(1);
  expect(Object.keys(json).at(-1)).toBe('machineKeys');
  expect(json.machineKeys[0]).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    imported: '2026-01-01T00:00:00.000Z',
    validation: 'HMACSHA256',
    decryption: 'AES',
    validationKey: Buffer.from(seededRandom('one')(64)).toString('base64'),
    decryptionKey: Buffer.from(seededRandom('one')(32)).toString('base64'),
  });
});

test('a ring shows no machineKey where it is printed', () => {
  const { validationKey, decryptionKey } = JSON.parse(formatRing(withMachineKeys)).machineKeys[0];
  const inspected = inspect(keyRing(withMachineKeys), { depth: 9, showHidden: true });
  const printed = `${JSON.stringify(withMachineKeys)} ${inspected}`;
  for (const key of [validationKey, decryptionKey]) {
    expect(printed).not.toContain(key.slice(0, 12));
    expect(printed).not.toContain(Buffer.from(key, 'base64').toString('hex').slice(0, 12));
  }
});

test('a ring shows no key where it is printed', () => {
  const key = JSON.parse(good).keys[0].key;
  expect(JSON.stringify(parseRing(good, file))).not.toContain(key);
});

const zeroKey = Buffer.alloc(32).toString('base64');
const shortKey = Buffer.from(random(16)).toString('base64');
const secondKey = { ...JSON.parse(changed({})).keys[1] };

const oneMachineKey = JSON.parse(formatRing(withMachineKeys)).machineKeys[0];
const badMachineKeys = ([what, changes, expected]: readonly [string, Readonly<Record<string, unknown>>, RegExp]) =>
  [what, changed(changes, withMachineKeys), expected] as const;

const badTexts: readonly (readonly [what: string, text: string, problem: RegExp])[] = [
  ['empty', '', /^is empty$/],
  ['white', ' \n', /^is empty$/],
  ['garbage', '\u0000\u0001ring', /^is not JSON/],
  ['cut', good.slice(0, 200), /^is not JSON/],
  ['not an object', '[]', /^must be an object$/],
  ['of another version', changed({ version: 2 }), /^version must be 1$/],
  ['with an unknown field', changed({ extra: 1 }), /^has an unknown field "extra"$/],
  ['without a farm', changed({ farm: undefined }), /^lacks the field "farm"$/],
  ['with a bad farm', changed({ farm: 'staging' }), /^farm must be 16 hex digits$/],
  ['of generation 0', changed({ generation: 0 }), /^generation must be a whole number/],
  [
    'with wrapped keys and no KEK',
    changed({ kek: 'abad1dea' }),
    /^its keys are wrapped by KEK abad1dea, and none was given$/,
  ],
  ['with a KEK that is no name', changed({ kek: 1 }), /^kek must be null, or 16 hex digits$/],
  ['whose nodes should write a later schema', changed({ stateSchema: 2 }), /^stateSchema must be 1, the only schema/],
  ['without a policy', changed({ policy: null }), /^policy must be an object$/],
  [
    'with a refresh time of 0',
    changed({ 'policy.refreshS': 0 }),
    /^policy\.refreshS must be a number of seconds above 0$/,
  ],
  ['with a text for a time', changed({ 'policy.lifeS': '10h' }), /^policy\.lifeS must be a number of seconds/],
  ['with a negative skew', changed({ 'policy.skewS': -1 }), /^policy\.skewS must be a number of seconds$/],
  ['with endless life', changed({ 'policy.lifeS': 1e12 }), /^policy\.lifeS must be/],
  [
    'that is stale at once',
    changed({ 'policy.propagateS': 59 }),
    /^policy\.propagateS must not be shorter than refreshS$/,
  ],
  ['with an unknown time', changed({ 'policy.graceS': 1 }), /^policy has an unknown field "graceS"$/],
  ['without keys', changed({ keys: [] }), /^keys must be a list of at least one key$/],
  ['with a key that is a text', changed({ 'keys.1': 'key' }), /^keys\[1\] must be an object$/],
  ['with a zero key', changed({ 'keys.1.key': zeroKey }), /^keys\[1\]\.key is not random/],
  ['with a key of 16 bytes', changed({ 'keys.1.key': shortKey }), /^keys\[1\]\.key must be base64 of 32 bytes$/],
  [
    'with a key in hex',
    changed({ 'keys.1.key': Buffer.alloc(32, 7).toString('hex') }),
    /^keys\[1\]\.key must be base64/,
  ],
  ['with the same key twice', changed({ 'keys.0': secondKey }), /^keys\[1\] is the same key as an earlier one$/],
  ["with another key's id", changed({ 'keys.0.id': secondKey.id }), /^keys\[0\]\.id does not belong to the key$/],
  ['with a date without time', changed({ 'keys.0.created': '2026-01-01' }), /^keys\[0\]\.created must be a UTC time/],
  [
    'with a time zone',
    changed({ 'keys.0.created': '2026-01-01T00:00:00+01:00' }),
    /^keys\[0\]\.created must be a UTC time/,
  ],
  [
    'with 30 February',
    changed({ 'keys.0.acceptUntil': '2026-02-30T00:00:00Z' }),
    /^keys\[0\]\.acceptUntil must be a UTC time/,
  ],
  ['with a number as revocation', changed({ 'keys.0.revokedAt': 0 }), /^keys\[0\]\.revokedAt must be a UTC time/],
  [
    'issuing before it was made',
    changed({ 'keys.0.issueFrom': '2025-12-31T00:00:00Z' }),
    /^keys\[0\]\.issueFrom must not be before/,
  ],
  [
    'ending before it begins',
    changed({ 'keys.0.issueUntil': '2026-01-01T00:00:00Z' }),
    /^keys\[0\]\.issueUntil must be after/,
  ],
  [
    'not opening what it sealed',
    changed({ 'keys.0.acceptUntil': '2026-01-01T11:00:00Z' }),
    /^keys\[0\]\.acceptUntil must not be/,
  ],
  ...(
    [
      ['with machineKeys that are none', { machineKeys: {} }, /^machineKeys must be a list of 1 to 4 machineKeys$/],
      ['with an empty list of machineKeys', { machineKeys: [] }, /^machineKeys must be a list of 1 to 4/],
      ['with null for machineKeys', { machineKeys: null }, /^machineKeys must be a list of 1 to 4/],
      [
        'with five machineKeys',
        { machineKeys: new Array(5).fill(oneMachineKey) },
        /^machineKeys must be a list of 1 to 4/,
      ],
      [
        'with the same machineKey twice',
        { 'machineKeys.1': oneMachineKey },
        /^machineKeys\[1\] is the same machineKey as an/,
      ],
      ['with a machineKey that is a text', { 'machineKeys.0': 'key' }, /^machineKeys\[0\] must be an object$/],
      ['with an unknown field', { 'machineKeys.0.writes': true }, /^machineKeys\[0\] has an unknown field "writes"$/],
      [
        'without an algorithm',
        { 'machineKeys.0.validation': undefined },
        /^machineKeys\[0\] lacks the field "validation"$/,
      ],
      [
        'with MD5',
        { 'machineKeys.0.validation': 'MD5' },
        /^machineKeys\[0\]\.validation must be one of SHA1, HMACSHA256/,
      ],
      ['with Auto', { 'machineKeys.1.decryption': 'Auto' }, /^machineKeys\[1\]\.decryption must be one of AES, 3DES$/],
      [
        'with other algorithms',
        { 'machineKeys.0.validation': 'SHA1' },
        /^machineKeys\[0\]\.id does not belong to the machineKey$/,
      ],
      [
        'with a key in hex',
        { 'machineKeys.0.validationKey': 'zz' },
        /^machineKeys\[0\]\.validationKey must be base64$/,
      ],
      [
        'with a number as key',
        { 'machineKeys.0.decryptionKey': 7 },
        /^machineKeys\[0\]\.decryptionKey must be base64$/,
      ],
      [
        'with a short decryptionKey',
        { 'machineKeys.0.decryptionKey': 'AAEC' },
        /^machineKeys\[0\]\.decryptionKey has 3 bytes, but AES takes 16, 24 or 32$/,
      ],
      [
        'with a zero decryptionKey',
        { 'machineKeys.0.decryptionKey': zeroKey },
        /^machineKeys\[0\]\.decryptionKey is not random/,
      ],
      [
        'with a changed key',
        { 'machineKeys.0.decryptionKey': oneMachineKey.validationKey.slice(0, 32) },
        /^machineKeys\[0\]\.id does not belong/,
      ],
      ['imported at no time', { 'machineKeys.0.imported': 'today' }, /^machineKeys\[0\]\.imported must be a UTC time/],
    ] as const
  ).map(badMachineKeys),
];

test.each(badTexts)('a ring file %s is refused in one sentence, without its content', (_what, text, expected) => {
  write(file, text);
  const sentence = problem(() => readRingFile(file));
  expect(sentence).toMatch(expected);
  for (const { key } of JSON.parse(good).keys) expect(sentence).not.toContain(key.slice(0, 8));
  expect(sentence).not.toContain(oneMachineKey.validationKey.slice(0, 8));
});

test('a ring file with a broken line is refused with the place, not with the text', () => {
  write(file, good.replace('"key": "', '"key": \''));
  expect(problem(() => readRingFile(file))).toMatch(/^is not JSON( \(line \d+, column \d+\))?$/);
});

test('every truncation of a ring file is refused', () => {
  for (let length = 0; length < good.length - 1; length += 1)
    expect(problem(() => parseRing(good.slice(0, length), 'f'))).toMatch(/^is (empty|not JSON)/);
});

describe('a file', () => {
  test('that is missing is said to be, with what to do', () => {
    expect(() => readRingFile(file)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('wssc keys create') }),
    );
    expect(problem(() => readRingFile(file))).toBe('does not exist');
  });
  test.each([0o644, 0o640, 0o604, 0o660, 0o602])('that others can get at is refused (mode %o)', mode => {
    write(file, good, mode);
    expect(problem(() => readRingFile(file))).toMatch(/^its mode \d+ lets others at it, 600 is needed$/);
  });
  test('that only its owner can read is good', () => {
    expect(readRingFile(write(file, good, 0o400)).farm).toBe(ring.farm);
  });
  test('behind a symbolic link is refused', () => {
    symlinkSync(write(`${file}.real`, good), file);
    expect(problem(() => readRingFile(file))).toBe('is a symbolic link');
  });
  test('that is a folder is refused', () => {
    expect(problem(() => readRingFile(emptyFolder()))).toBe('is not a regular file');
  });
});

describe('writing', () => {
  test('makes a file that only its owner can read, and leaves nothing beside it', () => {
    writeRingFile(file, ring);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.next`)).toBe(false);
    expect(openKeyRing(file).current(nowMs)?.id).toBe(ring.keys[0]?.id);
  });
  test('never replaces the ring of another farm', () => {
    writeRingFile(file, ring);
    expect(problem(() => writeRingFile(file, madeRing(nowMs, {}, 'other')))).toBe(
      'exists already, as the ring of another farm',
    );
    expect(readFileSync(file, 'utf8')).toBe(good);
  });
  test('never goes back or stays at a generation', () => {
    const next = rotateRing(ring, { now: false, nowMs, random });
    writeRingFile(file, next);
    expect(problem(() => writeRingFile(file, ring))).toBe('has generation 2 already');
    expect(problem(() => writeRingFile(file, next))).toBe('has generation 2 already');
  });
  test('never replaces a file that is no ring', () => {
    write(file, 'precious');
    expect(problem(() => writeRingFile(file, ring))).toMatch(/^is not JSON/);
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(existsSync(`${file}.next`)).toBe(false);
  });
  test('into a folder that is not there is refused', () => {
    expect(problem(() => writeRingFile(join(file, 'deeper', 'ring.json'), ring))).toBe('its folder does not exist');
  });
  test('waits for another writer and then gives up', () => {
    writeRingFile(file, ring);
    writeFileSync(`${file}.next`, '');
    expect(problem(() => maintainLater())).toBe('another process is writing it');
    expect(readFileSync(file, 'utf8')).toBe(good);
    expect(existsSync(`${file}.next`)).toBe(true);
  });
  test('takes away what a dead writer left behind', () => {
    writeRingFile(file, ring);
    writeFileSync(`${file}.next`, '');
    utimesSync(`${file}.next`, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    expect(maintainLater()?.generation).toBe(2);
    expect(existsSync(`${file}.next`)).toBe(false);
  });
});

describe('an update', () => {
  test('changes what is in the file', () => {
    writeRingFile(file, ring);
    const next = updateRingFile(file, present => rotateRing(present, { now: true, nowMs: nowMs + 1, random }));
    expect(readRingFile(file)).toEqual(next);
  });
  test('with nothing to do leaves the file alone', () => {
    writeRingFile(file, ring);
    const before = statSync(file, { bigint: true });
    expect(updateRingFile(file, ring => maintainRing(ring, nowMs, random))).toBeUndefined();
    expect(statSync(file, { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs });
  });
  test('of a file that is not there makes none', () => {
    expect(problem(() => updateRingFile(file, present => present))).toBe('does not exist');
    expect(existsSync(file)).toBe(false);
  });
  test('to the same generation or to another farm is refused', () => {
    writeRingFile(file, ring);
    expect(problem(() => updateRingFile(file, present => present))).toBe('has generation 1 already');
    expect(problem(() => updateRingFile(file, () => madeRing(nowMs, {}, 'other')))).toBe(
      'exists already, as the ring of another farm',
    );
  });
  test('that throws leaves the file alone', () => {
    writeRingFile(file, ring);
    const stuck = (): RingRecords => rotateRing(ring, { now: true, nowMs, random: bytes => Buffer.alloc(bytes) });
    expect(() => updateRingFile(file, stuck)).toThrow();
    expect(readFileSync(file, 'utf8')).toBe(good);
    expect(existsSync(`${file}.next`)).toBe(false);
  });
});
