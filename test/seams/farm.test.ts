import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { openSession, type Session } from '../../src/client/session.ts';
import type { EndpointOptions, StateMode, Store } from '../../src/index.ts';
import { storeContract } from '../../src/testing.ts';
import { freshRing, type ListeningNode, listen } from '../support/endpoint.ts';
import { echoContent, planOf } from '../support/initiator.ts';
import { type PortName, portNames, user } from '../support/node.ts';
import { pem } from '../support/pem.ts';
import { sharedState } from './shared-state.ts';
import { waitingStore } from './waiting-store.ts';

/** What each node of a farm is given; the nodes tell each other nothing. */
const farms: readonly (readonly [string, () => Partial<EndpointOptions>, opened: object])[] = [
  ['a state mode', () => ({ state: sharedState() satisfies StateMode }), { seal: 0, cache: 0, store: 2 }],
  ['a store', () => ({ store: waitingStore(Date.now) satisfies Store }), { seal: 1, cache: 1 }],
];
const opened: ListeningNode[] = [];
const sessions: Session[] = [];

afterEach(async () => {
  await Promise.all(sessions.splice(0).map(session => session.close()));
  await Promise.all(opened.splice(0).map(node => node.close()));
});

async function startFarm(shared: Partial<EndpointOptions>): Promise<readonly [ListeningNode, ListeningNode]> {
  const ring = freshRing();
  const nodes = [await listen(shared, ring), await listen(shared, ring)] as const;
  opened.push(...nodes);
  return nodes;
}

function open(port: PortName, nodes: readonly ListeningNode[]): Session {
  const session = openSession({
    plan: planOf(port),
    ...user,
    ca: pem.ca.certificate,
    serviceCertificate: pem.service.certificate,
    addresses: nodes.map(node => node.address(port)),
  });
  sessions.push(session);
  return session;
}

/** Calls Echo at one node. */
async function say(session: Session, port: PortName, node: ListeningNode): Promise<number> {
  const echo = planOf(port).operations.find(({ name }) => name === 'Echo');
  if (echo === undefined) throw new TypeError('no operation Echo');
  const body = { declarations: '', content: echoContent('hello') };
  return (await session.call({ operation: echo, body, address: node.address(port) })).status;
}

describe.each(farms)('a farm with %s that was written against the public entries', (_, shared, found) => {
  test.each(portNames)('serves a conversation of %s at each node', async port => {
    const nodes = await startFarm(shared());
    const session = open(port, nodes);
    for (const node of [...nodes, ...nodes]) expect(await say(session, port, node)).toBe(200);
    expect(session.bootstraps).toBe(1);
    expect(nodes[1].endpoint.statistics()).toMatchObject({ issued: 0, calls: 2, opened: found });
  });

  test.each(portNames)('ends a conversation of %s at each node when one was told', async port => {
    const nodes = await startFarm(shared());
    const session = open(port, nodes);
    for (const node of nodes) await say(session, port, node);
    const ended = session.contextId ?? '';
    expect(await nodes[0].endpoint.cancelled({ id: ended, untilMs: Date.now() + 3_600_000 })).toBe(true);
    expect(await say(session, port, nodes[1])).toBe(200);
    expect(session.bootstraps).toBe(2);
    expect(session.contextId).not.toBe(ended);
  });

  test.each(portNames)('cancels a conversation of %s', async port => {
    const nodes = await startFarm(shared());
    const session = open(port, nodes);
    await say(session, port, nodes[0]);
    await session.close();
    expect(nodes.map(node => node.endpoint.statistics().cancelled).sort()).toEqual([0, 1]);
  });
});

for (const { name, run } of storeContract('waiting', () => waitingStore(Date.now)))
  test(name, () => expect(run()).resolves.toBeUndefined());

test('each of them is one file of fewer than 80 lines that imports nothing of ours but a public entry', () => {
  for (const file of ['shared-state.ts', 'waiting-store.ts']) {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8');
    expect(text.split('\n').length).toBeLessThan(80);
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, from = '']) => from);
    expect(imported.filter(from => !from.startsWith('node:'))).toEqual(['../../src/index.ts']);
  }
});
