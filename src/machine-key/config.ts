import { createHash } from 'node:crypto';
import { SecretKey, secretBytes } from '../crypto/secret-key.ts';
import { alternatives, anyText, type Describes, object } from '../fields.ts';
import {
  cipherOf,
  type DecryptionName,
  decryptionNames,
  decryptions,
  type ValidationName,
  validationNames,
} from './algorithms.ts';

/** Makes the error for a place in a file, `machineKey validation`; the empty place is the whole file. */
export type Problem = (place: string, problem: string) => Error;

/** A machineKey as it stands in a web.config. */
export interface MachineKeyConfig {
  /** Key of the MAC. 16 to 1,024 bytes in hex. */
  readonly validationKey: string;
  /** Key of the cipher. 16, 24 or 32 bytes in hex for AES, 16 or 24 for 3DES. */
  readonly decryptionKey: string;
  /** The MAC. SHA1, HMACSHA256, HMACSHA384 or HMACSHA512; default: `HMACSHA256`. */
  readonly validation?: string;
  /** The cipher; `Auto` is AES. Auto, AES or 3DES; default: `Auto`. */
  readonly decryption?: string;
}

const validationsTaken = alternatives(validationNames);
const decryptionsTaken = alternatives(['Auto', ...decryptionNames]);

/** A text whose range is checked by {@link parseMachineKey}, in the words of ASP.NET. */
function attribute(range: string) {
  return { ...anyText, range };
}

/** Reads what is given of {@link MachineKeyConfig}. */
export const machineKeyOptions = object({
  validationKey: { is: attribute('16 to 1,024 bytes in hex'), required: true, means: 'Key of the MAC.' },
  decryptionKey: {
    is: attribute('16, 24 or 32 bytes in hex for AES, 16 or 24 for 3DES'),
    required: true,
    means: 'Key of the cipher.',
  },
  validation: { is: attribute(validationsTaken), default: 'HMACSHA256', means: 'The MAC.' },
  decryption: { is: attribute(decryptionsTaken), default: 'Auto', means: 'The cipher; `Auto` is AES.' },
} satisfies Describes<MachineKeyConfig>);

/** A machineKey that was checked. Its keys fit its algorithms and can't be printed. */
export interface MachineKeySettings {
  readonly validationKey: SecretKey;
  readonly decryptionKey: SecretKey;
  readonly validation: ValidationName;
  readonly decryption: DecryptionName;
}

const minValidationKeyBytes = 16;
const maxValidationKeyBytes = 1024;

/**
 * Reads a machineKey. Values are taken as ASP.NET takes them for `MachineKey.Protect`: nothing is cut, padded or
 * guessed, and case counts. No value is ever quoted: one may be a key in the wrong place.
 * @throws the problem's error, with the name of the attribute as its place
 * @throws {SecureConversationError} `CONFIG_INVALID` for what is no text
 */
export function parseMachineKey(config: MachineKeyConfig, fail: Problem): MachineKeySettings {
  const given = machineKeyOptions.read(config, { of: 'machineKey', path: '' });
  const validation = validationOf(given.validation, fail);
  const decryption = decryptionOf(given.decryption, fail);
  const keys = {
    validationKey: hexBytes(given.validationKey, 'validationKey', fail),
    decryptionKey: hexBytes(given.decryptionKey, 'decryptionKey', fail),
  };
  return fittingKeys(keys, { validation, decryption }, fail);
}

/**
 * Puts keys and algorithms together.
 * @throws the problem's error for a key that is not of its algorithm's lengths, and for one that is not random
 */
