import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digest } from '../../src/crypto/digest.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { readMessage } from '../../src/message/message.ts';
import type { RecipientKeys } from '../../src/message/protection-key.ts';
import { receive } from '../../src/message/receive.ts';
import { send } from '../../src/message/send.ts';
import type { BootstrapKeys, ConversationKey, SendKeys } from '../../src/message/sending-key.ts';
import { addressingVersions, dialects, ns, soapVersions } from '../../src/names.ts';
import type { EndorsingToken, MessagePlan, SupportingToken } from '../../src/policy/plan.ts';
import type { CertificateClaims } from '../../src/security/binary-token.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { rsaSigner, rsaVerifier } from '../../src/security/signature.ts';
import { type ProvenToken, supportingTokens, type TokenKind } from '../../src/security/supporting-tokens.ts';
import { writeDirectReference } from '../../src/security/token-reference.ts';
import { own } from '../message/captures.ts';
import { found, noKeys } from '../message/found.ts';
import { suite, symmetricBootstrap, symmetricCalls, transportBootstrap } from '../message/plans.ts';
import { anotherKeyPem } from '../support/rsa-keys.ts';
import { type Seal, sealToken } from './seal-token.ts';

supportingTokens.set('seal', sealToken as TokenKind<unknown>);
supportingTokens.set('badge', { ...sealToken, local: 'Badge' } as TokenKind<unknown>);

const bob = own('bob');
const alice = createPrivateKey(anotherKeyPem());
const eve = createPrivateKey(anotherKeyPem());
const algorithm = suite('Basic128').asymmetricSignature;
const nowMs = Date.UTC(2026, 10, 26);
const user = { username: 'alice', password: 'ecila' };
const versions = { soap: soapVersions['1.2'], addressing: addressingVersions['1.0'] };
const dialect = dialects.feb2005;
const contextId = 'urn:uuid:6f0d2c1e-5b1a-4c5e-9d5c-0d1b5a0a4e7f';
const secret = systemRandom(32);

function conversation(bytes = secret): ConversationKey {
  const token =
    `<c:SecurityContextToken xmlns:c="${dialect.wsc}" xmlns:u="${ns.wsu}" u:Id="sct-1">` +
    `<c:Identifier>${contextId}</c:Identifier></c:SecurityContextToken>`;
  const keys = contextKeys(new SecretKey(bytes));
  return { id: contextId, instance: undefined, keys, token, reference: writeDirectReference('#sct-1', dialect.sct) };
}

const byContext: EndorsingToken = { kind: 'context', endorsing: true, derivedKeys: false };
const byDerivedKey: EndorsingToken = { ...byContext, derivedKeys: true };
const byCertificate: EndorsingToken = { kind: 'x509', endorsing: true, derivedKeys: false };
const bySeal: EndorsingToken = { kind: 'seal', endorsing: true, derivedKeys: false };
const addressing = (...names: string[]) => names.map(local => ({ namespace: ns.wsa10, local }));
const plus = (plan: MessagePlan, ...tokens: readonly SupportingToken[]): MessagePlan => ({
  ...plan,
  supporting: [...plan.supporting, ...tokens],
});

const symmetric = symmetricBootstrap().request;
const tls = transportBootstrap(dialect, 'Basic128').request;
/** A client of WCF that renews with a certificate: that signs To too, the conversation only the Timestamp. */
const sealed = { ...tls, supporting: [bySeal, byContext], signed: { body: false, headers: addressing('To') } };

const holder = {
  recipient: bob,
  tokens: {
    username: user,
    seal: { owner: 'alice' } satisfies Seal,
    x509: { certificate: bob.certificate.raw } satisfies CertificateClaims,
  },
  signingKeys: { seal: rsaSigner(alice, algorithm), x509: rsaSigner(bob.privateKey, algorithm) },
  context: conversation(),
};

function written(plan: MessagePlan, keys: BootstrapKeys & { context?: ConversationKey } = holder): string {
  const body = { declarations: '', content: '<Ask xmlns="urn:a"/>' };
  const out = { action: 'urn:example:Ask', to: 'urn:example', body };
  return send(plan, versions, keys as SendKeys, out, { nowMs, random: systemRandom, timestampTtlMs: 300_000 }).text;
}

/** What a service did to read a message. */
class Work {
  privateOperations = 0;
  publicOperations = 0;
  readonly replayKeys: string[] = [];
}

