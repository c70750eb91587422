import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepRing, type RingKeeper } from '../../src/keyring/keeper.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import type { KeyRing } from '../../src/keyring/ring.ts';
import { writeRingFile } from '../../src/keyring/ring-file.ts';
import { ringInFile } from '../../src/keyring/ring-home.ts';
import { formatRing } from '../../src/keyring/ring-text.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { ringToSealWith } from '../../src/keyring/seal.ts';
import { at, emptyFolder, madeRing, seededRandom, write } from './made.ts';

const startMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('keeper');
const minuteMs = 60_000;
const unknownId = '0011223344556677';

let file = '';
let nowMs = startMs;
let keeper: RingKeeper | undefined;
let errors: string[] = [];
let first: RingRecords;
let next: RingRecords;

/** Keeps the ring on a clock of the test's own. */
function keep(options: { onChange?: (ring: KeyRing) => void } = {}): RingKeeper {
  keeper = keepRing(ringInFile(file), {
    clock: () => nowMs,
    random: () => 0.5,
    onError: error => errors.push(error.message.replace(/^key ring \S+: /, '')),
    ...options,
  });
  return keeper;
}

beforeEach(() => {
  file = join(emptyFolder(), 'ring.json');
  nowMs = startMs;
  errors = [];
  first = madeRing(startMs);
  next = rotateRing(first, { now: false, nowMs: startMs, random });
  writeRingFile(file, first);
});
afterEach(() => keeper?.close());

test('a node that finds no good ring does not start', () => {
  write(file, 'garbage');
  expect(() => keep()).toThrow(expect.objectContaining({ code: 'RING_INVALID' }));
});

test('a changed file is picked up by watching it', async () => {
  rmSync(file);
  const hour = { ...first.policy, refreshMs: 60 * minuteMs, propagateMs: 60 * minuteMs };
  writeRingFile(file, { ...first, policy: hour });
  const changed = new Promise<KeyRing>(resolve => keep({ onChange: resolve }));
  writeRingFile(file, next);
  expect((await changed).generation).toBe(2);
  expect(keeper?.ring().generation).toBe(2);
});

test('a changed file is picked up by polling it', async () => {
  const quick = { ...first, policy: { ...first.policy, refreshMs: 40 } };
  rmSync(file);
  writeRingFile(file, quick);
  const changed = new Promise<KeyRing>(resolve => keep({ onChange: resolve }));
  // A folder of the same name is not the one that is watched.
  renameSync(dirname(file), `${dirname(file)}.old`);
  mkdirSync(dirname(file));
  write(file, formatRing({ ...quick, generation: 2 }));
  expect((await changed).generation).toBe(2);
});

describe('a file that can not be used', () => {
  test.each<[string, () => void, RegExp]>([
    ['is cut', () => write(file, formatRing(next).slice(0, 300)), /^is not JSON/],
    ['is garbage', () => write(file, 'x'), /^is not JSON/],
    ['is empty', () => write(file, ''), /^is empty$/],
    ['is gone', () => rmSync(file), /^does not exist$/],
    ['can be read by all', () => write(file, formatRing(next), 0o644), /^its mode 644/],
    [
      "is another farm's",
      () => write(file, formatRing(madeRing(startMs, {}, 'other'))),
      /^is the ring of farm \w{16}, not of \w{16}$/,
    ],
  ])('keeps the last good ring: it %s', (_what, spoil, problem) => {
    const { ring, refresh, stale } = keep();
    const before = ring();
    spoil();
    nowMs += 10 * minuteMs;
    expect(refresh(unknownId)).toBe(false);
    expect(errors).toEqual([expect.stringMatching(problem)]);
    expect(ring()).toBe(before);
    expect(stale()).toBe(false);
  });

  test('never takes a node back to an older generation', () => {
    rmSync(file);
    writeRingFile(file, next);
    const { ring, refresh } = keep();
    write(file, formatRing(first));
    nowMs += minuteMs;
    expect(refresh(unknownId)).toBe(false);
    expect(errors).toEqual(['its generation 1 is older than 2, which is in use']);
    expect(ring().generation).toBe(2);
  });

  test('makes the ring stale after the propagation time, until it is good again', () => {
    const { ring, refresh, stale } = keep();
    write(file, '{');
    for (const minutes of [5, 10, 14]) {
      nowMs = startMs + minutes * minuteMs;
      refresh(unknownId);
      expect(stale()).toBe(false);
    }
    nowMs = startMs + 15 * minuteMs;
    refresh(unknownId);
    expect(stale()).toBe(true);
    expect(ring().current(nowMs)?.id).toBe(first.keys[0]?.id);

    write(file, formatRing(next));
    nowMs += minuteMs;
    expect(refresh(unknownId)).toBe(true);
    expect(stale()).toBe(false);
    expect(ring().generation).toBe(2);
  });
});

