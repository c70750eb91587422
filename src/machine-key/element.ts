import type { RandomSource } from '../crypto/random.ts';
import { type DecryptionName, decryptions, type ValidationName, validations } from './algorithms.ts';

/**
 * Whose key lengths a new machineKey has:
 * - `powershell`: the function of Microsoft's article 2915218, .NET's own lengths: AES 32 bytes, 3DES 24; HMAC of SHA-1
 *   and SHA-256 64
 *   bytes, of SHA-384 and SHA-512 128;
 * - `iis`: "Generate Keys" of IIS Manager: 24 and 64 bytes, whatever the algorithms are.
 */
export type MachineKeyLike = 'powershell' | 'iis';

const iisBytes = { validationKey: 64, decryptionKey: 24 };

const keySizes = {
  powershell: (validation: ValidationName, decryption: DecryptionName) => ({
    validationKey: validations[validation].newKeyBytes,
    decryptionKey: decryptions[decryption].newKeyBytes,
  }),
  iis: () => iisBytes,
} as const satisfies Record<MachineKeyLike, unknown>;

export const machineKeyLikes = Object.keys(keySizes) as readonly MachineKeyLike[];

/** Writes a new `<machineKey>` for a web.config. */
export function newMachineKeyElement(
  like: MachineKeyLike,
  validation: ValidationName,
  decryption: DecryptionName,
  random: RandomSource,
): string {
  const sizes = keySizes[like](validation, decryption);
  const hex = (bytes: number) => Buffer.from(random(bytes)).toString('hex').toUpperCase();
  const attributes = {
    validationKey: hex(sizes.validationKey),
    decryptionKey: hex(sizes.decryptionKey),
    validation,
    decryption,
  };
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  return `<machineKey ${written.join(' ')} />`;
}
