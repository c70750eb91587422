import { createPrivateKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { bootstrap } from '../../src/client/bootstrap.ts';
import { credentialsOf } from '../../src/client/credentials.ts';
import { exchangeParts } from '../../src/client/exchange.ts';
import { sessionOptions } from '../../src/client/session-options.ts';
import type { Transport } from '../../src/client/transport.ts';
import { type IssuedToken, writeIssueResponse } from '../../src/conversation/token-response.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { loadPeerCertificate } from '../../src/crypto/x509.ts';
import { readMessage } from '../../src/message/message.ts';
import { send } from '../../src/message/send.ts';

import type { ConversationPlan } from '../../src/policy/plan.ts';
import { readWsdl } from '../../src/policy/wsdl.ts';
import { rsaSigner } from '../../src/security/signature.ts';
import { makeCertificate } from '../support/certificates.ts';
import { pem } from '../support/pem.ts';
import { planOf } from '../support/plans.ts';

/* What a client takes for the answer to its bootstrap between certificates. */

const asked = planOf(readWsdl('test/interop/wsdl/ping.wsdl'), '_X10_IPingService');
const alice = await makeCertificate({ subject: 'CN=alice' });
const mallory = await makeCertificate({ subject: 'CN=mallory' });
/** The same where the service sends its certificate along. */
const included: ConversationPlan = {
  ...asked,
  bootstrap: {
    ...asked.bootstrap,
    response: {
      ...asked.bootstrap.response,
      protection: {
        kind: 'asymmetric',
        signature: { include: 'certificate', reference: 'token' },
        encryption: 'thumbprint',
      },
    },
  },
};
const settingsOf = (plan: ConversationPlan) =>
  sessionOptions.read(
    {
      plan,
      certificate: alice.pem,
      key: alice.key,
      serviceCertificate: pem.service.certificate,
      addresses: ['http://localhost/'],
    },
    { of: 'test', path: '' },
  );

interface Answerer {
  readonly certificate: string;
  readonly key: string;
  readonly to: string;
  readonly proof: IssuedToken['proof'];
}
const service: Answerer = {
  ...pem.service,
  to: alice.pem,
  proof: { entropy: systemRandom(32) },
};

/** Begins a conversation with whoever answers. */
async function begun(change: Partial<Answerer> = {}, plan: ConversationPlan = asked) {
  const settings = settingsOf(plan);
  const { certificate, key, to, proof } = { ...service, ...change };
  const { response } = plan.bootstrap;
  const context = {
    id: 'urn:uuid:1',
    instance: undefined,
    keyEffectiveMs: Date.now(),
    tokenExpiresMs: Date.now() + 1e6,
  };
  const token = { wsuId: 's', state: undefined, keySizeBits: 256, proof };
  const post: Transport['post'] = async (_, message) => {
    const relatesTo = readMessage(Buffer.from(message)).addressing?.messageId ?? '';
    const keys = {
      recipient: loadPeerCertificate(to),
      tokens: { x509: { certificate: loadPeerCertificate(certificate).certificate.raw } },
      signingKeys: { x509: rsaSigner(createPrivateKey(key), response.suite.asymmetricSignature) },
    };
    const body = writeIssueResponse(plan.dialect, context, token);
    const versions = { soap: plan.soap, addressing: plan.trustAddressing };
    const out = { action: plan.dialect.responseAction.issue, relatesTo, body };
    const { text } = send(response, versions, keys, out, {
      nowMs: Date.now(),
      random: systemRandom,
      timestampTtlMs: 300_000,
    });
    const contentType = 'application/soap+xml';
    return { status: 200, contentType, retryAfter: undefined, date: undefined, bytes: Buffer.from(text) };
  };
  const { keys, ...credentials } = credentialsOf(settings);
  const parts = exchangeParts(settings, credentials);
  return bootstrap(keys, { ...parts, plan, transport: { ...parts.transport, post } });
}

test('one of the service, that is encrypted to it', async () => {
  expect((await begun()).key.id).toBe('urn:uuid:1');
});

test('none of another certificate than the one it was given for the service', async () => {
  await expect(begun({ certificate: mallory.pem, key: mallory.key })).rejects.toMatchObject({
    reason: 'certificate-unknown',
  });
});

test('one with the certificate of the service in it, and none with another, whoever has signed it', async () => {
  expect((await begun({}, included)).key.id).toBe('urn:uuid:1');
  for (const key of [pem.service.key, mallory.key])
    await expect(begun({ certificate: mallory.pem, key }, included)).rejects.toMatchObject({
      reason: 'token-key-unknown',
    });
});

test('none that is signed with another key', async () => {
  await expect(begun({ key: mallory.key })).rejects.toMatchObject({ reason: 'signature-value' });
});

test('none that is encrypted to somebody else', async () => {
  await expect(begun({ to: mallory.pem })).rejects.toMatchObject({ reason: 'certificate-unknown' });
});

test('none with a key that the service may have told another client, who passed it on', async () => {
  await expect(begun({ proof: { key: systemRandom(32) } })).rejects.toMatchObject({ reason: 'rstr-key-not-computed' });
});

test('the certificates that it needs are asked for by name', () => {
  const read = (change: object) => () =>
    credentialsOf({
      plan: asked,
      certificate: alice.pem,
      key: alice.key,
      serviceCertificate: pem.service.certificate,
      ...change,
    } as never);
  expect(read({ serviceCertificate: undefined })).toThrow("needs the service's certificate");
  expect(read({ certificate: undefined, key: undefined })).toThrow('signs with the certificate of the client');
});
