import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { CallerGone, Overload } from '../../src/errors.ts';
import type { CountedCaller } from '../../src/users/authenticate.ts';
import type { Attempt } from '../../src/users/login-failures.ts';
import { loginGate, type PasswordSource } from '../../src/users/login-gate.ts';
import { type LoginLimits, usualChecksAtOnce } from '../../src/users/login-limits.ts';
import { costOfFourTimes } from '../support/cost.ts';
import { turn } from './works.ts';

const limits = { queue: 20, failuresPerAddress: 6, failuresPerUserAndAddress: 3, checksAtOnce: 1 };

/** Somebody at an address; behind a trusted proxy that says nothing where it is not limited. */
function at(address: string, { isLimited = true, signal = new AbortController().signal } = {}): CountedCaller {
  return { address, isLimited, signal };
}

const home = at('192.0.2.1');
const elsewhere = (i: number) => at(`198.51.100.${i}`);

/** A gate before passwords of which `right` is everybody's; the checks wait until they are let go. */
function opened(changed: Partial<LoginLimits> = {}, { isHeld = false, keyQueue = 10 } = {}) {
  const clock = { nowMs: 0 };
  const steadyClock = () => clock.nowMs;
  const gate = loginGate({ limits: { ...limits, ...changed }, keyQueue, steadyClock, random: systemRandom });
  const checked: string[] = [];
  const signals: AbortSignal[] = [];
  const remembered = new Set<string>();
  const waiting: (() => void)[] = [];
  const source: PasswordSource = {
    remembered: (name, password) =>
      remembered.has(name) && password === 'right' ? { user: name, roles: [] } : undefined,
    async check(name, password, { signal }) {
      checked.push(name);
      signals.push(signal);
      if (isHeld) await new Promise<void>(resolve => waiting.push(resolve));
      if (password === 'broken') throw new Error('the directory is down');
      return password === 'right' && name !== 'nobody' ? { user: name, roles: [] } : undefined;
    },
  };
  const login = async (name: string, password: string, caller = home, kind: Attempt['kind'] = 'user') => {
    try {
      return (await gate.attempt({ kind, name, password, caller }, source))?.user;
    } catch (error) {
      if (error instanceof Overload) return error.reason;
      return error instanceof CallerGone ? 'gone' : `${error}`;
    }
  };
  const fail = async (name: string, times: number, caller = home, kind: Attempt['kind'] = 'user') => {
    for (let i = 0; i < times; i += 1) await login(name, `wrong ${i}`, caller, kind);
  };
  const letGo = async () => {
    for (let i = 0; i < waiting.length; i += 1) {
      waiting[i]?.();
      await turn();
    }
  };
  return { gate, clock, login, fail, letGo, checked, signals, remembered };
}

describe('a password that is remembered', () => {
  test('passes every limit: a full queue, an address and a user with too many failures', async () => {
    const { login, fail, remembered, letGo } = opened({ queue: 1 }, { isHeld: true });
    remembered.add('alice');
    const begun = ['a', 'b'].map(name => login(name, 'wrong', elsewhere(1)));
    expect(await login('c', 'wrong', elsewhere(2))).toBe('queue-full');
    expect(await login('alice', 'right')).toBe('alice');
    await letGo();
    await Promise.all(begun);
    const failing = fail('alice', 3);
    for (let i = 0; i < 3; i += 1) {
      await turn();
      await letGo();
    }
    await failing;
    expect(await login('alice', 'wrong again')).toBe('failures-of-user-and-address');
    expect(await login('alice', 'right')).toBe('alice');
  });
});

