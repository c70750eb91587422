import { request } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { closeServers } from './http.ts';
import { page, password, reports, startService } from './service.ts';

afterAll(closeServers);

const fromAddress = (address: string) => ({ headers: { 'x-forwarded-for': address } });
const proxies = { trustedProxies: ['127.0.0.1'] };

describe('the token service', () => {
  test('answers 429 with Retry-After after too many wrong passwords, right or not, in the same bytes', async () => {
    const service = await startService({ loginLimits: { failuresPerUserAndAddress: 2 } });
    const ask = (secret: string) => service.post('/token', { ...password, ...page, password: secret });
    expect([(await ask('a')).status, (await ask('b')).status]).toEqual([400, 400]);
    const refused = await ask('c');
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '900' } });
    expect(JSON.parse(refused.body).error).toBe('invalid_request');
    expect((await ask('correct horse')).body).toBe(refused.body);
  });

  test('lets a user in whose passwords were wrong from elsewhere, however many', async () => {
    const service = await startService({ ...proxies, loginLimits: { failuresPerUserAndAddress: 2 } });
    const ask = (secret: string, address: string) =>
      service.post('/token', { ...password, ...page, password: secret }, fromAddress(address));
    for (let i = 1; i <= 10; i += 1) {
      expect((await ask(`guess ${i}`, `198.51.100.${i}`)).status).toBe(400);
      expect((await ask(`again ${i}`, `198.51.100.${i}`)).status).toBe(400);
      expect((await ask('correct horse', `198.51.100.${i}`)).status).toBe(429);
    }
    expect((await ask('correct horse', '203.0.113.1')).status).toBe(200);
  });

  test('lets a password pass that it remembers, and answers a user nobody has as one whom somebody has', async () => {
    const service = await startService({ loginLimits: { failuresPerUserAndAddress: 1 } });
    const ask = (username: string, secret: string) =>
      service.post('/token', { ...password, ...page, username, password: secret });
    expect((await ask('alice', 'correct horse')).status).toBe(200);
    for (const name of ['alice', 'nobody']) {
      expect((await ask(name, 'wrong')).status).toBe(400);
      expect((await ask(name, 'wrong')).status).toBe(429);
    }
    expect((await ask('alice', 'correct horse')).status).toBe(200);
  });

  test('keeps clients out at each of its endpoints, at the address that failed and at no other', async () => {
    const service = await startService({ ...proxies, loginLimits: { failuresPerUserAndAddress: 3 } });
    const wrong = { ...reports, client_secret: 'wrong', token: 'x', grant_type: 'client_credentials' };
    const paths = ['/token', '/introspect', '/revoke'];
    const ask = async (path: string, form: typeof wrong, address: string) =>
      (await service.post(path, form, fromAddress(address))).status;
    for (const path of paths) expect(await ask(path, wrong, '198.51.100.1')).toBe(401);
    for (const path of paths) expect(await ask(path, { ...wrong, ...reports }, '198.51.100.1')).toBe(429);
    for (const path of paths) expect(await ask(path, { ...wrong, ...reports }, '203.0.113.1')).toBe(200);
  });

  test('answers 503 with Retry-After where too many wait, and says that it is not the client’s fault', async () => {
    const waiting: (() => void)[] = [];
    const authenticate = (user: string) =>
      new Promise<{ user: string; roles: string[] }>(resolve => waiting.push(() => resolve({ user, roles: [] })));
    const service = await startService({ authenticate, loginLimits: { queue: 1, checksAtOnce: 1 } });
    const statuses: number[] = [];
    const asked = Array.from({ length: 4 }, async (_, i) => {
      const answer = await service.post('/token', { ...password, ...page, username: `user ${i}` });
      statuses.push(answer.status);
      return answer;
    });
    await expect.poll(() => statuses).toEqual([503, 503]);
    for (let i = 0; i < 2; i += 1) {
      await expect.poll(() => waiting.length).toBe(i + 1);
      waiting[i]?.();
    }
    const refused = (await Promise.all(asked)).find(({ status }) => status === 503);
    expect(refused?.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(JSON.parse(refused?.body ?? '').error).toBe('temporarily_unavailable');
    expect(statuses).toEqual([503, 503, 200, 200]);
    expect(service.lines.join('')).not.toContain('token request failed');
  });

  test('drops the request of a client that has hung up, and says nothing of it', async () => {
    const asked: AbortSignal[] = [];
    const authenticate = (_name: string, _password: string, { signal }: { readonly signal: AbortSignal }) =>
      new Promise<undefined>((_resolve, reject) => {
        asked.push(signal);
        signal.addEventListener('abort', () => reject(new Error('nobody waits')));
      });
    const service = await startService({ authenticate });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const outgoing = request(`${service.base}/oauth/token`, { method: 'POST', headers }).on('error', () => {});
    outgoing.end(new URLSearchParams({ ...password, ...page }).toString());
    await expect.poll(() => asked.length).toBe(1);
    outgoing.destroy();
    await expect.poll(() => asked[0]?.aborted).toBe(true);
    expect((await service.post('/token', 'x=1')).status).toBe(401);
    expect(service.lines.join('')).not.toMatch(/failed|nobody waits/);
  });

  test('admits so many requests of one address in a minute, before it reads them', async () => {
    const service = await startService({ ...proxies, attempts: { requestsPerMinute: 4 } });
    const statuses = async (sent: Parameters<typeof service.post>[2]) => {
      const seen: number[] = [];
      for (let i = 0; i < 6; i += 1) seen.push((await service.post('/token', 'x=1&x=2', sent)).status);
      return seen;
    };
    expect(await statuses(fromAddress('198.51.100.1'))).toEqual([400, 400, 400, 400, 429, 429]);
    expect(await statuses(fromAddress('203.0.113.1'))).toEqual([400, 400, 400, 400, 429, 429]);
    expect(await statuses({})).toEqual([400, 400, 400, 400, 400, 400]);
  });
});
