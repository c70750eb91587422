#!/usr/bin/env node
import { run } from './program.ts';
import { printError } from './terminal.ts';

let isCut = false;

// A reader that goes away (`wssc farm | head`) must not take the farm with it. A full disk must not pass for a success.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || isCut) return;
  isCut = true;
  process.exitCode = 1;
  printError(`standard output can't be written (${code})`);
});
void run(process.argv.slice(2)).then(code => {
  process.exitCode = isCut ? 1 : code;
});
