/**
 * `npm run bench:oracle [-- --samples 10000] [--only REGEX]`: whether the time of a refusal tells which check of a
 * message failed in which something is decrypted before it is proved. Messages whose padding, XML, HMAC or digest is
 * wrong are refused in turn, as a server refuses them, and as it would without the time that it waits for.
 */
import { parseArgs } from 'node:util';
import { randomBytesPooled } from '../../../src/crypto/random.ts';
import { readMessage } from '../../../src/message/message.ts';
import { type ReceiveOptions, receive } from '../../../src/message/receive.ts';
import { failureTime } from '../../../src/server/unproven.ts';
import { type Shape, shapes, ttlMs } from './shapes.ts';

const { values } = parseArgs({
  options: { samples: { type: 'string', default: '10000' }, only: { type: 'string', default: '' } },
});
const samples = Number(values.samples);

/** A message comes when it comes: not at the millisecond at which the answer before it went. */
function pause(): void {
  const untilMs = performance.now() + Math.random();
  while (performance.now() < untilMs);
}

/** Microseconds from the message to its refusal, of each kind; the kinds take turns, each in every place. */
async function measure(
  messages: readonly (readonly [string, Buffer])[],
  refused: (bytes: Buffer) => Promise<unknown>,
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

/** Fast ones beside the median: what else the machine does makes the slow ones slower. */
const shares = { median: 0.5, 'first decile': 0.1, 'first percentile': 0.01 } as const;

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

/** Refuses a message, which is all that may come of it. @returns why, as the log says */
const refusing =
  ({ plan, keys }: Shape, more: Partial<ReceiveOptions>) =>
  async (bytes: Buffer): Promise<string> => {
    const times = { clockSkewMs: 60_000, timestampTtlMs: ttlMs, nowMs: Date.now() };
    try {
      await receive(readMessage(bytes), plan, keys, { ...times, random: randomBytesPooled, ...more });
    } catch (error) {
      const { fault, reason } = error as { fault?: string; reason?: string };
      if (fault === 'failedCheck' || fault === 'invalidSecurity') return `${fault} ${reason}`;
      throw error;
    }
    throw new Error('a spoilt message was accepted');
  };

for (const shape of shapes().filter(({ name }) => new RegExp(values.only).test(name))) {
  const messages = Object.entries(shape.spoilt).map(([kind, text]) => [kind, Buffer.from(text)] as const);
  for (const [kind, bytes] of messages)
    process.stdout.write(`${shape.name}, ${kind}: ${await refusing(shape, {})(bytes)}\n`);
  await measure(messages, refusing(shape, {}), Math.min(samples, 2_000));
  print(`${shape.name}, work alone`, await measure(messages, refusing(shape, {}), samples));
  print(`${shape.name}, as answered`, await measure(messages, refusing(shape, { failureTime }), samples));
}
