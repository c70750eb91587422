import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { randomBytesPooled as random } from '../../src/crypto/random.ts';
import { SecureConversationError } from '../../src/errors.ts';
import { openUsers, type UsersOptions } from '../../src/users/users.ts';
import { addUser, listUsers, type NewUser, removeUser, scryptHash } from '../../src/users/users-file.ts';

const cheap = { N: 1024, r: 1, p: 1 };
const alice: NewUser = { name: 'alice', password: 'correct horse', roles: ['reader', 'editor'] };
const bob: NewUser = { name: 'bob', password: 'battery staple', roles: [] };
let file = '';

beforeEach(async () => {
  file = join(mkdtempSync(join(tmpdir(), 'users-test-')), 'users.json');
  await addUser(file, alice, random, cheap);
  await addUser(file, bob, random, cheap);
});

function open(options: UsersOptions = {}) {
  return openUsers(file, options);
}

async function problemOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof SecureConversationError)) throw error;
    expect(error.code).toBe('USERS_INVALID');
    expect(error.message).toMatch(/^users file \S+: [^\n]+[^.\n]$/);
    return error.message.replace(/^users file \S+: /, '');
  }
  throw new Error('nothing was thrown');
}

test('a user is found by name until the file has lost it', () => {
  const users = open();
  expect(users.find('alice')).toEqual({ user: 'alice', roles: ['reader', 'editor'] });
  expect(users.find('carol')).toBeUndefined();
  expect(users.find('__proto__')).toBeUndefined();
  removeUser(file, 'alice');
  expect(users.find('alice')).toBeUndefined();
});

describe('a password', () => {
  test('that is right gives the user and the roles', async () => {
    const users = open();
    expect(await users.authenticate('alice', 'correct horse')).toEqual({ user: 'alice', roles: ['reader', 'editor'] });
    expect(await users.authenticate('alice', 'correct horse')).toEqual({ user: 'alice', roles: ['reader', 'editor'] });
    expect(await users.authenticate('bob', 'battery staple')).toEqual({ user: 'bob', roles: [] });
  });

  test.each([
    ['alice', 'Correct horse'],
    ['alice', ''],
    ['alice', 'correct horse '],
    ['alice', 'battery staple'],
    ['alice', 'x'.repeat(100_000)],
    ['Alice', 'correct horse'],
    ['', ''],
    ['carol', 'correct horse'],
    ['__proto__', 'correct horse'],
    ['alice\0correct', 'horse'],
  ])('that is wrong gives undefined (%#)', async (name, password) => {
    const users = open();
    await users.authenticate('alice', 'correct horse');
    for (const _ of [1, 2]) expect(await users.authenticate(name, password)).toBeUndefined();
  });

  test('is remembered once it was right, for rememberMs, and with its own name alone', async () => {
    await addUser(file, { name: 'al', password: 'gorithm', roles: [] }, random, cheap);
    let nowMs = 0;
    const users = open({ clock: () => nowMs, rememberMs: 1_000 });
    expect(users.remembered('alice', 'correct horse')).toBeUndefined();
    await users.authenticate('alice', 'correct horse');
    await users.authenticate('alice', 'battery staple');
    expect(users.remembered('alice', 'correct horse')).toEqual({ user: 'alice', roles: ['reader', 'editor'] });
    for (const [name, password] of [
      ['alice', 'battery staple'],
      ['bob', 'correct horse'],
      ['al', 'icecorrect horse'],
    ] as const) {
      expect(users.remembered(name, password)).toBeUndefined();
      expect(await users.authenticate(name, password)).toBeUndefined();
    }
    nowMs = 999;
    expect(users.remembered('alice', 'correct horse')).toBeDefined();
    nowMs = 1_000;
    expect(users.remembered('alice', 'correct horse')).toBeUndefined();
  });

  test('of a name with NUL is not taken for the remembered one of another', async () => {
    const users = open();
    await addUser(file, { name: 'nul', password: 'a\0b', roles: [] }, random, cheap);
    expect(await users.authenticate('nul', 'a\0b')).toBeDefined();
    expect(await users.authenticate('nul\0a', 'b')).toBeUndefined();
  });

  test('that is longer than any can be is wrong, even for a user whose hash is that of no text', async () => {
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const salt = Buffer.alloc(16, 1);
    const hash = await scryptHash('', { ...cheap, salt, hash: new Uint8Array(32) });
    json.users[0].scrypt = { ...cheap, salt: salt.toString('base64'), hash: hash.toString('base64') };
    writeFileSync(file, JSON.stringify(json));
    expect(await open().authenticate('alice', '')).toBeDefined();
    expect(await open().authenticate('alice', 'x'.repeat(1025))).toBeUndefined();
  });

  test('in another normal form is wrong', async () => {
    await addUser(file, { name: 'zoë', password: 'caf\u00e9', roles: [] }, random, cheap);
    expect(await open().authenticate('zoë', 'caf\u00e9')).toBeDefined();
    expect(await open().authenticate('zoë', 'cafe\u0301')).toBeUndefined();
  });
});

