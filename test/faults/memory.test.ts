import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { MemoryFigures } from '../bench/memory-process.ts';
import { repository } from '../docs/blocks.ts';
import { isLong, printFigures } from './farm/figures.ts';

const contexts = isLong ? 1_000_000 : 100_000;
const cacheEntries = 10_000;
/** What a message that was seen takes (README, Security): a million of them in some 32 MB. */
const seenBytes = 32;
/** What a heap of that size moves between two measurements. */
const noiseBytes = 24 * 2 ** 20;

test(`M1 ${contexts.toLocaleString('en-US')} contexts: only what notices replays grows`, async () => {
  execFileSync('npx', ['tsc', '-p', 'test/bench/tsconfig.json'], { cwd: repository, stdio: 'inherit' });
  const program = fileURLToPath(new URL('../bench/out/test/bench/memory-process.js', import.meta.url));
  const child = fork(program, ['wsdl/echo.wsdl', String(contexts), String(cacheEntries)], { cwd: repository });
  const [figures] = (await once(child, 'message')) as [MemoryFigures];
  const { rssGrowthBytes, laterGrowthBytes } = figures;
  printFigures('M1', {
    contexts,
    cached: cacheEntries,
    'grown MiB': rssGrowthBytes / 2 ** 20,
    'of it in the second half MiB': laterGrowthBytes / 2 ** 20,
  });
  expect(laterGrowthBytes).toBeLessThan((contexts / 2) * seenBytes * 2 + noiseBytes);
});
