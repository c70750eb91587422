import { EventEmitter, once } from 'node:events';
import { request as ask, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Admin, type Feed, openAdmin } from '../../src/server/admin.ts';
import { boundedLog } from '../../src/server/log.ts';
import { nodeAt } from '../../src/status/ask-node.ts';
import { type StatusPages, statusPages } from '../../src/status/status-pages.ts';
import { closeServers, listening } from '../oauth/http.ts';
import { keptLog, readyNode } from '../support/node.ts';

/* A status page at a real admin address, which asks others. */

const { log } = keptLog();
const opened: { close(): unknown }[] = [];
const followed: IncomingMessage[] = [];
afterEach(async () => {
  for (const response of followed.splice(0)) response.destroy();
  await Promise.all(opened.splice(0).map(each => each.close()));
  await closeServers();
});

const openAt = async (metrics: () => Promise<string>, status?: StatusPages): Promise<Admin & { base: string }> => {
  const sources = { readiness: readyNode, metrics, more: status?.pages };
  const admin = await openAdmin({ host: '127.0.0.1', port: 0 }, sources, boundedLog(log));
  opened.push(admin);
  return { ...admin, base: `http://127.0.0.1:${admin.port}` };
};

/** Nodes, and a page that shows them. */
async function openPage(nodes: readonly string[]) {
  const status = statusPages({
    nodes: nodes.map(nodeAt),
    ring: () => undefined,
    clock: Date.now,
    periodMs: 10,
  });
  opened.push(status);
  return { status, ...(await openAt(async () => '', status)) };
}

/** Follows the events. */
function follow(base: string, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    ask(`${base}/events`, { method, agent: false }, response => {
      followed.push(response);
      response.on('error', () => {});
      resolve(response);
    })
      .on('error', reject)
      .end();
  });
}

/** Settles with the content of the first event that holds a text. */
async function eventWith(response: IncomingMessage, text: string): Promise<string> {
  let heard = '';
  for await (const part of response.setEncoding('utf8')) {
    heard += part;
    const events = heard.split('\n\n').slice(0, -1);
    const found = events
      .map(event => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? '""'))
      .find(content => content.includes(text));
    if (found !== undefined) return found;
  }
  throw new Error('the feed has ended');
}

const metricsOf = (calls: number) =>
  'process_start_time_seconds 1\nwssc_ready 1\n' +
  `wssc_calls_total{port="A",operation="Echo",outcome="answered"} ${calls}\n`;

test('those who follow hear of what nodes count from then on, and of one that goes away', async () => {
  let calls = 0;
  const node = await openAt(async () => {
    calls += 100;
    return metricsOf(calls);
  });
  const page = await openPage([node.base]);
  const response = await follow(page.base);
  expect(response.headers['content-type']).toBe('text/event-stream');
  expect(response.headers['content-security-policy']).toContain("default-src 'none'");
  expect(await eventWith(response, '1 of 1 nodes serve')).toMatch(/^<!doctype html><title>Farm: 1 of 1/);
  expect(await eventWith(await follow(page.base), '<span>Echo</span>')).toContain('<span>A</span>');
  await node.close();
  expect(await eventWith(await follow(page.base), 'ECONNREFUSED')).toContain('0 of 1 nodes serve');
});

test('the page stands at / with the same headers, and nobody follows by HEAD', async () => {
  const page = await openPage(['http://127.0.0.1:1']);
  const answer = await fetch(`${page.base}/`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toContain("script-src 'sha256-");
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.text()).toContain('127.0.0.1:1');
  const head = await follow(page.base, 'HEAD');
  await once(head.resume(), 'end');
  expect(head.statusCode).toBe(200);
});

