/**
 * `npm run bench:oracle [-- --samples 10000]`: whether the time of a refusal tells which check of an encrypted
 * signature failed. Messages whose padding, XML or HMAC is wrong are refused in turn, as a server refuses them, and as
 * it would without the time that it waits for.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { randomBytesPooled } from '../../src/crypto/random.ts';
import { SecretKey } from '../../src/crypto/secret-key.ts';
import { readMessage } from '../../src/message/message.ts';
import type { ContextKey } from '../../src/message/protection-key.ts';
import { type ReceiveOptions, receive } from '../../src/message/receive.ts';
import { send } from '../../src/message/send.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { MessagePlan, Plan } from '../../src/policy/plan.ts';
import { contextKeys } from '../../src/security/context-keys.ts';
import { writeContextReference } from '../../src/security/token-reference.ts';
import { failureTime } from '../../src/server/unproven.ts';

const { values } = parseArgs({ options: { samples: { type: 'string', default: '10000' } } });
const samples = Number(values.samples);
const ttlMs = 86_400_000;
const signatureCipher = /(?<=Id="EDs0-.*?<e:CipherValue>)[^<]*/;

function hidden(plan: MessagePlan | undefined): MessagePlan {
  if (plan?.protection.kind !== 'symmetric') throw new Error('the plan is not of a symmetric binding');
  return { ...plan, protection: { ...plan.protection, encryptSignature: true } };
}

/** An answer in the conversation: what carries no token is received without a look-up. */
function written(plan: Plan, message: MessagePlan, { id, instance, keys }: ContextKey): string {
  const reference = writeContextReference(plan.dialect, id);
  return send(
    message,
    { soap: plan.soap, addressing: plan.addressing },
    { context: { id, instance, keys, token: undefined, reference } },
    { action: 'urn:bench', relatesTo: 'urn:bench', body: { declarations: '', content: '<e/>' } },
    { nowMs: Date.now(), random: randomBytesPooled, timestampTtlMs: ttlMs },
  ).text;
}

const flipped = (text: string, place: (length: number) => number) =>
  text.replace(signatureCipher, value => {
    const bytes = Buffer.from(value, 'base64');
    const at = place(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 0x80;
    return bytes.toString('base64');
  });

const spoilt: Readonly<Record<string, (text: string) => string>> = {
  padding: text => flipped(text, length => length - 17),
  XML: text => flipped(text, () => 1),
  HMAC: text => text.replace(/(?<=<c:Nonce>)../, found => (found === 'AA' ? 'BB' : 'AA')),
};

/** A message comes when it comes: not at the millisecond at which the answer before it went. */
function pause(): void {
  const untilMs = performance.now() + Math.random();
  while (performance.now() < untilMs);
}

/** Microseconds from the message to its refusal, of each kind; the kinds take turns, each in every place. */
async function measure(
  messages: readonly (readonly [string, Buffer])[],
  refused: (bytes: Buffer) => Promise<void>,
  count: number,
): Promise<ReadonlyMap<string, Float64Array>> {
  const times = new Map(messages.map(([kind]) => [kind, new Float64Array(count)]));
  for (let i = 0; i < count; i += 1) {
    for (const [kind, bytes] of messages.toSorted(() => Math.random() - 0.5)) {
      pause();
      const beganMs = performance.now();
      await refused(bytes);
      (times.get(kind) as Float64Array)[i] = (performance.now() - beganMs) * 1_000;
    }
  }
  return times;
}

/** The median, and the first decile: what else the machine does makes the slow ones slower. */
const shares = { median: 0.5, 'first decile': 0.1 } as const;

function print(title: string, times: ReadonlyMap<string, Float64Array>): void {
  for (const [name, share] of Object.entries(shares)) {
    const found = [...times].map(([kind, sample]) => [kind, quantile(sample, share)] as const);
    const all = found.map(([, us]) => us);
    const apart = (Math.max(...all) - Math.min(...all)).toFixed(1);
    const each = found.map(([kind, us]) => `${kind} ${us.toFixed(1)} µs`).join(', ');
    process.stdout.write(`${title}, ${name}: ${each}; at most ${apart} µs apart\n`);
  }
}

function quantile(sample: Float64Array, share: number): number {
  return sample.toSorted()[Math.floor(sample.length * share)] ?? 0;
}

const [plan] = compilePolicy(resolve('wsdl/echo.wsdl'), { ports: ['EchoSymmetric'] });
if (plan === undefined) throw new Error('no port to measure');
const response = hidden(plan.operations[0]?.response);
const key = { id: 'urn:uuid:bench', instance: undefined, keys: contextKeys(new SecretKey(randomBytesPooled(32))) };
const text = written(plan, response, key);
const messages = Object.entries(spoilt).map(([kind, spoil]) => [kind, Buffer.from(spoil(text))] as const);
const refusedWith = (more: Partial<ReceiveOptions>) => async (bytes: Buffer) => {
  const options = { clockSkewMs: 60_000, timestampTtlMs: ttlMs, nowMs: Date.now(), random: randomBytesPooled, ...more };
  await Promise.resolve()
    .then(() => receive(readMessage(bytes), response, { context: key }, options))
    .then(
      () => Promise.reject(new Error('a spoilt message was accepted')),
      error => (error.fault === 'failedCheck' ? undefined : Promise.reject(error)),
    );
};
await measure(messages, refusedWith({}), 2_000);
print('work alone', await measure(messages, refusedWith({}), samples));
print('as answered', await measure(messages, refusedWith({ failureTime }), samples));
