import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, expect, test } from 'vitest';
import { newData, removeFolders } from '../support/data-folder.ts';
import { spawn } from '../support/started.ts';
import { mainProgram } from './running-farm.ts';

/** Said by each process of the farm when it begins to load its program. */
const began = 'began';
const anError = /Error|^wssc:|^ {4}at /m;
const preload = `--import=data:text/javascript,console.error(\`${began}\`)`;

let farm: ChildProcess | undefined;
afterEach(() => {
  if (farm?.pid !== undefined && farm.exitCode === null && farm.signalCode === null) process.kill(-farm.pid, 'SIGKILL');
});
afterAll(removeFolders);

/** Starts a farm of three nodes. @returns when so many of its processes have begun: the parent is the first */
async function farmWith(processes: number): Promise<{ pid: number; ended: Promise<unknown[]>; said: () => string }> {
  const words = [mainProgram, 'farm', '--http', '0', '--https', '0', '--admin', '0', '--data', await newData()];
  const env = { ...process.env, NODE_OPTIONS: preload };
  const started = spawn(process.execPath, words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
  farm = started;
  let text = '';
  const ended = once(started, 'close');
  started.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await new Promise<void>(resolve => {
    started.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.split(`${began}\n`).length > processes) resolve();
    });
  });
  return { pid: started.pid ?? 0, ended, said: () => text };
}

test.each([2, 4])(
  'Ctrl-C when %i of the four processes have begun ends all of them, with exit code 0 and no error',
  async processes => {
    const { pid, ended, said } = await farmWith(processes);
    process.kill(-pid, 'SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(said()).not.toMatch(anError);
  },
);

test('nodes whose parent is killed while they start end as well, without an error', async () => {
  const { pid, ended, said } = await farmWith(4);
  process.kill(pid, 'SIGKILL');
  // The end of the output: no node holds it any more.
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(said()).not.toMatch(anError);
});
