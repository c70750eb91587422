import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../docs/blocks.ts';
import { newFolder } from '../../support/data-folder.ts';

/**
 * Builds `wssc` as it was at a commit of this repository, with the packages of today.
 * @returns its main program; undefined where the commit is not to be had: a shallow clone whose origin does not answer
 */
export function builtRelease(commit: string): string | undefined {
  if (!isThere(commit) && !isFetched(commit)) return undefined;
  const folder = join(newFolder(), commit);
  mkdirSync(folder);
  const archive = execFileSync(
    'git',
    ['archive', commit, 'src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'],
    {
      cwd: repository,
      maxBuffer: 2 ** 28,
    },
  );
  execFileSync('tar', ['-x'], { cwd: folder, input: archive });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  execFileSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
    cwd: folder,
    stdio: 'inherit',
  });
  return join(folder, 'dist/cli/main.js');
}

function isThere(commit: string): boolean {
  return succeeds(['cat-file', '-e', `${commit}^{commit}`]);
}

function isFetched(commit: string): boolean {
  return succeeds(['fetch', '--quiet', '--unshallow', 'origin']) && isThere(commit);
}

function succeeds(words: readonly string[]): boolean {
  try {
    execFileSync('git', words, { cwd: repository, stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
}
