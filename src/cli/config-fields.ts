import { dirname, resolve } from 'node:path';
import { SecureConversationError } from '../errors.ts';

/** A value of a configuration file with its place: `limits.maxDepth` of `service.json`. */
export interface Place {
  readonly file: string;
  /** Path of keys; '' for the whole file. */
  readonly path: string;
}

/** Reads one value. @throws {SecureConversationError} `CONFIG_INVALID` naming file and place */
export type Field<T> = (value: unknown, place: Place) => T;

/** @throws {SecureConversationError} `CONFIG_INVALID` always. */
export function failAt({ file, path }: Place, problem: string): never {
  throw new SecureConversationError('CONFIG_INVALID', `${file}: ${path === '' ? '' : `${path} `}${problem}`);
}

/** Text that isn't empty. */
export const text: Field<string> = (value, place) =>
  typeof value === 'string' && value !== '' ? value : failAt(place, 'must be a text that is not empty');

/** The path of a file; a relative one starts at the folder of the configuration file. */
export const path: Field<string> = (value, place) => resolve(dirname(place.file), text(value, place));

/** A number in a range. */
export function number(least: number, most: number, whole = true): Field<number> {
  return (value, place) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? value
      : failAt(place, `must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
}

/** A base address: scheme, host and port. */
export const address: Field<string> = (value, place) => {
  const url = URL.canParse(text(value, place)) ? new URL(String(value)) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== ''
  )
    return failAt(place, 'must be a base address such as https://node1.example:8443');
  return url.origin;
};

/** A list, each item read by `field`. */
export function list<T>(field: Field<T>): Field<readonly T[]> {
  return (value, place) =>
    Array.isArray(value)
      ? value.map((item, i) => field(item, { ...place, path: `${place.path}[${i}]` }))
      : failAt(place, 'must be a list');
}

/** An object with any keys, each value read by `field`. */
export function record<T>(field: Field<T>): Field<Readonly<Record<string, T>>> {
  return (value, place) =>
    Object.fromEntries(
      Object.entries(objectAt(value, place)).map(([key, item]) => [key, field(item, within(place, key))]),
    );
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]?: ReturnType<F[K]> };

/** An object with these keys and no other; any of them may be missing. */
export function object<F extends Fields>(fields: F): Field<Values<F>> {
  return (value, place) => {
    const entries = Object.entries(objectAt(value, place)).map(([key, item]) => {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      return [key, field === undefined ? unknownKey(within(place, key), fields) : field(item, within(place, key))];
    });
    return Object.fromEntries(entries) as Values<F>;
  };
}

function objectAt(value: unknown, place: Place): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : failAt(place, 'must be an object');
}

function within(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` };
}

function unknownKey({ file, path: key }: Place, fields: Fields): never {
  throw new SecureConversationError('CONFIG_INVALID', `${file}: unknown key ${key}`, {
    hint: `known there: ${Object.keys(fields).join(', ')}`,
  });
}
