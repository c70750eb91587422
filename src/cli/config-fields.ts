import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../errors.ts';
import { type Field, failAt, isObject, type Optional, object, text, wholeNumber } from '../fields.ts';
import { readGivenFile } from '../files/given-file.ts';
import { parseJson } from '../files/strict-json.ts';
import { isStore } from './ring-options.ts';

/**
 * Reads a configuration file (JSON).
 * @param read reads all of it
 * @param instead members that the command line gives in place of the file's
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readConfig<T>(name: string, read: Field<T>['read'], instead: object = {}): T {
  const file = resolve(name);
  const whole = { of: file, path: '' };
  const written = parseJson(readGivenFile(file, 'CONFIG_INVALID').toString('utf8'), whole);
  return read(isObject(written) ? { ...written, ...instead } : written, whole);
}

/** The error for a configuration file without a key that is needed. @param who needs it */
export function missingKey(file: string, key: string, who: string): ConfigurationError {
  return new ConfigurationError('CONFIG_INVALID', `${file}: lacks the key ${key}, which ${who} needs`);
}

/** The path of a file; a relative one starts at the folder of the configuration file. */
export const path: Field<string> = {
  type: 'path',
  read: (value, place) => resolve(dirname(place.of), text.read(value, place)),
};

/** The path of a file, as {@link path} reads it, or the URL of a store as it stands there. */
export const pathOrStore: Field<string> = {
  type: 'path, or URL of a store',
  read: (value, place) => (typeof value === 'string' && isStore(value) ? value : path.read(value, place)),
};

/** The path of a file, as {@link path} reads it, or an address as it stands there. */
export const pathOrAddress: Field<string> = {
  type: 'path, or address',
  read: (value, place) => (typeof value === 'string' && isAddress(value) ? value : path.read(value, place)),
};

/** Whether a text is an address of HTTP, and no path. */
export function isAddress(value: string): boolean {
  return /^https?:/i.test(value);
}

/** The files of a certificate and its private key. */
export const certificateAndKey = object({
  certificate: { is: path, required: true, means: 'Certificate (PEM), or certificate and key (PKCS#12).' },
  key: { is: path, without: 'none', means: 'Its private key (PEM).' },
  passphrase: {
    is: path,
    without: 'none',
    means: 'File whose first line is the passphrase of the PKCS#12 file, or of a key that is encrypted.',
  },
});

/**
 * Reads a whole configuration that may name the pair of a service.
 * @throws {SecureConversationError} `CONFIG_INVALID` for a private key without its certificate
 */
export function withServicePair<T extends { readonly certificate?: string; readonly key?: string }>(
  read: Field<T>['read'],
): Field<T>['read'] {
  return (value, place) => {
    const config = read(value, place);
    if (config.certificate === undefined && config.key !== undefined)
      failAt(place, 'certificate and key belong together');
    return config;
  };
}

/** An option in milliseconds, with a default or without. */
type MsOption = { readonly is: Field<number>; readonly means: string } & ({ readonly default: number } | Optional);

/**
 * An option in milliseconds as a member of a configuration, in whole seconds: what it means and its default stand with
 * the option.
 * @param as the option's name
 * @param range what a configuration may say, whole seconds
 */
export function inSeconds<const As extends string, O extends MsOption>(
  as: As,
  option: O,
  [leastMs, mostMs]: readonly [leastMs: number, mostMs: number],
): { readonly is: Field<number>; readonly means: string; readonly as: As } & (O extends Optional
  ? Optional
  : { readonly default: number }) {
  const seconds = wholeNumber(leastMs / 1_000, mostMs / 1_000, 's');
  const is: Field<number> = { ...seconds, read: (value, place) => seconds.read(value, place) * 1_000 };
  const { means } = option;
  const absent = 'default' in option ? { default: option.default / 1_000 } : { without: option.without };
  return { is, means, as, ...absent } as ReturnType<typeof inSeconds<As, O>>;
}
