import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { createRing, rotateRing } from '../../src/keyring/rotate.ts';
import { figuresOf } from '../../src/status/figures.ts';
import { pageHeaders, type Shown, writePage, writeUpdate } from '../../src/status/page.ts';
import { ringTimeline } from '../../src/status/ring-timeline.ts';
import type { Sample } from '../../src/status/sample.ts';
import type { NodeState } from '../../src/status/watch.ts';

const nowMs = Date.UTC(2026, 2, 1, 12);
const staleMs = 15_000;

const sample = (name: string, value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({
  name,
  value,
  labels: new Map(Object.entries(labels)),
});

function node(name: string, more: readonly Sample[] = [], state: Partial<NodeState> = {}): NodeState {
  const samples = [sample('process_start_time_seconds', nowMs / 1_000 - 3_660), ...more];
  return {
    name,
    problem: undefined,
    figures: figuresOf(samples, nowMs - 1_000),
    lately: { counted: [], seconds: 0 },
    restarts: 0,
    ...state,
  };
}

const ready = sample('wssc_ready', 1);
const shown = (nodes: readonly NodeState[], more: Partial<Shown> = {}): Shown => ({
  ...{ nodes, ring: undefined, nowMs, staleMs },
  ...more,
});

/** The cells of the row that begins with a text. */
function rowOf(page: string, first: string): readonly string[] {
  const rows = page.split('<tr>').map(row => [...row.matchAll(/<td[^>]*><span>(.*?)<\/span><\/td>/gs)]);
  const found = rows.find(([cell]) => cell?.[1] === first) ?? [];
  return found.map(([, cell = '']) => cell.replace(/<[^>]*>/g, '').trim());
}

test('a node is shown with its rates, percentiles, counts and times', () => {
  const labels = { port: 'EchoTls13', operation: 'Echo' };
  const bucket = (le: string, value: number) => sample('wssc_call_seconds_bucket', value, { ...labels, le });
  const counted = [
    sample('wssc_calls_total', 590, { ...labels, outcome: 'answered' }),
    sample('wssc_calls_total', 10, { ...labels, outcome: 'failed' }),
    sample('wssc_refusals_total', 30, { reason: 'replay' }),
    ...[bucket('0.01', 300), bucket('0.02', 600), bucket('+Inf', 600)],
  ];
  const events = { issued: 4, opened: 2, read: 1, cached: 99 };
  const conversations = Object.entries(events).map(([event, n]) => sample('wssc_conversations_total', n, { event }));
  const refused = sample('wssc_refusals_total', 1_234, { reason: 'replay' });
  const one = node('node1.example:9464', [ready, refused, ...conversations], {
    lately: { counted, seconds: 60 },
    restarts: 2,
  });
  const page = writePage(shown([one]));
  const times = ['1 h', '2', '11:59:59'];
  const rates = ['10', '10 ms', '18 ms', '20 ms', '0.17', '0.5'];
  expect(rowOf(page, 'node1.example:9464')).toEqual(['node1.example:9464', 'serves', ...rates, '4', '3', ...times]);
  expect(rowOf(page, 'Echo')).toEqual(['Echo', 'EchoTls13', ...rates.slice(0, 5)]);
  expect(rowOf(page, 'replay')).toEqual(['replay', '0.5', '1,234']);
  expect(page).toContain('<title>Farm: 1 of 1 nodes serve</title>');
});

test('a node that is down is marked, with why, and so are its figures when they are old', () => {
  const down = node('node1', [ready], {
    problem: 'does not answer (ECONNREFUSED)',
    figures: figuresOf([ready], nowMs - 16_000),
  });
  const never = node('node2', [], { problem: 'does not answer in time', figures: undefined });
  const page = writePage(shown([down, never]));
  expect(page).toContain('<span class="bad">down</span> <span class="faint">does not answer (ECONNREFUSED)</span>');
  expect(page).toContain('<span class="bad">old: 16 s</span>');
  expect(rowOf(page, 'node2').at(-1)).toBe('–');
  expect(page).toContain('<span class="bad">0 of 2 nodes serve.</span>');
});

test('a node that serves no calls says the reasons of /readyz', () => {
  const trouble = [
    sample('wssc_trouble', 1, { reason: 'draining' }),
    sample('wssc_trouble', 0, { reason: 'store-down' }),
  ];
  const page = writePage(shown([node('node1', [sample('wssc_ready', 0), ...trouble])]));
  expect(rowOf(page, 'node1')[1]).toBe('serves no calls draining');
});

test('what nodes say is text, wherever it stands', () => {
  const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e&`;
  const labels = { port: evil, operation: evil, outcome: 'answered', reason: evil };
  const samples = ['wssc_calls_total', 'wssc_refusals_total', 'wssc_trouble'].map(name => sample(name, 1, labels));
  const one = node(evil, [ready, ...samples], { lately: { counted: samples, seconds: 1 }, problem: evil });
  const two = node(evil, [ready, ...samples], { lately: { counted: samples, seconds: 1 } });
  for (const text of [writePage(shown([one, two])), writeUpdate(shown([one, two]))]) {
    expect(text.split(evil.slice(3, 11)).length).toBe(text.startsWith('<!doctype html>\n') ? 2 : 1);
    expect(text).not.toMatch(/<img|\u202e/);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  }
});

test('the policy of the page takes its own script and style, and nothing else', () => {
  const page = writePage(shown([node('node1')]));
  const policy = pageHeaders['Content-Security-Policy'] ?? '';
  const hash = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const [, style] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
  const [, script] = /<script>(.*?)<\/script>/s.exec(page) ?? [];
  expect(policy).toContain(`default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)};`);
  expect(policy).not.toContain('unsafe');
  expect(page).not.toMatch(/ style=| on\w+=|http:|https:/);
});

test('the ring is shown over time, with its next rotation, and nothing of its keys', () => {
  const made = createRing({ nowMs: nowMs - 3_600_000, random: systemRandom });
  const ring = rotateRing(made, { now: false, nowMs, random: systemRandom });
  const behind = node('node2', [ready, sample('wssc_ring_generation', 1)]);
  const same = node('node1', [ready, sample('wssc_ring_generation', 2)]);
  const page = writePage(shown([same, behind], { ring: ringTimeline(ring, nowMs) }));
  expect(page).toMatch(/Next rotation in \d+ (?:min|h).*, at <time>2026-03-01 1/);
  expect(page).toContain('Another generation: node2 has 1.');
  for (const [i, { id, key }] of ring.keys.entries()) {
    expect(page).toContain(
      `<strong>${id.slice(0, 8)}</strong> <span class="${i === 0 ? 'good">active' : 'faint">pending'}`,
    );
    expect(page).not.toContain(id);
    const bytes = Buffer.from(secretBytes(key));
    for (const coding of ['hex', 'base64'] as const) expect(page).not.toContain(bytes.toString(coding));
  }
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(writePage(shown([same]))).toContain('There is no ring yet.');
});
