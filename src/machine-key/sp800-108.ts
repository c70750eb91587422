import { createHmac } from 'node:crypto';
import { type SecretKey, secretKeyObject } from '../crypto/secret-key.ts';

const hashBytes = 64;

/**
 * Derives a key from a master key and is as long as it: SP 800-108 in counter mode with HMAC-SHA-512, as ASP.NET's
 * Framework45 scheme has it, whatever the other algorithms are. Block i = HMAC(master, uint32 i ‖ label ‖ 00 ‖ context
 * ‖ uint32 bits of the master).
 *
 * @param label the primary purpose, as UTF-8
 */
export function deriveKey(master: SecretKey, label: string, context: Uint8Array): Buffer {
  const fixed = Buffer.concat([Buffer.from(label), Buffer.alloc(1), context, uint32(master.length * 8)]);
  const blocks = Array.from({ length: Math.ceil(master.length / hashBytes) }, (_, index) =>
    createHmac('sha512', secretKeyObject(master))
      .update(uint32(index + 1))
      .update(fixed)
      .digest(),
  );
  return Buffer.concat(blocks).subarray(0, master.length);
}

/**
 * The specific purposes as the context of a derivation: each as .NET's BinaryWriter writes a text. No purposes are no
 * bytes.
 */
export function purposeContext(purposes: readonly string[]): Buffer {
  return Buffer.concat(purposes.map(writeText));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/**
 * A text as .NET's BinaryWriter writes it: its length in bytes, seven bits a byte, low ones first (a set top bit says
 * that more follow), and UTF-8.
 */
export function writeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) length.push((rest % 0x80) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
