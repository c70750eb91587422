import { createHmac } from 'node:crypto';

const hashBytes = 64;
const maxBlocks = 255;

/**
 * HKDF-Expand with HMAC-SHA-512 (RFC 5869 §2.3). There is no Extract step: `key` must be uniform already, as ring keys are.
 * @param bytes length of the output, 1 to 16,320
 */
export function hkdfExpand(key: Uint8Array, info: Uint8Array, bytes: number): Buffer {
  const blocks = Math.ceil(bytes / hashBytes);
  if (!Number.isInteger(bytes) || blocks < 1 || blocks > maxBlocks)
    throw new RangeError('hkdf output length out of range');
  const output = Buffer.allocUnsafeSlow(blocks * hashBytes);
  const input = Buffer.allocUnsafeSlow(hashBytes + info.length + 1);
  input.set(info, hashBytes);
  for (let block = 1; block <= blocks; block += 1) {
    input[input.length - 1] = block;
    const from = block === 1 ? hashBytes : 0;
    const digest = createHmac('sha512', key).update(input.subarray(from)).digest();
    input.set(digest, 0);
    output.set(digest, (block - 1) * hashBytes);
  }
  return output.subarray(0, bytes);
}