describe('wrong passwords', () => {
  test('of a user from one address keep that user from there out for 15 minutes, the right one too', async () => {
    const { login, fail, clock, checked } = opened();
    await fail('alice', 3);
    expect(await login('alice', 'right')).toBe('failures-of-user-and-address');
    expect(checked).toHaveLength(3);
    expect(await login('bob', 'right')).toBe('bob');
    clock.nowMs = 900_000;
    expect(await login('alice', 'right')).toBe('alice');
  });

  test('count for one user in whatever form the name is written', async () => {
    const { login, fail } = opened();
    for (const name of ['ALICE', '\uff21lice', ' Alice\u00a0']) await fail(name, 1);
    expect(await login('alice', 'right')).toBe('failures-of-user-and-address');
    expect(await login('alice', 'right', elsewhere(1))).toBe('alice');
  });

  test('count for one user where names differ behind their first 256 characters alone', async () => {
    const { login, fail } = opened();
    const long = 'x'.repeat(256);
    for (const end of ['', '1', '2'.repeat(8_000)]) await fail(long + end, 1);
    expect(await login(`${long}3`, 'right')).toBe('failures-of-user-and-address');
    expect(await login(long.slice(1), 'right')).toBe(long.slice(1));
  });

  test.each([
    ['marks in the wrong order', '\u0300\u0316', ''],
    ['ligatures of eighteen letters', '\ufdfa', ''],
    ['white space', '\u3000', 'x'],
  ])('of a long name cost in proportion to its length at most: %s', async (_, unit, end) => {
    const { fail } = opened({ failuresPerAddress: 1e9, failuresPerUserAndAddress: 1e9 });
    const work = (size: number) => fail(unit.repeat(size / unit.length) + end, 100);
    expect(await costOfFourTimes(2_048, work)).toBeLessThan(8);
  });

  test('from elsewhere, however many, never keep a user from logging in', async () => {
    const { login, fail } = opened();
    for (let i = 1; i <= 10; i += 1) await fail('alice', 3, elsewhere(i));
    expect(await login('alice', 'right')).toBe('alice');
  });

  test('from elsewhere put the user’s next passwords at the end of the queue, behind those of strangers', async () => {
    const { login, fail, letGo, checked } = opened({}, { isHeld: true });
    const failing = fail('alice', 3, elsewhere(1));
    for (let i = 0; i < 3; i += 1) {
      await turn();
      await letGo();
    }
    await failing;
    checked.length = 0;
    const first = login('running', 'right', elsewhere(2));
    const alice = login('alice', 'right');
    const others = ['bob', 'carol'].map((name, i) => login(name, 'right', elsewhere(3 + i)));
    await letGo();
    expect([await first, await alice, ...(await Promise.all(others))]).toEqual(['running', 'alice', 'bob', 'carol']);
    expect(checked).toEqual(['running', 'bob', 'carol', 'alice']);
  });

  test('of one address keep it out for 15 minutes, whatever names it tried, and no other', async () => {
    const { login, fail, clock } = opened();
    for (let i = 0; i < 6; i += 1) await fail(`name ${i}`, 1);
    expect(await login('alice', 'right')).toBe('failures-of-address');
    expect(await login('alice', 'right', at('::ffff:192.0.2.1'))).toBe('failures-of-address');
    expect(await login('alice', 'right', at('192.0.2.2'))).toBe('alice');
    clock.nowMs = 900_000;
    expect(await login('bob', 'right')).toBe('bob');
  });

  test('of a network of IPv6 count together', async () => {
    const { login, fail } = opened();
    for (let i = 0; i < 6; i += 1) await fail(`name ${i}`, 1, at(`2001:db8:1:2::${i}`));
    expect(await login('alice', 'right', at('2001:db8:1:2:3:4:5:6'))).toBe('failures-of-address');
    expect(await login('alice', 'right', at('2001:db8:1:3::1'))).toBe('alice');
  });

  test('of a user nobody has count like those of one whom somebody has', async () => {
    for (const name of ['alice', 'nobody']) {
      const { login, fail, checked } = opened();
      await fail(name, 3);
      expect(await login(name, 'wrong')).toBe('failures-of-user-and-address');
      expect(checked).toHaveLength(3);
    }
  });

  test('of a user are not those of a client of that name', async () => {
    const { login, fail } = opened();
    await fail('reports', 3, home, 'client');
    expect(await login('reports', 'right', home, 'client')).toBe('failures-of-user-and-address');
    expect(await login('reports', 'right')).toBe('reports');
  });

  test('that come through a trusted proxy which says nothing keep nobody out', async () => {
    const proxy = at('10.0.0.1', { isLimited: false });
    const { login, fail } = opened();
    await fail('alice', 20, proxy);
    for (let i = 0; i < 20; i += 1) await fail(`name ${i}`, 1, proxy);
    expect(await login('alice', 'right', proxy)).toBe('alice');
  });

  test('behind such a proxy put one user’s logins back, and no other user’s', async () => {
    const proxy = () => at('10.0.0.1', { isLimited: false });
    const { login, letGo, checked } = opened({}, { isHeld: true });
    const first = login('running', 'right', proxy());
    const guesses = Array.from({ length: 4 }, (_, i) => login('alice', `guess ${i}`, proxy()));
    const bob = login('bob', 'right', proxy());
    await letGo();
    await Promise.all([first, bob, ...guesses]);
    expect(checked).toEqual(['running', 'alice', 'bob', 'alice', 'alice', 'alice']);
  });

  test('that are sent all at once are not all checked before the first has failed', async () => {
    const { login, checked } = opened({ checksAtOnce: 50 });
    const guesses = await Promise.all(Array.from({ length: 50 }, (_, i) => login('alice', `guess ${i}`)));
    expect(guesses.filter(answer => answer === undefined)).toHaveLength(3);
    expect(guesses.filter(answer => answer === 'checks-under-way')).toHaveLength(47);
    expect(checked).toHaveLength(3);
  });

  test('are not what could not be checked', async () => {
    const { login } = opened();
    for (let i = 0; i < 10; i += 1) expect(await login('alice', 'broken')).toMatch('the directory is down');
    expect(await login('alice', 'right')).toBe('alice');
  });
});

