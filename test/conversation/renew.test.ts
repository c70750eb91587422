import { describe, expect, test } from 'vitest';
import type { ContextLife } from '../../src/conversation/context-life.ts';
import { issueContext } from '../../src/conversation/issue.ts';
import type { Principal } from '../../src/conversation/principal.ts';
import { checkRenewTarget, renewContext } from '../../src/conversation/renew.ts';
import { parseTokenRequest, type TokenRequest, writeRenewRequest } from '../../src/conversation/token-request.ts';
import { parseIssueResponse } from '../../src/conversation/token-response.ts';
import { secretBytes } from '../../src/crypto/secret-key.ts';
import { Refusal } from '../../src/errors.ts';
import { keeperOf } from '../../src/keyring/keeper.ts';
import { keyRing } from '../../src/keyring/ring.ts';
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
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const life: ContextLife = { lifetimeMs: hourMs, absoluteLifetimeMs: 10 * hourMs, maxRenewals: 3 };
const wsdl = readWsdl('wsdl/echo.wsdl');
const ports = ['EchoTls11', 'EchoTls13', 'EchoSymmetric'];
const alice: Principal = { user: 'alice', roles: ['reader'], authenticatedBy: 'usernameToken', credential: undefined };
const clientShare = Buffer.alloc(32, 9);
const random = seededRandom('renewal');

/** A state mode that notes what it was given. */
function noting(): StateMode & { readonly given: Context[] } {
  const store = memoryStore({ clock: () => nowMs });
  const mode = cookieMode({
    store,
    cacheEntries: 100,
    rolloverMs: 300_000,
    keeper: keeperOf(keyRing(madeRing(nowMs))),
    random: seededRandom('renew'),
  });
  const given: Context[] = [];
  return {
    ...mode,
    given,
    issue(context, ...rest) {
      given.push(context);
      return mode.issue(context, ...rest);
    },
    replace(previous, context, ...rest) {
      given.push(context);
      return mode.replace(previous, context, ...rest);
    },
  };
}

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return `${error.fault} ${error.reason}`;
    throw error;
  }
  return 'accepted';
}

