import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Attempt, networkOf, openLockout } from '../../../src/server/oauth/lockout.ts';
import { OAuthError } from '../../../src/server/oauth/oauth-error.ts';
import { closeServers } from './http.ts';
import { page, password, reports, startService } from './service.ts';

afterAll(closeServers);

const limits = { requestsPerMinute: 1_000, failuresPerName: 3, failuresPerAddress: 5 };
const right = { secret: 'right' };
const of = (name: string, address = '192.0.2.1', secret = 'wrong'): Attempt => ({
  kind: 'user',
  name,
  secret,
  address,
});

/** Checks secrets, and counts how often. */
function checker() {
  const lockout = openLockout(limits);
  const checks = { count: 0 };
  const attempt = async (attempt: Attempt) => {
    try {
      return await lockout.attempt(attempt, async () => {
        checks.count += 1;
        await new Promise(resolve => setImmediate(resolve));
        return attempt.secret === right.secret ? attempt.name : undefined;
      });
    } catch (error) {
      return error instanceof OAuthError ? error.status : error;
    }
  };
  return { attempt, checks };
}

describe('a name', () => {
  test('is locked after as many failures as are allowed, also for the right secret, and nothing is checked then', async () => {
    const { attempt, checks } = checker();
    for (let i = 0; i < limits.failuresPerName; i += 1) expect(await attempt(of('alice'))).toBeUndefined();
    expect(await attempt(of('alice'))).toBe(429);
    expect(await attempt(of('alice', '198.51.100.7', 'right'))).toBe(429);
    expect(checks.count).toBe(limits.failuresPerName);
    expect(await attempt(of('bob', '198.51.100.7', 'right'))).toBe('bob');
  });

  test('is locked for guesses that are sent all at once, too', async () => {
    const { attempt, checks } = checker();
    const guesses = Array.from({ length: 50 }, (_, i) => attempt(of('alice', `192.0.2.${i}`, `guess ${i}`)));
    expect((await Promise.all(guesses)).filter(answer => answer === undefined)).toHaveLength(limits.failuresPerName);
    expect(checks.count).toBe(limits.failuresPerName);
  });

  test('is not locked by what is right, however often and at the same time it comes', async () => {
    const { attempt, checks } = checker();
    const many = () => Promise.all(Array.from({ length: 50 }, () => attempt(of('alice', '192.0.2.1', 'right'))));
    expect(new Set([...(await many()), ...(await many())])).toEqual(new Set(['alice']));
    expect(checks.count).toBe(2);
  });

  test('is not locked by checks that could not be made', async () => {
    const lockout = openLockout(limits);
    const broken = () => Promise.reject(new Error('the directory is down'));
    for (let i = 0; i < 20; i += 1)
      await expect(lockout.attempt(of('alice', '192.0.2.1', `${i}`), broken)).rejects.toThrow('down');
    expect(await lockout.attempt(of('alice'), async () => 'alice')).toBe('alice');
  });

  test('that nobody has is locked like one that somebody has', async () => {
    const { attempt } = checker();
    for (const name of ['alice', 'nobody']) {
      for (let i = 0; i < limits.failuresPerName; i += 1) await attempt(of(name, name));
      expect(await attempt(of(name, name))).toBe(429);
    }
  });

  test('of a user is not locked with that of a client', async () => {
    const { attempt } = checker();
    for (let i = 0; i <= limits.failuresPerName; i += 1) await attempt(of('alice'));
    expect(await attempt({ ...of('alice', '198.51.100.7', 'right'), kind: 'client' })).toBe('alice');
  });
});

test('a client is locked for the address that failed, and for no other: nobody can shut it out from everywhere', async () => {
  const { attempt, checks } = checker();
  const client = (address: string, secret: string): Attempt => ({ ...of('reports', address, secret), kind: 'client' });
  for (let i = 0; i < limits.failuresPerName; i += 1) await attempt(client('192.0.2.1', `guess ${i}`));
  expect(await attempt(client('192.0.2.1', 'right'))).toBe(429);
  expect(checks.count).toBe(limits.failuresPerName);
  expect(await attempt(client('198.51.100.7', 'right'))).toBe('reports');
});

test('an address is not locked by what is right: who is too many at once comes again a second later', async () => {
  const { attempt } = checker();
  const busy = openLockout({ failuresPerAddress: 1 });
  const first = busy.attempt(of('alice'), () => new Promise<string>(resolve => setImmediate(resolve, 'alice')));
  await expect(busy.attempt(of('bob'), async () => 'bob')).rejects.toMatchObject({ headers: { 'Retry-After': '1' } });
  expect([await first, await busy.attempt(of('bob'), async () => 'bob')]).toEqual(['alice', 'bob']);

  const crowd = (round: number) =>
    Promise.all(Array.from({ length: 20 }, (_, i) => attempt(of(`user ${round} ${i}`, '192.0.2.1', 'right'))));
  for (let round = 0; round < 5; round += 1)
    expect((await crowd(round)).filter(answer => answer !== 429)).toHaveLength(limits.failuresPerAddress);
  expect(await attempt(of('alice', '192.0.2.1', 'right'))).toBe('alice');
});

test('an address is locked after its failures, whatever names it tried', async () => {
  const { attempt } = checker();
  for (let i = 0; i < limits.failuresPerAddress; i += 1) expect(await attempt(of(`name ${i}`))).toBeUndefined();
  expect(await attempt(of('alice', '192.0.2.1', 'right'))).toBe(429);
  expect(await attempt(of('alice', '::ffff:192.0.2.1', 'right'))).toBe(429);
  expect(await attempt(of('alice', '192.0.2.2', 'right'))).toBe('alice');
});

test('a lock ends after 15 minutes', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  try {
    const { attempt } = checker();
    for (let i = 0; i <= limits.failuresPerName; i += 1) await attempt(of('alice'));
    vi.advanceTimersByTime(899_000);
    expect(await attempt(of('alice', '198.51.100.7', 'right'))).toBe(429);
    vi.advanceTimersByTime(2_000);
    expect(await attempt(of('alice', '198.51.100.7', 'right'))).toBe('alice');
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('the address %j is counted as %j', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('the token service', () => {
  test('answers 429 with Retry-After to a locked user, right password or not, in the same bytes', async () => {
    const service = await startService({ attempts: { failuresPerName: 2 } });
    const ask = (secret: string) => service.post('/token', { ...password, ...page, password: secret });
    expect([(await ask('a')).status, (await ask('b')).status]).toEqual([400, 400]);
    const locked = await ask('c');
    expect(locked).toMatchObject({ status: 429, headers: { 'retry-after': '900' } });
    expect(JSON.parse(locked.body).error).toBe('invalid_request');
    expect((await ask('correct horse')).body).toBe(locked.body);
  });

  test('locks clients at each of its endpoints', async () => {
    const service = await startService({ attempts: { failuresPerName: 3 } });
    const wrong = { ...reports, client_secret: 'wrong', token: 'x', grant_type: 'client_credentials' };
    for (const path of ['/token', '/introspect', '/revoke']) expect((await service.post(path, wrong)).status).toBe(401);
    for (const path of ['/token', '/introspect', '/revoke'])
      expect((await service.post(path, { ...wrong, ...reports })).status).toBe(429);
  });

  test('admits so many requests of one address in a minute, before it reads them', async () => {
    const service = await startService({ attempts: { requestsPerMinute: 4 } });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await service.post('/token', 'x=1&x=2')).status);
    expect(statuses).toEqual([400, 400, 400, 400, 429, 429]);
  });
});
