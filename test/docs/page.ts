import { afterEach, expect, test } from 'vitest';
import { blocksOf, type pages } from './blocks.ts';
import { openPage, type PageRun } from './page-run.ts';

/** Tests a page: its blocks one after the other, as a reader pastes them. */
export function testPage(page: (typeof pages)[number]): void {
  let open: PageRun | undefined;

  afterEach(() => open?.clear());

  test(`every command and file of ${page} does what the page says`, async () => {
    open = openPage();
    for (const block of blocksOf(page)) await open.run(block);
    await expect(open.stop()).resolves.toBeUndefined();
  }, 300_000);
}
