/**
 * Random bytes from the operating system's generator, drawn in blocks: a call of randomBytes costs 2 µs whatever its
 * size.
 */
import { randomBytes, randomFillSync } from 'node:crypto';

/** Where nonces, initialisation vectors and keys come from; a parameter wherever a test may want to know them. */
export type RandomSource = (bytes: number) => Uint8Array;

/** The source that a running process uses. */
export const systemRandom: RandomSource = randomBytesPooled;

const poolBytes = 4096;
const largestPooledBytes = 256;
const pool = Buffer.alloc(poolBytes);
let usedBytes = poolBytes;

/**
 * `bytes` random bytes in memory of their own.
 *
 * @throws {RangeError} for a negative or fractional length.
 */
export function randomBytesPooled(bytes: number): Buffer {
  if (!Number.isInteger(bytes) || bytes < 0) throw new RangeError('a length in bytes is a whole number');
  if (bytes > largestPooledBytes) return randomBytes(bytes);
  if (usedBytes + bytes > poolBytes) refill();
  const drawn = Buffer.alloc(bytes);
  pool.copy(drawn, 0, usedBytes, usedBytes + bytes);
  // What was handed out may become a key: it stays nowhere but with its owner.
  pool.fill(0, usedBytes, usedBytes + bytes);
  usedBytes += bytes;
  return drawn;
}

function refill(): void {
  randomFillSync(pool);
  usedBytes = 0;
}

/** A random UUID, version 4 (RFC 9562 §5.4). */
export function uuidText(random: RandomSource): string {
  const bytes = Buffer.from(random(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(bytes);
}

/** 16 bytes as a UUID in lower case, without `urn:uuid:` (RFC 9562 §4). */
export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
