import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/crypto/random.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { Refusal } from '../../src/errors.ts';
import { readMessage } from '../../src/message/message.ts';
import type { ReceiveKeys } from '../../src/message/protection-key.ts';
import { receive } from '../../src/message/receive.ts';
import type { Verified } from '../../src/message/verified.ts';
import { dialects, ns } from '../../src/names.ts';
import type { MessagePlan } from '../../src/policy/plan.ts';
import type { CertificateClaims } from '../../src/security/binary-token.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { rsaVerifier } from '../../src/security/signature.ts';
import {
  alice,
  type BaseName,
  bases,
  build,
  contextId,
  contextSecret,
  nowMs,
  type RecordedKey,
  requestValues,
} from './builder.ts';
import { all, open, own, recorded, textOf } from './captures.ts';
import { found, noKeys } from './found.ts';
import { hostile } from './hostile/index.ts';
import type { Scenario } from './hostile/steps.ts';
import {
  bareTransport,
  certificateBootstrap,
  endorsed,
  symmetricBootstrap,
  symmetricCalls,
  transportBootstrap,
  transportCalls,
} from './plans.ts';

/** One vector: a message, the plan that it is held to, and what becomes of it. */
interface Vector {
  readonly comment: string;
  /** Class of the refusal, or `accepted` for a control. */
  readonly expect: string;
  /** The log's reason for the refusal; '' for a control. */
  readonly reason: string;
  readonly plan: BaseName;
  readonly message: string;
}

const folder = new URL('../vectors/hostile/', import.meta.url);
const bob = own('bob');
const calls = symmetricCalls();
const aprilCalls = symmetricCalls({ dialect: dialects['2004-04'], addressing: '2004/03' });
const tls = transportCalls(dialects.feb2005, 'Basic128');
const hidden = (plan: MessagePlan): MessagePlan =>
  plan.protection.kind === 'symmetric' ? { ...plan, protection: { ...plan.protection, encryptSignature: true } } : plan;
const withTokens = (plan: MessagePlan): MessagePlan =>
  'encryption' in plan.protection || 'token' in plan.protection
    ? { ...plan, protection: { ...plan.protection, protectTokens: true } }
    : plan;
const clear = { body: false, headers: [] };

const plans: Readonly<Record<BaseName, MessagePlan>> = {
  calls: calls.request,
  'soap11-calls': calls.request,
  'plain-calls': calls.request,
  'mixed-calls': { ...calls.request, mixedWith: dialects['200512'] },
  'april-calls': aprilCalls.request,
  'april-answer': aprilCalls.response,
  'april-tls-calls': transportCalls(dialects['2004-04'], 'Basic128').request,
  'calls-encrypted-first': symmetricCalls({ order: 'encryptBeforeSigning' }).request,
  'calls-hidden-signature': hidden(calls.request),
  'hidden-answer': hidden(calls.response),
  'hidden-bootstrap': hidden(symmetricBootstrap().request),
  'hidden-endorsed-bootstrap': hidden(endorsed(symmetricBootstrap().request)),
  'signed-calls': { ...calls.request, encrypted: clear },
  'calls-without-derived-keys': symmetricCalls({ derivedKeys: false }).request,
  answer: calls.response,
  'confirming-answer': { ...calls.response, confirmsSignatures: true },
  'hidden-confirming-answer': { ...hidden(calls.response), confirmsSignatures: true },
  'protected-calls': withTokens(calls.request),
  'protected-bootstrap': withTokens(symmetricBootstrap().request),
  'protected-endorsed-bootstrap': withTokens(endorsed(symmetricBootstrap().request, true)),
  'protected-certificate-bootstrap': withTokens(certificateBootstrap().request),
  'tls-confirming-answer': { ...tls.response, confirmsSignatures: true },
  bootstrap: symmetricBootstrap().request,
  'bootstrap-answer': symmetricBootstrap().response,
  'certificate-bootstrap': certificateBootstrap().request,
  'certificate-calls': { ...certificateBootstrap().request, encrypted: clear },
  'tls-alone': bareTransport(dialects.feb2005).request,
  'endorsed-bootstrap': endorsed(symmetricBootstrap().request),
  'endorsed-by-derived-key': endorsed(symmetricBootstrap().request, true),
  'tls-calls': tls.request,
  'tls-answer': tls.response,
  'tls-bootstrap': transportBootstrap(dialects.feb2005, 'Basic128').request,
  'tls-endorsed-certificate': endorsed({
    ...transportBootstrap(dialects.feb2005, 'Basic128').request,
    supporting: [{ kind: 'x509', endorsing: true, derivedKeys: false }],
    signed: { body: false, headers: [{ namespace: ns.wsa10, local: 'To' }] },
  }),
  'tls-endorsed-bootstrap': endorsed(transportBootstrap(dialects.feb2005, 'Basic128').request),
};

