import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeReportPage } from '../../src/cli/load/report-page.ts';
import { hostile, hostilePage } from '../cli/report-page.ts';

/* The page of a load test in Debian's chromium, opened as a file. */

const folder = mkdtempSync(join(tmpdir(), 'load-report-'));
const file = join(folder, 'report.html');
let browser: Browser;

beforeAll(async () => {
  writeFileSync(file, writeReportPage(hostilePage()));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens it, and hears what it loads and complains of. */
async function open(width: number, colorScheme: 'light' | 'dark') {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  const said: string[] = [];
  const loaded: string[] = [];
  page.on('console', message => said.push(message.text()));
  page.on('pageerror', error => said.push(error.message));
  page.on('request', request => loaded.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('html[data-drawn="3"]', { state: 'attached' });
  return { page, said, loaded };
}

describe.each<[number, 'light' | 'dark']>([
  [360, 'dark'],
  [360, 'light'],
  [1_200, 'dark'],
])('a report, %d px wide and %s,', (width, scheme) => {
  test('loads nothing, breaks no rule of its own and fits', async () => {
    const { page, said, loaded } = await open(width, scheme);
    expect(said).toEqual([]);
    expect(loaded).toEqual([pathToFileURL(file).href]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.locator('canvas').count()).toBe(3);
  });
});

test('what a peer says is text, in the page and in the legend of a chart', async () => {
  const { page } = await open(1_200, 'light');
  expect(await page.title()).toBe(`Load test of ${hostile}`);
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.locator('#nodes .u-legend').textContent()).toContain(hostile);
  expect(await page.locator('td', { hasText: hostile }).count()).toBe(8);
});

test('a chart is drawn, and its legend says what is under the pointer', async () => {
  const { page } = await open(1_200, 'light');
  const painted = await page.evaluate(`(() => {
    const canvas = document.querySelector('#nodes canvas');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value !== 0);
  })()`);
  expect(painted).toBe(true);
  await page.locator('#nodes .u-over').hover();
  await expect.poll(() => page.locator('#nodes .u-legend').textContent()).toMatch(/40 %.*60 %/);
});

test('in the dark its text is light on dark', async () => {
  const { page } = await open(360, 'dark');
  const colors = '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]';
  expect(await page.evaluate(colors)).toEqual(['rgb(232, 232, 232)', 'rgb(22, 22, 22)']);
});
