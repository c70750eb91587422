import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeServers, send } from './http.ts';
import { page, password, startService, type TestService } from './service.ts';

const shop = 'https://shop.example';
let service: TestService;
beforeAll(async () => {
  service = await startService({ cors: [shop, 'http://localhost:3000'] });
});
afterAll(closeServers);

const from = (origin: string) => ({ headers: { origin } });
const preflight = (origin: string, headers = 'authorization,content-type') =>
  send(`${service.base}/oauth/token`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
  });

test('a page of an allowed origin gets tokens, and errors, that its browser lets it read', async () => {
  for (const secret of ['correct horse', 'wrong']) {
    const { status, headers } = await service.post('/token', { ...password, ...page, password: secret }, from(shop));
    expect(status).toBe(secret === 'wrong' ? 400 : 200);
    expect(headers).toMatchObject({ 'access-control-allow-origin': shop, vary: 'Origin' });
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  }
});

test('its preflight is answered: POST, and the two headers that are read', async () => {
  expect(await preflight(shop)).toMatchObject({
    status: 204,
    headers: {
      'access-control-allow-origin': shop,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Authorization,Content-Type',
      'access-control-max-age': '600',
    },
  });
});

test('a page of any other origin gets nothing, and nothing is done for it', async () => {
  for (const origin of [
    'https://evil.example',
    'null',
    'http://shop.example',
    `${shop}.evil.example`,
    `${shop}:8443`,
  ]) {
    for (const answer of [
      await preflight(origin),
      await service.post('/token', { ...password, ...page }, from(origin)),
    ]) {
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.body).not.toContain('token');
    }
  }
});

test('a page of the service itself, and what is no page, need no leave', async () => {
  for (const sent of [from(service.base), {}]) {
    const answer = await service.post('/token', { ...password, ...page }, sent);
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  }
});
