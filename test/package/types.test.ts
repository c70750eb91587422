import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../docs/blocks.ts';
import { surfaceOf } from './declarations.ts';
import { entries } from './entries.ts';

describe.each(Object.entries(entries))('%s', (_, { types }) => {
  const { exported, named, thrown, packages } = surfaceOf(join(repository, types));

  test('exports something, and every type that a signature of it names', () => {
    expect(exported.size).toBeGreaterThan(0);
    expect([...named].filter(name => !exported.has(name))).toEqual([]);
  });

  test('exports the class of every error that a doc comment of it tells of', () => {
    const names = new Set([...exported].map(place => place.replace(/^.*#/, '')));
    expect([...thrown].filter(name => !names.has(name) && !(name in globalThis))).toEqual([]);
  });

  test('names types of packages that an installation brings along, and of Node', () => {
    const known = ['pino', 'prom-client', 'soap'];
    expect([...packages].filter(name => !name.startsWith('node:') && !known.includes(name))).toEqual([]);
  });
});
