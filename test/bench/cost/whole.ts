import { GCProfiler } from 'node:v8';
import { type Family, readOnce } from './family.ts';
import type { Subject } from './subjects.ts';
import { timed } from './timing.ts';

/** What one message of a family costs. */
export interface Whole {
  readonly messageBytes: number;
  readonly outcome: string;
  /** Garbage that is collected meanwhile included. */
  readonly ms: number;
  /** Most memory that was taken beside the message itself. */
  readonly peakMiB: number;
  /** Private operations of RSA. */
  readonly rsa: number;
}

const rounds = 3;

/** Measures one message. @param bytes as the family is asked for it */
export async function measureWhole(family: Family, bytes: number, rsaOperations: () => number): Promise<Whole> {
  const before = rsaOperations();
  const read = await readOnce(family, bytes);
  if (read === undefined) throw new Error(`${family.name}: no message of ${bytes} bytes`);
  const rsa = rsaOperations() - before;
  const { subject } = family;
  let ms = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) ms = Math.min(ms, await timed(subject, read.message));
  const peakMiB = await peakOf(subject, read.message);
  return { messageBytes: read.message.length, outcome: read.outcome, ms, peakMiB, rsa };
}

/** The most memory in use at any collection of garbage while a message is read, or after it, beside that before it. */
async function peakOf(subject: Subject, message: Uint8Array): Promise<number> {
  // Buffers that the first collection lets go of are counted out by the second.
  for (let i = 0; i < 2; i++) global.gc?.();
  const before = process.memoryUsage();
  const profiler = new GCProfiler();
  profiler.start();
  await subject(message);
  const after = process.memoryUsage();
  const used = profiler.stop().statistics.map(({ beforeGC: { heapStatistics } }) => {
    return heapStatistics.usedHeapSize + heapStatistics.externalMemory;
  });
  const most = Math.max(after.heapUsed + after.external, ...used);
  return (most - before.heapUsed - before.external) / 2 ** 20;
}