const secret = () => new SecretKey(contextSecret);
const service: ReceiveKeys = {
  findContext: token => (token.id === contextId && token.state === 'AAAA' ? found(contextId, secret()) : undefined),
  findTokenKey: ({ claims }, { asymmetricSignature }) =>
    alice.certificate.raw.equals((claims as CertificateClaims).certificate)
      ? rsaVerifier(alice.certificate.publicKey, asymmetricSignature, verify => verify())
      : undefined,
  ownCertificates: [bob],
};
const initiator: ReceiveKeys = { context: { id: contextId, instance: undefined, keys: contextKeys(secret()) } };

function keysFor(plan: BaseName): ReceiveKeys {
  if (plan === 'bootstrap-answer') return { encryptedKey: { secret: new SecretKey(key.secret), sha1: key.sha1 } };
  return plan.endsWith('answer') ? initiator : service;
}

async function receiveVector(
  { plan, message }: Pick<Vector, 'plan' | 'message'>,
  onReplay: () => void = () => {},
): Promise<Verified> {
  return receive(readMessage(Buffer.from(message)), plans[plan], keysFor(plan), {
    nowMs,
    clockSkewMs: 60_000,
    timestampTtlMs: 300_000,
    random: systemRandom,
    confirmed: plan === 'tls-confirming-answer' ? [] : requestValues,
    replay: () => {
      onReplay();
      return 'new';
    },
  });
}

/** Opens the recorded EncryptedKey, so that the bootstrap vectors need no random padding. */
async function recordedKey(): Promise<RecordedKey> {
  const message = recorded('cxf/UXDC/01-req.txt');
  const { encryptedKey } = await open(message, symmetricBootstrap({ addressing: '2004/08' }).request, {
    ...noKeys,
    ownCertificates: [bob],
  });
  const [element] = all(message.tree.root, 'EncryptedKey');
  if (encryptedKey === undefined || element === undefined) throw new Error('no EncryptedKey');
  return {
    cipher: textOf(element, 'CipherValue'),
    thumbprint: textOf(element, 'KeyIdentifier'),
    secret: Buffer.from(secretBytes(encryptedKey.secret)),
    sha1: encryptedKey.sha1,
  };
}

const key = await recordedKey();
const made = bases(key);
const messageOf = ({ base, recipe }: Scenario) => build(made[base], recipe);