/** The key of alice's seal and of bob's certificate: nobody else is believed. */
function keyOf({ kind, claims }: ProvenToken): KeyObject | undefined {
  if (kind === 'seal') return (claims as Seal).owner === 'alice' ? createPublicKey(alice) : undefined;
  const { certificate } = claims as CertificateClaims;
  return bob.certificate.raw.equals(certificate) ? bob.certificate.publicKey : undefined;
}

async function read(text: string, plan: MessagePlan, change: Partial<RecipientKeys> = {}, work = new Work()) {
  const keys: RecipientKeys = {
    ...noKeys,
    ownCertificates: [bob],
    findContext: ({ id }) => (id === contextId ? found(id, new SecretKey(secret)) : undefined),
    findTokenKey: (token, { asymmetricSignature }) => {
      const key = keyOf(token);
      const inTurn = (verify: () => Promise<boolean>) => {
        work.publicOperations += 1;
        return verify();
      };
      return key && rsaVerifier(key, asymmetricSignature, inTurn);
    },
    inTurn: open => {
      work.privateOperations += 1;
      return open();
    },
    ...change,
  };
  return receive(readMessage(Buffer.from(text)), plan, keys, {
    ...{ nowMs, clockSkewMs: 60_000, timestampTtlMs: 300_000, random: systemRandom },
    replay: key => {
      work.replayKeys.push(key);
      return 'new';
    },
  });
}

