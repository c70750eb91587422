import { describe, expect, test } from 'vitest';
import { parseTokenRequest } from '../../src/conversation/token-request.ts';
import type { Suite } from '../../src/crypto/suites.ts';
import { type OwnCertificate, parseCertificate } from '../../src/crypto/x509.ts';
import { unsecuredFault } from '../../src/message/message.ts';
import type { CertificateKeys } from '../../src/message/protection-key.ts';
import { bodyContent } from '../../src/message/verified.ts';
import { addressingVersions, dialects, ns } from '../../src/names.ts';
import type { MessagePlan } from '../../src/policy/plan.ts';
import type { CertificateClaims } from '../../src/security/binary-token.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { rsaVerifier } from '../../src/security/signature.ts';
import { certificateIn, type ProvenToken, userOf } from '../../src/security/supporting-tokens.ts';
import { readFault } from '../../src/soap/fault-shape.ts';
import { agree, open, openBootstrap, openCall, own, recorded, textOf } from './captures.ts';
import { noKey, noKeys } from './found.ts';
import {
  bareTransport,
  certificateBootstrap,
  type SymmetricOptions,
  suite,
  symmetricBootstrap,
  symmetricCalls,
  transportBootstrap,
  transportCalls,
} from './plans.ts';

const bob = own('bob');

describe('CXF, symmetric binding', () => {
  const rows: readonly [string, SymmetricOptions][] = [
    ['AC', { derivedKeys: false, username: false }],
    ['noaction-AC', { derivedKeys: false, username: false }],
    ['ADC', { username: false }],
    ['ADC-ES', { username: false, order: 'encryptBeforeSigning' }],
    ['UXC', { derivedKeys: false }],
    ['UXDC', {}],
    ['UXDC-SEES', { encryptSignature: true }],
  ];

  test.each(rows)('%s: every message of the conversation opens, both ways', async (name, row) => {
    const options: SymmetricOptions = { ...row, addressing: '2004/08' };
    const { request, agreed } = await openBootstrap(`cxf/${name}`, symmetricBootstrap(options), bob);
    expect(userOf(request.tokens)).toEqual(row.username === false ? undefined : { username: 'abcd', password: 'dcba' });
    for (const number of ['02', '03']) {
      const call = await openCall(`cxf/${name}`, number, symmetricCalls(options), agreed);
      expect(textOf(call.request.content, 'text')).toBe('ping');
      expect(textOf(call.response.content, 'text')).toBe('CXF : ping');
      expect(call.request.context?.context.id).toBe(agreed.id);
      expect(call.response.addressing?.relatesTo).toBe(call.request.addressing?.messageId);
      const { body, signed } = call.request;
      expect([...signed.keys()].map(element => element.local).sort()).toEqual([
        'Action',
        'Body',
        'MessageID',
        'ReplyTo',
        'Timestamp',
        'To',
      ]);
      expect(signed.has(body)).toBe(true);
    }
  });

  test('the decrypted content comes with the declarations that it was written under', async () => {
    const options: SymmetricOptions = { addressing: '2004/08' };
    const { agreed } = await openBootstrap('cxf/UXDC', symmetricBootstrap(options), bob);
    const call = await openCall('cxf/UXDC', '02', symmetricCalls(options), agreed);
    const { declarations, content } = bodyContent(call.request);
    expect(content).toMatch(/^<ns2:PingRequest .*<\/ns2:PingRequest>$/);
    expect(declarations).toContain(`xmlns:soap="${ns.soap12}"`);
    expect(declarations).toContain(`xmlns:wsu="${ns.wsu}"`);
  });
});

test('CXF, asymmetric binding: the bootstrap of _X10 opens both ways, and so does its Cancel', async () => {
  const alice = own('alice');
  const { request, response } = certificateBootstrap({ addressing: '2004/08' });
  const peers = (self: OwnCertificate, other: OwnCertificate): CertificateKeys => ({
    ownCertificates: [self],
    knownCertificates: [other],
    findTokenKey: ({ claims }, { asymmetricSignature }) =>
      other.certificate.raw.equals((claims as CertificateClaims).certificate)
        ? rsaVerifier(other.certificate.publicKey, asymmetricSignature, work => work())
        : undefined,
  });
  const rst = await open(recorded('cxf/_X10/01-req.txt'), request, { ...noKeys, ...peers(bob, alice) });
  const rstr = await open(recorded('cxf/_X10/01-res.txt'), response, peers(alice, bob));
  expect(certificateIn(rst.tokens)?.certificate).toEqual(alice.certificate.raw);
  const agreed = agree(rst.content, rstr.content);
  const call = await openCall('cxf/_X10', '02', symmetricCalls({ derivedKeys: false, addressing: '2004/08' }), agreed);
  expect(textOf(call.response.content, 'text')).toBe('CXF : ping');
  const cancel = await open(recorded('cxf/_X10/03-req.txt'), request, { ...noKeys, ...peers(bob, alice) });
  expect(textOf(cancel.content, 'Identifier')).toBe(agreed.id);
});

