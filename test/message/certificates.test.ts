import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import type { OwnCertificate } from '../../src/crypto/x509.ts';
import { Unproven } from '../../src/errors.ts';
import { readMessage } from '../../src/message/message.ts';
import type { CertificateKeys } from '../../src/message/protection-key.ts';
import { type ReceiveOptions, receive } from '../../src/message/receive.ts';
import { send } from '../../src/message/send.ts';
import type { BootstrapKeys, SendKeys } from '../../src/message/sending-key.ts';
import { selfContained } from '../../src/message/sent-body.ts';
import { addressingVersions, soapVersions } from '../../src/names.ts';
import type { CertificateUse, MessagePlan } from '../../src/policy/plan.ts';
import type { CertificateClaims } from '../../src/security/binary-token.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { rsaSigner, rsaVerifier } from '../../src/security/signature.ts';
import { certificateIn } from '../../src/security/supporting-tokens.ts';
import { writeDirectReference } from '../../src/security/token-reference.ts';
import { own } from './captures.ts';
import { found, noKeys } from './found.ts';
import { certificateBootstrap, endorsed } from './plans.ts';

/* AsymmetricBinding: alice, the client, and bob, the service, have each other's certificates. */

const [alice, bob] = [own('alice'), own('bob')];
const nowMs = Date.UTC(2026, 10, 30);
const plans = certificateBootstrap();
const versions = { soap: soapVersions['1.2'], addressing: addressingVersions['1.0'] };
const text = '<m:Echo xmlns:m="urn:m"><m:text>ä</m:text></m:Echo>';

/** What one sends to the other with. */
function from(sender: OwnCertificate, recipient: OwnCertificate, { suite }: MessagePlan): BootstrapKeys {
  const claims: CertificateClaims = { certificate: sender.certificate.raw };
  const signingKeys = { x509: rsaSigner(sender.privateKey, suite.asymmetricSignature) };
  return { recipient, tokens: { x509: claims }, signingKeys };
}

/** What one reads messages of the other with; what they cost is counted. */
class Reader implements CertificateKeys {
  readonly ownCertificates: readonly OwnCertificate[];
  readonly knownCertificates: readonly OwnCertificate[];
  readonly steps: string[] = [];

  constructor(self: OwnCertificate, believed: OwnCertificate) {
    this.ownCertificates = [self];
    this.knownCertificates = [believed];
  }

  readonly findTokenKey: NonNullable<CertificateKeys['findTokenKey']> = ({ claims }, { asymmetricSignature }) => {
    this.steps.push('certificate');
    const { certificate } = claims as CertificateClaims;
    const known = this.knownCertificates.find(one => one.certificate.raw.equals(certificate));
    return known && rsaVerifier(known.certificate.publicKey, asymmetricSignature, work => work());
  };

  readonly inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    this.steps.push('key');
    return work();
  };
}

function written(plan: MessagePlan, keys: SendKeys): string {
  const out = { action: 'urn:a', to: 'http://localhost/', replyToAnonymous: true, body: selfContained(text) };
  return send(plan, versions, keys, out, { nowMs, random: systemRandom, timestampTtlMs: 300_000 }).text;
}

async function read(message: string, plan: MessagePlan, keys: CertificateKeys, options: Partial<ReceiveOptions> = {}) {
  const times = { nowMs, clockSkewMs: 60_000, timestampTtlMs: 300_000 };
  return receive(
    readMessage(Buffer.from(message)),
    plan,
    { ...noKeys, ...keys },
    { ...times, random: systemRandom, ...options },
  );
}

const request = () => written(plans.request, from(alice, bob, plans.request));
const changed = (message: string, from: RegExp, to: (found: string) => string) => {
  const text = message.replace(from, to);
  expect(text).not.toBe(message);
  return text;
};
const spoilt = (base64: string) => `${base64.startsWith('A') ? 'B' : 'A'}${base64.slice(1)}`;
const flippedPadding = (base64: string) => {
  const bytes = Buffer.from(base64, 'base64');
  const at = bytes.length - 17;
  bytes[at] = (bytes[at] ?? 0) ^ 0x80;
  return bytes.toString('base64');
};
const bodyCipher = /(?<=<e:CipherValue>)[^<]*(?=<\/e:CipherValue><\/e:CipherData><\/e:EncryptedData>)/;