/** CPU time of this process, which the threads that hash belong to. */
async function cpuMs(act: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** True where a promise is kept without another thread's work: before the event loop turns, however late it does. */
async function isKeptAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let isKept = false;
  void promise.then(() => {
    isKept = true;
  });
  for (let microtask = 0; microtask < 20; microtask++) await undefined;
  return isKept;
}

describe('scrypt', () => {
  test('costs as much for an unknown user and an impossible password as for a wrong one', async () => {
    for (const { name } of listUsers(file)) removeUser(file, name);
    await addUser(file, alice, random, { N: 16_384, r: 8, p: 1 });
    const users = open();
    const wrongMs = await cpuMs(() => users.authenticate('alice', 'wrong'));
    expect(await cpuMs(() => users.authenticate('mallory', 'wrong'))).toBeGreaterThan(wrongMs / 5);
    expect(await cpuMs(() => users.authenticate('alice', 'x'.repeat(5000)))).toBeGreaterThan(wrongMs / 5);
  });

  test('is spent on a right password once in 5 minutes, and each time on a wrong one', async () => {
    let nowMs = 1_000_000;
    const users = open({ clock: () => nowMs });
    const isRemembered = async (password: string) => {
      const check = users.authenticate('alice', password);
      const atOnce = await isKeptAtOnce(check);
      await check;
      return atOnce;
    };
    expect(await isRemembered('correct horse')).toBe(false);
    nowMs += 299_999;
    expect(await isRemembered('correct horse')).toBe(true);
    nowMs += 1;
    expect(await isRemembered('correct horse')).toBe(false);
    for (const _ of [1, 2]) expect(await isRemembered('wrong')).toBe(false);
  });

  test('is asked by nobody whose password is remembered: for 5 minutes, and until the file changes', async () => {
    let nowMs = 1_000_000;
    const users = open({ clock: () => nowMs });
    const [name, password] = ['alice', 'correct horse'] as const;
    expect(users.remembered(name, password)).toBeUndefined();
    await users.authenticate(name, password);
    await users.authenticate(name, 'wrong');
    expect(users.remembered(name, password)).toEqual({ user: name, roles: alice.roles });
    for (const [user, other] of [
      [name, 'wrong'],
      ['bob', password],
      ['', ''],
    ] as const)
      expect(users.remembered(user, other)).toBeUndefined();
    nowMs += 299_999;
    expect(users.remembered(name, password)).toBeDefined();
    nowMs += 1;
    expect(users.remembered(name, password)).toBeUndefined();
    await users.authenticate(name, password);
    removeUser(file, name);
    expect(users.remembered(name, password)).toBeUndefined();
  });

  test('is spent once for calls that come together', async () => {
    const users = open();
    let answers = 0;
    const calls = Array.from({ length: 20 }, async () => {
      expect((await users.authenticate('alice', 'correct horse'))?.user).toBe('alice');
      answers += 1;
    });
    await Promise.race(calls);
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(answers).toBe(20);
  });
});

describe('a changed file', () => {
  test('is read before the next check, and remembered passwords are forgotten', async () => {
    const users = open();
    expect(await users.authenticate('alice', 'correct horse')).toBeDefined();
    removeUser(file, 'alice');
    expect(await users.authenticate('alice', 'correct horse')).toBeUndefined();
    await addUser(file, { ...alice, password: 'new' }, random, cheap);
    expect(await users.authenticate('alice', 'correct horse')).toBeUndefined();
    expect(await users.authenticate('alice', 'new')).toBeDefined();
  });
  test('that is bad keeps the last good users and is reported once', async () => {
    const errors: string[] = [];
    const users = open({ onError: error => errors.push(error.message) });
    writeFileSync(file, '{');
    for (const _ of [1, 2, 3]) expect(await users.authenticate('alice', 'correct horse')).toBeDefined();
    expect(errors).toEqual([expect.stringContaining('is not JSON')]);
    writeFileSync(file, '[');
    expect(users.remembered('alice', 'correct horse')).toBeUndefined();
    expect(() => users.reload()).toThrow(expect.objectContaining({ code: 'USERS_INVALID' }));
  });
  test('does not let a check that began before be remembered', async () => {
    const users = open();
    const check = users.authenticate('alice', 'correct horse');
    removeUser(file, 'alice');
    await Promise.all([check, users.authenticate('bob', 'x')]);
    expect(await users.authenticate('alice', 'correct horse')).toBeUndefined();
  });
});

