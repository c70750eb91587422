import { describe, expect, test } from 'vitest';
import { sealBearerToken, sealRefreshToken } from '../../src/bearer/bearer-token.ts';
import { katanaCookiePurposes, katanaPurposes, katanaTicket, sealKatanaToken } from '../../src/bearer/katana-token.ts';
import { readToken, type TokenKeys } from '../../src/cli/token-schemes.ts';
import { machineKey } from '../../src/machine-key/machine-key.ts';
import { alice, nowMs, random, ring } from '../bearer/made.ts';
import { protectVector } from '../machine-key/vectors.ts';
import { readVector, sealState } from '../state/made.ts';

const key = machineKey(protectVector('V2').config);
const keys: TokenKeys = {
  machineKeys: [key],
  ring,
  audience: alice.audience,
  cookies: ['Cookies', 'ApplicationCookie'],
};
const ticket = katanaTicket({
  claims: [],
  issuedMs: nowMs,
  expiresMs: nowMs + 1_000,
  properties: { '.persistent': '' },
});
const ringKeyId = ring.keys[0]?.id.slice(0, 8);

const tokens: readonly (readonly [scheme: string, token: string])[] = [
  ['Katana access token', sealKatanaToken(ticket, katanaPurposes.accessToken, key, random)],
  ['Katana refresh token', sealKatanaToken(ticket, katanaPurposes.refreshToken, key, random)],
  ['Katana authorization code', sealKatanaToken(ticket, katanaPurposes.authorizationCode, key, random)],
  ['Katana cookie', sealKatanaToken(ticket, katanaCookiePurposes('ApplicationCookie'), key, random)],
  ['bearer token', sealBearerToken(alice, ring, nowMs, random)],
  ['refresh token', sealRefreshToken(alice, ring, nowMs, random)],
];

test.each(tokens)('a %s is told from all others', (scheme, token) => {
  expect(readToken(token, keys, nowMs)).toMatchObject({ scheme, problem: undefined, issuedMs: nowMs });
});

test.each(tokens)('a %s is not told by other keys', (_scheme, token) => {
  const others = { ...keys, machineKeys: [machineKey(protectVector('V1').config)], audience: 'another' };
  expect(readToken(token, others, nowMs)).toBeUndefined();
  expect(readToken(token, { ...others, ring: undefined, audience: undefined, machineKeys: [] }, nowMs)).toBeUndefined();
});

test.each(tokens.slice(4))(
  'a %s that has ended, or begins later, is told all the same, and why it is refused',
  (scheme, token) => {
    const skewed = nowMs - ring.policy.skewMs - 1;
    for (const [atMs, problem] of [
      [alice.expiresMs - 1, undefined],
      [
        alice.expiresMs + 7_200_000,
        {
          says: 'the token has expired at 2026-01-01T13:00:00Z, 2 h ago by the clock here',
          todo: expect.stringMatching(/^get another one; .* clocks here and of its issuer/),
        },
      ],
      [skewed + 1, undefined],
      [
        skewed,
        {
          says: expect.stringMatching(/^the token is not valid yet: .* is issued in 5 min, 2026-01-01T12:00:00Z$/),
          todo: expect.stringMatching(/^set the clock right/),
        },
      ],
    ] as const)
      expect(readToken(token, keys, atMs)).toMatchObject({ scheme, problem, details: { subject: 'alice' } });
  },
);

test("a token of the ring's own is told with subject, scope and audience", () => {
  expect(readToken(tokens[4]?.[1] ?? '', keys, nowMs)).toEqual({
    scheme: 'bearer token',
    key: `ring key ${ringKeyId}`,
    issuedMs: nowMs,
    expiresMs: nowMs + 3_600_000,
    details: {
      subject: 'alice',
      audience: 'https://orders.example',
      scope: 'orders.read orders.write',
      client: 'web',
      id: alice.id,
      grant: alice.grant,
    },
    claims: alice.claims,
    properties: new Map(),
    problem: undefined,
  });
});

describe('a Katana token that opens but is not accepted says why:', () => {
  const problem = (change: Partial<typeof ticket>, atMs = nowMs) =>
    readToken(sealKatanaToken({ ...ticket, ...change }, katanaPurposes.accessToken, key, random), keys, atMs)?.problem;
  test.each([
    ['it has expired', problem({}, nowMs + 4_000), /^the token has expired at .*, 3 s ago/, /^get another one/],
    ['it has no end', problem({ properties: new Map() }), /^the token has no end/, /ExpiresUtc/],
    ['it speaks for nobody', problem({ authenticationType: '' }), /speaks for nobody$/, /authentication type$/],
  ])('%s', (_what, said, says, todo) => {
    expect(said).toEqual({ says: expect.stringMatching(says), todo: expect.stringMatching(todo) });
  });
});

test("a conversation's state is no token of any scheme", () => {
  const vector = readVector('alice');
  const state = sealState(vector.context, vector.binding, vector.ring, vector.context.createdMs, random);
  const text = Buffer.from(state, 'base64').toString('base64url');
  expect(readToken(text, { ...keys, ring: vector.ring }, vector.context.createdMs)).toBeUndefined();
});

test('a report shows nothing of a bootstrap token but its length', () => {
  const settings = { ...ticket, bootstrapToken: 'a token of its own' };
  const token = sealKatanaToken(settings, katanaPurposes.accessToken, key, random);
  const report = readToken(token, keys, nowMs);
  expect(report?.details.bootstrapToken).toBe('18 characters, not shown');
  expect(JSON.stringify(report)).not.toContain('of its own');
});
