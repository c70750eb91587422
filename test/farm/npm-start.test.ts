import { once } from 'node:events';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { newData, newFolder, removeFolders } from '../support/data-folder.ts';
import { spawn } from '../support/started.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

afterAll(removeFolders);

/** A clone after `npm ci`: with the sources and the packages, and nothing built yet. */
function freshClone(): string {
  const folder = newFolder();
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'wsdl'])
    cpSync(join(repository, name), join(folder, name), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The environment without what an npm around this test has put into it. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITEST)/i.test(name)));
}

test('npm start builds and runs the farm, and ends with exit code 0 when Ctrl-C reaches the whole group', async () => {
  const words = ['start', '--', '--json', '--http', '0', '--https', '0', '--admin', '0', '--data', await newData()];
  const npm = spawn('npm', words, {
    cwd: freshClone(),
    env: plainEnvironment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  npm.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const closed = once(npm, 'close');
  try {
    // npm's own lines come before the farm's.
    for await (const line of createInterface({ input: npm.stdout })) if (line.startsWith('{"wsdl"')) break;
    expect(npm.exitCode, said.join('')).toBeNull();
    process.kill(-(npm.pid ?? 0), 'SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(said.join('')).toMatch(/^(node\d answered 0 calls\n){3}$/);
  } finally {
    if (npm.exitCode === null && npm.signalCode === null) process.kill(-(npm.pid ?? 0), 'SIGKILL');
  }
});
