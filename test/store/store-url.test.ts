import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { parseStore, storeBeside, storeSentence } from '../../src/store/store-url.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';

afterAll(removeFolders);

describe('what a command line says of a store', () => {
  test.each([
    ['sqlite:a.sqlite', 'sqlite:/data/a.sqlite'],
    ['sqlite:/b/a b#?.sqlite', 'sqlite:/b/a%20b%23%3F.sqlite'],
    ['redis://localhost', 'redis://localhost'],
    ['postgres://localhost/wssc', 'postgres://localhost/wssc'],
    ['rediss://wssc@redis.example:6380/2', 'rediss://wssc:p%40ss%2Fword@redis.example:6380/2'],
  ])('%s is %s', (text, href) => {
    const password = text.includes('@') ? 'p@ss/word' : undefined;
    expect(parseStore(text, '/data', { password }).url?.href).toBe(href);
  });

  test('none is none', () => {
    expect(parseStore('none', '/data')).toEqual({ url: undefined });
  });

  test.each(['', 'sqlite:', 'memory:', 'redis:', 'redis://', 'http://localhost', 'mysql://localhost', 'store.sqlite'])(
    '%j is refused',
    text => {
      expect(() => parseStore(text, '/data')).toThrow('the store must be sqlite:FILE, ');
    },
  );

  test.each([
    'postgres://localhost/db?sslmode=require',
    'postgres://localhost/db?sslmode=disable&host=10.0.0.1',
    'postgres://localhost/db?sslMode=disable',
    'postgres://localhost/db#sslmode=disable',
    'redis://localhost?sslmode=disable',
    'rediss://localhost/0?tls=no',
  ])('%s is refused for what would be passed over, and so it is in code', text => {
    const refused = expect.objectContaining({ code: 'CONFIG_INVALID', hint: expect.stringMatching(/^only /) });
    expect(() => parseStore(text, '/data')).toThrow(refused);
    expect(() => openStore(new URL(text))).toThrow(refused);
  });

  test('a % that begins no character is refused', () => {
    for (const text of ['postgres://u%zz@localhost/db', 'postgres://localhost/%ff', 'redis://%@localhost'])
      for (const used of [() => parseStore(text, '/data'), () => openStore(new URL(text))])
        expect(used).toThrow('the URL of the store has a % that begins no character');
  });

  test('PostgreSQL may be told to be spoken to in clear', () => {
    const text = 'postgres://wssc@db.example/wssc?sslmode=disable';
    expect(parseStore(text, '/data').url?.href).toBe(text);
  });

  test('a password in it is refused, and not repeated', () => {
    for (const text of [
      'redis://:secret@localhost',
      'http://u:secret@localhost',
      'redis://u:secret@lo calhost',
      'rediss://u@localhost/0?password=secret',
      'postgres://u@localhost/db?sslmode=disable&PGPASSWORD=secret',
      'postgres://u@localhost/db#pass=secret',
    ])
      expect(() => parseStore(text, '/data')).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('secret') }),
      );
  });
});

describe('what a node says of its store', () => {
  test('names the place, and neither user nor password', () => {
    const chosen = parseStore('rediss://wssc@redis.example:6380/2', '/', { password: 'secret' });
    expect(storeSentence(chosen)).toBe('what is cancelled is remembered in rediss://redis.example:6380/2');
  });

  test('names why there is none', () => {
    expect(storeSentence({ url: undefined, why: 'no file can be made in /etc' })).toBe(
      'there is no store, so what is cancelled is remembered until restart: no file can be made in /etc',
    );
  });
});

describe('the store of a node that was told of none', () => {
  test('is a file beside the ring, which nobody has made yet', () => {
    const folder = newFolder();
    const { url } = storeBeside(join(folder, 'ring.json'));
    expect(url?.href).toBe(`sqlite:${join(folder, 'ring.sqlite')}`);
    expect(existsSync(join(folder, 'ring.sqlite'))).toBe(false);
  });

  test('is none where no file can be made', () => {
    const folder = join(newFolder(), 'gone');
    expect(storeBeside(join(folder, 'ring.json'))).toEqual({ url: undefined, why: `no file can be made in ${folder}` });
  });
});