const signatures = (text: string) => text.match(/<ds:Signature .*?<\/ds:Signature>/g) ?? [];
const covered = (signature = '') => [...signature.matchAll(/<ds:Reference URI="#(\w+)-/g)].map(match => match[1]);
const signatureValueOf = (signature = '') => /<ds:SignatureValue>([^<]*)/.exec(signature)?.[1];
const sha1OfKey = (text: string) => {
  const [, value = ''] = /:EncryptedKey .*?:CipherValue>([^<]*)/s.exec(text) ?? [];
  return digest('sha1', Buffer.from(value, 'base64'));
};
const refusal = (fault: string, reason: string) => expect.objectContaining({ fault, reason });

const plans: readonly [string, MessagePlan][] = [
  ['by the conversation’s key', plus(symmetric, byContext)],
  ['by a key derived from it', plus(symmetric, byDerivedKey)],
  ['by its key, the message’s own not derived', plus(symmetricBootstrap({ derivedKeys: false }).request, byContext)],
  ['by derived ones, the message’s own not', plus(symmetricBootstrap({ derivedKeys: false }).request, byDerivedKey)],
  ['by a token with a key', plus(symmetric, bySeal)],
  ['by a certificate', plus(symmetric, byCertificate)],
  ['by both', plus(symmetric, bySeal, byDerivedKey)],
  [
    'of a message encrypted first',
    plus(symmetricBootstrap({ order: 'encryptBeforeSigning', username: false }).request, byContext),
  ],
  ['with parts of its own', plus(symmetric, { ...byContext, parts: { body: true, headers: addressing('To') } })],
  ['in a conversation, by a token with a key', plus(symmetricCalls().request, bySeal)],
];

describe('an endorsing signature that a plan lists', () => {
  test.each(plans)('is written and verified: %s', async (_, plan) => {
    const text = written(plan);
    const [main, ...endorsing] = signatures(text);
    expect(endorsing).toHaveLength(plan.supporting.filter(token => token.endorsing).length);
    for (const endorsement of endorsing) expect(covered(endorsement)[0]).toBe('SIG');
    expect(covered(main)).toContain('TS');
    const work = new Work();
    const opened = await read(text, plan, {}, work);
    expect(opened.content?.local).toBe('Ask');
    const isInConversation = plan.protection.kind === 'symmetric' && plan.protection.token.kind === 'context';
    const hasContext = isInConversation || plan.supporting.some(({ kind }) => kind === 'context');
    expect(opened.context?.context.id).toBe(hasContext ? contextId : undefined);
    expect(opened.encryptedKey === undefined).toBe(isInConversation);
    expect(opened.tokens.map(({ kind }) => kind).sort()).toEqual(
      plan.supporting
        .map(({ kind }) => kind)
        .filter(kind => kind !== 'context')
        .sort(),
    );
    expect(work.replayKeys).toHaveLength(1);
    const own = isInConversation ? signatureValueOf(main) : sha1OfKey(text);
    expect(work.replayKeys[0]?.split(' ').at(-1)).toBe(own);
  });

  test('signs over TLS the Timestamp, each with parts of its own, and the first is the main one', async () => {
    const text = written(sealed);
    expect(signatures(text).map(covered)).toEqual([['TS', 'To'], ['TS']]);
    const work = new Work();
    const opened = await read(text, sealed, {}, work);
    expect([...opened.signed.keys()].map(({ local }) => local).sort()).toEqual(['Timestamp', 'To']);
    expect(opened).toMatchObject({ context: { context: { id: contextId } }, tokens: [{ kind: 'seal' }] });
    expect(work.replayKeys).toEqual([`seal alice ${opened.addressing?.messageId}`]);
    const both = {
      ...sealed,
      supporting: [bySeal, { ...byContext, parts: { body: false, headers: addressing('To') } }],
    };
    expect(signatures(written(both)).map(covered)).toEqual([
      ['TS', 'To'],
      ['TS', 'To'],
    ]);
    await read(written(both), both);
    await expect(read(text, both)).rejects.toEqual(refusal('invalidSecurity', 'header-not-signed'));
  });

  test('is the main one over TLS where it is alone, beside the token of a user', async () => {
    const plan = plus(tls, byContext);
    const opened = await read(written(plan), plan);
    expect(opened).toMatchObject({
      context: { context: { id: contextId } },
      tokens: [{ kind: 'username', claims: user }],
    });
  });

  test('is not written without its key or its token', () => {
    const { context, ...nobody } = holder;
    const problem = expect.objectContaining({ code: 'CONFIG_INVALID' });
    expect(() => written(plus(symmetric, byContext), nobody)).toThrow(problem);
    expect(() => written(plus(symmetric, bySeal), { ...holder, signingKeys: {} })).toThrow(problem);
    expect(() => written(plus(symmetric, bySeal), { ...holder, tokens: { username: user } })).toThrow(problem);
  });
});

describe('a message is refused', () => {
  const [, plan] = plans[1] ?? [];
  if (plan === undefined) throw new Error('no plan');

  test('where the endorsing signature is missing, twice there, or not asked for', async () => {
    const text = written(plan);
    const count = refusal('invalidSecurity', 'signature-count');
    const [, endorsement = ''] = signatures(text);
    await expect(read(text.replace(endorsement, ''), plan)).rejects.toEqual(count);
    const again = endorsement + endorsement.replace(' Id="', ' Id="x');
    await expect(read(text.replace(endorsement, again), plan)).rejects.toEqual(count);
    await expect(read(text, symmetric)).rejects.toEqual(count);
    await expect(read(written(symmetric), plan)).rejects.toEqual(count);
    await expect(read(written(plus(symmetric, bySeal)), plan)).rejects.toMatchObject({ fault: 'invalidSecurity' });
    await expect(read(written(sealed), plus({ ...tls, supporting: [] }, byContext))).rejects.toEqual(count);
  });

  test('where one was changed, is by another key, or is over another message', async () => {
    const text = written(plan);
    const other = written(plan);
    const [main = '', endorsement = ''] = signatures(text);
    const changed = (found: string) => found.replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA');
    const failed = expect.objectContaining({ fault: 'failedCheck' });
    await expect(read(text.replace(main, changed(main)), plan)).rejects.toEqual(failed);
    await expect(read(text.replace(endorsement, changed(endorsement)), plan)).rejects.toEqual(failed);
    await expect(read(text.replace(endorsement, signatures(other)[1] ?? ''), plan)).rejects.toEqual(failed);
    const stranger = { ...holder, context: conversation(systemRandom(32)) };
    await expect(read(written(plan, stranger), plan)).rejects.toEqual(refusal('failedCheck', 'signature-value'));
    const forged = { ...holder, signingKeys: { seal: rsaSigner(eve, algorithm) } };
    const seals = plus(symmetric, bySeal);
    await expect(read(written(seals, forged), seals)).rejects.toEqual(refusal('failedCheck', 'signature-value'));
    const nobodys = { ...holder, tokens: { ...holder.tokens, seal: { owner: 'eve' } } };
    const unknown = refusal('invalidSecurityToken', 'token-key-unknown');
    await expect(read(written(seals, nobodys), seals)).rejects.toEqual(unknown);
    await expect(read(written(seals), seals, { findTokenKey: () => undefined })).rejects.toEqual(unknown);
  });

  test('where the token that signs is another one, is not there, or is not told from another', async () => {
    const seals = plus(symmetric, bySeal);
    const text = written(seals);
    const token = /<t:Seal .*<\/t:Seal>/;
    const count = refusal('invalidSecurity', 'supporting-token-count');
    await expect(read(text.replace(token, ''), seals)).rejects.toEqual(count);
    const named = text.replace(/(<t:Seal .*?u:Id=")/, '$1x');
    await expect(read(named, seals)).rejects.toEqual(refusal('invalidSecurity', 'signature-missing'));
    const typed = text.replace('urn:example:seal#Key', 'urn:example:seal#Name');
    await expect(read(typed, seals)).rejects.toEqual(refusal('invalidSecurity', 'signature-missing'));
    const late = text.replace(token, '').replace('</o:Security>', `${token.exec(text)?.[0]}</o:Security>`);
    await expect(read(late, seals)).rejects.toEqual(refusal('invalidSecurity', 'token-after-use'));
    const tlsSealed = { ...tls, supporting: [bySeal] };
    const usernameToken = /<o:UsernameToken .*<\/o:UsernameToken>/.exec(written(tls))?.[0] ?? '';
    const swapped = written(tlsSealed).replace(token, () => usernameToken);
    await expect(read(swapped, tlsSealed)).rejects.toEqual(refusal('invalidSecurity', 'endorsing-token-missing'));
  });

  test('before a costly key is asked for, and the least costly key is asked first', async () => {
    const both = plus(symmetric, bySeal, byContext);
    const text = written(both);
    const outcome = async (message: string, change: Partial<RecipientKeys> = {}) => {
      const work = new Work();
      await expect(read(message, both, change, work)).rejects.toMatchObject({ fault: expect.any(String) });
      return [work.publicOperations, work.privateOperations, work.replayKeys.length];
    };
    expect(await outcome(text.replace(/<ds:Reference URI="#B-.*?<\/ds:Reference>/, ''))).toEqual([0, 0, 0]);
    expect(await outcome(text.replace(signatures(text)[2] ?? '', ''))).toEqual([0, 0, 0]);
    expect(await outcome(text, { findTokenKey: () => undefined })).toEqual([0, 0, 0]);
    const forged = { ...holder, signingKeys: { seal: rsaSigner(eve, algorithm) } };
    expect(await outcome(written(both, forged))).toEqual([1, 0, 0]);
    const changed = (found: string) => found.replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>AAAA');
    expect(await outcome(text.replace(signatures(text)[0] ?? '', changed))).toEqual([1, 0, 0]);
    const inConversation = plus(symmetricCalls().request, bySeal);
    const work = new Work();
    const call = written(inConversation);
    const spoilt = call.replace(signatures(call)[0] ?? '', changed);
    await expect(read(spoilt, inConversation, {}, work)).rejects.toMatchObject({ fault: 'failedCheck' });
    const bare = written({ ...inConversation, signed: { body: false, headers: [] } });
    await expect(read(bare, inConversation, {}, work)).rejects.toEqual(refusal('invalidSecurity', 'body-not-signed'));
    expect(work.publicOperations).toBe(0);
  });
});

describe('a plan is refused before a message comes', () => {
  test.each<[string, MessagePlan]>([
    ['two signatures by one token: seal', plus(symmetric, bySeal, bySeal)],
    ['two signatures by one token: context', plus(symmetricCalls().request, byContext)],
    [
      'a signature by a token without a key: username',
      plus({ ...tls, supporting: [] }, { ...bySeal, kind: 'username' }),
    ],
    ['a signature by a token without a key: nothing', plus(symmetric, { ...bySeal, kind: 'nothing' })],
    ['more than 3 signatures', plus(symmetric, bySeal, { ...bySeal, kind: 'badge' }, byContext)],
    ['keys derived from a token: seal', plus(symmetric, { ...bySeal, derivedKeys: true })],
  ])('with %s', (reason, plan) => {
    expect(() => written(plan)).toThrow(
      expect.objectContaining({ code: 'POLICY_UNSUPPORTED', message: expect.stringContaining(reason) }),
    );
  });
});