export function fittingKeys(
  keys: Readonly<Record<'validationKey' | 'decryptionKey', Uint8Array>>,
  algorithms: Pick<MachineKeySettings, 'validation' | 'decryption'>,
  fail: Problem,
): MachineKeySettings {
  const [validationBytes, decryptionBytes] = [keys.validationKey.length, keys.decryptionKey.length];
  if (validationBytes < minValidationKeyBytes || validationBytes > maxValidationKeyBytes)
    throw fail(
      'validationKey',
      `has ${validationBytes} bytes, it must have ${minValidationKeyBytes} to ${maxValidationKeyBytes}`,
    );
  const { decryption } = algorithms;
  if (cipherOf(decryption, decryptionBytes) === undefined)
    throw fail(
      'decryptionKey',
      `has ${decryptionBytes} bytes, but ${decryption} takes ` +
        `${alternatives(Object.keys(decryptions[decryption].ciphers))}`,
    );
  for (const [name, key] of Object.entries(keys))
    if (key.every(byte => byte === key[0])) throw fail(name, 'is not random, all its bytes are the same');
  return {
    validationKey: new SecretKey(keys.validationKey),
    decryptionKey: new SecretKey(keys.decryptionKey),
    ...algorithms,
  };
}

/**
 * Names a machineKey without telling its keys: 16 hex digits, the first 8 bytes of SHA-256("mkid" ‖ lp(validationKey) ‖
 * lp(decryptionKey) ‖ validation ‖ "/" ‖ decryption), where lp is a length as uint32 and the bytes.
 */
export function machineKeyId({ validationKey, decryptionKey, validation, decryption }: MachineKeySettings): string {
  const hash = createHash('sha256').update('mkid');
  for (const key of [validationKey, decryptionKey]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(key.length);
    hash.update(length).update(secretBytes(key));
  }
  return hash.update(`${validation}/${decryption}`).digest('hex').slice(0, 16);
}

function validationOf(value: string, fail: Problem): ValidationName {
  const name = validationNames.find(known => known === value);
  if (name !== undefined) return name;
  // MachineKeySection knows these too, but Framework45 has no MAC for them.
  if (['MD5', 'AES', '3DES'].includes(value))
    throw fail('validation', `is ${value}, which MachineKey.Protect refuses: it must be ${validationsTaken}`);
  throw fail('validation', unknownName(value, validationNames, validationsTaken));
}

function decryptionOf(value: string, fail: Problem): DecryptionName {
  if (value === 'Auto') return 'AES';
  const name = decryptionNames.find(known => known === value);
  if (name !== undefined) return name;
  if (value === 'DES') throw fail('decryption', `is DES, which is broken: it must be ${decryptionsTaken}`);
  throw fail('decryption', unknownName(value, ['Auto', ...decryptionNames], decryptionsTaken));
}

function unknownName(value: string, names: readonly string[], taken: string): string {
  const meant = names.find(name => name.toLowerCase() === value.toLowerCase());
  if (meant !== undefined) return `must be written ${meant}: ASP.NET compares the case too`;
  if (value.startsWith('alg:')) return `names a class of .NET by "alg:", which is not known here: it must be ${taken}`;
  return `must be ${taken}`;
}

function hexBytes(text: string, name: string, fail: Problem): Buffer {
  const parts = text.split(',').map(part => part.trim());
  if (parts.some(part => /^AutoGenerate$/i.test(part)))
    throw fail(name, 'is AutoGenerate: ASP.NET then makes a key that never leaves its server');
  if (parts.length > 1 && parts.some(isHex))
    throw fail(name, 'must be hex digits alone: MachineKey.Protect takes no flag behind them');
  if (!isHex(text)) throw fail(name, text === '' ? 'is empty' : `is not hex: ${foreignIn(text)}`);
  if (text.length % 2 !== 0) throw fail(name, `has an odd number of hex digits (${text.length})`);
  return Buffer.from(text, 'hex');
}

/** What a copied key often has in it. */
const foreigners: Readonly<Record<string, string>> = {
  ' ': 'a blank',
  '\t': 'a blank',
  '\r': 'a line break',
  '\n': 'a line break',
  '"': 'a quotation mark',
  "'": 'a quotation mark',
};

/** The first character that is no hex digit, by its place: the key itself is not quoted. */
function foreignIn(text: string): string {
  const at = text.search(/[^0-9A-Fa-f]/);
  return `character ${at + 1} of ${text.length} is ${foreigners[text.charAt(at)] ?? 'none of 0 to 9 and A to F'}`;
}

function isHex(text: string): boolean {
  return /^[0-9A-Fa-f]+$/.test(text);
}
