import { closeSync, linkSync, openSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PrivateFileKind, readPrivateFile, updatePrivateFile } from '../../src/files/private-file.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';

afterAll(removeFolders);

const kind: PrivateFileKind = { what: 'key ring', code: 'RING_INVALID', forbiddenMode: 0o077, missingHint: '' };
const secret = 'secret '.repeat(40_000);
const zeros = '\0'.repeat(secret.length);

let file = '';
let held: number[] = [];
beforeEach(() => {
  file = join(newFolder(), 'ring.json');
  updatePrivateFile(file, kind, () => secret);
});
afterEach(() => {
  for (const descriptor of held.splice(0)) closeSync(descriptor);
  held = [];
});

/** Reads what a file holds that has lost its name by then. */
function holding(name: string): () => string {
  const descriptor = openSync(name, 'r');
  held.push(descriptor);
  return () => readFileSync(descriptor, 'utf8');
}

describe('what a private file held', () => {
  test('is overwritten when the file is replaced', () => {
    const old = holding(file);
    updatePrivateFile(file, kind, () => 'next');
    expect(old()).toBe(zeros);
    expect(readFileSync(file, 'utf8')).toBe('next');
  });

  test('stays where another name leads to it, as that of a backup', () => {
    const backup = `${file}.backup`;
    linkSync(file, backup);
    updatePrivateFile(file, kind, () => 'next');
    expect(readFileSync(backup, 'utf8')).toBe(secret);
  });

  test('stays where nothing is changed, and where the change fails', () => {
    const old = holding(file);
    updatePrivateFile(file, kind, () => undefined);
    const fail = () => {
      throw new RangeError('no');
    };
    expect(() => updatePrivateFile(file, kind, fail)).toThrow();
    expect(old()).toBe(secret);
    expect(readPrivateFile(file, kind)).toBe(secret);
  });
});

test('what a dead writer left behind is overwritten too', () => {
  writeFileSync(`${file}.next`, secret);
  const old = new Date(Date.now() - 60_000);
  utimesSync(`${file}.next`, old, old);
  const left = holding(`${file}.next`);
  updatePrivateFile(file, kind, () => 'next');
  expect(left()).toBe(zeros);
  expect(statSync(file).size).toBe(4);
});

/** Replaces a file and overwrites what it was, again and again, until it is ended. */
const writer = `
const { closeSync, openSync, renameSync, writeFileSync, writeSync } = require('node:fs');
const { file, secret, zeros } = require('node:worker_threads').workerData;
for (;;) {
  const old = openSync(file, 'r+');
  writeFileSync(file + '.other', secret, { mode: 0o600 });
  renameSync(file + '.other', file);
  writeSync(old, zeros, 0);
  closeSync(old);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}`;

test('one that is replaced while it is read is read whole', async () => {
  const worker = new Worker(writer, { eval: true, workerData: { file, secret, zeros } });
  await new Promise(resolve => worker.once('online', resolve));
  const { ino } = statSync(file);
  await eventually(() => expect(statSync(file).ino).not.toBe(ino));
  const read = new Set(Array.from({ length: 500 }, () => readPrivateFile(file, kind) === secret));
  await worker.terminate();
  expect([...read]).toEqual([true]);
});
