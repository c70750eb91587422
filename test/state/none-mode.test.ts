import { describe, expect, test } from 'vitest';
import { keyRing } from '../../src/keyring/ring.ts';
import type { Context } from '../../src/state/context.ts';
import { type NoneModeOptions, noneMode } from '../../src/state/none-mode.ts';
import type { StateMode } from '../../src/state/state-mode.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { madeRing } from '../keyring/made.ts';
import { alice, binding, find, nowMs, tokenOf, uriOf } from './calls.ts';
import { atOnce, random } from './made.ts';

const ring = keyRing(madeRing(nowMs));
const idleMs = 600_000;

function node(options: Partial<NoneModeOptions> = {}): StateMode {
  const store = memoryStore({ clock: () => nowMs, random });
  return noneMode({ keeper: { ring: () => ring }, store, rolloverMs: 0, idleMs, maxConversations: 3, ...options });
}

const contextOf = (n: number): Context => ({ ...alice, id: uriOf(n) });
const issue = (mode: StateMode, n: number, atMs = nowMs) => atOnce(mode.issue(contextOf(n), binding, atMs));
const isFound = (mode: StateMode, n: number, atMs = nowMs) => find(mode, tokenOf(contextOf(n)), atMs) !== undefined;

test('a conversation that no message has named for the idle time ends; one in use goes on', () => {
  const mode = node();
  issue(mode, 1);
  issue(mode, 2);
  expect(isFound(mode, 1, nowMs + idleMs - 1)).toBe(true);
  expect(isFound(mode, 1, nowMs + 2 * idleMs - 2)).toBe(true);
  expect(isFound(mode, 2, nowMs + idleMs)).toBe(false);
});

describe('where a node is full', () => {
  test('the conversation that was not used for longest gives place', () => {
    const mode = node();
    for (const n of [1, 2, 3]) issue(mode, n, nowMs + n);
    expect(isFound(mode, 1, nowMs + 4)).toBe(true);
    issue(mode, 4, nowMs + 5);
    expect([1, 2, 3, 4].map(n => isFound(mode, n, nowMs + 6))).toEqual([true, false, true, true]);
  });
});

test('a renewal is none of a conversation that went idle meanwhile', () => {
  const mode = node();
  issue(mode, 1);
  const next = { ...contextOf(1), instance: alice.id, renewals: 1 };
  expect(() => mode.replace(contextOf(1), next, binding, nowMs + idleMs)).toThrow('renew-cancelled');
});

test('100,000 conversations are found, each by its own name, and renewals without end add none', () => {
  const mode = node({ maxConversations: 100_000 });
  const count = 100_000;
  for (let n = 0; n < count; n += 1) issue(mode, n);
  for (let n = 0; n < count; n += 1) if (!isFound(mode, n)) throw new Error(`conversation ${n} is lost`);
  for (let n = 1; n <= 100; n += 1) {
    const [previous, next] = [n - 1, n].map(renewals => ({ ...contextOf(7), instance: alice.id, renewals }));
    if (previous !== undefined && next !== undefined) atOnce(mode.replace(previous, next, binding, nowMs));
  }
  expect(isFound(mode, 0)).toBe(true);
  expect(isFound(mode, count)).toBe(false);
});
