import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/errors.ts';
import { keeperOf } from '../../src/keyring/keeper.ts';
import type { RingRecords } from '../../src/keyring/record.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { rotateRing } from '../../src/keyring/rotate.ts';
import { dialects } from '../../src/names.ts';
import { type CookieModeOptions, cookieMode } from '../../src/state/cookie-mode.ts';
import { type ContextToken, keysOf } from '../../src/state/state-mode.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { at, madeRing, seededRandom } from '../keyring/made.ts';
import { alice, audience, find, issued, nowMs, renewedTo, replace, uriOf } from './calls.ts';
import { atOnce, random } from './made.ts';

const records = madeRing(nowMs);

/** One node: a mode, and its ring, which the test may swap. */
function node(options: Partial<CookieModeOptions> = {}, changes: Partial<CookieModeOptions['keeper']> = {}) {
  const held = { ring: keyRing(records) };
  const keeper = { ring: () => held.ring, stale: () => false, refresh: () => false, ...changes };
  const store = memoryStore({ clock: () => nowMs, random });
  const mode = cookieMode({ keeper, store, cacheEntries: 100, rolloverMs: 300_000, random, ...options });
  return { mode, held, use: (next: RingRecords) => (held.ring = keyRing(next)) };
}

describe('a conversation is found', () => {
  test('on the node that issued it, first as issued, then in the cache', () => {
    const { mode } = node();
    const token = issued(mode);
    expect([1, 2, 3].map(() => find(mode, token)?.openedFrom)).toEqual(['issued', 'cache', 'cache']);
  });
  test('on every other node, first from its seal, then in the cache', () => {
    const token = issued(node().mode);
    const { mode } = node();
    expect([1, 2, 3].map(() => find(mode, token)?.openedFrom)).toEqual(['seal', 'cache', 'cache']);
    expect(find(mode, token)?.context.user).toBe('alice');
  });
  test('from its seal again when the cache is full', () => {
    const { mode } = node({ cacheEntries: 1 });
    const token = issued(mode);
    issued(mode, { ...alice, id: 'urn:uuid:11112233-4455-4677-8899-aabbccddeeff' });
    expect(find(mode, token)?.openedFrom).toBe('seal');
  });
});

describe('on the node that has it in its cache, as on the others, a conversation is not found', () => {
  const issuer = node();
  const token = issued(issuer.mode);
  const text = token.state ?? '';
  const sealed = Buffer.from(text, 'base64');

  test.each<[string, Partial<ContextToken>]>([
    ['without a state', { state: undefined }],
    ['with an empty state', { state: '' }],
    [
      'with the state of another conversation',
      { state: issued(node().mode, { ...alice, id: `${alice.id.slice(0, -1)}0` }).state },
    ],
    ['under another Identifier', { id: `${alice.id.slice(0, -1)}0` }],
    ['under an Instance', { instance: alice.id }],
    ['in another dialect', { dialect: dialects.feb2005 }],
  ])('%s', (_what, changes) => {
    for (const { mode } of [issuer, node()]) expect(find(mode, { ...token, ...changes })).toBeUndefined();
    expect(find(issuer.mode, token)).toBeDefined();
  });

  test('at another service of the farm', () => {
    for (const { mode } of [issuer, node()]) expect(find(mode, token, nowMs, `${audience}2`)).toBeUndefined();
  });

  test('with any changed bit or any truncation of its state', () => {
    for (const { mode } of [issuer, node()]) {
      for (let bit = 0; bit < sealed.length * 8; bit += 1) {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(find(mode, { ...token, state: changed.toString('base64') })).toBeUndefined();
      }
      for (let length = 0; length < text.length; length += 1)
        expect(find(mode, { ...token, state: text.slice(0, length) })).toBeUndefined();
    }
  });

  test('when it is past its absolute end', () => {
    const end = alice.absoluteExpiresMs;
    for (const { mode } of [issuer, node()]) expect(find(mode, token, end)).toBeUndefined();
    for (const { mode } of [issuer, node()]) expect(find(mode, token, end - 1)).toBeDefined();
  });
});

test('an Instance that has expired is found as one that has, from its seal as in the cache', () => {
  const issuer = node();
  const token = issued(issuer.mode);
  const end = alice.tokenExpiresMs;
  for (const { mode } of [issuer, node()]) {
    expect([end - 1, end, end].map(atMs => find(mode, token, atMs)?.isExpired)).toEqual([false, true, true]);
  }
});

