import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../', import.meta.url));

/** The text of a file of the repository. */
export function textOf(file: string): string {
  return readFileSync(resolve(repository, file), 'utf8');
}

/**
 * Every TypeScript file below a folder, and what each of them imports: files of the repository by their paths, others
 * by their names.
 */
export function importsBelow(folder: string): ReadonlyMap<string, readonly string[]> {
  const files = readdirSync(resolve(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /(?<!\.d)\.ts$/.test(file) && !file.includes('node_modules'))
    .map(file => `${folder}/${file}`);
  return new Map(files.map(file => [file, importsOf(file)]));
}

function importsOf(file: string): string[] {
  const named = textOf(file).matchAll(
    /^(?:import|export|\}).* from '([^']+)';$|\bimport\('([^']+)'\)|^import '([^']+)';$/gm,
  );
  return [...named].map(([, from, late, only]) => {
    const name = from ?? late ?? only ?? '';
    return name.startsWith('.') ? relative(repository, resolve(repository, dirname(file), name)) : name;
  });
}