describe('right passwords', () => {
  test('are never held against anybody, however many come', async () => {
    const { login, checked } = opened();
    for (let i = 0; i < 20; i += 1) expect(await login('alice', 'right')).toBe('alice');
    for (let i = 0; i < 20; i += 1) expect(await login(`user ${i}`, 'right')).toBe(`user ${i}`);
    expect(checked).toHaveLength(40);
  });

  test('that come at the same time for one user are one check, wherever they come from', async () => {
    const { login, checked } = opened();
    const many = Array.from({ length: 50 }, (_, i) => login('alice', 'right', at(`192.0.2.${i}`)));
    expect(new Set(await Promise.all(many))).toEqual(new Set(['alice']));
    expect(checked).toHaveLength(1);
  });

  test('are not told to an address with too many failures by a check that somebody else waits for', async () => {
    const { login, fail, letGo } = opened({}, { isHeld: true });
    const failing = fail('alice', 3);
    for (let i = 0; i < 3; i += 1) {
      await turn();
      await letGo();
    }
    await failing;
    const honest = login('alice', 'right', elsewhere(1));
    expect(await login('alice', 'right')).toBe('failures-of-user-and-address');
    await letGo();
    expect(await honest).toBe('alice');
  });
});

describe('a caller who has gone', () => {
  test('takes the check that waits along, and it is not counted', async () => {
    const { login, letGo, checked } = opened({ failuresPerUserAndAddress: 2 }, { isHeld: true });
    const first = login('running', 'right', elsewhere(1));
    for (let i = 0; i < 10; i += 1) {
      const caller = new AbortController();
      const left = login('alice', `wrong ${i}`, at('192.0.2.1', { signal: caller.signal }));
      await turn();
      caller.abort();
      expect(await left).toBe('gone');
    }
    const alice = login('alice', 'right');
    await letGo();
    expect([await first, await alice]).toEqual(['running', 'alice']);
    expect(checked).toEqual(['running', 'alice']);
  });

  test('leaves the check to those who wait for the same', async () => {
    const { login, letGo, signals } = opened({}, { isHeld: true });
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const left = login('alice', 'right', at('192.0.2.1', { signal: leaving.signal }));
    const stayed = login('alice', 'right', at('192.0.2.2', { signal: staying.signal }));
    await turn();
    leaving.abort();
    expect(await left).toBe('gone');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await letGo();
    expect(await stayed).toBe('alice');
  });

  test('is told to a check that runs, and its failure counts all the same', async () => {
    const { login, letGo, signals } = opened({ failuresPerUserAndAddress: 1 }, { isHeld: true });
    const caller = new AbortController();
    const left = login('alice', 'wrong', at('192.0.2.1', { signal: caller.signal }));
    await turn();
    caller.abort();
    expect(await left).toBe('gone');
    expect(signals[0]?.aborted).toBe(true);
    await letGo();
    expect(await login('alice', 'right')).toBe('failures-of-user-and-address');
  });

  test('before the check is let in by nothing, not by a password that is remembered either', async () => {
    const { login, remembered, checked } = opened();
    remembered.add('alice');
    const gone = () => at('192.0.2.1', { signal: AbortSignal.abort() });
    expect([await login('alice', 'right', gone()), await login('bob', 'right', gone())]).toEqual(['gone', 'gone']);
    expect(checked).toEqual([]);
  });

  test('is none that somebody else waits for later: they have a check of their own', async () => {
    const { login, letGo, checked } = opened({}, { isHeld: true });
    const caller = new AbortController();
    const left = login('alice', 'right', at('192.0.2.1', { signal: caller.signal }));
    await turn();
    caller.abort();
    await left;
    const later = login('alice', 'right');
    await letGo();
    expect(await later).toBe('alice');
    expect(checked).toEqual(['alice', 'alice']);
  });
});

test('keys are opened one at a time, in turns, and do not wait for passwords', async () => {
  const { gate, login } = opened({ queue: 2 }, { isHeld: true, keyQueue: 2 });
  for (const name of ['a', 'b', 'c']) void login(name, 'wrong', elsewhere(1));
  expect(await login('d', 'wrong', elsewhere(1))).toBe('queue-full');
  const opening: (() => void)[] = [];
  const openKey = (caller: CountedCaller) =>
    gate.openKey(() => new Promise<string>(resolve => opening.push(() => resolve('key'))), caller);
  const keys = [openKey(elsewhere(1)), openKey(elsewhere(1)), openKey(elsewhere(2))];
  await expect(openKey(elsewhere(1))).rejects.toMatchObject({ fault: 'busy', reason: 'queue-full' });
  for (let i = 0; i < 3; i += 1) {
    expect(opening).toHaveLength(i + 1);
    opening[i]?.();
    await turn();
  }
  expect(await Promise.all(keys)).toEqual(['key', 'key', 'key']);
});

test('a core is left to the calls where there are several', () => {
  const checksAtOnce = usualChecksAtOnce(true);
  expect(checksAtOnce).toBeGreaterThanOrEqual(1);
  expect(checksAtOnce).toBeLessThanOrEqual(Math.min(4, Math.max(1, availableParallelism() - 1)));
  expect(usualChecksAtOnce(false)).toBe(4);
});
