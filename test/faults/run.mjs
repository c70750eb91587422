/* npm run test:faults [-- --long] [-- words for vitest]: one file at a time, for each starts several programs. */
import { spawnSync } from 'node:child_process';

const words = process.argv.slice(2);
const vitest = ['run', '--project', 'faults', '--no-file-parallelism', ...words.filter(word => word !== '--long')];
const { status } = spawnSync('vitest', vitest, {
  stdio: 'inherit',
  env: { ...process.env, ...(words.includes('--long') ? { FAULTS_LONG: '1' } : {}) },
});
process.exit(status ?? 1);
