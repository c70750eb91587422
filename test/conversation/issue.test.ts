import { describe, expect, test } from 'vitest';
import { cancelContext } from '../../src/conversation/cancel.ts';
import type { ContextLife } from '../../src/conversation/context-life.ts';
import { issueContext } from '../../src/conversation/issue.ts';
import { parseTokenRequest, type TokenRequest, writeIssueRequest } from '../../src/conversation/token-request.ts';
import { parseIssueResponse } from '../../src/conversation/token-response.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { Refusal } from '../../src/errors.ts';
import { keeperOf } from '../../src/keyring/keeper.ts';
import { keyRing } from '../../src/keyring/ring.ts';
import { ns } from '../../src/names.ts';
import type { ConversationPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import type { Context } from '../../src/state/context.ts';
import { cookieMode } from '../../src/state/cookie-mode.ts';
import type { StateMode } from '../../src/state/state-mode.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { scanText } from '../../src/xml/scan.ts';
import { madeRing, seededRandom } from '../keyring/made.ts';
import { atOnce } from '../state/made.ts';
import { planOf } from '../support/plans.ts';

const nowMs = Date.parse('2026-11-26T10:00:00Z');
const lifetimeMs = 3_600_000;
const life: ContextLife = { lifetimeMs, absoluteLifetimeMs: 36_000_000, maxRenewals: 3 };
const wsdl = readWsdl('wsdl/echo.wsdl');
const ports = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'];
const alice = {
  user: 'alice',
  roles: ['reader'],
  authenticatedBy: 'usernameToken',
  credential: undefined,
} as const;
const clientShare = Buffer.alloc(32, 9);

function mode(): StateMode {
  const store = memoryStore({ clock: () => nowMs });
  return cookieMode({
    store,
    keeper: keeperOf(keyRing(madeRing(nowMs))),
    cacheEntries: 100,
    rolloverMs: 300_000,
    random: seededRandom('issue'),
  });
}

function issue(plan: ConversationPlan, request: Partial<TokenRequest>, state = mode()) {
  const asked: TokenRequest = {
    request: 'issue',
    tokenType: plan.dialect.sct,
    keySizeBits: 256,
    entropy: clientShare,
    lifetimeMs: undefined,
    target: undefined,
    ...request,
  };
  const issued: Context[] = [];
  const noting: StateMode = {
    ...state,
    issue: (context, ...rest) => {
      issued.push(context);
      return state.issue(context, ...rest);
    },
  };
  const body = atOnce(issueContext(asked, alice, { plan, state: noting, life, nowMs, random: seededRandom('issue') }));
  return { context: issued[0] as Context, body };
}

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal && error.fault === 'invalidRequest') return error.reason;
    throw error;
  }
  return 'accepted';
}

describe.each(ports)('%s', port => {
  const plan = planOf(wsdl, port);

  test('both sides compute the same key from what they sent each other', () => {
    const { content } = writeIssueRequest(plan.dialect, 256, clientShare);
    const request = parseTokenRequest(scanText(content).root, plan.dialect, 'issue');
    const { context, body } = issue(plan, request);
    const token = parseIssueResponse(scanText(body.content).root, plan.dialect, clientShare, 256);
    expect(secretBytes(token.secret)).toEqual(secretBytes(context.secret));
    expect(token.secret.length).toBe(32);
  });

  test('the token holds Identifier first and the sealed state after it, and both references name it', () => {
    const { context, body } = issue(plan, {});
    const token = parseIssueResponse(scanText(body.content).root, plan.dialect, clientShare, 256);
    const sct = scanText(token.token).root;
    expect(sct.children.map(child => `{${child.namespace}}${child.local}`)).toEqual([
      `{${plan.dialect.wsc}}Identifier`,
      `{${ns.state}}State`,
    ]);
    const uriOf = (text: string) =>
      scanText(text).root.children[0]?.attributes.find(({ local }) => local === 'URI')?.value;
    expect(uriOf(token.attachedReference)).toBe(`#${sct.attributes.find(({ local }) => local === 'Id')?.value}`);
    expect(uriOf(token.unattachedReference)).toBe(context.id);
    expect(token.stateChars).toBeGreaterThan(0);
  });

  test('Lifetime is ours, not what was asked for, and ends with the token', () => {
    const { context, body } = issue(plan, {});
    const token = parseIssueResponse(scanText(body.content).root, plan.dialect, clientShare, 256);
    expect([token.createdMs, token.expiresMs]).toEqual([nowMs, nowMs + lifetimeMs]);
    expect(context.tokenExpiresMs).toBe(nowMs + lifetimeMs);
    expect(context.absoluteExpiresMs).toBeGreaterThanOrEqual(context.tokenExpiresMs);
  });

  test('an issued conversation is found again by its token', async () => {
    const state = mode();
    const { context, body } = issue(plan, {}, state);
    const token = parseIssueResponse(scanText(body.content).root, plan.dialect, clientShare, 256);
    const text = /State[^>]*>([^<]*)</.exec(token.token)?.[1];
    const found = await state.find(
      { dialect: plan.dialect, id: context.id, instance: undefined, state: text },
      plan.audience,
      nowMs,
    );
    expect(found?.context).toMatchObject({ user: 'alice', roles: ['reader'], id: context.id });
  });

  test.each([
    ['a token type that is not the SCT of the dialect', { tokenType: 'urn:other' }, 'rst-token-type'],
    ['a key of 8 bits', { keySizeBits: 8 }, 'rst-key-size'],
    ['a key of 64 bits', { keySizeBits: 64 }, 'rst-key-size'],
    ['a key that is no whole number of bytes', { keySizeBits: 255 }, 'rst-key-size'],
    ['a key of 100,000 bits', { keySizeBits: 100_000 }, 'rst-key-size'],
    ['no entropy where the policy requires it', { entropy: undefined }, 'rst-entropy-missing'],
  ] as const)('%s is refused as InvalidRequest', (_law, request, reason) => {
    expect(reasonOf(() => issue(plan, request as Partial<TokenRequest>))).toBe(reason);
  });

  test('without a KeySize the key has the size of the suite, and the answer says so', () => {
    const { context, body } = issue(plan, { keySizeBits: undefined });
    expect(context.secret.length * 8).toBe(plan.suite.defaultKeyBits);
    const token = parseIssueResponse(scanText(body.content).root, plan.dialect, clientShare, 512);
    expect(token.secret.length * 8).toBe(plan.suite.defaultKeyBits);
  });
});