describe.each(ports)('on %s', port => {
  const plan = planOf(wsdl, port);
  const asked: TokenRequest = {
    request: 'renew',
    tokenType: plan.dialect.sct,
    keySizeBits: 256,
    entropy: clientShare,
    lifetimeMs: undefined,
    target: undefined,
  };
  const options = (state: StateMode, atMs = nowMs, changed: Partial<ContextLife> = {}) => ({
    ...{ plan, state, life: { ...life, ...changed }, nowMs: atMs },
    random,
  });
  function begun(change: Partial<TokenRequest> = {}, changed: Partial<ContextLife> = {}) {
    const state = noting();
    atOnce(issueContext({ ...asked, ...change, request: 'issue' }, alice, options(state, nowMs, changed)));
    return { state, first: state.given[0] as Context };
  }
  function renewed(
    state: ReturnType<typeof noting>,
    previous: Context,
    {
      request = {},
      principal = alice,
      atMs = nowMs,
      changed = {},
    }: {
      request?: Partial<TokenRequest>;
      principal?: Principal;
      atMs?: number;
      changed?: Partial<ContextLife>;
    } = {},
  ) {
    const { content } = atOnce(
      renewContext({ ...asked, ...request }, previous, principal, options(state, atMs, changed)),
    );
    return { content, next: state.given.at(-1) as Context };
  }

  test('a renewal keeps the conversation’s names, user and end, with an Instance, a key and times of its own', () => {
    const { state, first } = begun();
    const atMs = nowMs + 50 * minuteMs;
    const { next } = renewed(state, first, { atMs, principal: { ...alice, roles: ['editor'] } });
    const { instance, secret, ...kept } = next;
    expect(instance).toMatch(/^urn:uuid:/);
    expect(secretBytes(secret)).not.toEqual(secretBytes(first.secret));
    const { instance: _none, secret: _old, ...before } = first;
    expect(kept).toEqual({
      ...before,
      ...{ roles: ['editor'], renewals: 1 },
      ...{ keyEffectiveMs: atMs, keyExpiresMs: atMs + hourMs, tokenExpiresMs: atMs + hourMs },
    });
    expect(first.absoluteExpiresMs).toBe(nowMs + 10 * hourMs);
  });

  test('both sides compute the same key from what they sent each other, and not from the old one', () => {
    const { state, first } = begun();
    const { content } = writeRenewRequest(plan.dialect, 256, clientShare, '<a></a>');
    expect(content).toContain(`${plan.dialect.requestType.renew}<`);
    const { content: answer, next } = renewed(state, first);
    const token = parseIssueResponse(scanText(answer).root, plan.dialect, clientShare, 256);
    expect(secretBytes(token.secret)).toEqual(secretBytes(next.secret));
    expect([token.id, token.instance]).toEqual([first.id, next.instance]);
  });

  test('a request without entropy is answered with the whole key, also where an Issue needs it', () => {
    const { state, first } = begun();
    const { content, next } = renewed(state, first, { request: { entropy: undefined } });
    const token = parseIssueResponse(scanText(content).root, plan.dialect, clientShare, 256);
    expect(secretBytes(token.secret)).toEqual(secretBytes(next.secret));
  });

  test('no renewal passes the absolute end, and none moves it, whatever the port grants by then', () => {
    const { state, first } = begun();
    const lateMs = nowMs + 9.5 * hourMs;
    expect(renewed(state, first, { atMs: lateMs }).next).toMatchObject({
      tokenExpiresMs: nowMs + 10 * hourMs,
      keyExpiresMs: nowMs + 10 * hourMs,
      absoluteExpiresMs: nowMs + 10 * hourMs,
    });
    const changed = { lifetimeMs: minuteMs, absoluteLifetimeMs: 2 * hourMs };
    expect(renewed(state, first, { changed }).next.absoluteExpiresMs).toBe(nowMs + 10 * hourMs);
  });

  test.each<[string, number | undefined, number]>([
    ['none', undefined, hourMs],
    ['a shorter one', 10 * minuteMs, 10 * minuteMs],
    ['one of a second, which is cut to a minute', 1_000, minuteMs],
    ['a longer one', 24 * hourMs, hourMs],
    ['an endless one', Number.POSITIVE_INFINITY, hourMs],
  ])('of Lifetimes %s is granted as far as the port does', (_asked, lifetimeMs, grantedMs) => {
    const { state, first } = begun({ lifetimeMs });
    expect(first.tokenExpiresMs - nowMs).toBe(grantedMs);
    expect(renewed(state, first, { request: { lifetimeMs } }).next.tokenExpiresMs - nowMs).toBe(grantedMs);
  });

  test('a port that grants less than a minute grants that', () => {
    const { state, first } = begun();
    const granted = renewed(state, first, { request: { lifetimeMs: 1_000 }, changed: { lifetimeMs: 20_000 } });
    expect(granted.next.tokenExpiresMs - nowMs).toBe(20_000);
  });

  test('options that are no whole milliseconds end a conversation at the one before', () => {
    const changed = { lifetimeMs: hourMs + 0.5, absoluteLifetimeMs: 2 * hourMs + 0.5 };
    const { state, first } = begun({}, changed);
    expect([first.tokenExpiresMs - nowMs, first.absoluteExpiresMs - nowMs]).toEqual([hourMs, 2 * hourMs]);
    expect(renewed(state, first, { changed }).next.tokenExpiresMs - nowMs).toBe(hourMs);
  });

  test.each<[string, string, Parameters<typeof renewed>[2]]>([
    ['of another user', 'unableToRenew renew-user', { principal: { ...alice, user: 'bob' } }],
    [
      'of the user by another proof',
      'unableToRenew renew-user',
      { principal: { ...alice, authenticatedBy: 'anonymous' } },
    ],
    [
      'of the user with a certificate',
      'unableToRenew renew-user',
      { principal: { ...alice, credential: Buffer.alloc(32, 1) } },
    ],
    ['for another type of token', 'invalidRequest rst-token-type', { request: { tokenType: 'urn:other' } }],
    ['for a key of 64 bits', 'invalidRequest rst-key-size', { request: { keySizeBits: 64 } }],
  ])('a renewal %s is refused', (_law, reason, change) => {
    const { state, first } = begun();
    expect(reasonOf(() => renewed(state, first, change))).toBe(reason);
    expect(state.given).toEqual([first]);
  });

  test('one that was begun with a certificate is renewed with that one alone', () => {
    const { state, first } = begun();
    const certified: Principal = { ...alice, authenticatedBy: 'x509', credential: Buffer.alloc(32, 1) };
    const previous: Context = { ...first, authenticatedBy: 'x509', credential: Buffer.alloc(32, 1) };
    const outcomeOf = (credential: Uint8Array | undefined) =>
      reasonOf(() => renewed(state, previous, { principal: { ...certified, credential } }));
    expect(outcomeOf(Buffer.alloc(32, 1))).toBe('accepted');
    expect(outcomeOf(Buffer.alloc(32, 2))).toBe('unableToRenew renew-user');
    expect(outcomeOf(undefined)).toBe('unableToRenew renew-user');
  });

  test('the count goes with the conversation, to its bound', () => {
    const { state, first } = begun();
    let held = first;
    for (let turn = 0; turn < 3; turn += 1) held = renewed(state, held).next;
    expect(held.renewals).toBe(3);
    expect(reasonOf(() => renewed(state, held))).toBe('unableToRenew renew-count');
    expect(reasonOf(() => renewed(state, held, { changed: { maxRenewals: 65_535 } }))).toBe('accepted');
  });
});

