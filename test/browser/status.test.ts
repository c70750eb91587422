import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { openAdmin } from '../../src/server/admin.ts';
import { boundedLog } from '../../src/server/log.ts';
import { nodeAt } from '../../src/status/ask-node.ts';
import { ringTimeline } from '../../src/status/ring-timeline.ts';
import { statusPages } from '../../src/status/status-pages.ts';
import { keptLog, readyNode } from '../support/node.ts';

/* The status page in Debian's chromium. CHROMIUM names another program than /usr/bin/chromium. */

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
});
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(each => each.close()));
});
afterAll(() => browser?.close());

const { log } = keptLog();

async function openAt(metrics: () => Promise<string>, pages?: ReturnType<typeof statusPages>['pages']) {
  const sources = { readiness: readyNode, metrics, more: pages };
  const admin = await openAdmin({ host: '127.0.0.1', port: 0 }, sources, boundedLog(log));
  opened.push(admin);
  return { ...admin, base: `http://127.0.0.1:${admin.port}` };
}

/** A refusal's reason that would be a script, and an operation that would be an image. */
const evil = '<img src=x onerror=document.title=1><script>document.title=1</script>';

/** What nodes have answered so far. */
let calls = 0;

const metrics = async () =>
  [
    'process_start_time_seconds 1',
    'wssc_ready 1',
    `wssc_refusals_total{reason="${evil}"} ${calls}`,
    `wssc_calls_total{port="EchoTls13",operation="${evil}",outcome="answered"} ${calls}`,
    `wssc_call_seconds_bucket{port="EchoTls13",operation="${evil}",le="0.01"} ${calls}`,
    `wssc_call_seconds_bucket{port="EchoTls13",operation="${evil}",le="+Inf"} ${calls}`,
    '',
  ].join('\n');

/** A page before a person who looks at it, of three nodes, the last of which is down. */
async function look(context: Parameters<Browser['newContext']>[0] = {}) {
  const nodes = [await openAt(metrics), await openAt(metrics)];
  const ring = createRing({ nowMs: Date.now(), random: systemRandom });
  const status = statusPages({
    nodes: [...nodes.map(({ base }) => base), 'http://127.0.0.1:1'].map(nodeAt),
    ring: nowMs => ringTimeline(ring, nowMs),
    clock: Date.now,
    periodMs: 100,
  });
  opened.push(status);
  const admin = await openAt(async () => '', status.pages);
  const page = await (await browser.newContext(context)).newPage();
  const said: string[] = [];
  page.on('console', message => said.push(message.text()));
  page.on('pageerror', error => said.push(String(error)));
  await page.goto(`${admin.base}/`);
  return { nodes, admin, page, said };
}

const stateOf = (page: Page, node: number) => page.locator('main table').first().locator('tbody tr').nth(node);

test('the page follows what nodes count, and what becomes of them, without being loaded again', async () => {
  const { nodes, page, said } = await look();
  await page.evaluate('window.isSame = true');
  await expect.poll(() => page.title()).toBe('Farm: 2 of 3 nodes serve');
  expect(await stateOf(page, 2).textContent()).toContain('down does not answer (ECONNREFUSED)');
  calls += 1_000;
  await expect.poll(() => page.locator('dl dd').first().textContent()).not.toBe('0');
  await expect.poll(() => page.locator('dl dd').nth(1).textContent()).toMatch(/ ms$/);
  expect(await page.locator('td', { hasText: evil }).count()).toBe(2);
  expect(await page.locator('img').count()).toBe(0);
  await nodes[0]?.close();
  await expect.poll(() => page.title()).toBe('Farm: 1 of 3 nodes serve');
  await expect.poll(() => stateOf(page, 0).textContent()).toContain('down');
  expect(await page.evaluate('window.isSame')).toBe(true);
  expect(await page.locator('#cut').isVisible()).toBe(false);
  expect(said).toEqual([]);
});

test('where the feed is cut, the page says that it is old', async () => {
  const { admin, page } = await look();
  await expect.poll(() => page.title()).toBe('Farm: 2 of 3 nodes serve');
  await admin.close();
  await expect.poll(() => page.locator('#cut').isVisible()).toBe(true);
});

test('the policy of the page runs nothing that was put into it', async () => {
  const { page } = await look();
  const refused = await page.evaluate(`new Promise(resolve => {
    const refused = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      refused.push(effectiveDirective);
      if (refused.length === 3) resolve(refused.sort());
    });
    const script = document.createElement('script');
    script.textContent = 'window.hasRun = true';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.hasRun = true">');
    document.body.lastChild.dispatchEvent(new Event('error'));
  })`);
  expect(refused).toEqual(['img-src', 'script-src-attr', 'script-src-elem']);
  expect(await page.evaluate('window.hasRun')).toBeUndefined();
});

/** Relative luminance and contrast of WCAG 2.1, of two colours as the browser computes them. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string) => {
    const parts = (colour.match(/\d+/g) ?? []).slice(0, 3).map(part => Number(part) / 255);
    const [red = 0, green = 0, blue = 0] = parts.map(part =>
      part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** What runs in the page: what stands beside it, and each text's colour with that behind it. */
const outside = `[...document.querySelectorAll('main *')]
  .filter(each => each.getBoundingClientRect().right > 360.5 || each.scrollWidth > each.clientWidth + 1)
  .filter(each => getComputedStyle(each).display !== 'inline' && each.closest('svg') === null)
  .map(each => each.outerHTML.slice(0, 80))`;
const shownColours = `[...document.querySelectorAll('main :is(h1, p, span, dt, dd, td, strong, caption)')].map(each => {
  const isClear = colour => /, 0\\)$|transparent/.test(colour);
  let behind = each;
  while (behind !== null && isClear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  return [getComputedStyle(each).color, getComputedStyle(behind ?? document.body).backgroundColor];
})`;

test.each(['light', 'dark'] as const)('at 360 px and in the %s everything can be read', async colorScheme => {
  const { page } = await look({ viewport: { width: 360, height: 740 }, colorScheme });
  calls += 1_000;
  await expect.poll(() => page.locator('td', { hasText: evil }).count()).toBe(2);
  expect(await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]')).toEqual([360, 360]);
  expect(await page.evaluate(outside)).toEqual([]);
  const colours = await page.evaluate<readonly (readonly [text: string, behind: string])[]>(shownColours);
  expect(colours.length).toBeGreaterThan(50);
  expect(Math.min(...colours.map(([text, behind]) => contrast(text, behind)))).toBeGreaterThan(4.5);
});
