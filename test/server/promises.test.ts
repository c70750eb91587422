import { createHook } from 'node:async_hooks';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { answerMessage } from '../../src/server/pipeline.ts';
import { cancelList } from '../../src/state/cancel-list.ts';
import type { ReplayMode } from '../../src/state/farm-replay.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { newFolder, removeFolders } from '../support/data-folder.ts';
import { eventually } from '../support/eventually.ts';
import { call, converseWith } from '../support/initiator.ts';
import { portNames, startNode } from '../support/node.ts';

const nowMs = Date.now();
const caller = { address: '192.0.2.1', isLimited: true, signal: new AbortController().signal };

/** Promises that are made while something is done, and what it gives. */
function promisesOf<T>(act: () => T): { readonly made: number; readonly given: T } {
  let made = 0;
  const hook = createHook({ init: (_id, type) => (made += type === 'PROMISE' ? 1 : 0) }).enable();
  try {
    const given = act();
    return { made, given };
  } finally {
    hook.disable();
  }
}

test('promises are counted', () => {
  expect(promisesOf(() => Promise.resolve().then(() => {})).made).toBeGreaterThan(1);
});

const inMemory = () => memoryStore({ clock: Date.now });
const inFile = () => openStore(new URL(`sqlite:${join(newFolder(), 'store.sqlite')}`));

/** Where a node remembers what it must; every answer of a store elsewhere is waited for. */
const stores: readonly (readonly [name: string, replay: ReplayMode, open: () => Store])[] = [
  ['memory', 'local', inMemory],
  ['SQLite', 'local', inFile],
  ['a store elsewhere', 'local', () => waitingStore(Date.now)],
  ['memory', 'shared', inMemory],
  ['SQLite', 'shared', inFile],
  ['SQLite', 'lenient', inFile],
];
const rows = stores.flatMap(([name, replay, open]) => portNames.map(port => [name, replay, port, open] as const));

afterAll(removeFolders);

test.each(rows)(
  'with %s and %s replays, a call of %s in a conversation of the cache is answered without a promise',
  async (_, replay, port, open) => {
    const store = open();
    const list = cancelList(store);
    await eventually(() => expect(list.has('urn:uuid:none')).toBe(false));
    const node = await startNode({
      ring: createRing({ nowMs, random: systemRandom }),
      clock: { nowMs },
      store,
      replay,
    });
    const served = node.ports.get(port);
    if (served === undefined) throw new TypeError(`no port ${port}`);
    const conversation = await converseWith(node, port);
    await node.post(port, call(conversation));
    const message = Buffer.from(call(conversation));
    const { made, given } = promisesOf(() => answerMessage(message, undefined, served, caller));
    expect(made).toBe(0);
    expect(given).toMatchObject({ status: 200, body: expect.stringContaining('Envelope') });
    expect(node.statistics()).toMatchObject({ calls: 2 });
    await store.close();
  },
);
