import { describe, expect, test } from 'vitest';
import { keeperOf } from '../../src/keyring/keeper.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import type { Context } from '../../src/state/context.ts';
import { openState } from '../../src/state/open-state.ts';
import { type StateName, stateNames } from '../../src/state/several-modes.ts';
import type { StateMode } from '../../src/state/state-mode.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { madeRing } from '../keyring/made.ts';
import { alice, binding, find, issued, nowMs } from './calls.ts';
import { atOnce, random } from './made.ts';

const keeper = keeperOf(keyRing(madeRing(nowMs)));
const next: Context = { ...alice, instance: `${alice.id.slice(0, -1)}1`, renewals: 1 };

/** Nodes of one farm, each with its own modes. */
function farm() {
  const store = memoryStore({ clock: () => nowMs, random });
  return (state: StateName, acceptState?: readonly StateName[]): StateMode =>
    openState({
      ...{ state, acceptState, keeper, store, random, cacheEntries: 100, rolloverMs: 300_000, idleMs: undefined },
    });
}

test('a node finds the conversations of the modes that it accepts, and of no other', () => {
  const node = farm();
  const tokens = { cookie: issued(node('cookie')), database: issued(node('database')) };
  const foundBy = (state: StateName, ...accepted: readonly StateName[]) =>
    Object.entries(tokens).flatMap(([name, token]) => (find(node(state, accepted), token) === undefined ? [] : [name]));
  expect(foundBy('cookie', 'cookie')).toEqual(['cookie']);
  expect(foundBy('database', 'database')).toEqual(['database']);
  expect(foundBy('none', 'none')).toEqual([]);
  expect(foundBy('cookie', 'database', 'cookie')).toEqual(['cookie', 'database']);
  expect(foundBy('none', ...stateNames)).toEqual(['cookie', 'database']);
});

describe.each(stateNames)('a conversation that was begun with %s at a node that accepts all', from => {
  const moves = stateNames.map(state => {
    const node = farm();
    const mode = node(state, stateNames);
    // One that begins elsewhere is in the memory of that node; here it is in this one's.
    return { state, mode, begin: () => issued(from === 'none' ? mode : node(from)) };
  });

  test.each(moves.filter(({ state }) => from !== 'none' || state === 'none'))(
    'where they begin with $state now, is renewed and cancelled where it is',
    ({ mode, begin }) => {
      const token = begin();
      const found = find(mode, token);
      if (found === undefined) throw new TypeError('it is lost');
      const state = atOnce(mode.replace(found.context, next, binding, nowMs));
      expect(state === undefined).toBe(from !== 'cookie');
      const renewed = { ...token, instance: next.instance, state };
      expect(find(mode, renewed)?.context.instance).toBe(next.instance);
      atOnce(mode.cancel(next, nowMs));
      for (const gone of [token, renewed]) expect(find(mode, gone)).toBeUndefined();
    },
  );
});

test('what was cancelled at a node of one mode is gone at the nodes of all', () => {
  const node = farm();
  const [old, both] = [node('cookie'), node('database', ['cookie', 'database'])];
  const token = issued(old);
  expect(find(both, token)).toBeDefined();
  atOnce(old.cancel(alice, nowMs));
  expect(find(both, token)).toBeUndefined();
});
