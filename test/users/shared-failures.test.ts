import { afterEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { Overload, StoreUnavailable } from '../../src/errors.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { outage } from '../../src/store/outage.ts';
import type { Store } from '../../src/store/store.ts';
import type { CountedCaller } from '../../src/users/authenticate.ts';
import { failureWindowMs } from '../../src/users/failures.ts';
import { loginGate, type PasswordSource } from '../../src/users/login-gate.ts';
import { openLogins } from '../../src/users/logins.ts';
import { sharedFailures } from '../../src/users/shared-failures.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { eventually } from '../support/eventually.ts';

const limits = { queue: 20, failuresPerAddress: 6, failuresPerUserAndAddress: 3, checksAtOnce: 1 };
const opened: Store[] = [];

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

function at(address: string, isLimited = true): CountedCaller {
  return { address, isLimited, signal: new AbortController().signal };
}

const home = at('192.0.2.1');

/** Nodes that count in one store, which can be away; each checks passwords for itself. */
function openFarm(nodes: number) {
  const clock = { nowMs: 1_000_000 };
  const store = waitingStore(() => clock.nowMs);
  opened.push(store);
  const added: string[] = [];
  const said: string[] = [];
  let isDown = false;
  const add: Store['add'] = async (key, n, untilMs) => {
    if (isDown) throw new StoreUnavailable('no answer in 250 ms');
    added.push(key);
    return store.add(key, n, untilMs);
  };
  let checked = 0;
  const source: PasswordSource = {
    remembered: () => undefined,
    async check(user, password) {
      checked += 1;
      return password === 'right' ? { user, roles: [] } : undefined;
    },
  };
  const gates = Array.from({ length: nodes }, () =>
    loginGate({
      limits,
      steadyClock: () => clock.nowMs,
      random: systemRandom,
      shared: sharedFailures({
        store: { ...store, add },
        clock: () => clock.nowMs,
        windowMs: failureWindowMs,
        outage: outage(
          () => said.push('down'),
          () => said.push('up'),
        ),
      }),
    }),
  );
  /** What a login comes to, and what the store has said of it by then. */
  const login = async (node: number, name: string, password: string, caller = home) => {
    try {
      const user = await gates[node]?.attempt({ kind: 'user', name, password, caller }, source);
      await settled(store);
      return user?.user;
    } catch (error) {
      return error instanceof Overload ? error.reason : `${error}`;
    }
  };
  return { clock, login, added, said, checked: () => checked, setDown: (to: boolean) => (isDown = to) };
}

/** Waits until the store has answered what was asked before. */
async function settled(store: Store): Promise<void> {
  await store.add('settled/a', 0, 0);
  await new Promise(resolve => setImmediate(resolve));
}

describe('wrong passwords that come to several nodes', () => {
  test('are counted together: with each node more there is one guess more, not as many again', async () => {
    const { login, checked } = openFarm(3);
    for (let guess = 0; guess < 60; guess += 1) await login(guess % 3, 'alice', `wrong ${guess}`);
    expect(checked()).toBeLessThanOrEqual(limits.failuresPerUserAndAddress + 2);
    for (const node of [0, 1, 2]) expect(await login(node, 'alice', 'right')).toBe('failures-of-user-and-address');
  });

  test('of one address too, whatever names it tries', async () => {
    const { login, checked } = openFarm(3);
    for (let guess = 0; guess < 60; guess += 1) await login(guess % 3, `user ${guess}`, 'wrong');
    expect(checked()).toBeLessThanOrEqual(limits.failuresPerAddress + 2);
    expect(await login(0, 'alice', 'right')).toBe('failures-of-address');
  });

  test('keep nobody out elsewhere, and the user in from there after 15 minutes', async () => {
    const { login, clock } = openFarm(2);
    for (let guess = 0; guess < 10; guess += 1) await login(guess % 2, 'alice', `wrong ${guess}`);
    expect(await login(1, 'alice', 'right', at('198.51.100.1'))).toBe('alice');
    expect(await login(1, 'bob', 'right')).toBe('bob');
    clock.nowMs += failureWindowMs;
    expect(await login(0, 'alice', 'right')).toBe('alice');
    expect(await login(1, 'alice', 'right')).toBe('alice');
  });

  test('keep the user out for 15 minutes from the one too many, at the node that was told so', async () => {
    const { login, clock } = openFarm(2);
    for (const node of [0, 0]) await login(node, 'alice', 'wrong');
    clock.nowMs += failureWindowMs - 1_000;
    await login(1, 'alice', 'wrong');
    clock.nowMs += 2_000;
    expect(await login(1, 'alice', 'right')).toBe('failures-of-user-and-address');
    expect(await login(0, 'alice', 'right')).toBe('alice');
    clock.nowMs += failureWindowMs;
    expect(await login(1, 'alice', 'right')).toBe('alice');
  });
});

test('the store is asked for wrong passwords alone, and for what anybody is refused for', async () => {
  const { login, added } = openFarm(1);
  await login(0, 'alice', 'right');
  await login(0, 'alice', 'wrong', at('192.0.2.9', false));
  expect(added).toEqual([]);
  await login(0, 'alice', 'wrong');
  expect(added).toHaveLength(2);
  for (const key of added) expect(key).toMatch(/^failures\/[\w+/]{43}=$/);
});

test('while the store does not answer each node counts for itself, and says so once', async () => {
  const { login, setDown, said } = openFarm(2);
  setDown(true);
  for (const node of [0, 0, 0]) expect(await login(node, 'alice', 'wrong')).toBeUndefined();
  expect(await login(0, 'alice', 'right')).toBe('failures-of-user-and-address');
  expect(await login(1, 'alice', 'right')).toBe('alice');
  expect(said).toEqual(['down']);
  setDown(false);
  await login(0, 'bob', 'wrong');
  expect(said).toEqual(['down', 'up']);
});

test('nobody waits for a store that hangs', async () => {
  const hung: Store = { ...waitingStore(Date.now), add: () => new Promise(() => {}) };
  const authenticate = async (user: string, password: string) =>
    password === 'right' ? { user, roles: [] } : undefined;
  const logins = openLogins({ authenticate, store: hung, loginLimits: { failuresPerUserAndAddress: 2 } });
  expect(await logins.authenticate('alice', 'wrong', home)).toBeUndefined();
  expect(await logins.authenticate('alice', 'right', home)).toEqual({ user: 'alice', roles: [] });
});

test('logins with a store that is away say so in a sentence', async () => {
  const said: string[] = [];
  let isDown = true;
  const store = waitingStore(Date.now);
  opened.push(store);
  const add: Store['add'] = (...given) => {
    if (isDown) throw new StoreUnavailable('it is down');
    return store.add(...given);
  };
  const logins = openLogins({
    authenticate: async () => undefined,
    store: { ...store, add },
    onEvent: sentence => said.push(sentence),
  });
  await logins.authenticate('alice', 'wrong', home);
  await eventually(() =>
    expect(said).toEqual(['wrong passwords are counted by this process alone: the store does not answer']),
  );
  isDown = false;
  await logins.authenticate('alice', 'wrong', home);
  await eventually(() => expect(said.at(-1)).toBe('wrong passwords are counted for all processes of the store again'));
});

test('a store of this process alone is not asked: the process counts by itself', async () => {
  let asked = 0;
  const own = memoryStore({ clock: Date.now });
  const add: Store['add'] = (...given) => {
    asked += 1;
    return own.add(...given);
  };
  const logins = openLogins({ authenticate: async () => undefined, store: { ...own, add } });
  expect(await logins.authenticate('alice', 'wrong', home)).toBeUndefined();
  expect(asked).toBe(0);
});
