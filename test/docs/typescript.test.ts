import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { repository } from './blocks.ts';

const folder = join(repository, 'examples');
/** Examples in JavaScript, by the names of those in TypeScript: `aspnet-migration/api.mjs` by `aspnet-api.mts`. */
const plain = new Map(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.mjs'))
    .map(name => [name.replace('aspnet-migration/', 'aspnet-').replace('.mjs', '.mts'), name]),
);

test('each example is there in TypeScript, too', () => {
  expect(readdirSync(join(folder, 'typescript')).sort()).toEqual([...plain.keys()].sort());
});

test.each([...plain])('the example %s without its types is %s', async (typed, untyped) => {
  expect(await written(`typescript/${typed}`, 'ts')).toBe(await written(untyped, 'js'));
});

/** The program without types and comments, as one printer writes it. */
async function written(name: string, loader: 'ts' | 'js'): Promise<string> {
  const text = readFileSync(join(folder, name), 'utf8');
  return (await transform(text, { loader, format: 'esm', minifyWhitespace: true })).code;
}
