import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../errors.ts';
import { type Field, failAt, isObject, type Optional, object, text, wholeNumber } from '../fields.ts';
import { parseJson } from '../files/strict-json.ts';

/**
 * Reads a configuration file (JSON).
 * @param read reads all of it
 * @param instead members that the command line gives in place of the file's
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readConfig<T>(name: string, read: Field<T>['read'], instead: object = {}): T {
  const file = resolve(name);
  const whole = { of: file, path: '' };
  let json: string;
  try {
    json = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      'CONFIG_INVALID',
      `${file}: can't be read (${(cause as NodeJS.ErrnoException).code})`,
      { cause },
    );
  }
  const written = parseJson(json, whole);
  return read(isObject(written) ? { ...written, ...instead } : written, whole);
}

/** The path of a file; a relative one starts at the folder of the configuration file. */
export const path: Field<string> = {
  type: 'path',
  read: (value, place) => resolve(dirname(place.of), text.read(value, place)),
};

const pair = object({
  certificate: { is: path, without: 'required', means: 'Certificate (PEM).' },
  key: { is: path, without: 'required', means: 'Its private key (PEM).' },
});

/** The files of a certificate and its private key: one is of no use without the other. */
export const certificateAndKey: Field<{ readonly certificate: string; readonly key: string }> = {
  type: pair.type,
  members: pair.members,
  read(value, place) {
    const { certificate, key } = pair.read(value, place);
    if (certificate === undefined || key === undefined) return failAt(place, 'must have both certificate and key');
    return { certificate, key };
  },
};

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
