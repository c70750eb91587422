import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { registerMetrics } from '../../src/server/metrics.ts';
import type { EndpointEvent } from '../../src/server/statistics.ts';
import { listen } from '../support/endpoint.ts';
import { samplesOf, sumOf } from '../support/exposition.ts';
import { addAction, addContent, call, cancel, converse, planOf } from '../support/initiator.ts';
import { notedService } from '../support/node.ts';

const port = 'EchoSymmetric';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A node with real sockets, its registry, and what onEvent heard. */
async function measured(options: Parameters<typeof listen>[0] = {}) {
  const events: EndpointEvent[] = [];
  const node = await listen({
    addresses: [new URL(planOf(port).address).origin],
    onEvent: event => void events.push(event),
    ...options,
  });
  closing.push(() => node.close());
  const registry = new Registry();
  await registerMetrics(registry, node.endpoint);
  const post = async (message: string, headers: Readonly<Record<string, string>> = {}) => {
    const sent = { 'Content-Type': 'application/soap+xml; charset=utf-8', ...headers };
    const answer = await fetch(node.address(port), { method: 'POST', body: message, headers: sent });
    return { status: answer.status, body: await answer.text() };
  };
  return { node, post, events, samples: async () => samplesOf(await registry.metrics()) };
}

test('calls are counted by port, operation and outcome, with how long they took', async () => {
  const { post, samples } = await measured();
  const conversation = await converse(port, post);
  for (let i = 0; i < 3; i++) expect((await post(call(conversation))).status).toBe(200);
  const now = await samples();
  const echo = { port, operation: 'Echo' };
  expect(sumOf(now, 'wssc_calls_total', { ...echo, outcome: 'answered' })).toBe(3);
  expect(sumOf(now, 'wssc_calls_total', {})).toBe(3);
  expect(sumOf(now, 'wssc_call_seconds_count', echo)).toBe(3);
  expect(sumOf(now, 'wssc_call_seconds_bucket', { ...echo, le: '+Inf' })).toBe(3);
  expect(sumOf(now, 'wssc_call_seconds_bucket', { ...echo, le: '0.0005' })).toBeLessThanOrEqual(3);
  expect(sumOf(now, 'wssc_call_seconds_sum', echo)).toBeGreaterThan(0);
  expect(sumOf(now, 'wssc_call_seconds_sum', echo)).toBeLessThan(60);
});

test('an operation that throws is a call that failed, and is no refusal', async () => {
  const services = notedService([], () => {
    throw new Error('out of order');
  });
  const { post, samples } = await measured({ services });
  const conversation = await converse(port, post);
  expect((await post(call(conversation))).status).toBe(500);
  const now = await samples();
  expect(sumOf(now, 'wssc_calls_total', { operation: 'Echo', outcome: 'failed' })).toBe(1);
  expect(sumOf(now, 'wssc_calls_total', { outcome: 'answered' })).toBe(0);
  expect(sumOf(now, 'wssc_refusals_total', {})).toBe(0);
});

test('the time of a call is that of its operation too', async () => {
  const services = notedService([], ({ text }) => new Promise(resolve => setTimeout(() => resolve({ text }), 60)));
  const { post, samples } = await measured({ services });
  const conversation = await converse(port, post);
  await post(call(conversation));
  const now = await samples();
  expect(sumOf(now, 'wssc_call_seconds_sum', { operation: 'Echo' })).toBeGreaterThanOrEqual(0.059);
  expect(sumOf(now, 'wssc_call_seconds_bucket', { operation: 'Echo', le: '0.05' })).toBe(0);
});

