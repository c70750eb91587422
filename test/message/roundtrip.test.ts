import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { readMessage } from '../../src/message/message.ts';
import type { ReceiveKeys } from '../../src/message/protection-key.ts';
import { type ReceiveOptions, receive } from '../../src/message/receive.ts';
import { type Outgoing, type Sent, send } from '../../src/message/send.ts';
import type { SendKeys } from '../../src/message/sending-key.ts';
import { signedNames } from '../../src/message/signed-names.ts';
import { bodyContent } from '../../src/message/verified.ts';
import { addressingVersions, dialects, ns, soapVersions } from '../../src/names.ts';
import type { MessagePlan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { userOf } from '../../src/security/supporting-tokens.ts';
import { writeDirectReference } from '../../src/security/token-reference.ts';
import { scanText } from '../../src/xml/scan.ts';
import { inheritDeclarations } from '../../src/xml/write.ts';
import { own } from './captures.ts';
import { found, noKey, noKeys } from './found.ts';
import {
  certificateBootstrap,
  type SymmetricOptions,
  suite,
  symmetricBootstrap,
  symmetricCalls,
  transportBootstrap,
  transportCalls,
} from './plans.ts';

const bob = own('bob');
const versions = { soap: soapVersions['1.2'], addressing: addressingVersions['1.0'] };
const nowMs = Date.UTC(2026, 10, 26, 12);
const user = { username: 'zoë & <co>', password: 'p"ä\r\n' };

const contextId = 'urn:uuid:6f0d2c1e-5b1a-4c5e-9d5c-0d1b5a0a4e7f';

function outgoing(change: Partial<Outgoing> = {}): Outgoing {
  return {
    action: 'urn:example:Echo',
    to: 'http://localhost:8080/EchoSymmetric',
    replyToAnonymous: true,
    body: {
      declarations: 'xmlns:m="urn:example"',
      content: '<m:Echo  a = "1"><m:text>x &amp; ü\n</m:text><m:none/></m:Echo>',
    },
    ...change,
  };
}

function answer(relatesTo: string | undefined): Outgoing {
  const body = { declarations: '', content: '<EchoResponse xmlns="urn:example"><text>y</text></EchoResponse>' };
  return { action: 'urn:example:EchoResponse', body, ...(relatesTo === undefined ? {} : { relatesTo }) };
}

function sent(plan: MessagePlan, keys: SendKeys, out: Outgoing): Sent {
  return send(plan, versions, keys, out, { nowMs, random: systemRandom, timestampTtlMs: 300_000 });
}

async function received(text: string, plan: MessagePlan, keys: ReceiveKeys, options: Partial<ReceiveOptions> = {}) {
  const message = readMessage(Buffer.from(text));
  return receive(message, plan, keys, {
    nowMs,
    clockSkewMs: 60_000,
    timestampTtlMs: 300_000,
    random: systemRandom,
    ...options,
  });
}

/** Both ends of one conversation, with key objects of their own as in two processes. */
function conversation(dialect: MessagePlan['dialect']) {
  const bytes = systemRandom(32);
  const [client, server] = [contextKeys(new SecretKey(bytes)), new SecretKey(bytes)];
  const context = { id: contextId, instance: undefined };
  const token =
    `<c:SecurityContextToken xmlns:c="${dialect.wsc}" xmlns:u="${ns.wsu}" u:Id="sct-1">` +
    `<c:Identifier>${contextId}</c:Identifier>` +
    `<k:State xmlns:k="${ns.state}">AAAA</k:State></c:SecurityContextToken>`;
  return {
    clientSends: {
      context: { ...context, keys: client, token, reference: writeDirectReference('#sct-1', dialect.sct) },
    },
    clientReceives: { context: { ...context, keys: client } },
    serverReceives: {
      ...noKeys,
      findContext: (value: { id: string; state: string | undefined }) =>
        value.id === contextId && value.state === 'AAAA' ? found(contextId, server) : undefined,
    },
    serverSends: {
      context: {
        ...context,
        keys: contextKeys(server),
        token: undefined,
        reference: writeDirectReference(contextId, dialect.sct),
      },
    },
  };
}

/** A plan whose signatures cover the tokens of their keys. */
const protecting = (plan: MessagePlan): MessagePlan =>
  plan.protection.kind === 'symmetric' ? { ...plan, protection: { ...plan.protection, protectTokens: true } } : plan;

/** An answer that confirms the signatures of its request. */
const confirming = (plan: MessagePlan): MessagePlan => ({ ...plan, confirmsSignatures: true });

const symmetricRows: readonly [string, SymmetricOptions][] = [
  ['derived keys, sign before encrypt', {}],
  ['derived keys, encrypt before sign', { order: 'encryptBeforeSigning', username: false }],
  ['no derived keys', { derivedKeys: false }],
  ['signature encrypted', { encryptSignature: true }],
  ['signature encrypted, no derived keys', { encryptSignature: true, derivedKeys: false }],
  ['signature encrypted, Basic128GCM', { encryptSignature: true, suite: 'Basic128GCM' }],
  ['Basic256', { suite: 'Basic256' }],
  ['Basic256Sha256, 200512', { suite: 'Basic256Sha256', dialect: dialects['200512'] }],
  ['Basic128GCM', { suite: 'Basic128GCM' }],
  ['Basic192, no derived keys', { suite: 'Basic192', derivedKeys: false }],
];

describe('what is sent is received', () => {
  test.each(['feb2005', '200512'] as const)('transport bootstrap, %s', async name => {
    const plan = transportBootstrap(dialects[name]);
    const request = sent(plan.request, { tokens: { username: user } }, outgoing());
    const opened = await received(request.text, plan.request, noKeys);
    expect(userOf(opened.tokens)).toEqual(user);
    expect(opened.addressing?.messageId).toBe(request.messageId);
    const response = sent(plan.response, {}, answer(request.messageId));
    const closed = await received(response.text, plan.response, noKey);
    expect(closed.addressing?.relatesTo).toBe(request.messageId);
    expect(closed.addressing?.messageId).toBeUndefined();
    expect(closed.content?.local).toBe('EchoResponse');
  });

  test.each([
    ['feb2005', 'Basic256', false],
    ['200512', 'Basic256Sha256', false],
    ['200512', 'Basic128', true],
  ] as const)('transport calls, %s, %s, To signed: %s', async (name, suiteName, toSigned) => {
    const headers = toSigned ? [{ namespace: ns.wsa10, local: 'To' }] : [];
    const plan = transportCalls(dialects[name], suiteName, headers);
    const keys = conversation(dialects[name]);
    const request = sent(plan.request, keys.clientSends, outgoing());
    const opened = await received(request.text, plan.request, keys.serverReceives);
    expect(opened.context?.context.id).toBe(contextId);
    expect([...opened.signed.keys()].map(element => element.local).sort()).toEqual(
      toSigned ? ['Timestamp', 'To'] : ['Timestamp'],
    );
    expect(bodyContent(opened).content).toBe(outgoing().body.content);
    const response = sent(plan.response, keys.serverSends, answer(request.messageId));
    expect(response.text).not.toContain('Signature');
    expect((await received(response.text, plan.response, keys.clientReceives)).content?.local).toBe('EchoResponse');
  });

  test.each(symmetricRows)('symmetric bootstrap: %s', async (_, options) => {
    const plan = symmetricBootstrap(options);
    const request = sent(plan.request, { recipient: bob, tokens: { username: user } }, outgoing());
    expect(request.text).not.toContain(`>${user.username.slice(0, 3)}`);
    expect(request.text).not.toContain('Echo>');
    const opened = await received(request.text, plan.request, { ...noKeys, ownCertificates: [bob] });
    expect(userOf(opened.tokens)).toEqual(options.username === false ? undefined : user);
    expect(opened.encryptedKey?.sha1).toBe(request.encryptedKey?.sha1);
    expect(bodyContent(opened).content).toBe(outgoing().body.content);
    if (opened.encryptedKey === undefined || request.encryptedKey === undefined) throw new Error('no key');
    const response = sent(plan.response, { encryptedKey: opened.encryptedKey }, answer(request.messageId));
    const closed = await received(response.text, plan.response, { encryptedKey: request.encryptedKey });
    expect(closed.content?.local).toBe('EchoResponse');
    expect(closed.addressing?.relatesTo).toBe(request.messageId);
  });

  test.each(symmetricRows)('symmetric calls: %s', async (_, options) => {
    const plan = symmetricCalls(options);
    const keys = conversation(plan.request.dialect);
    for (let round = 0; round < 3; round++) {
      const request = sent(plan.request, keys.clientSends, outgoing());
      const opened = await received(request.text, plan.request, keys.serverReceives);
      expect(opened.context?.context.id).toBe(contextId);
      expect([...opened.signed.keys()].map(element => element.local).sort()).toEqual([
        'Action',
        'Body',
        'MessageID',
        'ReplyTo',
        'Timestamp',
        'To',
      ]);
      expect(bodyContent(opened)).toMatchObject({ content: outgoing().body.content });
      const response = sent(plan.response, keys.serverSends, answer(request.messageId));
      const closed = await received(response.text, plan.response, keys.clientReceives);
      expect(closed.content?.local).toBe('EchoResponse');
    }
  });

  test.each(symmetricRows)('tokens that are covered by the signatures of their keys: %s', async (_, options) => {
    const calls = symmetricCalls(options);
    const keys = conversation(calls.request.dialect);
    const call = sent(protecting(calls.request), keys.clientSends, outgoing());
    const opened = await received(call.text, protecting(calls.request), keys.serverReceives);
    expect([...opened.signed.keys()].map(({ local }) => local)).toContain('SecurityContextToken');
    const response = sent(protecting(calls.response), keys.serverSends, answer(call.messageId));
    await received(response.text, protecting(calls.response), keys.clientReceives);
    const { request } = symmetricBootstrap(options);
    const bootstrap = sent(protecting(request), { recipient: bob, tokens: { username: user } }, outgoing());
    const begun = await received(bootstrap.text, protecting(request), { ...noKeys, ownCertificates: [bob] });
    expect([...begun.signed.keys()].map(({ local }) => local)).toContain('EncryptedKey');
  });

  test('a token without an Id can’t be covered: the message is not sent', () => {
    const { request } = symmetricCalls();
    const { clientSends } = conversation(request.dialect);
    const context = { ...clientSends.context, token: clientSends.context.token.replace(' u:Id="sct-1"', '') };
    expect(() => sent(protecting(request), { context }, outgoing())).toThrow('needs a token with an Id');
  });

  test.each(symmetricRows)('an answer that confirms the signatures of its request: %s', async (_, options) => {
    const { request, response } = symmetricCalls(options);
    const keys = conversation(request.dialect);
    const asked = sent(request, keys.clientSends, outgoing());
    const { signatureValues: confirmed } = await received(asked.text, request, keys.serverReceives);
    expect(confirmed).toEqual(asked.signatureValues);
    for (const values of [confirmed, [], [...confirmed, 'AAAA', 'BBBB']]) {
      const { text } = sent(confirming(response), keys.serverSends, { ...answer(asked.messageId), confirmed: values });
      expect(text.includes('SignatureConfirmation')).toBe(options.encryptSignature !== true);
      const closed = await received(text, confirming(response), keys.clientReceives, { confirmed: values });
      expect(closed.content?.local).toBe('EchoResponse');
      for (const other of [['CCCC'], [...values, 'CCCC']])
        await expect(
          received(text, confirming(response), keys.clientReceives, { confirmed: other }),
        ).rejects.toMatchObject({ reason: expect.stringMatching(/^s.*-(confirmation|count)$/) });
    }
  });
});

test('a tag of GCM is whole or the message is refused', async () => {
  const plan = symmetricCalls({ suite: 'Basic128GCM' }).request;
  const keys = conversation(plan.dialect);
  const { text } = sent(plan, keys.clientSends, outgoing());
  const value = /<e:CipherValue>([^<]*)/.exec(text)?.[1] ?? '';
  const bytes = Buffer.from(value, 'base64');
  for (const missing of [1, 4, 8, 12, 15, 16]) {
    const truncated = text.replace(value, bytes.subarray(0, -missing).toString('base64'));
    await expect(received(truncated, plan, keys.serverReceives), String(missing)).rejects.toMatchObject({
      fault: 'failedCheck',
    });
  }
});

describe('the sender', () => {
  const plan = symmetricCalls().request;

  test('declarations of the content keep their meaning, also where they take the prefixes s and u', async () => {
    const keys = conversation(plan.dialect);
    const body = {
      declarations: `xmlns:s="${ns.xsd}" xmlns:u="urn:other" xmlns="urn:default" xmlns:i="${ns.xsi}"`,
      content: '<Echo><text i:type="s:string">x</text><u:more/></Echo>',
    };
    for (const used of [plan, transportCalls(plan.dialect, 'Basic128').request]) {
      const { text } = sent(used, keys.clientSends, outgoing({ body }));
      const opened = await received(text, used, keys.serverReceives);
      expect(opened.content?.namespace).toBe('urn:default');
      expect(opened.content?.children[1]?.namespace).toBe('urn:other');
      expect(bodyContent(opened).bindings).toContainEqual(expect.objectContaining({ prefix: 's', uri: ns.xsd }));
    }
  });

  test('a Body that was scanned before is digested as if it had not been', async () => {
    const contents = [
      '<m:Echo xmlns:m="urn:m" a = "1"><m:none/>&#x41;</m:Echo>',
      `<Echo><s:x xmlns:s="${ns.soap12}"/><u:y xmlns:u="${ns.wsu}"/></Echo>`,
      '<i:Echo i:type="x:y"><z xmlns=""/></i:Echo>',
    ];
    for (const content of contents) {
      const envelope =
        `<e:Envelope xmlns:e="${ns.soap12}" xmlns="urn:default" xmlns:x="urn:x" xmlns:i="${ns.xsi}">` +
        `<e:Body>${content}</e:Body></e:Envelope>`;
      const [body] = scanText(envelope).root.children;
      if (body === undefined) throw new Error('no Body');
      const keys = conversation(plan.dialect);
      const { text } = sent(
        plan,
        keys.clientSends,
        outgoing({ body: { ...inheritDeclarations(body), element: body.children[0] } }),
      );
      const opened = await received(text, plan, keys.serverReceives);
      expect(bodyContent(opened).content).toBe(content);
    }
  });

  test.each(symmetricRows)(
    'what a prefix in a value means is signed, wherever it is declared: %s',
    async (_, options) => {
      const { request } = symmetricCalls(options);
      const keys = conversation(request.dialect);
      const xsi = `xmlns:i="${ns.xsi}"`;
      const bodies = [
        { declarations: `xmlns:m="urn:m" xmlns:q="urn:q" ${xsi}`, content: '<m:Echo i:type="q:A">q:B</m:Echo>' },
        { declarations: '', content: `<Echo xmlns="urn:m" xmlns:q="urn:q" ${xsi}><text i:type="q:A"/></Echo>` },
      ];
      for (const body of bodies) {
        const { text } = sent(request, keys.clientSends, outgoing({ body }));
        const { content, scope } = await received(text, request, keys.serverReceives);
        if (content === undefined || scope === undefined) throw new Error('nothing signed');
        const inner = content.children[0] ?? content;
        expect(signedNames(scope)(inner, 'q')).toBe('urn:q');
        const rebound = text
          .replace('<s:Body', '<s:Body xmlns:q="urn:eve"')
          .replace(/ xmlns:q="urn:q"(?=[^>]*u:Id)/, '');
        const outcome = received(rebound, request, keys.serverReceives).then(
          again =>
            again.scope && again.content && signedNames(again.scope)(again.content.children[0] ?? again.content, 'q'),
        );
        await expect(outcome.catch(() => 'refused')).resolves.toMatch(/^(?:urn:q|refused)$/);
      }
    },
  );

  test.each([':', ' : x', ':-)', 'q:', '::'])('a text may begin with a colon: %j', async text => {
    const content = `<m:Echo xmlns:m="urn:m" xmlns="urn:default" xmlns:q="urn:q">${text}</m:Echo>`;
    for (const encrypted of [true, false]) {
      const request = { ...plan, encrypted: { body: encrypted, headers: [] } };
      const keys = conversation(request.dialect);
      const message = sent(request, keys.clientSends, outgoing({ body: { declarations: '', content } }));
      const opened = await received(message.text, request, keys.serverReceives);
      expect(bodyContent(opened).content).toBe(content);
    }
  });

  test('what a prefix in a header block means is signed with the block', async () => {
    const { request } = symmetricCalls();
    const signed = { ...request.signed, headers: [...request.signed.headers, { namespace: 'urn:app', local: '' }] };
    const keys = conversation(request.dialect);
    const block = scanText(`<a:T xmlns:a="urn:app" xmlns:q="urn:q" xmlns:i="${ns.xsi}" i:type="q:A"/>`).root;
    const { text } = sent({ ...request, signed }, keys.clientSends, outgoing({ headers: [block] }));
    const opened = await received(text, { ...request, signed }, keys.serverReceives);
    const [found] = [...opened.signed.keys()].filter(({ local }) => local === 'T');
    if (found === undefined || opened.scope === undefined) throw new Error('nothing signed');
    expect(signedNames(opened.scope)(found, 'q')).toBe('urn:q');
  });

  test('types beyond a PrefixList have their meaning where they are declared inside what is encrypted', async () => {
    const numbers = Array.from({ length: 17 }, (_, index) => index);
    const children = numbers.map(n => `<x xmlns:q${n}="urn:q" i:type="q${n}:A"/>`).join('');
    const body = { declarations: '', content: `<Echo xmlns="urn:m" xmlns:i="${ns.xsi}">${children}</Echo>` };
    const outcome = async (options: SymmetricOptions, isEncrypted = true) => {
      const { request: calls } = symmetricCalls(options);
      const request = { ...calls, encrypted: { body: isEncrypted, headers: [] } };
      const keys = conversation(request.dialect);
      const { text } = sent(request, keys.clientSends, outgoing({ body }));
      return received(text, request, keys.serverReceives).then(
        () => 'received',
        error => error.reason,
      );
    };
    expect(await outcome({ suite: 'Basic128GCM' })).toBe('received');
    expect(await outcome({ order: 'encryptBeforeSigning', username: false })).toBe('received');
    expect(await outcome({})).toBe('received');
    expect(await outcome({}, false)).toBe('value-prefix-not-signed');
  });

  test('a namespace put around what is encrypted before it is signed names nothing in it', async () => {
    const { request } = symmetricCalls({ order: 'encryptBeforeSigning', username: false });
    const keys = conversation(request.dialect);
    const { text } = sent(request, keys.clientSends, outgoing({ body: { declarations: '', content: '<Echo/>' } }));
    expect((await received(text, request, keys.serverReceives)).content?.namespace).toBe('');
    const renamed = text.replace('<s:Envelope', '<s:Envelope xmlns="urn:eve"');
    await expect(received(renamed, request, keys.serverReceives)).rejects.toMatchObject({
      fault: 'failedCheck',
      reason: 'name-prefix-not-signed',
    });
  });

  test('no token is written that nothing uses', async () => {
    const clear = { ...plan, encrypted: { body: false, headers: [] } };
    const keys = conversation(plan.dialect);
    const { text } = sent(clear, keys.clientSends, outgoing());
    expect(text.match(/<c:DerivedKeyToken/g)).toHaveLength(1);
    expect((await received(text, clear, keys.serverReceives)).content?.local).toBe('Echo');
  });

  test('derived keys serve a conversation for an hour, and then change', () => {
    const keys = conversation(plan.dialect);
    const noncesAt = (ms: number) => {
      const { text } = send(plan, versions, keys.clientSends, outgoing(), {
        nowMs: ms,
        random: systemRandom,
        timestampTtlMs: 300_000,
      });
      return [...text.matchAll(/<c:Nonce>([^<]+)</g)].map(match => match[1]);
    };
    const first = noncesAt(nowMs);
    expect(first).toHaveLength(2);
    expect(noncesAt(nowMs + 3_599_999)).toEqual(first);
    expect(noncesAt(nowMs + 3_600_000)).not.toEqual(first);
  });

  test('no two messages have one IV', () => {
    const keys = conversation(plan.dialect);
    const firstBlocks = new Set(
      Array.from(
        { length: 200 },
        () => /<e:CipherValue>(.{20})/.exec(sent(plan, keys.clientSends, outgoing()).text)?.[1],
      ),
    );
    expect(firstBlocks.size).toBe(200);
  });

  test('a message that cannot be protected is not sent', () => {
    const problem = expect.objectContaining({ code: 'CONFIG_INVALID' });
    expect(() => sent(plan, {}, outgoing())).toThrow(problem);
    expect(() => sent(symmetricBootstrap().request, { tokens: { username: user } }, outgoing())).toThrow(problem);
    expect(() => sent(symmetricBootstrap().request, { recipient: bob }, outgoing())).toThrow(problem);
  });

  test('a Body that is not well-formed is not sent', () => {
    const keys = conversation(plan.dialect);
    const body = { declarations: '', content: '<a><b></a>' };
    expect(() => sent(plan, keys.clientSends, outgoing({ body }))).toThrow(
      expect.objectContaining({ fault: 'server' }),
    );
  });

  const asymmetric = certificateBootstrap().request.protection;
  const symmetric = plan.protection as Extract<MessagePlan['protection'], { kind: 'symmetric' }>;
  test.each<[string, Partial<MessagePlan>]>([
    [
      'EncryptSignature with EncryptBeforeSigning',
      { protection: { ...symmetric, order: 'encryptBeforeSigning', encryptSignature: true } },
    ],
    [
      'EncryptSignature with a certificate that is not in the message',
      {
        protection: { ...symmetric, encryptSignature: true },
        supporting: [
          {
            kind: 'x509',
            endorsing: true,
            derivedKeys: false,
            certificate: { include: 'never', reference: 'thumbprint' },
          },
        ],
      },
    ],
    [
      'two signatures by one token: context',
      { supporting: [{ kind: 'context', endorsing: true, derivedKeys: false }] },
    ],
    [
      'a supporting token with EncryptBeforeSigning',
      {
        protection: { ...symmetric, order: 'encryptBeforeSigning' },
        supporting: [{ kind: 'username', signed: true, encrypted: false }],
      },
    ],
    [
      'a token that proves by what it says, with an AsymmetricBinding',
      { protection: asymmetric, supporting: [{ kind: 'username', signed: true, encrypted: false }] },
    ],
    ['encrypted headers', { encrypted: { body: true, headers: [{ namespace: 'urn:example', local: 'x' }] } }],
  ])('a plan with %s is not implemented: it is refused, in sending and in receiving', async (name, change) => {
    const keys = conversation(plan.dialect);
    const unsupported = { ...plan, ...change };
    const problem = expect.objectContaining({
      code: 'POLICY_UNSUPPORTED',
      message: expect.stringContaining(`not supported in a message: ${name}`),
    });
    expect(() => sent(unsupported, keys.clientSends, outgoing())).toThrow(problem);
    const { text } = sent(plan, keys.clientSends, outgoing());
    await expect(received(text, unsupported, keys.serverReceives)).rejects.toEqual(problem);
  });

  test('the suite row decides the lengths of derived keys', () => {
    const { request } = symmetricCalls({ suite: 'Basic256' });
    const { text } = sent(request, conversation(request.dialect).clientSends, outgoing());
    expect([...text.matchAll(/<c:Length>(\d+)</g)].map(match => Number(match[1]))).toEqual([
      suite('Basic256').signatureKeyBytes,
      suite('Basic256').encryptionKeyBytes,
    ]);
  });
});
