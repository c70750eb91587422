import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { openRevocations } from '../../src/bearer/revocations.ts';
import { bearerCheck } from '../../src/oauth/require-bearer.ts';
import { revoke } from '../../src/state/revoke.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { waitingStore } from '../seams/waiting-store.ts';
import { eventually } from '../support/eventually.ts';
import { closeServers } from './http.ts';
import { audience, files, page, password, reports, startService } from './service.ts';

const opened: Store[] = [];

afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});
afterAll(closeServers);

function open(store: Store): Store {
  opened.push(store);
  return store;
}

const stores: readonly (readonly [string, () => Store])[] = [
  ['in memory', () => open(memoryStore({ clock: Date.now }))],
  ['of several nodes', () => open(waitingStore(Date.now))],
];
const minuteMs = 60_000;
const clientGrant = { ...reports, grant_type: 'client_credentials' };
const inactive = { active: false };

describe.each(stores)('with a store %s', (_, openStore) => {
  /** A token service with two requests' tokens: a user's and a client's own. */
  async function started() {
    const store = openStore();
    const service = await startService({ store });
    const user = await service.granted({ ...password, ...reports });
    const client = await service.granted(clientGrant);
    const activeOf = async (token: string) => (await service.introspected(token)).active;
    return { store, service, user, client, activeOf };
  }

  test('no token is good that a user was given before, and none of anybody else’s ends', async () => {
    const { store, service, user, client, activeOf } = await started();
    expect(await Promise.all([user.access_token, user.refresh_token].map(activeOf))).toEqual([true, true]);
    await revoke(store, { user: 'alice' });
    await eventually(async () => expect(await service.introspected(user.access_token)).toEqual(inactive));
    expect(await activeOf(user.refresh_token)).toBe(false);
    const refresh = { ...reports, grant_type: 'refresh_token', refresh_token: user.refresh_token };
    expect((await service.post('/token', refresh)).status).toBe(400);
    expect(await activeOf(client.access_token)).toBe(true);
  });

  test('a user gets none until all clocks are past the revocation, and good ones from then on', async () => {
    const { store, service, activeOf } = await started();
    await revoke(store, { user: 'alice' });
    const ask = () => service.post('/token', { ...password, ...page });
    await eventually(async () => expect((await ask()).status).toBe(503));
    const { status, headers, body } = await ask();
    expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 503, error: 'temporarily_unavailable' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(50);
    service.clock.aheadMs = minuteMs;
    const granted = await service.granted({ ...password, ...page });
    expect(await activeOf(granted.access_token)).toBe(true);
  });

  test('tokens that a client got for itself end by its id, and all tokens by a time', async () => {
    const { store, service, user, client, activeOf } = await started();
    // What was given in the millisecond of the revocation is not before it.
    await revoke(store, { user: 'reports' }, { clockSkewMs: 1 });
    service.clock.aheadMs = minuteMs;
    const [later, laterUser] = [await service.granted(clientGrant), await service.granted({ ...password, ...page })];
    await eventually(async () => expect(await activeOf(client.access_token)).toBe(false));
    expect(await Promise.all([user, later, laterUser].map(token => activeOf(token.access_token)))).toEqual([
      ...[true, true, true],
    ]);
    await revoke(store, { beforeMs: Date.now() }, { clockSkewMs: 0 });
    await eventually(async () => expect(await activeOf(user.access_token)).toBe(false));
    expect(await activeOf(laterUser.access_token)).toBe(true);
  });

  test('an API that has the store and no token service refuses them', async () => {
    const { store, user } = await started();
    const check = bearerCheck({ ring: files.ring, audience, revocations: openRevocations(store) });
    const ask = async (token: string) => {
      const headers = { authorization: [`Bearer ${token}`] };
      return check({ headersDistinct: headers } as unknown as IncomingMessage);
    };
    expect(await ask(user.access_token)).toMatchObject({ bearer: { subject: 'alice' } });
    await revoke(store, { user: 'alice' });
    await eventually(async () => expect(await ask(user.access_token)).toMatchObject({ refusal: { status: 401 } }));
  });
});
