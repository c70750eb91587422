import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followFiles, lookNow, stampsOf } from '../../src/files/followed-files.ts';
import { emptyFolder } from '../keyring/made.ts';

let folder = '';
let used: string[] = [];
let errors: unknown[] = [];
let stop = () => {};
const files = () => ['certificate', 'key'].map(name => join(folder, name));

/** A pair as Kubernetes mounts it: both are links through one folder, which is changed for another. */
function mount(version: string): void {
  symlinkSync(version, join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'data'));
}

beforeEach(() => {
  vi.useFakeTimers();
  folder = emptyFolder();
  used = [];
  errors = [];
  for (const version of ['one', 'two', 'odd']) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'certificate'), version);
    writeFileSync(join(folder, version, 'key'), version === 'odd' ? 'other' : version);
  }
  mount('one');
  for (const name of ['certificate', 'key']) symlinkSync(join('data', name), join(folder, name));
  stop = followFiles({
    files: files(),
    since: stampsOf(files()),
    use() {
      const [certificate, key] = files().map(file => readFileSync(file, 'utf8'));
      if (certificate !== key) throw new Error('no pair');
      used.push(certificate ?? '');
    },
    onError: error => errors.push(error),
  });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('files are used again when the folder that their links lead through is another one, and not before', () => {
  vi.advanceTimersByTime(10_000);
  expect(used).toEqual([]);
  mount('two');
  vi.advanceTimersByTime(10_000);
  expect(used).toEqual(['two']);
});

test('half a pair is told once it stays one, and the pair is used as soon as it is whole', () => {
  mount('odd');
  vi.advanceTimersByTime(2_000);
  expect(errors).toEqual([]);
  vi.advanceTimersByTime(20_000);
  expect(errors).toEqual([new Error('no pair')]);
  expect(used).toEqual([]);
  mount('two');
  vi.advanceTimersByTime(2_000);
  expect(used).toEqual(['two']);
  mount('one');
  vi.advanceTimersByTime(2_000);
  expect(used).toEqual(['two', 'one']);
});

test('what has changed between the reading and the following is used', () => {
  stop();
  const since = stampsOf(files());
  mount('two');
  stop = followFiles({ files: files(), since, use: () => used.push('two'), onError: error => errors.push(error) });
  vi.advanceTimersByTime(10_000);
  expect({ used, errors }).toEqual({ used: ['two'], errors: [] });
});

test('nothing is used after the end', () => {
  stop();
  mount('two');
  vi.advanceTimersByTime(10_000);
  expect(used).toEqual([]);
});

test('files are looked at at once when that is asked for, as long as they are followed', () => {
  mount('two');
  lookNow();
  expect(used).toEqual(['two']);
  lookNow();
  expect(used).toEqual(['two']);
  stop();
  mount('one');
  lookNow();
  expect(used).toEqual(['two']);
});