test('conversations, replays and refusals are counted, and onEvent hears of the same', async () => {
  const { post, samples, events } = await measured();
  const conversation = await converse(port, post);
  const message = call(conversation);
  expect((await post(message)).status).toBe(200);
  expect((await post(message)).status).toBe(500);
  expect((await post(cancel(conversation))).status).toBe(200);
  expect((await post(call(conversation))).status).toBe(500);
  const now = await samples();
  expect(sumOf(now, 'wssc_replays_total', {})).toBe(1);
  expect(sumOf(now, 'wssc_refusals_total', { reason: 'replay' })).toBe(1);
  expect(sumOf(now, 'wssc_faults_total', { fault: 'invalidSecurity' })).toBe(1);
  expect(sumOf(now, 'wssc_faults_total', { fault: 'badContextToken' })).toBe(1);
  const conversations = ['issued', 'cached', 'opened', 'renewed', 'cancelled'].map(event =>
    sumOf(now, 'wssc_conversations_total', { event }),
  );
  expect(conversations).toEqual([1, 1, 0, 0, 1]);
  expect(events).toEqual([
    { kind: 'conversation', event: 'issued' },
    { kind: 'conversation', event: 'cached' },
    { kind: 'call', port, operation: 'Echo', isFault: false, durationMs: expect.any(Number) },
    { kind: 'refusal', reason: 'replay', fault: 'invalidSecurity' },
    { kind: 'conversation', event: 'cancelled' },
    { kind: 'refusal', reason: expect.any(String), fault: 'badContextToken' },
  ]);
});

test('nothing that a peer sends becomes a label, and the count of series stays as it is', async () => {
  const { node, post, samples } = await measured();
  const conversation = await converse(port, post);
  const marked = (i: number) => `mark${i}"}\nwssc_x{a="`;
  const before = await samples();
  for (let i = 0; i < 40; i++) {
    const content = addContent.replace('<Add', `<Add${i}`).replace('</Add', `</Add${i}`);
    await post(call(conversation, { action: `urn:${i}`, messageId: marked(i) }));
    await post(call(conversation, { action: addAction, content }));
    await post(`<mark${i}/>`);
    await post('x', { 'Content-Type': `text/mark${i}` });
    await fetch(`http://localhost:${node.http}/mark${i}`, { method: 'POST', body: 'x' });
    await fetch(`http://localhost:${node.http}/mark${i}`, { method: 'PUT', body: 'x' });
  }
  const after = await samples();
  expect(JSON.stringify(after)).not.toMatch(/mark\d|Add\d|urn:\d/);
  const known = new Set(before.map(({ key }) => key));
  const added = after.filter(({ key }) => !known.has(key)).map(({ name, labels }) => `${name} ${Object.keys(labels)}`);
  expect(new Set(added)).toEqual(new Set(['wssc_refusals_total reason']));
  expect(added.length).toBeLessThan(10);
  expect(sumOf(after, 'wssc_refusals_total', { reason: 'http-404' })).toBe(80);
});

test('onEvent that throws harms no call, and is told of once', async () => {
  const { node, post } = await measured({
    onEvent: () => {
      throw new Error('the collector is gone');
    },
  });
  const conversation = await converse(port, post);
  expect((await post(call(conversation))).status).toBe(200);
  expect((await post(call(conversation))).status).toBe(200);
  expect(node.lines.filter(line => line.includes('onEvent'))).toHaveLength(1);
});

test('store, ring and what is not well are gauges', async () => {
  const { samples, node } = await measured();
  const now = await samples();
  const values = ['wssc_ready', 'wssc_store_up', 'wssc_ring_issuing', 'wssc_ring_generation', 'wssc_password_queue'];
  expect(values.map(name => sumOf(now, name, {}))).toEqual([1, 1, 1, 1, 0]);
  expect(sumOf(now, 'wssc_trouble', {})).toBe(0);
  expect(sumOf(now, 'wssc_ring_age_seconds', {})).toBeGreaterThanOrEqual(0);
  const drained = node.endpoint.drain(10);
  const draining = await samples();
  expect(sumOf(draining, 'wssc_ready', {})).toBe(0);
  expect(sumOf(draining, 'wssc_trouble', { reason: 'draining' })).toBe(1);
  await drained;
});

describe('the password queue', () => {
  test('is as long as there are checks that wait', async () => {
    let release = () => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const { post, samples } = await measured({
      authenticate: async name => {
        await held;
        return { user: name, roles: [] };
      },
      loginLimits: { checksAtOnce: 1 },
    });
    const begun = ['a', 'b', 'c'].map(username => converse(port, post, Date.now(), { username, password: 'x' }));
    await expect.poll(async () => sumOf(await samples(), 'wssc_password_queue', {})).toBe(2);
    release();
    await Promise.all(begun);
    expect(sumOf(await samples(), 'wssc_password_queue', {})).toBe(0);
  });
});
