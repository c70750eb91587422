/** The algorithms that a `<machineKey>` can name, as ASP.NET's Framework45 scheme uses them. */

/** A value of `validation`: how the MAC is made. */
export interface Validation {
  readonly hash: string;
  /** The tag is never cut. */
  readonly tagBytes: number;
  /** Length of a new validationKey, by default: .NET's own for that HMAC. */
  readonly newKeyBytes: number;
}

export const validations = {
  SHA1: { hash: 'sha1', tagBytes: 20, newKeyBytes: 64 },
  HMACSHA256: { hash: 'sha256', tagBytes: 32, newKeyBytes: 64 },
  HMACSHA384: { hash: 'sha384', tagBytes: 48, newKeyBytes: 128 },
  HMACSHA512: { hash: 'sha512', tagBytes: 64, newKeyBytes: 128 },
} as const satisfies Readonly<Record<string, Validation>>;

/** A value of `decryption`: how the data is encrypted, always in CBC mode with PKCS #7 padding. */
export interface Decryption {
  /** Length of block and IV. */
  readonly blockBytes: number;
  /** OpenSSL's name by length of the decryptionKey. */
  readonly ciphers: Readonly<Record<number, string>>;
  readonly newKeyBytes: number;
}

export const decryptions = {
  AES: { blockBytes: 16, ciphers: { 16: 'aes-128-cbc', 24: 'aes-192-cbc', 32: 'aes-256-cbc' }, newKeyBytes: 32 },
  '3DES': { blockBytes: 8, ciphers: { 16: 'des-ede-cbc', 24: 'des-ede3-cbc' }, newKeyBytes: 24 },
} as const satisfies Readonly<Record<string, Decryption>>;

export type ValidationName = keyof typeof validations;
export type DecryptionName = keyof typeof decryptions;

export const validationNames = Object.keys(validations) as readonly ValidationName[];
export const decryptionNames = Object.keys(decryptions) as readonly DecryptionName[];

/** OpenSSL's name of the cipher for a decryptionKey of that length; undefined where the cipher has no such length. */
export function cipherOf(name: DecryptionName, keyBytes: number): string | undefined {
  const { ciphers }: Decryption = decryptions[name];
  return ciphers[keyBytes];
}

/** Algorithms and key length, as people say them: `HMACSHA256, AES-256`. */
export function algorithmText(validation: ValidationName, decryption: DecryptionName, keyBytes: number): string {
  return `${validation}, ${decryption === 'AES' ? `AES-${keyBytes * 8}` : decryption}`;
}
