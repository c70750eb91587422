import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sealBearerToken } from '../../src/bearer/bearer-token.ts';
import { katanaPurposes, katanaTicket, sealKatanaToken } from '../../src/bearer/katana-token.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { keepRing, type RingKeeper } from '../../src/keyring/keeper.ts';
import { importMachineKey, removeMachineKey } from '../../src/keyring/machine-keys.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { openKeyRing, updateRingFile, writeRingFile } from '../../src/keyring/ring-file.ts';
import { ringInFile } from '../../src/keyring/ring-home.ts';
import { parseMachineKey } from '../../src/machine-key/config.ts';
import { machineKey } from '../../src/machine-key/machine-key.ts';
import { type BearerRequest, bearerCheck } from '../../src/oauth/require-bearer.ts';
import { at, emptyFolder } from '../keyring/made.ts';
import { protectVector } from '../machine-key/vectors.ts';
import { closeServers } from './http.ts';
import { audience, records, reports, startService } from './service.ts';

const { config, output } = protectVector('V2');
const imported = importMachineKey(records, parseMachineKey(config, wrong), Date.now(), problem => new Error(problem));
const key = machineKey(config);
const keeperOf = (of = imported): RingKeeper => ({
  ring: () => keyRing(of),
  stale: () => false,
  ageMs: () => 0,
  refresh: () => false,
  hasRing: () => true,
  ready: Promise.resolve(),
  close() {},
});
const nowMs = Date.now();
const nameType = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name';
const claims = [
  { type: nameType, value: 'alice' },
  { type: 'urn:oauth:scope', value: 'orders.read orders.write' },
  { type: 'urn:oauth:scope', value: 'orders.read  "no-scope"' },
];
const ticket = katanaTicket({ claims, issuedMs: nowMs, expiresMs: nowMs + 60_000 });
const token = sealKatanaToken(ticket, katanaPurposes.accessToken, key);

function wrong(place: string, problem: string): Error {
  return new Error(`${place} ${problem}`);
}

function ask(text: string, { ring = keeperOf(), atMs = nowMs, scope = ['orders.read'] } = {}) {
  const check = bearerCheck({ ring, audience, scope, clock: () => atMs });
  return check({ headersDistinct: { authorization: [`Bearer ${text}`] } } as unknown as BearerRequest);
}
const refused = { refusal: { status: 401, challenge: 'Bearer error="invalid_token"' } };

afterAll(closeServers);

describe('where a machineKey was imported,', () => {
  test('an access token of Katana is accepted, with its name, its claims and the scope in them', () => {
    expect(ask(token)).toEqual({
      bearer: {
        subject: 'alice',
        claims,
        scope: ['orders.read', 'orders.write'],
        expiresMs: Math.floor((nowMs + 60_000) / 1000) * 1000,
      },
    });
    expect(ask(token, { scope: ['orders.delete'] })).toMatchObject({ refusal: { status: 403 } });
  });

  test('one that ASP.NET made is accepted in its time', () => {
    const result = ask(output, { atMs: at('2026-01-01T12:00:00Z'), scope: [] });
    expect(result).toMatchObject({ bearer: { subject: expect.stringMatching(/./), scope: [] } });
    expect(ask(output, { atMs: at('2026-01-02T00:00:00Z'), scope: [] })).toEqual(refused);
  });

  test('a token of its own kind is accepted beside it', () => {
    const own = { subject: 'bob', client: '', audience, scope: ['orders.read'], claims: [], issuedMs: nowMs };
    const ids = { id: '00112233-4455-4677-8899-aabbccddeeff', grant: '8899aabb-ccdd-4eff-8011-223344556677' };
    const sealed = sealBearerToken(
      { ...own, ...ids, expiresMs: nowMs + 1_000 },
      keyRing(imported),
      nowMs,
      systemRandom,
    );
    expect(ask(sealed)).toMatchObject({ bearer: { subject: 'bob' } });
  });

  test('a refresh token of Katana, an expired one and any changed character are refused like all else', () => {
    expect(ask(sealKatanaToken(ticket, katanaPurposes.refreshToken, key))).toEqual(refused);
    expect(ask(token, { atMs: nowMs + 60_000 })).toEqual(refused);
    for (let index = 0; index < token.length; index += 7)
      expect(ask(`${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`)).toEqual(
        refused,
      );
  });

  test('introspection knows it without an audience, and it can not be revoked', async () => {
    const service = await startService({ ring: keeperOf() });
    const described = await service.introspected(token);
    expect(described).toMatchObject({ active: true, sub: 'alice', token_type: 'Bearer' });
    for (const absent of ['aud', 'jti', 'client_id']) expect(described).not.toHaveProperty(absent);
    const answer = await service.post('/revoke', { ...reports, token });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error).toBe('unsupported_token_type');
  });
});

test('a machineKey is imported and taken away while a server runs; a ring with a bad one changes nothing', async () => {
  const file = join(emptyFolder(), 'ring.json');
  writeRingFile(file, records);
  const clock = { aheadMs: 0 };
  const refusals: string[] = [];
  const keeper = keepRing(ringInFile(file), {
    clock: () => Date.now() + clock.aheadMs,
    onError: error => refusals.push(error.message),
  });
  const answers = () => ('bearer' in ask(token, { ring: keeper }) ? 'accepted' : 'refused');
  expect(answers()).toBe('refused');
  const fail = (problem: string) => new Error(problem);
  updateRingFile(file, ring => importMachineKey(ring, parseMachineKey(config, wrong), nowMs, fail));
  await expect.poll(answers).toBe('accepted');

  const good = readFileSync(file, 'utf8');
  const spoil: readonly ((ring: { machineKeys: Record<string, unknown>[]; generation: number }) => void)[] = [
    ring => Object.assign(ring.machineKeys[0] ?? {}, { validation: 'MD5' }),
    ring => Object.assign(ring.machineKeys[0] ?? {}, { decryptionKey: 'AAAA' }),
    ring => ring.machineKeys.push(...ring.machineKeys, ...ring.machineKeys, ...ring.machineKeys, ...ring.machineKeys),
    ring => Object.assign(ring, { machineKeys: { 0: ring.machineKeys[0] } }),
    ring => Object.assign(ring, { machineKeys: [null] }),
  ];
  for (const change of spoil) {
    const ring = JSON.parse(good);
    change(ring);
    writeFileSync(file, JSON.stringify({ ...ring, generation: ring.generation + 1 }));
    expect(() => openKeyRing(file)).toThrow(/: machineKeys/);
    const before = refusals.length;
    clock.aheadMs += 5_000;
    keeper.refresh('0123456789abcdef');
    expect(refusals.slice(before)).toContainEqual(expect.stringContaining(': machineKeys'));
    expect(answers()).toBe('accepted');
  }
  writeFileSync(file, good);
  updateRingFile(file, ring => removeMachineKey(ring, key.id, fail));
  await expect.poll(answers).toBe('refused');
  keeper.close();
});

test('where none was, no token of Katana is accepted', () => {
  expect(ask(token, { ring: keeperOf(records) })).toEqual(refused);
});