describe('a renewed conversation', () => {
  const reasonOf = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      return error instanceof Refusal && error.fault === 'unableToRenew' ? error.reason : error;
    }
    return undefined;
  };

  test('is found by its new Instance on every node, and by the old one until the new one is used', () => {
    const { mode } = node();
    const old = issued(mode);
    const next = replace(mode, alice, renewedTo(1));
    expect(find(mode, old, nowMs + 7_200_000)?.context.instance).toBeUndefined();
    expect(find(mode, next)?.openedFrom).toBe('issued');
    expect(find(node().mode, next)?.context.instance).toBe(uriOf(1));
  });
  test.each([
    ['5 min', {}, 300_000],
    ['the time that it is told', { rolloverMs: 1_000 }, 1_000],
  ])('is found by its old Instance for %s after the first use of the new one', (_time, options, windowMs) => {
    const { mode } = node(options);
    const old = issued(mode);
    const next = replace(mode, alice, renewedTo(1));
    const usedMs = nowMs + 60_000;
    for (const atMs of [usedMs, usedMs + 10, usedMs + 2 * windowMs]) expect(find(mode, next, atMs)).toBeDefined();
    expect(find(mode, old, usedMs + windowMs - 1)).toBeDefined();
    expect(find(mode, old, usedMs + windowMs)).toBeUndefined();
    expect(find(mode, next, usedMs + windowMs)).toBeDefined();
  });
  test('is found by its old Instance until that expires where the new one was not seen', () => {
    const { mode } = node();
    const old = issued(mode);
    const next = replace(node().mode, alice, renewedTo(1));
    expect(find(node().mode, next)).toBeDefined();
    expect(find(mode, old, alice.tokenExpiresMs - 1)?.isExpired).toBe(false);
    expect(find(mode, next, nowMs)).toBeDefined();
    expect(find(mode, old, nowMs + 300_000)).toBeUndefined();
  });
  test('has two good Instances where one was renewed twice, for an answer that was lost', () => {
    const { mode } = node({ rolloverMs: 0 });
    const [one, two] = [replace(mode, alice, renewedTo(1, 1)), replace(mode, alice, renewedTo(1, 2))];
    for (const token of [one, two, one]) expect(find(mode, token, nowMs + 1)).toBeDefined();
  });
  test('is not renewed from an Instance after a later one was used', () => {
    const { mode } = node();
    const next = replace(mode, alice, renewedTo(1));
    expect(reasonOf(() => replace(mode, alice, renewedTo(1, 3)))).toBeUndefined();
    expect(find(mode, next)).toBeDefined();
    expect(reasonOf(() => replace(mode, alice, renewedTo(1, 4)))).toBe('renew-older-instance');
    expect(reasonOf(() => replace(mode, renewedTo(1), renewedTo(2)))).toBeUndefined();
  });
  test('is not renewed once it was cancelled, and no Instance of it comes back', () => {
    const { mode } = node();
    const next = replace(mode, alice, renewedTo(1));
    atOnce(mode.cancel(alice, nowMs));
    expect(reasonOf(() => replace(mode, alice, renewedTo(1, 5)))).toBe('renew-cancelled');
    expect(find(mode, next)).toBeUndefined();
  });
  test('is remembered within bounds: the latest of them', () => {
    const { mode } = node({ cacheEntries: 1, rolloverMs: 0 });
    const old = issued(mode);
    const other = { ...renewedTo(1), id: `${alice.id.slice(0, -1)}0` };
    find(mode, replace(mode, alice, renewedTo(1)));
    expect(find(mode, old)).toBeUndefined();
    find(mode, issued(mode, other));
    expect(find(mode, old)).toBeDefined();
  });
});

test('what is derived from a conversation is kept beside it, and as long as it is', () => {
  const { mode } = node({ cacheEntries: 1 });
  const token = issued(mode);
  const keysFound = () => {
    const found = find(mode, token);
    return found && keysOf(found);
  };
  const keys = keysFound();
  expect(keys?.secret).toBe(alice.secret);
  expect(keysFound()).toBe(keys);
  issued(mode, { ...alice, id: `${alice.id.slice(0, -1)}0` });
  const again = keysFound();
  expect(again).toBeDefined();
  expect(again).not.toBe(keys);
});

test('another seal of the same conversation is opened and takes the place of the first', () => {
  const { mode } = node();
  const first = issued(mode);
  const second = issued(node().mode);
  expect(second.state).not.toBe(first.state);
  expect([second, second, first, first].map(token => find(mode, token)?.openedFrom)).toEqual([
    'seal',
    'cache',
    'seal',
    'cache',
  ]);
});

test('a state whose lines were folded on the way is opened each time or found by its own text', () => {
  const { mode } = node();
  const token = issued(mode);
  const folded = { ...token, state: token.state?.replace(/.{64}/g, '$&\n') };
  expect([folded, folded].map(each => find(mode, each)?.openedFrom)).toEqual(['seal', 'cache']);
});

