import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { keeperOf } from '../../src/keyring/keeper.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { dialects } from '../../src/names.ts';
import { type OpenStateOptions, openState } from '../../src/state/open-state.ts';
import type { StateName } from '../../src/state/several-modes.ts';
import { type ContextToken, type FoundState, keysOf, type StateMode } from '../../src/state/state-mode.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { madeRing } from '../keyring/made.ts';
import { alice, audience, find, issued, nowMs, other, renewedTo, replace, tokenOf, uriOf } from './calls.ts';
import { atOnce, random } from './made.ts';

/* The laws of conversations, the same in each mode; what a mode has of its own stands in a file of its name. */

const records = madeRing(nowMs);
const minuteMs = 60_000;

/** Where a conversation is found at a node that has not issued it; undefined: nowhere. */
const modes: readonly { readonly state: StateName; readonly elsewhere: FoundState['openedFrom'] | undefined }[] = [
  { state: 'cookie', elsewhere: 'seal' },
  { state: 'database', elsewhere: 'store' },
  { state: 'none', elsewhere: undefined },
];

/** Nodes that have one ring and one store. */
function farmOf(state: StateName, options: Partial<OpenStateOptions> = {}) {
  const clock = { nowMs };
  const held = { ring: keyRing(records) };
  const store = memoryStore({ clock: () => clock.nowMs, random });
  const keeper = { ring: () => held.ring, stale: () => false, refresh: () => false };
  const node = (more: Partial<OpenStateOptions> = {}): StateMode =>
    openState({
      ...{ state, acceptState: undefined, idleMs: undefined, keeper, store, random },
      ...{ cacheEntries: 100, rolloverMs: 300_000, ...options, ...more },
    });
  return { node, clock, held };
}

function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return `${error.fault} ${error.reason}`;
    throw error;
  }
  return undefined;
}