describe('a Cancel', () => {
  const plan = planOf(wsdl, 'EchoTls13');
  const cancelOf = (id: string, instance?: string): TokenRequest => ({
    request: 'cancel',
    tokenType: undefined,
    keySizeBits: undefined,
    entropy: undefined,
    lifetimeMs: undefined,
    target: { id, instance, state: undefined },
  });

  test('ends the conversation that signed it, here at once, and says what other nodes are to be told', async () => {
    const state = mode();
    const { context, body } = issue(plan, {}, state);
    const text = /State[^>]*>([^<]*)</.exec(body.content)?.[1];
    const { cancellation } = atOnce(cancelContext(cancelOf(context.id), context, plan, state, nowMs));
    expect(cancellation.id).toBe(context.id);
    const token = { dialect: plan.dialect, id: context.id, instance: undefined, state: text };
    expect(await state.find(token, plan.audience, nowMs)).toBeUndefined();
  });

  test('of another conversation, another instance or none is refused and changes nothing', async () => {
    const state = mode();
    const { context, body } = issue(plan, {}, state);
    const text = /State[^>]*>([^<]*)</.exec(body.content)?.[1];
    expect(reasonOf(() => cancelContext(cancelOf('urn:uuid:other'), context, plan, state, nowMs))).toBe(
      'cancel-target',
    );
    expect(reasonOf(() => cancelContext(cancelOf(context.id, 'urn:uuid:i'), context, plan, state, nowMs))).toBe(
      'cancel-target',
    );
    const none = { ...cancelOf(context.id), target: undefined };
    expect(reasonOf(() => cancelContext(none, context, plan, state, nowMs))).toBe('cancel-target');
    const token = { dialect: plan.dialect, id: context.id, instance: undefined, state: text };
    expect(await state.find(token, plan.audience, nowMs)).toBeDefined();
  });
});

describe('an answer to an Issue that says something twice is refused', () => {
  const plan = planOf(wsdl, 'EchoTls11');
  const sct = /<c:SecurityContextToken .*<\/c:SecurityContextToken>/s;
  const changes: readonly (readonly [law: string, from: string | RegExp, to: string, reason: string])[] = [
    ['two KeySizes', '<t:KeySize>', '<t:KeySize>128</t:KeySize><t:KeySize>', 'rstr-duplicate-child'],
    ['two Lifetimes', '<t:Lifetime>', '<t:Lifetime></t:Lifetime><t:Lifetime>', 'rstr-duplicate-child'],
    ['two Entropies', '<t:Entropy>', '<t:Entropy></t:Entropy><t:Entropy>', 'rstr-duplicate-child'],
    ['text between its elements', '<t:KeySize>', 'x<t:KeySize>', 'rstr-text'],
    ['text beside the token', '<t:RequestedSecurityToken>', '<t:RequestedSecurityToken>x', 'rstr-token'],
    ['a second token', sct, '$&$&', 'rstr-token'],
    ['two Identifiers', /<c:Identifier>.*<\/c:Identifier>/, '$&$&', 'rstr-token-duplicate-child'],
    ['two States', /<k:State.*<\/k:State>/, '$&$&', 'rstr-token-duplicate-child'],
    ['two Expires', /<u:Expires.*<\/u:Expires>/, '$&$&', 'rstr-lifetime-duplicate-child'],
    ['text in the proof', '<t:RequestedProofToken>', '<t:RequestedProofToken>x', 'rstr-proof'],
    ['an attribute of the secret', '<t:BinarySecret', '<t:BinarySecret a=""', 'rstr-attribute'],
  ];
  test.each(changes)('%s', (_, from, to, reason) => {
    const { content } = issue(plan, { entropy: clientShare }).body;
    expect(content).toMatch(from);
    const parse = (text: string) => parseIssueResponse(scanText(text).root, plan.dialect, clientShare, 256);
    expect(() => parse(content)).not.toThrow();
    expect(() => parse(content.replace(from, to))).toThrow(
      expect.objectContaining({ fault: 'invalidRequest', reason }),
    );
  });
});
