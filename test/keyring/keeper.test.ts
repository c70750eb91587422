import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepRing, type RingKeeper } from '../../src/keyring/keeper.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import type { KeyRing } from '../../src/keyring/ring.ts';
import { formatRing, writeRingFile } from '../../src/keyring/ring-file.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { at, emptyFolder, madeRing, seededRandom, write } from './made.ts';

const startMs = at('2026-01-01T00:00:00Z');
const random = seededRandom('keeper');
const minuteMs = 60_000;

let file = '';
let nowMs = startMs;
let keeper: RingKeeper | undefined;
let errors: string[] = [];
let first: RingRecords;
let next: RingRecords;

/** Keeps the ring on a clock of the test's own. */
function keep(options: { onChange?: (ring: KeyRing) => void } = {}): RingKeeper {
  keeper = keepRing(file, {
    nowMs: () => nowMs,
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
    expect(refresh()).toBe(false);
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
    expect(refresh()).toBe(false);
    expect(errors).toEqual(['its generation 1 is older than 2, which is in use']);
    expect(ring().generation).toBe(2);
  });

  test('makes the ring stale after the propagation time, until it is good again', () => {
    const { ring, refresh, stale } = keep();
    write(file, '{');
    for (const minutes of [5, 10, 14]) {
      nowMs = startMs + minutes * minuteMs;
      refresh();
      expect(stale()).toBe(false);
    }
    nowMs = startMs + 15 * minuteMs;
    refresh();
    expect(stale()).toBe(true);
    expect(ring().current(nowMs)?.id).toBe(first.keys[0]?.id);

    write(file, formatRing(next));
    nowMs += minuteMs;
    expect(refresh()).toBe(true);
    expect(stale()).toBe(false);
    expect(ring().generation).toBe(2);
  });
});

test('a file that was read again and is the same leaves the ring as it is, and fresh', () => {
  const changes: KeyRing[] = [];
  const { ring, refresh, stale } = keep({ onChange: changed => changes.push(changed) });
  const before = ring();
  nowMs += 14 * minuteMs;
  expect(refresh()).toBe(false);
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
    refresh();
  }
  expect(errors).toHaveLength(3);
});

test('a node with the next ring issues with the new key no sooner than a node that has not read it for a propagation time is stale', () => {
  const { stale } = keep();
  const newKey = next.keys[1];
  nowMs = (newKey?.issueFromMs ?? 0) - 1;
  expect(stale()).toBe(false);
  nowMs += 1;
  expect(stale()).toBe(true);
});
