import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { randomBytesPooled } from '../../../src/crypto/random.ts';
import { SecretKey } from '../../../src/crypto/secret-key.ts';
import { loadCertificate, type OwnCertificate } from '../../../src/crypto/x509.ts';
import type { ReceiveKeys } from '../../../src/message/protection-key.ts';
import { send } from '../../../src/message/send.ts';
import type { SendKeys } from '../../../src/message/sending-key.ts';
import { selfContained } from '../../../src/message/sent-body.ts';
import { planOf } from '../../../src/policy/compile.ts';
import type { MessagePlan, Plan } from '../../../src/policy/plan.ts';
import { readWsdl } from '../../../src/policy/wsdl.ts';
import type { CertificateClaims } from '../../../src/security/binary-token.ts';
import { contextKeys } from '../../../src/security/context-keys.ts';
import { rsaSigner, rsaVerifier } from '../../../src/security/signature.ts';
import { writeContextReference } from '../../../src/security/token-reference.ts';

/** A message whose refusals are measured. */
export interface Shape {
  readonly name: string;
  readonly plan: MessagePlan;
  readonly keys: ReceiveKeys;
  /** The messages that are refused, by what is wrong with them. */
  readonly spoilt: Readonly<Record<string, string>>;
}

export const ttlMs = 86_400_000;
const folder = 'test/vectors/captures/keys';
const own = (name: string): OwnCertificate =>
  loadCertificate(...(['crt', 'key'].map(end => readFileSync(`${folder}/${name}.${end}`, 'utf8')) as [string, string]));
const [alice, bob] = [own('alice'), own('bob')];

/** Changes one bit of the ciphertext that a pattern finds. */
const flipped = (text: string, cipher: RegExp, place: (length: number) => number, bit = 0x80) => {
  const changed = text.replace(cipher, value => {
    const bytes = Buffer.from(value, 'base64');
    const at = place(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    return bytes.toString('base64');
  });
  if (changed === text) throw new Error(`nothing is found by ${cipher.source}`);
  return changed;
};
const badPadding = (text: string, cipher: RegExp) => flipped(text, cipher, length => length - 17);
/** The initialisation vector comes first: a change of its octets changes the same ones of the first block. */
const badXml = (text: string, cipher: RegExp) => flipped(text, cipher, () => 1);
const badText = (text: string, cipher: RegExp) => flipped(text, cipher, () => 4, 1);
const badHmac = (text: string) => text.replace(/(?<=<c:Nonce>)../, found => (found === 'AA' ? 'BB' : 'AA'));

const cipherOf = (id: string) => new RegExp(`(?<=Id="${id}-.*?<e:CipherValue>)[^<]*`, 's');
const [main, endorsement, body] = [cipherOf('EDs0'), cipherOf('EDs1'), cipherOf('EDb')];

interface Content {
  readonly relatesTo?: string;
  /** Of the Body. */
  readonly text?: string;
}

function written(plan: Plan, message: MessagePlan, keys: SendKeys, { text = '<e>text</e>', ...rest }: Content = {}) {
  return send(
    message,
    { soap: plan.soap, addressing: plan.addressing },
    keys,
    { action: 'urn:bench', ...rest, body: selfContained(text) },
    { nowMs: Date.now(), random: randomBytesPooled, timestampTtlMs: ttlMs },
  ).text;
}

/** Of a message whose signatures are encrypted. */
const hiddenFailures = (text: string) => ({
  padding: badPadding(text, main),
  XML: badXml(text, main),
  HMAC: badHmac(text),
});

const bodyFailures = (text: string) => ({
  padding: badPadding(text, body),
  XML: badXml(text, body),
  digest: badText(text, body),
});

/** An answer in the conversation: what carries no token is received without a look-up. */
function conversation(name: string, body: string, spoil: (text: string) => Shape['spoilt']): Shape {
  const plan = planOf(readWsdl(resolve('wsdl/echo.wsdl')), 'EchoSymmetric');
  const answer = plan.operations[0]?.response;
  if (answer?.protection.kind !== 'symmetric') throw new Error('the plan is not of a symmetric binding');
  const message = { ...answer, protection: { ...answer.protection, encryptSignature: true } };
  const [id, instance] = ['urn:uuid:bench', undefined];
  const keys = contextKeys(new SecretKey(randomBytesPooled(32)));
  const reference = writeContextReference(plan.dialect, id);
  const sending: SendKeys = { context: { id, instance, keys, token: undefined, reference } };
  const text = written(plan, message, sending, { relatesTo: 'urn:bench', text: body });
  return { name, plan: message, keys: { context: { id, instance, keys } }, spoilt: spoil(text) };
}

/** The Body's ciphertext in the place of the signature's: what comes out is as long as the attacker wants. */
function longFailures(text: string): Shape['spoilt'] {
  const [long = ''] = cipherOf('EDb').exec(text) ?? [];
  const [short = ''] = main.exec(text) ?? [];
  const swapped = text.replace(body, short).replace(main, long);
  return { padding: badPadding(swapped, main), XML: badXml(swapped, main), 'no signature': swapped };
}

/** What bob, the service, opens and believes: his own key, and alice's certificate. */
const service: ReceiveKeys = {
  ownCertificates: [bob],
  knownCertificates: [alice],
  findContext: () => undefined,
  findTokenKey: ({ claims }, { asymmetricSignature }) =>
    alice.certificate.raw.equals((claims as CertificateClaims).certificate)
      ? rsaVerifier(alice.certificate.publicKey, asymmetricSignature, work => work())
      : undefined,
};

/** A request to a port without a conversation. @param spoil is given it, and one that another key has endorsed */
function plain(port: string, spoil: (text: string, endorsedWrongly: string) => Shape['spoilt'], body?: string): Shape {
  const plan = planOf(readWsdl(resolve('test/interop/wsdl/plain-ping.wsdl')), port);
  const message = plan.operations[0]?.request;
  if (message === undefined) throw new Error(`no operation of ${port}`);
  const signedBy = ({ privateKey }: OwnCertificate): SendKeys => ({
    recipient: bob,
    tokens: { username: { username: 'alice', password: 'secret' }, x509: { certificate: alice.certificate.raw } },
    signingKeys: { x509: rsaSigner(privateKey, plan.suite.asymmetricSignature) },
  });
  const by = (who: OwnCertificate) => written(plan, message, signedBy(who), body === undefined ? {} : { text: body });
  const name = body === undefined ? port : `${port}, long`;
  return { name, plan: message, keys: service, spoilt: spoil(by(alice), by(bob)) };
}

/** Each kind of message in which something is decrypted, or might be, that nobody has proved yet. */
export const shapes = (): readonly Shape[] => [
  conversation('conversation, EncryptSignature', '<e>text</e>', hiddenFailures),
  conversation('conversation, EncryptSignature, long', `<e>${'<a/>'.repeat(10_000)}</e>`, longFailures),
  plain('PlainPasswordHidden', hiddenFailures),
  plain('PlainEndorsedHidden', (text, endorsedWrongly) => ({
    ...hiddenFailures(text),
    'padding of the endorsement': badPadding(text, endorsement),
    'XML of the endorsement': badXml(text, endorsement),
    endorsement: endorsedWrongly,
  })),
  // Signed over the ciphertext: nothing of this is ever decrypted.
  plain('PlainEndorsedFirst', bodyFailures),
  plain('PlainCertificates', bodyFailures),
  plain('PlainCertificates', bodyFailures, `<e>text${`<b>${'<a>text</a>'.repeat(100)}</b>`.repeat(400)}</e>`),
];