test('a file that was read again and is the same leaves the ring as it is, and fresh', () => {
  const changes: KeyRing[] = [];
  const { ring, refresh, stale } = keep({ onChange: changed => changes.push(changed) });
  const before = ring();
  nowMs += 14 * minuteMs;
  expect(refresh(unknownId)).toBe(false);
  nowMs += 14 * minuteMs;
  expect(stale()).toBe(false);
  expect(ring()).toBe(before);
  expect(changes).toEqual([]);
});

test('the file is not read more often than every 5 s for unknown keys', () => {
  const { refresh } = keep();
  write(file, 'garbage');
  for (let ms = 0; ms < 20_000; ms += 100) {
    nowMs = startMs + ms;
    refresh(unknownId);
  }
  expect(errors).toHaveLength(3);
});

describe('a key id that the file does not have', () => {
  /** Reads the file; the error that a bad one gives shows that it was read. */
  const isRead = (id: string): boolean => {
    nowMs += 5_000;
    const before = errors.length;
    keeper?.refresh(id);
    return errors.length > before;
  };
  const idOf = (n: number) => n.toString(16).padStart(16, '0');

  test('has it read once, until there is another ring', () => {
    const { refresh, ring } = keep();
    nowMs += 5_000;
    expect(refresh(unknownId)).toBe(false);
    write(file, formatRing(next));
    nowMs += 5_000;
    expect(refresh(unknownId)).toBe(false);
    expect(ring().generation).toBe(1);
    expect(refresh(idOf(1))).toBe(true);
    write(file, 'garbage');
    expect([unknownId, idOf(1)].map(isRead)).toEqual([true, true]);
  });

  test('is looked for again where the file could not be read', () => {
    keep();
    write(file, 'garbage');
    expect([unknownId, unknownId].map(isRead)).toEqual([true, true]);
    write(file, formatRing(next));
    nowMs += 5_000;
    expect(keeper?.refresh(unknownId)).toBe(true);
  });

  test('is one of at most 1,024 that are remembered, the latest', () => {
    const { refresh } = keep();
    for (let n = 1; n <= 1_025; n++) {
      nowMs += 5_000;
      expect(refresh(idOf(n))).toBe(false);
    }
    write(file, 'garbage');
    expect([2, 1_025, 1].map(n => isRead(idOf(n)))).toEqual([false, false, true]);
  });
});

describe('a node that did not run for longer than the propagation time', () => {
  test('reads its ring before it says whether it issues', () => {
    const keeper = keep();
    nowMs = startMs + 60 * minuteMs;
    expect(ringToSealWith(keeper)).toBe(keeper.ring());
    write(file, formatRing(next));
    nowMs += 60 * minuteMs;
    expect(ringToSealWith(keeper)).toMatchObject({ generation: 2 });
  });
  test('looks again no sooner than other nodes do, where it can not be read', () => {
    const keeper = keep();
    write(file, '{');
    nowMs = startMs + 60 * minuteMs;
    const stale = expect.objectContaining({ fault: 'server', reason: 'ring-stale' });
    for (const laterMs of [0, 0, 4_999]) {
      nowMs += laterMs;
      expect(() => ringToSealWith(keeper)).toThrow(stale);
    }
    expect(errors.filter(said => !said.includes('issues nothing'))).toHaveLength(1);
    write(file, formatRing(next));
    expect(() => ringToSealWith(keeper)).toThrow(stale);
    nowMs += 1;
    expect(ringToSealWith(keeper)).toMatchObject({ generation: 2 });
  });
});

test('a node issues with a new key no sooner than a node without that key is stale', () => {
  const { stale } = keep();
  const newKey = next.keys[1];
  nowMs = (newKey?.issueFromMs ?? 0) - 1;
  expect(stale()).toBe(false);
  nowMs += 1;
  expect(stale()).toBe(true);
});