describe('CXF, transport binding', () => {
  test('the UserNameOverTransport conversation opens, with wsa:To signed beside the Timestamp', async () => {
    const folder = 'cxf/SecureConversation_UserNameOverTransport';
    const { request, agreed } = await openBootstrap(folder, transportBootstrap(dialects.feb2005, 'Basic128'));
    expect(userOf(request.tokens)).toEqual({ username: 'Alice', password: 'ecilA' });
    const to = { namespace: addressingVersions['2004/08'].namespace, local: 'To' };
    for (const number of ['02', '03']) {
      const call = await openCall(folder, number, transportCalls(dialects.feb2005, 'Basic128', [to]), agreed);
      expect(textOf(call.request.content, 'text')).toBe('ping');
      expect(textOf(call.response.content, 'text')).toBe('CXF : ping');
      expect([...call.request.signed.keys()].map(element => element.local).sort()).toEqual(['Timestamp', 'To']);
    }
  });

  test.each(['endorsing', 'endorsing-sp12'])(
    '%s: SOAP 1.1 without addressing, a bootstrap without Security header',
    async name => {
      const { agreed } = await openBootstrap(`cxf/${name}`, bareTransport(dialects['200512']));
      for (const number of ['02', '03']) {
        const call = await openCall(`cxf/${name}`, number, transportCalls(dialects['200512'], 'Basic128'), agreed);
        expect(call.request.addressing).toBeUndefined();
        expect(call.request.soap.name).toBe('1.1');
        expect(textOf(call.request.content, 'numberToDouble')).toBe('25');
        expect(textOf(call.response.content, 'doubledNumber')).toBe('50');
      }
    },
  );
});

const wcfBindings = ['ws', 'ws2007'] as const;
const dialectOf = { ws: dialects.feb2005, ws2007: dialects['200512'] } as const;
const suiteOf = { '': 'Basic256', '-sha256': 'Basic256Sha256' } as const;

describe('WCF, transport with message credential', () => {
  const sessions = wcfBindings.flatMap(binding => (['', '-sha256'] as const).map(hash => ({ binding, hash })));

  test.each(sessions)('session $binding-username$hash: bootstrap, calls and Cancel open', async ({ binding, hash }) => {
    const folder = `wcf/session/${binding}-username${hash}`;
    const { request, agreed } = await openBootstrap(folder, transportBootstrap(dialectOf[binding], suiteOf[hash]));
    expect(userOf(request.tokens)).toEqual({ username: 'alice', password: 'ecila' });
    await openCalls(folder, ['02', '03', '04', '05'], binding, hash, agreed);
  });

  test.each(sessions)(
    'session $binding-certificate$hash: RSA over Timestamp and To, then calls and Cancel open',
    async ({ binding, hash }) => {
      const folder = `wcf/session/${binding}-certificate${hash}`;
      const dialect = dialectOf[binding];
      const used = suite(suiteOf[hash]);
      const { request: bootstrap, response: answer } = transportBootstrap(dialect, used.name);
      const plan: MessagePlan = {
        ...bootstrap,
        layout: 'strict',
        supporting: [{ kind: 'x509', endorsing: true, derivedKeys: false }],
        signed: { body: false, headers: [{ namespace: ns.wsa10, local: 'To' }] },
      };
      const message = recorded(`${folder}/01-req.txt`);
      const findTokenKey = ({ claims }: ProvenToken, { asymmetricSignature }: Suite) => {
        const certificate = parseCertificate((claims as CertificateClaims).certificate)?.certificate;
        return certificate?.raw.equals(own('alice').certificate.raw)
          ? rsaVerifier(certificate.publicKey, asymmetricSignature, verify => verify())
          : undefined;
      };
      const request = await open(message, plan, { ...noKeys, findTokenKey });
      expect([...request.signed.keys()].map(({ local }) => local).sort()).toEqual(['Timestamp', 'To']);
      expect(request.tokens.map(({ kind }) => kind)).toEqual(['x509']);
      await expect(open(message, plan, noKeys)).rejects.toMatchObject({ reason: 'token-key-unknown' });
      await expect(open(message, bootstrap, { ...noKeys, findTokenKey })).rejects.toMatchObject({
        reason: 'signature-count',
      });
      const response = await open(recorded(`${folder}/01-res.txt`), answer, noKey);
      await openCalls(folder, ['02', '03', '04', '05'], binding, hash, agree(request.content, response.content));
    },
  );

  test.each(wcfBindings)('cookie mode, %s: bootstrap and calls open', async binding => {
    const folder = `wcf/cookie/${binding}-username`;
    const { agreed } = await openBootstrap(folder, transportBootstrap(dialectOf[binding]));
    await openCalls(folder, ['02', '03'], binding, '', agreed);
  });

  test.each(wcfBindings)('without session, %s: the UsernameToken comes with every call', async binding => {
    const plan = transportBootstrap(dialectOf[binding]);
    for (const number of ['01', '02']) {
      const request = await open(recorded(`wcf/nosession/${binding}-username/${number}-req.txt`), plan.request, noKeys);
      expect(userOf(request.tokens)?.username).toBe('alice');
      await open(recorded(`wcf/nosession/${binding}-username/${number}-res.txt`), plan.response, noKey);
    }
  });

  async function openCalls(
    folder: string,
    numbers: readonly string[],
    binding: keyof typeof dialectOf,
    hash: keyof typeof suiteOf,
    agreed: { id: string; secret: Parameters<typeof openCall>[3]['secret'] },
  ) {
    for (const number of numbers) {
      const call = await openCall(folder, number, transportCalls(dialectOf[binding], suiteOf[hash]), agreed);
      expect([...call.request.signed.keys()].map(element => element.local)).toEqual(['Timestamp']);
      if (number === '05') expect(call.response.content?.local).toMatch(/^RequestSecurityTokenResponse/);
      else expect(textOf(call.response.content, 'EchoResult')).toBe(textOf(call.request.content, 'text'));
    }
  }
});

