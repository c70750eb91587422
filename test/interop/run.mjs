// `npm run test:interop [-- --all] [-- --only REGEX]`: real peers; of the table rows.json a third that the content of
// src decides, all rows, or those whose name matches and nothing else.
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
});

function source() {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD:src'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // A tree without its history.
    return '';
  }
}

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const files = values.only === undefined ? positionals : ['test/interop/rows.test.ts', ...positionals];
const { status } = spawnSync(process.execPath, [vitest, 'run', '-c', 'vitest.interop.config.ts', ...files], {
  stdio: 'inherit',
  env: {
    ...process.env,
    INTEROP_SOURCE: source(),
    ...(values.all === true ? { INTEROP_ALL: '1' } : {}),
    ...(values.only === undefined ? {} : { INTEROP_ONLY: values.only }),
  },
});
process.exit(status ?? 1);