describe('a cancelled conversation', () => {
  test('is gone on the node that cancelled it, in all its instances', () => {
    const { mode, held } = node();
    const token = issued(mode);
    const renewed = { ...alice, instance: 'urn:uuid:ffff2233-4455-4677-8899-aabbccddeeff', renewals: 1 };
    const other = issued(mode, renewed);
    const cancellation = atOnce(mode.cancel(alice, nowMs));
    expect(find(mode, token)).toBeUndefined();
    expect(find(mode, other)).toBeUndefined();
    expect(cancellation.id).toBe(alice.id);
    // By a clock that may be behind ours.
    expect(cancellation.untilMs).toBe(alice.absoluteExpiresMs + held.ring.policy.skewMs);
  });
  test('is gone on a node that was told, whether it had it in its cache or not', () => {
    const token = issued(node().mode);
    const cached = node().mode;
    expect(find(cached, token)).toBeDefined();
    for (const mode of [cached, node().mode]) {
      expect(mode.cancelled({ id: alice.id, untilMs: alice.absoluteExpiresMs }, nowMs)).toBe(true);
      for (const laterMs of [0, 1, 36_000_000 - 1]) expect(find(mode, token, nowMs + laterMs)).toBeUndefined();
    }
  });
  test('is not acknowledged where it can not be remembered', () => {
    const { mode } = node({ store: memoryStore({ clock: () => nowMs, random, maxClaims: 0 }) });
    expect(() => mode.cancel(alice, nowMs)).toThrow(
      expect.objectContaining({ fault: 'server', reason: 'cancel-list-full' }),
    );
    expect(mode.cancelled({ id: alice.id, untilMs: nowMs + 1000 }, nowMs)).toBe(false);
  });
  test('leaves other conversations alone', () => {
    const { mode } = node();
    const token = issued(mode);
    const other = 'urn:uuid:11112233-4455-4677-8899-aabbccddeeff';
    mode.cancelled({ id: other, untilMs: alice.absoluteExpiresMs }, nowMs);
    expect(find(mode, token)).toBeDefined();
  });
});

describe('when the ring changes', () => {
  test('a rotation leaves conversations as they are', () => {
    const { mode, use } = node();
    const token = issued(mode);
    use(rotateRing(records, { now: true, nowMs: nowMs + 1, random }));
    expect(find(mode, token, nowMs + 2)?.openedFrom).toBe('issued');
    expect(find(node().mode, token, nowMs + 2)?.openedFrom).toBe('seal');
  });
  test('a conversation whose key was revoked is not found in the cache either', () => {
    const { mode, use } = node();
    const token = issued(mode);
    expect(find(mode, token)).toBeDefined();
    use({ ...records, keys: records.keys.map(key => ({ ...key, revokedAtMs: nowMs })) });
    expect(find(mode, token)).toBeUndefined();
  });
  test('a conversation of another farm is not found in the cache either', () => {
    const { mode, use } = node();
    const token = issued(mode);
    use(madeRing(nowMs, {}, 'other farm'));
    expect(find(mode, token)).toBeUndefined();
  });
});

describe('a token sealed with a key that this node does not know yet', () => {
  const next = rotateRing(records, { now: true, nowMs: nowMs + 1, random: seededRandom('unknown') });
  const token = issued(node({}, keeperOf(keyRing(next))).mode, alice, nowMs + 2);

  test('is opened after the ring was read again', () => {
    const asked: string[] = [];
    const held = { ring: keyRing(records) };
    const refresh = (keyId: string) => {
      asked.push(keyId);
      held.ring = keyRing(next);
      return true;
    };
    const { mode } = node({}, { ring: () => held.ring, refresh });
    expect(find(mode, token, nowMs + 2)?.openedFrom).toBe('seal');
    expect(asked).toEqual([next.keys.at(-1)?.id]);
  });
  test('is refused when that brings nothing', () => {
    expect(find(node({}, { refresh: () => false }).mode, token, nowMs + 2)).toBeUndefined();
    expect(find(node().mode, token, nowMs + 2)).toBeUndefined();
  });
  test('is the only kind that has the ring read again', () => {
    const refresh = () => {
      throw new Error('read again');
    };
    const { mode, held } = node({}, { refresh });
    const known = issued(mode);
    const changed = `${known.state?.slice(0, -4)}AAAA`;
    for (const state of [changed, 'x', '', known.state?.slice(4)])
      expect(find(mode, { ...known, state })).toBeUndefined();
    held.ring = keyRing({ ...records, keys: records.keys.map(key => ({ ...key, revokedAtMs: nowMs })) });
    expect(find(mode, known)).toBeUndefined();
    expect(() => find(mode, token)).toThrow('read again');
  });
});

describe('nothing is issued', () => {
  test('while the ring is stale, but all that was issued goes on', () => {
    const { mode } = node({}, { stale: () => true });
    expect(() => issued(mode)).toThrow(expect.objectContaining({ fault: 'server', reason: 'ring-stale' }));
    expect(find(mode, issued(node().mode))).toBeDefined();
  });
  test('while no key issues', () => {
    const { mode } = node();
    expect(() => issued(mode, alice, at('2020-01-01T00:00:00Z'))).toThrow(
      expect.objectContaining({ fault: 'server', cause: expect.objectContaining({ code: 'RING_STALE' }) }),
    );
  });
});

test('the mode does not start with a random source that repeats itself', () => {
  expect(() => node({ random: bytes => seededRandom('stuck')(bytes) })).toThrow(
    expect.objectContaining({ code: 'RING_INVALID' }),
  );
});
