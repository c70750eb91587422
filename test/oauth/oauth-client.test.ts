import * as oauth from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeServers } from './http.ts';
import { startService, type TestService } from './service.ts';

/* A client that others wrote, over HTTP. */

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(closeServers);

const secret = 'a+secret: with %';
const login = { username: 'alice', password: 'correct horse' };

function configured(id: string, authentication: oauth.ClientAuth): oauth.Configuration {
  const config = new oauth.Configuration(
    {
      issuer: service.base,
      token_endpoint: `${service.base}/oauth/token`,
      introspection_endpoint: `${service.base}/oauth/introspect`,
      revocation_endpoint: `${service.base}/oauth/revoke`,
    },
    id,
    {},
    authentication,
  );
  oauth.allowInsecureRequests(config);
  return config;
}

describe.each([
  ['by Basic', oauth.ClientSecretBasic(secret)],
  ['in the body', oauth.ClientSecretPost(secret)],
])('openid-client, which authenticates itself %s,', (_how, authentication) => {
  test('gets, introspects, refreshes and revokes tokens', async () => {
    const config = configured('reports', authentication);
    const first = await oauth.genericGrantRequest(config, 'password', { ...login, scope: 'orders.read' });
    expect(first).toMatchObject({ token_type: 'bearer', scope: 'orders.read' });
    expect(first.expiresIn()).toBeGreaterThan(1_190);
    expect(await oauth.tokenIntrospection(config, first.access_token)).toMatchObject({ active: true, sub: 'alice' });
    const second = await oauth.refreshTokenGrant(config, first.refresh_token ?? '');
    expect(second.access_token).not.toBe(first.access_token);
    await oauth.tokenRevocation(config, second.refresh_token ?? '');
    for (const token of [first, second])
      expect(await oauth.tokenIntrospection(config, token.access_token)).toEqual({ active: false });
  });

  test('gets a token of its own', async () => {
    const config = configured('reports', authentication);
    const granted = await oauth.clientCredentialsGrant(config, { resource: 'https://stock.example' });
    expect(granted.refresh_token).toBeUndefined();
    expect(await oauth.tokenIntrospection(config, granted.access_token)).toMatchObject({
      active: true,
      sub: 'reports',
      aud: 'https://stock.example',
    });
  });
});

test('openid-client without a secret gets and refreshes tokens', async () => {
  const config = configured('page', oauth.None());
  const first = await oauth.genericGrantRequest(config, 'password', login);
  const second = await oauth.refreshTokenGrant(config, first.refresh_token ?? '');
  expect(second).toMatchObject({ token_type: 'bearer', scope: 'orders.read' });
});

test('openid-client understands errors', async () => {
  const config = configured('reports', oauth.ClientSecretBasic('wrong'));
  await expect(oauth.clientCredentialsGrant(config)).rejects.toMatchObject({ status: 401 });
  const known = configured('reports', oauth.ClientSecretPost(secret));
  await expect(oauth.genericGrantRequest(known, 'password', { ...login, password: 'x' })).rejects.toMatchObject({
    error: 'invalid_grant',
    error_description: 'user name or password is wrong',
  });
});