describe.each(modes)('with state $state', ({ state, elsewhere }) => {
  test('a conversation is found on the node that issued it, first as issued, then in the cache', () => {
    const mode = farmOf(state).node();
    const token = issued(mode);
    expect(token.state === undefined).toBe(state !== 'cookie');
    expect([1, 2, 3].map(() => find(mode, token)?.openedFrom)).toEqual(['issued', 'cache', 'cache']);
  });

  test(`a conversation is found on another node ${elsewhere === undefined ? 'never' : `in the ${elsewhere}`}`, () => {
    const { node } = farmOf(state);
    const token = issued(node());
    const mode = node();
    const then = elsewhere && 'cache';
    expect([1, 2, 3].map(() => find(mode, token)?.openedFrom)).toEqual([elsewhere, then, then]);
    expect(find(mode, token)?.context.user).toBe(elsewhere && 'alice');
  });

  test.each<[string, Partial<ContextToken>, string?]>([
    ['with a State that is none', { state: 'AAAA' }],
    ['with an empty State', { state: '' }],
    ['under another Identifier', { id: other.id }],
    ['under an Identifier that is none of ours', { id: 'urn:x' }],
    ['under an Instance', { instance: alice.id }],
    ['in another dialect', { dialect: dialects.feb2005 }],
    ['at another service of the farm', {}, `${audience}2`],
  ])('a conversation is not found %s, on the node that has it as on another', (_what, changes, at) => {
    const { node } = farmOf(state);
    const issuer = node();
    const token = issued(issuer);
    for (const mode of [issuer, node()]) expect(find(mode, { ...token, ...changes }, nowMs, at)).toBeUndefined();
    expect(find(issuer, token)).toBeDefined();
  });

  test('a conversation ends for good to the millisecond, and begins no earlier than clocks may differ', () => {
    const { node, held } = farmOf(state, { idleMs: 7 * 86_400_000 });
    const mode = node();
    const token = issued(mode);
    const { skewMs } = held.ring.policy;
    expect(find(mode, token, nowMs - skewMs - 1)).toBeUndefined();
    for (const atMs of [nowMs - skewMs, alice.absoluteExpiresMs - 1]) expect(find(mode, token, atMs)).toBeDefined();
    expect(find(mode, token, alice.absoluteExpiresMs)).toBeUndefined();
  });

  test('an Instance that has expired is found as one that has', () => {
    const mode = farmOf(state, { idleMs: 7 * 86_400_000 }).node();
    const token = issued(mode);
    const end = alice.tokenExpiresMs;
    expect([end - 1, end, end].map(atMs => find(mode, token, atMs)?.isExpired)).toEqual([false, true, true]);
  });

  test('what is derived from a conversation is kept beside it, over renewals', () => {
    const mode = farmOf(state).node();
    const token = issued(mode);
    const keysFound = () => {
      const found = find(mode, token);
      return found && keysOf(found);
    };
    const keys = keysFound();
    expect(keys?.secret).toBe(alice.secret);
    replace(mode, alice, renewedTo(1));
    expect(keysFound()).toBe(keys);
  });

  describe('a renewed conversation', () => {
    test('is found by its new Instance, and by the old one until the new one is used', () => {
      const { node } = farmOf(state, { idleMs: 7 * 86_400_000 });
      const mode = node();
      const old = issued(mode);
      const next = replace(mode, alice, renewedTo(1));
      expect(find(mode, old, nowMs + 7_200_000)?.context.instance).toBeUndefined();
      expect(find(mode, next)?.openedFrom).toBe('issued');
      expect(find(node(), next)?.context.instance).toBe(elsewhere && uriOf(1));
    });
    test.each([
      ['5 min', 300_000],
      ['the time that it is told', 1_000],
    ])('is found by its old Instance for %s after the first use of the new one', (_time, rolloverMs) => {
      const mode = farmOf(state, { rolloverMs }).node();
      const old = issued(mode);
      const next = replace(mode, alice, renewedTo(1));
      const usedMs = nowMs + minuteMs;
      for (const atMs of [usedMs, usedMs + 10, usedMs + 2 * rolloverMs]) expect(find(mode, next, atMs)).toBeDefined();
      expect(find(mode, old, usedMs + rolloverMs - 1)).toBeDefined();
      expect(find(mode, old, usedMs + rolloverMs)).toBeUndefined();
      expect(find(mode, next, usedMs + rolloverMs)).toBeDefined();
    });
    test('has two good Instances where one was renewed twice, for an answer that was lost', () => {
      const mode = farmOf(state, { rolloverMs: 0 }).node();
      issued(mode);
      const [one, two] = [replace(mode, alice, renewedTo(1, 1)), replace(mode, alice, renewedTo(1, 2))];
      for (const token of [one, two, one]) expect(find(mode, token, nowMs + 1)).toBeDefined();
    });
    test('is not renewed from an Instance after a later one was used', () => {
      const mode = farmOf(state).node();
      issued(mode);
      const next = replace(mode, alice, renewedTo(1));
      expect(refusalOf(() => replace(mode, alice, renewedTo(1, 3)))).toBeUndefined();
      expect(find(mode, next)).toBeDefined();
      expect(refusalOf(() => replace(mode, alice, renewedTo(1, 4)))).toBe('unableToRenew renew-older-instance');
      expect(refusalOf(() => replace(mode, renewedTo(1), renewedTo(2)))).toBeUndefined();
    });
    test('is not renewed once it was cancelled, and no Instance of it comes back', () => {
      const mode = farmOf(state).node();
      const old = issued(mode);
      const next = replace(mode, alice, renewedTo(1));
      atOnce(mode.cancel(alice, nowMs));
      expect(refusalOf(() => replace(mode, alice, renewedTo(1, 5)))).toBe('unableToRenew renew-cancelled');
      for (const token of [old, next, tokenOf(renewedTo(1, 5), old.state)]) expect(find(mode, token)).toBeUndefined();
    });
  });

  describe('a cancelled conversation', () => {
    test('is gone on every node, in all its Instances, and leaves others alone', () => {
      const { node, held } = farmOf(state);
      const mode = node();
      const [token, left] = [issued(mode), issued(mode, other)];
      const next = replace(mode, alice, renewedTo(1));
      const cancellation = atOnce(mode.cancel(alice, nowMs));
      for (const each of [mode, node()]) for (const gone of [token, next]) expect(find(each, gone)).toBeUndefined();
      expect(find(mode, left)).toBeDefined();
      // By a clock that may be behind ours.
      const untilMs = alice.absoluteExpiresMs + held.ring.policy.skewMs;
      expect(cancellation).toEqual({ id: alice.id, untilMs });
    });
    test('is gone on a node that was told', () => {
      const mode = farmOf(state).node({ store: memoryStore({ clock: () => nowMs, random }) });
      const token = issued(mode);
      expect(find(mode, token)).toBeDefined();
      expect(mode.cancelled({ id: alice.id, untilMs: alice.absoluteExpiresMs }, nowMs)).toBe(true);
      for (const laterMs of [0, 1, minuteMs]) expect(find(mode, token, nowMs + laterMs)).toBeUndefined();
    });
    test('is not acknowledged where it can not be remembered, and goes on', () => {
      const mode = farmOf(state).node({ store: memoryStore({ clock: () => nowMs, random, maxClaims: 0 }) });
      const token = issued(mode);
      expect(refusalOf(() => mode.cancel(alice, nowMs))).toBe('server cancel-list-full');
      expect(mode.cancelled({ id: alice.id, untilMs: nowMs + 1000 }, nowMs)).toBe(false);
      expect(find(mode, token)).toBeDefined();
    });
  });

  describe('when the ring changes', () => {
    test('a rotation leaves conversations as they are', () => {
      const { node, held } = farmOf(state);
      const mode = node();
      const token = issued(mode);
      held.ring = keyRing(rotateRing(records, { now: true, nowMs: nowMs + 1, random }));
      expect(find(mode, token, nowMs + 2)?.openedFrom).toBe('issued');
      expect(find(node(), token, nowMs + 2)?.openedFrom).toBe(elsewhere);
    });
    test(`${state === 'none' ? 'nothing ends' : 'what was sealed ends'} with a key that was revoked`, () => {
      const { node, held } = farmOf(state);
      const mode = node();
      const token = issued(mode);
      held.ring = keyRing({ ...records, keys: records.keys.map(key => ({ ...key, revokedAtMs: nowMs })) });
      expect(find(mode, token)).toEqual(state === 'none' ? expect.anything() : undefined);
      expect(find(node(), token)).toBeUndefined();
    });
    test(`${state === 'none' ? 'all' : 'only what was issued'} goes on while it is stale`, () => {
      const { node } = farmOf(state);
      const stale = node({ keeper: { ...keeperOf(keyRing(records)), stale: () => true } });
      const refusal = refusalOf(() => issued(stale, other));
      expect(refusal).toBe(state === 'none' ? undefined : 'server ring-stale');
      const issuer = node();
      const token = issued(issuer);
      expect(find(stale, token)?.openedFrom).toBe(elsewhere);
    });
  });
});
