import { beforeAll, describe, expect, test } from 'vitest';
import { openBearerToken } from '../../src/bearer/bearer-token.ts';
import { revocations } from '../../src/bearer/revocations.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { Refusal } from '../../src/errors.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { createRing } from '../../src/keyring/rotate.ts';
import { type ContextBearerOptions, contextBearer } from '../../src/server/context-bearer.ts';
import { currentContext } from '../../src/server/current-context.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { readVector } from '../state/made.ts';
import { type Conversation, call, converseWith } from '../support/initiator.ts';
import { startNode, type TestNode, user } from '../support/node.ts';

const nowMs = Date.now();
const records = createRing({ nowMs, random: systemRandom });
const ring = keyRing(records);
const audience = 'https://orders.example';

let wanted: ContextBearerOptions = { audience };
let made: { token?: string; contextId?: string | undefined } = {};
const operations = {
  Echo({ text }: { text: string }) {
    const context = currentContext();
    made = { token: context.bearerToken(wanted), contextId: context.id };
    return { text };
  },
};
let node: TestNode;
let conversation: Conversation;
beforeAll(async () => {
  const services = { EchoService: { EchoTls11: operations, EchoTls13: operations, EchoSymmetric: operations } };
  node = await startNode({ ring: records, clock: { nowMs }, services });
  conversation = await converseWith(node, 'EchoSymmetric');
});

async function bearerOf(options: ContextBearerOptions) {
  wanted = options;
  made = {};
  const { status } = await node.post('EchoSymmetric', call(conversation));
  return { status, ...made };
}

describe('an operation that is called in a conversation', () => {
  test('gets a token of its user, with the roles as claims, whose grant is the conversation', async () => {
    const {
      status,
      token = '',
      contextId = '',
    } = await bearerOf({ audience, scope: 'orders.read', lifetimeMs: 60_000 });
    expect(status).toBe(200);
    const opened = openBearerToken(token, { audience }, ring, nowMs);
    expect(opened).toEqual({
      id: expect.any(String),
      grant: contextId.replace('urn:uuid:', ''),
      subject: user.username,
      client: '',
      audience,
      scope: ['orders.read'],
      claims: [{ type: 'role', value: 'reader' }],
      issuedMs: nowMs,
      expiresMs: nowMs + 60_000,
    });
    // What the nodes tell each other of a cancelled conversation ends its tokens too.
    const known = revocations(memoryStore({ clock: () => nowMs }));
    expect(opened && known.has(opened)).toBe(false);
    known.add({ id: contextId, untilMs: nowMs + 3_600_000 }, nowMs);
    expect(opened && known.has(opened)).toBe(true);
  });

  test('gets one of 20 minutes without scope where nothing else is said, and each has an id of its own', async () => {
    const tokens = [await bearerOf({ audience }), await bearerOf({ audience })].map(({ token = '' }) =>
      openBearerToken(token, { audience }, ring, nowMs),
    );
    expect(tokens[0]).toMatchObject({ scope: [], expiresMs: nowMs + 1_200_000 });
    expect(tokens[0]?.id).not.toBe(tokens[1]?.id);
  });

  test('that asks for what can not be fails, and says nothing of it to the caller', async () => {
    expect(await bearerOf({ audience: '' })).toEqual({ status: 500 });
    expect(await bearerOf({ audience, scope: 'a"b' })).toEqual({ status: 500 });
  });
});

describe('the token of a context', () => {
  const { context } = readVector('alice');
  const lasting = { ...context, tokenExpiresMs: nowMs + 7_200_000, absoluteExpiresMs: nowMs + 7_200_000 };
  const keeper = { ring: () => ring, stale: () => false };
  const endOf = (options: Partial<ContextBearerOptions>, of = lasting) => {
    const token = contextBearer(of, { audience, ...options }, keeper, { nowMs, random: systemRandom });
    return (openBearerToken(token, { audience }, ring, nowMs)?.expiresMs ?? 0) - nowMs;
  };

  test('ends with the conversation, and with the keys, at the latest', () => {
    expect(endOf({ lifetimeMs: 100_000_000 })).toBe(7_200_000);
    expect(endOf({}, { ...lasting, tokenExpiresMs: nowMs + 5_000 })).toBe(5_000);
    expect(endOf({}, { ...lasting, absoluteExpiresMs: nowMs + 4_000 })).toBe(4_000);
    const years = { ...lasting, tokenExpiresMs: nowMs + 1e12, absoluteExpiresMs: nowMs + 1e12 };
    expect(endOf({ lifetimeMs: 1e12 }, years)).toBe(records.policy.lifeMs);
  });

  test('is not made with a ring that may lack keys', () => {
    const make = () =>
      contextBearer(lasting, { audience }, { ...keeper, stale: () => true }, { nowMs, random: systemRandom });
    expect(make).toThrow(Refusal);
  });

  test.each([0, 999, -1_000, Number.NaN, Number.POSITIVE_INFINITY])('is not made for %s milliseconds', lifetimeMs => {
    expect(() => endOf({ lifetimeMs })).toThrow(TypeError);
  });

  test.each<[string, object, string]>([
    ['an option that there is not', { lifetimeS: 60 }, 'bearerToken: unknown key lifetimeS'],
    ['an audience that no token has', { audience: '' }, 'bearerToken: audience must be a text of 1 to 512 bytes'],
    ['a scope that is a number', { scope: 7 }, 'bearerToken: scope must be a list'],
  ])('is not made for %s', (_, options, message) => {
    expect(() => endOf(options)).toThrow(new TypeError(message));
  });
});
