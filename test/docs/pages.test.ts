import { afterEach, expect, test } from 'vitest';
import { blocksOf, pages } from './blocks.ts';
import { openPage, type PageRun } from './page-run.ts';

let open: PageRun | undefined;

afterEach(() => open?.clear());

test.each(pages)(
  'every command and file of %s does what the page says',
  async page => {
    const run = openPage();
    open = run;
    for (const block of blocksOf(page)) await run.run(block);
    await run.stop();
  },
  300_000,
);

test('each page but CONTRIBUTING.md has commands that are run', () => {
  for (const page of pages.filter(name => name !== 'CONTRIBUTING.md'))
    expect(
      blocksOf(page).map(({ kind }) => kind),
      page,
    ).toContain('sh');
});