describe('WCF, faults', () => {
  test.each(wcfBindings)('%s: the answer to an unknown context is a fault in clear', async binding => {
    const folder = `wcf/faults/unknown-context-${binding}`;
    const { agreed } = await openBootstrap(folder, transportBootstrap(dialectOf[binding]));
    await openCall(folder, '02', transportCalls(dialectOf[binding]), agreed);
    const answer = recorded(`${folder}/03-res.txt`);
    expect(unsecuredFault(answer)).toMatchObject({
      code: { namespace: ns.soap12, local: 'Sender' },
      subcode: { namespace: dialectOf[binding].wsc, local: 'BadContextToken' },
    });
    const context = { id: agreed.id, instance: undefined, keys: contextKeys(agreed.secret) };
    await expect(open(answer, transportCalls(dialectOf[binding]).response, { context })).rejects.toMatchObject({
      fault: 'invalidSecurity',
    });
  });

  test.each(wcfBindings)(
    '%s: a bootstrap with a wrong password opens, and its answer is a fault in clear',
    async binding => {
      const folder = `wcf/faults/wrong-password-${binding}`;
      const bootstrap = transportBootstrap(dialectOf[binding]);
      const request = await open(recorded(`${folder}/01-req.txt`), bootstrap.request, noKeys);
      expect(userOf(request.tokens)).toEqual({ username: 'alice', password: 'wrong' });
      expect(parseTokenRequest(request.content, dialectOf[binding], 'issue').entropy).toHaveLength(32);
      const answer = recorded(`${folder}/01-res.txt`);
      // That service says why by its Reason alone.
      expect(unsecuredFault(answer)).toMatchObject({
        code: { namespace: ns.soap12, local: 'Sender' },
        subcode: undefined,
        reason: 'Unknown user',
      });
      await expect(open(answer, bootstrap.response, noKey)).rejects.toMatchObject({ fault: 'invalidSecurity' });
    },
  );

  test.each(wcfBindings)(
    '%s: a bootstrap that wants the service to make the whole key opens, and so does the fault that refuses it',
    async binding => {
      const folder = `wcf/faults/server-entropy-refused-${binding}`;
      const bootstrap = transportBootstrap(dialectOf[binding]);
      const request = await open(recorded(`${folder}/01-req.txt`), bootstrap.request, noKeys);
      expect(userOf(request.tokens)).toEqual({ username: 'alice', password: 'ecila' });
      expect(parseTokenRequest(request.content, dialectOf[binding], 'issue')).toMatchObject({
        tokenType: dialectOf[binding].sct,
        keySizeBits: 256,
        entropy: undefined,
      });
      const answer = recorded(`${folder}/01-res.txt`);
      expect(unsecuredFault(answer)).toBeUndefined();
      const response = await open(answer, bootstrap.response, noKey);
      expect(response.addressing?.relatesTo).toBe(request.addressing?.messageId);
      // The dialect of the fault is Feb-2005 on both bindings.
      expect(readFault(response.body)).toMatchObject({
        code: { namespace: ns.soap12, local: 'Sender' },
        subcode: { namespace: dialects.feb2005.wst, local: 'InvalidRequest' },
      });
    },
  );

  test('a Renew opens with user and context, and the secured fault that refuses it is no fault in clear', async () => {
    const folder = 'wcf/faults/renew-refused';
    const bootstrap = transportBootstrap(dialects.feb2005);
    const calls = transportCalls(dialects.feb2005);
    const { agreed } = await openBootstrap(folder, bootstrap);
    const supporting = [...bootstrap.request.supporting, ...calls.request.supporting];
    const call = await openCall(folder, '02', { ...calls, request: { ...calls.request, supporting } }, agreed);
    expect(userOf(call.request.tokens)?.username).toBe('alice');
    expect(call.request.context?.context.id).toBe(agreed.id);
    expect(unsecuredFault(recorded(`${folder}/02-res.txt`))).toBeUndefined();
    expect(readFault(call.response.body)?.subcode).toEqual({
      namespace: dialects.feb2005.wst,
      local: 'InvalidRequest',
    });
  });
});