describe('the target of a Renew that a conversation signed', () => {
  const signer = { id: 'urn:uuid:a', instance: 'urn:uuid:i' } as Context;
  test.each<[string, { id: string; instance?: string } | undefined, string]>([
    ['its Identifier', { id: 'urn:uuid:a' }, 'accepted'],
    ['its Identifier and Instance', { id: 'urn:uuid:a', instance: 'urn:uuid:i' }, 'accepted'],
    ['another Instance', { id: 'urn:uuid:a', instance: 'urn:uuid:j' }, 'unableToRenew renew-target'],
    ['another Identifier', { id: 'urn:uuid:b', instance: 'urn:uuid:i' }, 'unableToRenew renew-target'],
    ['nothing', undefined, 'unableToRenew renew-target'],
  ])('%s', (_law, target, outcome) => {
    const named = target && { instance: undefined, state: undefined, ...target };
    expect(reasonOf(() => checkRenewTarget(named, signer))).toBe(outcome);
  });
});

describe('a request to renew is read', () => {
  const plan = planOf(wsdl, 'EchoTls13');
  const { wst, wsc, requestType } = plan.dialect;
  const parsed = (target: string, more = '') =>
    parseTokenRequest(
      scanText(
        `<t:RequestSecurityToken xmlns:t="${wst}" xmlns:c="${wsc}">` +
          `<t:RequestType>${requestType.renew}</t:RequestType>${more}` +
          `<t:RenewTarget>${target}</t:RenewTarget></t:RequestSecurityToken>`,
      ).root,
      plan.dialect,
      'renew',
    );
  const sct = (inner: string) => `<c:SecurityContextToken>${inner}</c:SecurityContextToken>`;

  test('with the Identifier, Instance and State of a whole token', () => {
    const state = '<k:State xmlns:k="urn:soap-secure-conversation:1">AAAA</k:State>';
    const whole = sct(`<c:Identifier>urn:a</c:Identifier><c:Instance>urn:i</c:Instance>${state}`);
    expect(parsed(whole).target).toEqual({ id: 'urn:a', instance: 'urn:i', state: 'AAAA' });
    const bare = sct('<c:Identifier>urn:a</c:Identifier>');
    expect(parsed(bare).target).toEqual({ id: 'urn:a', instance: undefined, state: undefined });
    const two = sct(`<c:Identifier>urn:a</c:Identifier>${state}${state}`);
    expect(reasonOf(() => parsed(two))).toBe('invalidRequest rst-target-duplicate-child');
  });

  const utility = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
  const times = (inner: string) => `<t:Lifetime xmlns:u="${utility}">${inner}</t:Lifetime>`;
  const created = '<u:Created>2026-11-26T10:00:00Z</u:Created>';
  test.each<[string, string, number | string | undefined]>([
    ['both times', `${created}<u:Expires>2026-11-26T10:05:00.500Z</u:Expires>`, 300_500],
    ['no times', '', undefined],
    ['Created alone', created, undefined],
    ['Expires alone', '<u:Expires>2026-11-26T10:05:00Z</u:Expires>', undefined],
    ['times in another namespace', '<Created>x</Created><Expires>y</Expires>', undefined],
    [
      'a Created before the year 100',
      '<u:Created>0001-01-01T00:00:00Z</u:Created><u:Expires>2026-11-26T10:00:00Z</u:Expires>',
      Number.POSITIVE_INFINITY,
    ],
    [
      'two times of which none counts',
      '<u:Created>0001-01-01T00:00:00Z</u:Created><u:Expires>0002-01-01T00:00:00Z</u:Expires>',
      'invalidRequest rst-lifetime-order',
    ],
    ['an Expires that is no time', `${created}<u:Expires>tomorrow</u:Expires>`, 'invalidRequest rst-lifetime-value'],
    [
      'an attribute of a time',
      `${created}<u:Expires a="">2026-11-26T10:05:00Z</u:Expires>`,
      'invalidRequest rst-attribute',
    ],
    ['two Created', `${created}${created}`, 'invalidRequest rst-lifetime-duplicate-child'],
    ['text beside them', `${created}x`, 'invalidRequest rst-lifetime-text'],
  ])('with a Lifetime of %s', (_law, inner, outcome) => {
    const read = () => parsed(sct('<c:Identifier>urn:a</c:Identifier>'), times(inner)).lifetimeMs;
    if (typeof outcome === 'string') expect(reasonOf(read)).toBe(outcome);
    else expect(read()).toBe(outcome);
  });

  test('without attributes of its Lifetime', () => {
    const read = () => parsed(sct('<c:Identifier>urn:a</c:Identifier>'), '<t:Lifetime a=""></t:Lifetime>');
    expect(reasonOf(read)).toBe('invalidRequest rst-attribute');
  });
});
