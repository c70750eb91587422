import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { authoritiesFrom } from '../../src/store/trusted-authorities.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';

afterAll(removeFolders);

test('a file of authorities is read again for each connection; one that is gone counts as it was', () => {
  const caFile = join(newFolder(), 'ca.pem');
  writeFileSync(caFile, 'first');
  const authorities = authoritiesFrom({ ca: 'not this', caFile });
  expect(authorities()).toBe('first');
  writeFileSync(caFile, 'second');
  expect(authorities()).toBe('second');
  rmSync(caFile);
  expect(authorities()).toBe('second');
  writeFileSync(caFile, 'third');
  expect(authorities()).toBe('third');
});

test('one that can not be read at first is an error that names it', () => {
  const caFile = join(newFolder(), 'absent.pem');
  expect(() => authoritiesFrom({ caFile })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: `${caFile}: can't be read (ENOENT)` }),
  );
});

test('without a file there are those that were given, or none', () => {
  expect([authoritiesFrom({ ca: 'given' })(), authoritiesFrom({})()]).toEqual(['given', undefined]);
});