async function outcome(vector: Pick<Vector, 'plan' | 'message'>): Promise<{ expect: string; reason: string }> {
  try {
    await receiveVector(vector);
    return { expect: 'accepted', reason: '' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { expect: error.fault, reason: error.reason };
  }
}

// `UPDATE_VECTORS=1 npx vitest run test/message/hostile` writes what the recipes make now; read the diff before keeping
// it.
if (process.env.UPDATE_VECTORS === '1') {
  for (const scenario of hostile) {
    const { comment, plan, name } = scenario;
    const message = messageOf(scenario);
    const vector: Vector = { comment, ...(await outcome({ plan, message })), plan, message };
    writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(vector, null, 2)}\n`);
  }
}

const names = readdirSync(folder).map(file => file.replace(/\.json$/, ''));
const vectors = new Map(
  names.map(name => [name, JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Vector]),
);
const fields = ['comment', 'expect', 'reason', 'plan', 'message'];

describe('a hostile message is refused with the class and for the reason of its vector', () => {
  test.each(names)('%s', async name => {
    const vector = vectors.get(name) as Vector;
    expect(Object.keys(vector)).toEqual(fields);
    const { expect: fault, reason } = await outcome(vector);
    expect({ fault, reason }).toEqual({ fault: vector.expect, reason: vector.reason });
    expect(fault === 'accepted').toBe(name.includes('-control') || name === 'G12-username-token-in-clear');
  });

  test('each vector is what its recipe makes, and there is one for each recipe', () => {
    expect([...names].sort()).toEqual(hostile.map(({ name }) => name).sort());
    for (const scenario of hostile)
      expect(vectors.get(scenario.name)?.message, scenario.name).toBe(messageOf(scenario));
  });
});

describe('the message that the vectors are made from', () => {
  test.each(Object.keys(made) as BaseName[])('%s is accepted', async plan => {
    const verified = await receiveVector({ plan, message: build(made[plan]) });
    expect(verified.content?.local).toBe('Echo');
  });
});

describe('what is refused of one shape is refused of the others', () => {
  /** Recipes that mean something else there: about the PrefixList of the Body, or about what stands in it. */
  const shapes: readonly (readonly [BaseName, RegExp])[] = [
    ['calls-encrypted-first', /^(V02|E09-equal-id|E09-other-content|G20-content-of-inclusive|R03-two-transforms)/],
    ['calls-hidden-signature', /^X10-signature-in-another-header$/],
  ];

  test.each(shapes)('%s', async (plan, other) => {
    const scenarios = hostile.filter(
      ({ plan: own, base, name }) => own === base && own === 'calls' && !other.test(name),
    );
    const accepted: string[] = [];
    for (const { name, recipe } of scenarios)
      if ((await outcome({ plan, message: build(made[plan], recipe) })).expect === 'accepted') accepted.push(name);
    expect(accepted).toEqual(scenarios.map(({ name }) => name).filter(name => name.includes('-control')));
    expect(scenarios.length).toBeGreaterThan(250);
  });
});

describe('what depends on a secret', () => {
  const cipherBits = async (
    plan: BaseName,
    change: (bytes: Buffer, index: number) => Buffer,
    part: 'cipher' | 'hidden' = 'cipher',
    spends = 1,
  ) => {
    const length = 64;
    const seen = new Set<string>();
    for (let index = 0; index < length; index++) {
      let replayed = 0;
      const message = build(made[plan], { [part]: (bytes: Buffer) => change(Buffer.from(bytes), index) });
      const error = await receiveVector({ plan, message }, () => {
        replayed += 1;
      }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      seen.add(error instanceof Refusal ? error.fault : String(error));
      expect(replayed).toBe(spends);
    }
    return [...seen];
  };

  test('a flipped byte anywhere in the ciphertext is FailedCheck, and the replay key was spent', async () => {
    const flip = (mask: number) => (bytes: Buffer, index: number) => {
      bytes[index % bytes.length] = (bytes[index % bytes.length] ?? 0) ^ mask;
      return bytes;
    };
    for (const mask of [0x01, 0x80, 0xff]) {
      expect(await cipherBits('calls', flip(mask))).toEqual(['failedCheck']);
      expect(await cipherBits('bootstrap', flip(mask))).toEqual(['failedCheck']);
      expect(await cipherBits('certificate-bootstrap', flip(mask), 'cipher', 2)).toEqual(['failedCheck']);
    }
  });

  test.each(['calls-hidden-signature', 'hidden-bootstrap'] as const)(
    'a flipped byte anywhere in an encrypted signature is FailedCheck, and spends no replay key (%s)',
    async plan => {
      for (const mask of [0x01, 0x80, 0xff])
        for (const from of ['start', 'end'])
          expect(
            await cipherBits(
              plan,
              (bytes, index) => {
                const at = from === 'start' ? index : bytes.length - 1 - index;
                bytes[at] = (bytes[at] ?? 0) ^ mask;
                return bytes;
              },
              'hidden',
              0,
            ),
          ).toEqual(['failedCheck']);
    },
  );

  test('once something was decrypted that nobody has proved, every refusal is FailedCheck', async () => {
    const early =
      /^(signature-(?:confirmation-)?count|supporting-token-count|data-references|encrypted-data|deriv|duplicate-id)/;
    for (const [name, { plan, expect: fault, reason }] of vectors)
      if (plan.includes('hidden') && fault !== 'accepted' && !(fault === 'invalidSecurity' && early.test(reason)))
        expect(fault, name).toBe('failedCheck');
  });

  test('a message whose HMAC is wrong spends no replay key', async () => {
    let replayed = 0;
    const vector = vectors.get('R14-signature-value-garbage') as Vector;
    await expect(
      receiveVector(vector, () => {
        replayed += 1;
      }),
    ).rejects.toMatchObject({ fault: 'failedCheck' });
    expect(replayed).toBe(0);
  });
});
