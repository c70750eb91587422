import { afterEach, describe, expect, test, vi } from 'vitest';
import { ConfigurationError, StoreUnavailable } from '../../src/errors.ts';
import { answeringStore } from '../../src/store/answering-store.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { seededRandom } from '../keyring/made.ts';

afterEach(() => void vi.useRealTimers());

const untilMs = Date.UTC(2100, 0);
const memory = () => memoryStore({ clock: Date.now, random: seededRandom('store') });

/** Each question that a store may be asked. */
const questions = {
  claim: store => store.claim('topic/one', untilMs),
  has: store => store.has('topic/one'),
  get: store => store.get('topic/one'),
  put: store => store.put('topic/one', Buffer.from('1'), { untilMs }),
  delete: store => store.delete('topic/one'),
  add: store => store.add('topic/one', 1, untilMs),
} satisfies Partial<Record<keyof Store, (store: Store) => unknown>>;

const each = Object.entries(questions) as [keyof typeof questions, (store: Store) => unknown][];

/** That of a library: it can be waited for, and is no Promise. */
const foreignPromise = Object.defineProperty({}, 'then', { value: () => {} }) as Promise<never>;

/** A store that does the same with whatever it is asked. */
const doing = (does: () => never | Promise<never>) =>
  answeringStore({ ...memory(), ...Object.fromEntries(each.map(([name]) => [name, does])) });

describe.each(each)('%s of a store that somebody wrote', (_name, ask) => {
  test('is given up after 250 ms where it never answers, by a promise of whatever kind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (const never of [new Promise<never>(() => {}), foreignPromise]) {
      const refused = vi.fn();
      const asked = Promise.resolve(ask(doing(() => never))).catch(refused);
      await vi.advanceTimersByTimeAsync(249);
      expect(refused).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      await asked;
      expect(refused).toHaveBeenCalledExactlyOnceWith(expect.any(StoreUnavailable));
    }
  });
  test('fails as a store that is down, in whatever words, thrown or by a promise', async () => {
    const cause = new RangeError('disk');
    const thrown = () => {
      throw cause;
    };
    for (const fails of [thrown, () => Promise.reject(cause)])
      await expect(async () => ask(doing(fails))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause });
  });
  test('keeps an error of this package as it is', async () => {
    const error = new ConfigurationError('STORE_INVALID', 'of another schema');
    await expect(async () => ask(doing(() => Promise.reject(error)))).rejects.toBe(error);
  });
  test('is at hand where it was', () => {
    expect(ask(answeringStore(memory()))).not.toBeInstanceOf(Promise);
  });
});

test('what a store says of itself is handed on, and its feed', async () => {
  const store = memory();
  const answering = answeringStore(store);
  expect([answering.isOwn, answering.health?.()]).toEqual([store.isOwn, store.health?.()]);
  answering.put('topic/one', Buffer.from('1'), { untilMs });
  for await (const { key } of answering.changes('topic')) {
    expect(key).toBe('topic/one');
    break;
  }
  const { health: _, ...silent } = store;
  expect(answeringStore(silent)).not.toHaveProperty('health');
});