test('programs are told which nodes are up, since when, and of the ring', async () => {
  const node = await openAt(async () => metricsOf(1));
  const page = await openPage([node.base, 'http://127.0.0.1:1']);
  const answer = await fetch(`${page.base}/status.json`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toEqual({
    nodes: [
      { name: new URL(node.base).host, up: true, startedMs: 1_000 },
      { name: '127.0.0.1:1', up: false, startedMs: null },
    ],
    ring: null,
  });
});

test('no more than 32 follow; who leaves makes room', async () => {
  const page = await openPage(['http://127.0.0.1:1']);
  const all = await Promise.all(Array.from({ length: 32 }, () => follow(page.base)));
  expect(all.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 32 }, () => 200));
  expect((await follow(page.base)).statusCode).toBe(503);
  all[0]?.destroy();
  await expect.poll(async () => (await follow(page.base)).statusCode).toBe(200);
});

/** A response that takes what is written for it, or nothing, and how its end came. */
function response(writableLength: number) {
  const ends: string[] = [];
  const ended = (how: string) => () => {
    ends.push(how);
    made.emit('close');
  };
  const taken: string[] = [];
  const write = (event: string) => taken.push(event);
  const heard = { writableLength, write, writeHead() {}, end: ended('end'), destroy: ended('destroy') };
  const made = Object.assign(new EventEmitter(), heard, { ends, taken });
  return made;
}

test.each([
  ['takes nothing of what is sent', 1, 'destroy', 1, 6],
  ['has followed for an hour', 0, 'end', 721, 720],
])('one who %s makes room', async (_, writableLength, how, events, rounds) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const status = statusPages({ nodes: [], ring: () => undefined, clock: Date.now });
    opened.push(status);
    const follower = response(writableLength);
    const feed = (await status.pages['/events']?.()) as Feed;
    feed.follow(follower as never);
    await vi.advanceTimersByTimeAsync((rounds - 1) * 5_000);
    expect(follower.ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect([follower.ends, follower.taken.length]).toEqual([[how], events]);
  } finally {
    vi.useRealTimers();
  }
});

test('the end of the admin address ends what they hear', async () => {
  const page = await openPage(['http://127.0.0.1:1']);
  const response = await follow(page.base);
  page.status.close();
  await once(response.resume(), 'end');
  const other = await follow(page.base);
  await page.close();
  await new Promise(resolve => other.resume().on('close', resolve));
  await expect(fetch(`${page.base}/`)).rejects.toThrow();
});

describe('a node that is asked', () => {
  const within = () => AbortSignal.timeout(60_000);

  test('answers with its metrics, whatever else it says', async () => {
    const node = await openAt(async () => `# HELP x y\nother 1\n${metricsOf(3)}`);
    const samples = await nodeAt(node.base).ask(within());
    expect(samples.map(({ value }) => value)).toEqual([1, 1, 3]);
  });

  test.each<[string, Parameters<typeof listening>[0], string]>([
    ['a status', (_, response) => response.writeHead(500).end(), 'answers with HTTP 500'],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end(), 'answers with HTTP 302'],
    ['no metrics', (_, response) => response.end('<html>'), 'answers, but not with the metrics of a node'],
    ['a line that is none', (_, response) => response.end('wssc_ready x\n'), 'line 1 of its metrics is none'],
    ['too much', (_, response) => response.end('#'.repeat(2_097_153)), 'sends more than 2 MiB of metrics'],
    ['half an answer', (_, response) => response.write('x', () => response.destroy()), 'does not answer (ECONNRESET)'],
  ])('and answers with %s is told so', async (_, answer, problem) => {
    const base = await listening(answer);
    await expect(nodeAt(base).ask(within())).rejects.toThrow(problem);
  });

  test('and does not answer, or not to its end, is not waited for', async () => {
    for (const answer of [() => {}, (_: unknown, response: { write(text: string): unknown }) => response.write('x')]) {
      const ending = new AbortController();
      const base = await listening((request, response) => {
        answer(request, response);
        setImmediate(() => ending.abort());
      });
      await expect(nodeAt(base).ask(ending.signal)).rejects.toThrow('does not answer in time');
    }
  });
});
