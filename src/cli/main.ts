#!/usr/bin/env node
import { run } from './program.ts';

// A reader that goes away (`wssc farm | head`) must not take the farm with it.
process.stdout.on('error', () => {});
void run(process.argv.slice(2)).then(code => {
  process.exitCode = code;
});
