import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../errors.ts';
import { type Field, failAt, object, text } from '../fields.ts';
import { parseJson } from '../files/strict-json.ts';

/**
 * Reads a configuration file (JSON).
 * @throws {SecureConversationError} `CONFIG_INVALID` naming the file and the place in it
 */
export function readConfig<T>(name: string, field: Field<T>): T {
  const file = resolve(name);
  const fail = (place: string, problem: string) =>
    new ConfigurationError('CONFIG_INVALID', `${file}: ${place === '' ? problem : `${place} ${problem}`}`);
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
  return field(parseJson(json, fail), { of: file, path: '' });
}

/** The path of a file; a relative one starts at the folder of the configuration file. */
export const path: Field<string> = (value, place) => resolve(dirname(place.of), text(value, place));

/** The files of a certificate and its private key: one is of no use without the other. */
export const certificateAndKey: Field<{ readonly certificate: string; readonly key: string }> = (value, place) => {
  const { certificate, key } = object({ certificate: path, key: path })(value, place);
  if (certificate === undefined || key === undefined) return failAt(place, 'must have both certificate and key');
  return { certificate, key };
};

/** What a configuration says of these keys; one that it has not is not there. */
export function given<T extends object, K extends keyof T>(config: T, ...keys: readonly K[]) {
  const entries = keys.filter(key => config[key] !== undefined).map(key => [key, config[key]]);
  return Object.fromEntries(entries) as { readonly [Key in K]?: NonNullable<T[Key]> };
}
