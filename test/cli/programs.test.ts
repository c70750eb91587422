import { spawnSync } from 'node:child_process';
import { mainProgram } from '../farm/running-farm.ts';
import { testScripts } from './script.ts';

/* The program itself: its arguments, standard input, both outputs and exit code. */
testScripts(['debug.txt', 'policy.txt', 'users.txt'], (words, cwd, input) =>
  spawnSync(process.execPath, [mainProgram, ...words], { cwd, input, encoding: 'utf8' }),
);