describe('a message between certificates', () => {
  const uses: readonly CertificateUse[] = [
    { include: 'certificate', reference: 'token' },
    { include: 'certificate', reference: 'thumbprint' },
    { include: 'never', reference: 'thumbprint' },
    { include: 'never', reference: 'keyIdentifier' },
    { include: 'never', reference: 'issuerSerial' },
  ];
  test.each(uses)('is read by whom it is encrypted to: %o', async signature => {
    for (const encryption of ['thumbprint', 'keyIdentifier', 'issuerSerial'] as const) {
      const plan: MessagePlan = { ...plans.request, protection: { kind: 'asymmetric', signature, encryption } };
      const message = written(plan, from(alice, bob, plan));
      expect(message).not.toContain('urn:m');
      const verified = await read(message, plan, new Reader(bob, alice));
      expect(verified.content?.local).toBe('Echo');
      expect(verified.tokens).toEqual([expect.objectContaining({ kind: 'x509' })]);
      expect(certificateIn(verified.tokens)?.certificate).toEqual(alice.certificate.raw);
      expect(verified.encryptedKey?.recipient).toBe(bob);
    }
  });

  test('has the ReferenceList in its EncryptedKey, which stands before the Signature', () => {
    expect(request()).toMatch(
      /<u:Timestamp .*<e:EncryptedKey .*<e:ReferenceList.*<\/e:EncryptedKey><o:BinarySecurityToken .*<ds:Signature /,
    );
  });

  test('is answered with the certificates the other way round', async () => {
    const answer = written(plans.response, from(bob, alice, plans.response));
    expect(answer).not.toContain('BinarySecurityToken');
    expect((await read(answer, plans.response, new Reader(alice, bob))).content?.local).toBe('Echo');
  });

  test('is no answer where another certificate has signed it, or it is for another one', async () => {
    const mallory = alice;
    const byMallory = written(plans.response, from(mallory, alice, plans.response));
    const refused = { fault: 'invalidSecurityToken', reason: 'certificate-unknown' };
    await expect(read(byMallory, plans.response, new Reader(alice, bob))).rejects.toMatchObject(refused);
    const toMallory = written(plans.response, from(bob, bob, plans.response));
    await expect(read(toMallory, plans.response, new Reader(alice, bob))).rejects.toMatchObject(refused);
  });

  test('is its own request to nobody who reads an answer', async () => {
    await expect(read(request(), plans.response, new Reader(alice, bob))).rejects.toMatchObject({
      fault: 'invalidSecurity',
      reason: 'supporting-token-count',
    });
  });

  test('may be endorsed by a conversation', async () => {
    const plan = endorsed(plans.request);
    const context = { id: 'urn:uuid:1', instance: undefined };
    const secret = systemRandom(32);
    const token =
      `<c:SecurityContextToken xmlns:c="${plan.dialect.wsc}" xmlns:u="http://docs.oasis-open.org/wss/2004/01/` +
      `oasis-200401-wss-wssecurity-utility-1.0.xsd" u:Id="s"><c:Identifier>${context.id}</c:Identifier>` +
      '</c:SecurityContextToken>';
    const key = { ...context, keys: contextKeys(new SecretKey(secret)), token };
    const sending = { context: { ...key, reference: writeDirectReference('#s', plan.dialect.sct) } };
    const message = written(plan, { ...from(alice, bob, plan), ...sending });
    const keys = { ...new Reader(bob, alice), findContext: () => found(context.id, new SecretKey(secret)) };
    const verified = await read(message, plan, keys as CertificateKeys);
    expect(verified.context?.context.id).toBe(context.id);
    expect(verified.tokens).toHaveLength(1);
  });
});

describe('the private key is used', () => {
  const outcome = async (message: string, options: Partial<ReceiveOptions> = {}) => {
    const reader = new Reader(bob, alice);
    await read(message, plans.request, reader, options).catch(() => {});
    return reader.steps;
  };

  test('once, after the certificate that signed is believed and its signature is good', async () => {
    expect(await outcome(request())).toEqual(['certificate', 'key']);
    expect(await outcome(changed(request(), /(?<=<ds:SignatureValue>)[^<]*/, spoilt))).toEqual(['certificate']);
    expect(await outcome(changed(request(), /(?<=<u:Created>20)\d/, () => '1'))).toEqual([]);
  });

  test('for no message that came before', async () => {
    expect(await outcome(request(), { replay: () => 'seen' })).toEqual(['certificate']);
    expect(await outcome(request(), { isReplay: () => true })).toEqual([]);
    expect(await outcome(request(), { replay: () => 'full' })).toEqual(['certificate']);
  });
});

test('from the first decryption on every failure is one, at a time that was set before', async () => {
  const spoil: Readonly<Record<string, (message: string) => string>> = {
    decryption: message => changed(message, bodyCipher, flippedPadding),
    // RSA-OAEP opens it no more: a key that nobody has decrypts then.
    key: message => changed(message, /(?<=<e:EncryptedKey.*?<e:CipherValue>)[^<]*/, spoilt),
    digest: message => changed(message, /(?<=localhost)(?=\/)/, () => '/x'),
  };
  for (const [what, change] of Object.entries(spoil)) {
    const steps: string[] = [];
    const message = change(request());
    const failureTime = (octets: number) => ({
      due: Promise.resolve().then(() => void steps.push(octets === Buffer.byteLength(message) ? 'due' : 'too early')),
      cancel: () => void steps.push('cancelled'),
    });
    const failed = read(message, plans.request, new Reader(bob, alice), {
      replay: () => {
        steps.push('spent');
        return 'new';
      },
      failureTime,
    });
    await expect(failed, what).rejects.toBeInstanceOf(Unproven);
    await expect(failed, what).rejects.toMatchObject({ fault: 'failedCheck' });
    expect(steps, what).toEqual(['spent', 'spent', 'due']);
  }
});
