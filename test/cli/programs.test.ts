import { spawnSync } from 'node:child_process';
import { mainProgram } from '../farm/running-farm.ts';
import { testScript } from './script.ts';

/* The program itself: its arguments, standard input, both outputs and exit code. */
for (const name of ['debug.txt', 'policy.txt', 'users.txt'])
  testScript(name, (words, cwd, input) =>
    spawnSync(process.execPath, [mainProgram, ...words], { cwd, input, encoding: 'utf8' }),
  );
