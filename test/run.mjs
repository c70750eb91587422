/* npm test: the tests without processes, and at the same time the build and the farm whose node is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs a command. @returns what it wrote, where that is kept, and whether it failed */
async function run(command, { isKept = false } = {}) {
  const output = isKept ? 'pipe' : 'inherit';
  const child = spawn(command, { shell: true, stdio: ['ignore', output, output] });
  const written = isKept ? Promise.all([text(child.stdout), text(child.stderr)]) : [];
  const [status] = await once(child, 'close');
  return { written: (await written).join(''), failed: status !== 0 };
}

async function killedNode() {
  const built = await run('npm run --silent build', { isKept: true });
  if (built.failed) return built;
  return run('vitest run --project processes test/farm/kill.test.ts', { isKept: true });
}

const beganMs = performance.now();
// The farm needs what is built, the others wait for nobody: many of them leave their core to it.
const [unit, farm] = await Promise.all([run('vitest run --project unit'), killedNode()]);
process.stdout.write(farm.written);
console.log(`${Math.ceil((performance.now() - beganMs) / 1_000)} s`);
process.exit(unit.failed || farm.failed ? 1 : 0);
