import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Change, Store } from '../../src/index.ts';

/** What stands in the store under one key; a deleted record without a value. */
interface Item {
  readonly value: Uint8Array | undefined;
  readonly number: number;
  readonly untilMs: number;
}

/** A store of somebody else's, in a place that all nodes can reach: each answer is waited for, as over a network. */
export function waitingStore(clock: () => number): Store {
  const items = new Map<string, Item>();
  const written = new EventEmitter().setMaxListeners(0);
  let last = 0;
  const at = async (kind: string, key: string) => {
    if (!/^[a-z-]+\//.test(key) || key.length > 512 || /\p{Surrogate}/u.test(key))
      throw new TypeError('a key is topic/name');
    await setImmediate();
    const item = items.get(`${kind} ${key}`);
    return item !== undefined && item.untilMs > clock() ? item : undefined;
  };
  const set = (kind: string, key: string, item: Item) => {
    items.delete(`${kind} ${key}`);
    items.set(`${kind} ${key}`, item);
    written.emit('written');
  };
  const record = async (key: string) => {
    const item = await at('record', key);
    return item?.value && { value: item.value, version: item.number };
  };
  return {
    async claim(key, untilMs) {
      if ((await at('claim', key)) !== undefined) return 'seen';
      set('claim', key, { value: undefined, number: 1, untilMs });
      return 'new';
    },
    has: async key => (await at('claim', key)) !== undefined,
    get: record,
    async put(key, value, { untilMs, ifVersion }) {
      if (value.byteLength > 65_536) throw new TypeError('a record has at most 65,536 bytes');
      const copy = Uint8Array.from(value);
      const found = await record(key);
      if (ifVersion !== undefined && ifVersion !== (found?.version ?? 0)) return 'conflict';
      last += 1;
      set('record', key, { value: copy, number: last, untilMs });
      return last;
    },
    async delete(key) {
      const found = await at('record', key);
      last += 1;
      if (found !== undefined) set('record', key, { value: undefined, number: last, untilMs: found.untilMs });
    },
    async add(key, n, untilMs) {
      const found = (await at('counter', key)) ?? { value: undefined, number: 0, untilMs };
      set('counter', key, { ...found, number: found.number + n });
      return found.number + n;
    },
    async *changes(topic, cursor, signal): AsyncGenerator<Change> {
      const begun = cursor === undefined ? last : 0;
      for (let heard = Number(cursor ?? 0); signal?.aborted !== true && last !== Infinity; ) {
        const due = [...items].find(([key, { number }]) => key.startsWith(`record ${topic}/`) && number > heard);
        if (due === undefined) await once(written, 'written', { signal }).catch(() => {});
        if (due === undefined) continue;
        const [key, { value, number: version }] = due;
        heard = version;
        if (value !== undefined || version > begun)
          yield { key: key.slice('record '.length), record: value && { value, version }, cursor: String(version) };
      }
    },
    close() {
      last = Infinity;
      written.emit('written');
    },
  };
}