test('no more passwords are remembered than are allowed', async () => {
  const users = open({ maxRemembered: 1 });
  await users.authenticate('alice', 'correct horse');
  await users.authenticate('bob', 'battery staple');
  expect(await isKeptAtOnce(users.authenticate('bob', 'battery staple'))).toBe(true);
  expect(await isKeptAtOnce(users.authenticate('alice', 'correct horse'))).toBe(false);
});

describe('the users file', () => {
  test('is made with mode 0600 and the documented fields', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.next`)).toBe(false);
    const json = JSON.parse(readFileSync(file, 'utf8'));
    expect(Object.keys(json)).toEqual(['version', 'users']);
    expect(Object.keys(json.users[0])).toEqual(['name', 'scrypt', 'roles']);
    expect(json.users[0].scrypt).toMatchObject(cheap);
    expect(Buffer.from(json.users[0].scrypt.hash, 'base64')).toHaveLength(32);
    expect(readFileSync(file, 'utf8')).not.toContain('correct horse');
  });
  test('holds what was added and not what was removed', async () => {
    expect(listUsers(file)).toEqual([
      { name: 'alice', roles: ['reader', 'editor'] },
      { name: 'bob', roles: [] },
    ]);
    removeUser(file, 'alice');
    expect(listUsers(file)).toEqual([{ name: 'bob', roles: [] }]);
    expect(await problemOf(() => removeUser(file, 'alice'))).toBe('has no user "alice"');
  });
  test('takes no second user of a name, no bad name and no bad password', async () => {
    const before = readFileSync(file, 'utf8');
    expect(await problemOf(() => addUser(file, alice, random, cheap))).toBe('has a user "alice" already');
    for (const name of ['', 'a\nb', '\ud800', 'x'.repeat(257)])
      expect(await problemOf(() => addUser(file, { ...bob, name }, random, cheap))).toMatch(/^the name must be a text/);
    for (const password of ['', 'x'.repeat(1025)])
      expect(await problemOf(() => addUser(file, { name: 'new', password, roles: [] }, random, cheap))).toMatch(
        /^the password must/,
      );
    expect(await problemOf(() => addUser(file, { name: 'new', password: 'x', roles: [''] }, random, cheap))).toMatch(
      /^the roles\[0\]/,
    );
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  /** The file's JSON with one field of the first user's changed. */
  function changed(path: string, value: unknown): string {
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const names = path.split('.');
    const last = names.pop() ?? '';
    let place = json;
    for (const name of names) place = place[name];
    place[last] = value;
    return JSON.stringify(json);
  }

  test.each<[string, unknown, RegExp]>([
    ['version', 2, /^version must be 1$/],
    ['users', {}, /^users must be a list$/],
    ['extra', 1, /^has an unknown field "extra"$/],
    ['users.0', 'alice', /^users\[0\] must be an object$/],
    ['users.1.name', 'alice', /^users\[1\]\.name is the name of an earlier user$/],
    ['users.0.name', '', /^users\[0\]\.name must be a text/],
    ['users.0.password', 'x', /^users\[0\] has an unknown field "password"$/],
    ['users.0.roles', 'reader', /^users\[0\]\.roles must be a list/],
    ['users.0.roles.0', 7, /^users\[0\]\.roles\[0\] must be a text/],
    ['users.0.scrypt.N', 1000, /^users\[0\]\.scrypt\.N must be a whole number/],
    ['users.0.scrypt.N', 1025, /^users\[0\]\.scrypt\.N must be a power of two$/],
    ['users.0.scrypt.N', 2 ** 30, /^users\[0\]\.scrypt\.N must be a whole number/],
    ['users.0.scrypt.r', 0, /^users\[0\]\.scrypt\.r must be/],
    ['users.0.scrypt.p', '1', /^users\[0\]\.scrypt\.p must be/],
    ['users.0.scrypt.salt', 'AAAA', /^users\[0\]\.scrypt\.salt must be base64/],
    ['users.0.scrypt.hash', '', /^users\[0\]\.scrypt\.hash must be base64/],
  ])('with %s = %j is refused in one sentence', async (path, value, problem) => {
    writeFileSync(file, changed(path, value));
    expect(await problemOf(() => open())).toMatch(problem);
    const before = readFileSync(file, 'utf8');
    expect(await problemOf(() => addUser(file, { ...bob, name: 'new' }, random, cheap))).toMatch(problem);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('that is missing, empty or open to be changed by others is refused', async () => {
    expect(await problemOf(() => openUsers(`${file}.none`))).toBe('does not exist');
    writeFileSync(`${file}.empty`, '', { mode: 0o600 });
    expect(await problemOf(() => openUsers(`${file}.empty`))).toBe('is empty');
    writeFileSync(`${file}.open`, readFileSync(file), { mode: 0o600 });
    chmodSync(`${file}.open`, 0o666);
    expect(await problemOf(() => openUsers(`${file}.open`))).toMatch(/^its mode 666/);
  });
});
