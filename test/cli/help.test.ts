import { expect, test } from 'vitest';
import { runInProcess } from './in-process.ts';

const wssc = (...words: readonly string[]) => runInProcess(words, '.', '');

test.each([
  [[], 'farm'],
  [['farm'], '--nodes'],
  [['serve'], '--config'],
  [['call'], '--password-stdin'],
  [['load'], '--conversations'],
  [['keys'], 'rotate'],
  [['keys', 'create'], '--machine-key'],
  [['keys', 'list'], '--json'],
  [['keys', 'rotate'], '--now'],
  [['keys', 'import'], '--web-config'],
  [['keys', 'use'], '--machine-key'],
  [['keys', 'remove'], '--machine-key'],
  [['token'], 'inspect'],
  [['token', 'inspect'], '--cookie'],
  [['users'], 'remove'],
  [['users', 'add'], '--role'],
  [['users', 'list'], '--json'],
  [['users', 'remove'], '--users'],
  [['policy'], 'explain'],
  [['policy', 'explain'], '--port'],
])('the help of wssc %j goes to standard output and has an example', async (words, option) => {
  const { status, stdout, stderr } = await wssc(...words, '--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain(option);
  expect(stdout).toMatch(/\nExamples?:\n {2}\$ wssc /);
});

test('wssc without a command says what there is, on standard error, with exit code 1', async () => {
  const { status, stdout, stderr } = await wssc();
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  for (const command of ['farm', 'serve', 'call', 'load', 'keys', 'users', 'tokens', 'token', 'policy'])
    expect(stderr).toContain(`\n  ${command} `);
});

test.each([
  ['--debug', 'keys', 'list', '--ring', 'x'],
  ['keys', 'list', '--ring', 'x', '--debug'],
])('a stack trace is printed where --debug stands, before or after the command', async (...words) => {
  expect((await wssc(...words)).stderr).toMatch(/\n {4}at /);
});
