import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeGivenFile } from '../../src/files/given-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'given-file-'));
  file = join(folder, 'out.wsdl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (to = file) => writeGivenFile(to, 'new', 'CONFIG_INVALID');

test('a file that an option names is made, with nothing beside it', () => {
  write();
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(readdirSync(folder)).toEqual(['out.wsdl']);
});

test('one that is there is replaced whole, and keeps who may read it', () => {
  writeFileSync(file, 'an older one, which is longer');
  chmodSync(file, 0o640);
  const { ino } = statSync(file);
  write();
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(statSync(file)).toMatchObject({ mode: 0o100640 });
  // Who reads the older one meanwhile has all of it.
  expect(statSync(file).ino).not.toBe(ino);
});

test('a link stays, and what it leads to is replaced', () => {
  const target = join(folder, 'target.wsdl');
  writeFileSync(target, 'old');
  symlinkSync(target, file);
  write();
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('new');
});

test('where it can not be written nothing has changed, and the error names it', () => {
  const taken = `${file}.${process.pid}.next`;
  writeFileSync(file, 'old');
  mkdirSync(taken);
  expect(() => write()).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(file) }),
  );
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(() => write(join(folder, 'nowhere', 'out.wsdl'))).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test('what is no file is written to as it is', () => {
  write('/dev/null');
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
});
