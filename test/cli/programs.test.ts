import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mainProgram } from '../farm/running-farm.ts';
import { testScript } from './script.ts';

/* The program itself: its arguments, standard input, both outputs and exit code. */
for (const name of ['debug.txt', 'policy.txt', 'users.txt'])
  testScript(name, (words, cwd, input) =>
    spawnSync(process.execPath, [mainProgram, ...words], { cwd, input, encoding: 'utf8' }),
  );

test('what could not be written is no success', () => {
  const unwritable = openSync('package.json', 'r');
  const { status, stderr } = spawnSync(process.execPath, [mainProgram, 'policy', 'explain', 'wsdl/echo.wsdl'], {
    stdio: ['ignore', unwritable, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(unwritable);
  expect({ status, stderr }).toEqual({ status: 1, stderr: "wssc: standard output can't be written (EBADF)\n" });
});
