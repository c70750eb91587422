import { hash } from 'node:crypto';

const hashBytes = 64;
const blockBytes = 128;
const maxBlocks = 255;

/** Longest info that is worked on in {@link scratch}. */
const maxScratchInfoBytes = 2048;
const scratch = Buffer.alloc(blockBytes + hashBytes + maxScratchInfoBytes + 1);
const outer = Buffer.alloc(blockBytes + hashBytes);

/**
 * HKDF-Expand with HMAC-SHA-512 (RFC 5869 §2.3). There is no Extract step: `key` must be uniform already, as ring keys
 * are.
 *
 * The HMACs are one-shot digests over padded keys: an object of OpenSSL's for each block costs twice as much.
 * @param key at most 128 bytes
 * @param bytes length of the output, 1 to 16,320
 */
export function hkdfExpand(key: Uint8Array, info: Uint8Array, bytes: number): Buffer {
  const blocks = Math.ceil(bytes / hashBytes);
  if (!Number.isInteger(bytes) || blocks < 1 || blocks > maxBlocks)
    throw new RangeError('hkdf output length out of range');
  if (key.length > blockBytes) throw new RangeError('hkdf key too long');
  const inner = info.length <= maxScratchInfoBytes ? scratch : Buffer.alloc(scratch.length + info.length);
  const output = Buffer.allocUnsafe(blocks * hashBytes);
  pad(inner, key, 0x36);
  pad(outer, key, 0x5c);
  for (let block = 1, from = blockBytes; block <= blocks; block += 1, from = blockBytes + hashBytes) {
    inner.set(info, from);
    inner[from + info.length] = block;
    outer.write(hash('sha512', inner.subarray(0, from + info.length + 1), 'binary'), blockBytes, 'binary');
    const digest = hash('sha512', outer, 'binary');
    inner.write(digest, blockBytes, 'binary');
    output.write(digest, (block - 1) * hashBytes, 'binary');
  }
  inner.fill(0, 0, blockBytes + hashBytes);
  outer.fill(0);
  return output.subarray(0, bytes);
}

/** Puts the key XOR one of HMAC's pads (RFC 2104 §2) in front. */
function pad(target: Buffer, key: Uint8Array, value: number): void {
  target.fill(value, 0, blockBytes);
  for (let index = 0; index < key.length; index += 1) target[index] = (key[index] ?? 0) ^ value;
}
