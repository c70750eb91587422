import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { repository } from '../docs/blocks.ts';

/** What an import loads, as Node's own loader sees it: every file: URL, one line each. */
function loadedBy(specifier: string): string[] {
  const hooks = `export async function load(url, context, next) {
    if (url.startsWith('file:')) (await import('node:fs')).writeSync(1, url + '\\n');
    return next(url, context);
  }`;
  const script = `import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
    await import(${JSON.stringify(specifier)});`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: repository,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trim().split('\n');
}

const ofServer =
  /\/node_modules\/(?:express|pino|cors|rate-limiter-flexible)\/|\/dist\/(?:server|oauth|users|keyring)\//;

test('the entry for clients loads no server', () => {
  const loaded = loadedBy('soap-secure-conversation/client');
  expect(loaded.length).toBeGreaterThan(20);
  expect(loaded.filter(url => ofServer.test(url))).toEqual([]);
});

test('the main entry does, so that the test before would see it', () => {
  expect(loadedBy('soap-secure-conversation').filter(url => ofServer.test(url)).length).toBeGreaterThan(4);
});
