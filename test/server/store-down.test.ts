import { afterEach, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { cancelList } from '../../src/state/cancel-list.ts';
import type { Store } from '../../src/store/store.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { freshRing } from '../support/endpoint.ts';
import { eventually } from '../support/eventually.ts';
import { call, cancel, converseWith } from '../support/initiator.ts';
import { portNames, startNode } from '../support/node.ts';

const opened: Store[] = [];

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

/** A store that can be away. */
function openStore() {
  const store = waitingStore(Date.now);
  opened.push(store);
  let isDown = false;
  const answering =
    <A extends readonly unknown[], R>(method: (...args: A) => R) =>
    async (...args: A) => {
      if (isDown) throw new StoreUnavailable('no answer within 250 ms');
      return method(...args);
    };
  const { get, put } = store;
  return {
    store: { ...store, get: answering(get), put: answering(put) } as Store,
    setDown: (down: boolean) => (isDown = down),
  };
}

const receiver = { status: 500, body: expect.stringContaining('Receiver') };
const ended = { status: 500, body: expect.stringContaining('BadContextToken') };

test.each(portNames)(
  'a Cancel of %s that the store does not take is refused, nothing has ended, and later it is done',
  async port => {
    const { store, setDown } = openStore();
    await eventually(() => expect(cancelList(store).has('urn:uuid:none')).toBe(false));
    const node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() }, store });
    const conversation = await converseWith(node, port);
    setDown(true);
    expect(await node.post(port, cancel(conversation))).toMatchObject(receiver);
    expect(node.lines.join()).toContain('store-unavailable');
    expect(await node.post(port, call(conversation))).toMatchObject({ status: 200 });
    setDown(false);
    expect(await node.post(port, cancel(conversation))).toMatchObject({ status: 200 });
    expect(await node.post(port, call(conversation))).toMatchObject(ended);
  },
);

test('a node that was started without its store serves no call until it can know what was cancelled', async () => {
  const { store, setDown } = openStore();
  setDown(true);
  const node = await startNode({ ring: freshRing(), clock: { nowMs: Date.now() }, store });
  const conversation = await converseWith(node, 'EchoSymmetric');
  expect(await node.post('EchoSymmetric', call(conversation))).toMatchObject(receiver);
  setDown(false);
  expect(await node.post('EchoSymmetric', call(conversation))).toMatchObject({ status: 200 });
});
