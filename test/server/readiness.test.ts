import { afterEach, describe, expect, test } from 'vitest';
import { keeperOf, type RingKeeper } from '../../src/keyring/keeper.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { nodeReadiness, type ReadinessParts } from '../../src/server/readiness.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { StoreHealth } from '../../src/store/store.ts';
import { at, madeRing } from '../keyring/made.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { raw } from '../support/raw.ts';

const nowMs = at('2026-11-30T12:00:00Z');
const ring = keyRing(madeRing(nowMs - 1_000));
const well: StoreHealth = { kind: 'redis', up: true, sinceMs: nowMs - 60_000, lossy: undefined, clockAheadMs: 12 };

interface Change extends Partial<Omit<ReadinessParts, 'store' | 'ring'>> {
  readonly health?: Partial<StoreHealth>;
  readonly keeper?: Partial<RingKeeper>;
  readonly isDraining?: boolean;
}

function readiness({ health = {}, keeper = {}, isDraining = false, ...parts }: Change = {}) {
  const store = { ...memoryStore({ clock: () => nowMs }), health: () => ({ ...well, ...health }) };
  return nodeReadiness({
    ring: { ...keeperOf(ring), ...keeper },
    store,
    ended: [{ isComplete: () => true }],
    clockSkewMs: 60_000,
    clock: () => nowMs,
    ...parts,
  })(isDraining);
}

test('a node with nothing wrong is ready, and has no reasons', () => {
  expect(readiness({ keeper: { ageMs: () => 1_234 } })).toEqual({
    ready: true,
    ring: { generation: 1, ageMs: 1_234, stale: false, issuing: true },
    store: { kind: 'redis', up: true, sinceMs: nowMs - 60_000 },
    reasons: [],
  });
});

const unknown = { isComplete: () => false };
const known = { isComplete: () => true };

test.each<readonly [string, Change, boolean, object]>([
  ['draining', { isDraining: true }, false, {}],
  ['ring-stale', { keeper: { stale: () => true } }, true, { ring: { stale: true, issuing: false } }],
  ['ring-not-issuing', { clock: () => nowMs - 3_600_000 }, true, { ring: { stale: false, issuing: false } }],
  ['store-down', { health: { up: false } }, true, { store: { up: false } }],
  ['store-not-durable', { health: { lossy: 'needs fsync on' } }, true, {}],
  ['store-clock', { health: { clockAheadMs: -60_001 } }, true, {}],
])('%s is a reason', (reason, change, ready, more) => {
  expect(readiness(change)).toMatchObject({ ready, reasons: [reason], ...more });
});

describe('a node that has not heard all that has ended', () => {
  test('is ready as long as the store can be asked', () => {
    expect(readiness({ ended: [known, unknown] })).toMatchObject({ ready: true, reasons: [] });
  });
  test('is not ready while it is down, for it refuses each call', () => {
    expect(readiness({ ended: [known, unknown], health: { up: false } })).toMatchObject({
      ready: false,
      reasons: ['cancellations-unknown', 'store-down'],
    });
  });
  test('is ready where nothing of that is an affair of this package', () => {
    expect(readiness({ ended: [], health: { up: false } })).toMatchObject({ ready: true });
  });
});

test('a store that does not say how it is counts as up since the node began', () => {
  const { health: _, ...store } = memoryStore({ clock: () => nowMs });
  expect(readiness({ store } as Change).store).toEqual({ kind: 'other', up: true, sinceMs: nowMs });
});

describe('/readyz', () => {
  const nodes: ListeningNode[] = [];
  afterEach(() => Promise.all(nodes.splice(0).map(node => node.close())));

  async function started(): Promise<ListeningNode> {
    const node = await listen({}, freshRing());
    nodes.push(node);
    return node;
  }

  test('is answered on each socket, as the endpoint says it', async () => {
    const node = await started();
    const answer = await fetch(`http://localhost:${node.http}/readyz`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    const { ring: shown, ...rest } = node.endpoint.readiness();
    expect(await answer.json()).toEqual({ ...rest, ring: { ...shown, ageMs: expect.any(Number) } });
    expect(rest).toMatchObject({ ready: true, store: { kind: 'memory', up: true }, reasons: [] });
  });

  test('and /healthz are asked by GET and HEAD, and by who only connects, without a line in the log', async () => {
    const node = await started();
    const before = node.lines.length;
    for (const path of ['/readyz', '/healthz'])
      for (const method of ['GET', 'HEAD']) {
        const answer = await fetch(`http://localhost:${node.http}${path}`, { method });
        expect([answer.status, (await answer.text()) === '']).toEqual([200, method === 'HEAD']);
      }
    const old = await raw(node.http, 'GET /readyz HTTP/1.0\r\n\r\n');
    expect(old.statuses).toEqual([200]);
    for (const port of [node.http, node.https]) await raw(port, '', socket => socket.end());
    const refused = await raw(node.http, 'GET /x HTTP/1.0\r\n\r\n');
    expect(refused.statuses).toEqual([404]);
    expect(node.lines.slice(before).filter(line => !line.includes('http-404'))).toEqual([]);
  });

  test('is only read, and only there', async () => {
    const node = await started();
    const statusOf = async (method: string, path: string) =>
      (await fetch(`http://localhost:${node.http}${path}`, { method })).status;
    expect(await statusOf('POST', '/readyz')).toBe(404);
    expect(await statusOf('DELETE', '/readyz')).toBe(404);
    expect(await statusOf('GET', '/readyz/x')).toBe(404);
    expect(await statusOf('GET', '/readyz?verbose')).toBe(200);
  });

  test('is 503 on a connection that is there still while the node drains', async () => {
    const node = await started();
    const drained = node.endpoint.drain(500);
    expect(node.endpoint.readiness()).toMatchObject({ ready: false, reasons: ['draining'] });
    await drained;
  });
});
