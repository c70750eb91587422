import { SignedXml } from 'xml-crypto';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { SecretKey, secretBytes } from '../../src/crypto/secret-key.ts';
import { readMessage } from '../../src/message/message.ts';
import type { ContextKey } from '../../src/message/protection-key.ts';
import { receive } from '../../src/message/receive.ts';
import { send } from '../../src/message/send.ts';
import type { MessagePlan, Plan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { writeContextReference } from '../../src/security/token-reference.ts';
import { interleaved } from './rounds.ts';

export interface VerifyFigures {
  readonly oursUs: number;
  readonly xmlCryptoUs: number;
  readonly ratio: number;
}

const signedParts = 6;
const times = { clockSkewMs: 60_000, timestampTtlMs: 300_000 };

/** Verifies one message with six signed parts: from its bytes to what was verified, by us and by xml-crypto. */
export async function measureVerify(plan: Plan, rounds: number): Promise<VerifyFigures & { readonly bytes: number }> {
  const signing = signedOnly(plan.operations[0]?.request);
  const key: ContextKey = {
    id: 'urn:uuid:bench',
    instance: undefined,
    keys: contextKeys(new SecretKey(randomBytesPooled(32))),
  };
  const bytes = Buffer.from(message(plan, signing, key));
  const ours = async () => {
    const options = { ...times, nowMs: Date.now(), random: randomBytesPooled };
    const { signed } = await receive(readMessage(bytes), signing, { context: key }, options);
    if (signed.size !== signedParts) throw new Error(`${signed.size} signed parts`);
  };
  const theirs = () => verifyByXmlCrypto(bytes, secretBytes(key.keys.secret));
  const [oursUs = 0, xmlCryptoUs = 0] = await interleaved(
    [
      { name: 'ours', times: 4_000, run: async n => repeat(n, ours) },
      { name: 'xml-crypto', times: 40, run: async n => repeat(n, theirs) },
    ],
    rounds,
  );
  return { oursUs, xmlCryptoUs, ratio: xmlCryptoUs / oursUs, bytes: bytes.length };
}

async function repeat(count: number, work: () => Promise<void> | void): Promise<void> {
  for (let i = 0; i < count; i++) await work();
}

/** EchoSymmetric's protection without encryption and derived keys, which xml-crypto doesn't know. */
function signedOnly(plan: MessagePlan | undefined): MessagePlan {
  if (plan?.protection.kind !== 'symmetric') throw new Error('the plan is not of a symmetric binding');
  return {
    ...plan,
    protection: { ...plan.protection, derivedKeys: false },
    encrypted: { body: false, headers: [] },
  };
}

/** Timestamp, Body, Action, MessageID, ReplyTo and To are signed; with nearly no text that makes 4.3 kB. */
function message(plan: Plan, signing: MessagePlan, { id, instance, keys }: ContextKey): string {
  const reference = writeContextReference(plan.dialect, id);
  return send(
    signing,
    { soap: plan.soap, addressing: plan.addressing },
    { context: { id, instance, keys, token: undefined, reference } },
    {
      action: plan.operations[0]?.inputAction ?? '',
      to: plan.address,
      replyToAnonymous: true,
      body: { declarations: 'xmlns:e="urn:bench"', content: '<e:Echo><e:text>six parts</e:text></e:Echo>' },
    },
    { nowMs: Date.now(), random: randomBytesPooled, timestampTtlMs: times.timestampTtlMs },
  ).text;
}

function verifyByXmlCrypto(bytes: Buffer, key: Buffer): void {
  const text = bytes.toString();
  const from = text.indexOf('<ds:Signature ');
  const to = text.indexOf('</ds:Signature>') + '</ds:Signature>'.length;
  const signature = new SignedXml({ publicCert: key, idMode: 'wssecurity' });
  signature.enableHMAC();
  signature.loadSignature(text.slice(from, to));
  if (!signature.checkSignature(text)) throw new Error('xml-crypto refused the message');
  if (signature.getSignedReferences().length !== signedParts) throw new Error('xml-crypto verified other parts');
}
