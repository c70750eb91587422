/**
 * Options and configurations are read field by field: each value by what it must be, no key that nobody reads, and an
 * error that names the place.
 */
import { ConfigurationError } from './errors.ts';

/** A value with its place: `limits.maxDepth` of `node.json`, `addresses[1]` of the options of `createEndpoint`. */
export interface Place {
  /** The file, or the function whose options they are. */
  readonly of: string;
  /** Path of keys; '' for the whole. */
  readonly path: string;
}

/** Reads one value. @throws {SecureConversationError} `CONFIG_INVALID` naming the place */
export type Field<T> = (value: unknown, place: Place) => T;

/** @throws {SecureConversationError} `CONFIG_INVALID` always. */
export function failAt({ of, path }: Place, problem: string): never {
  throw new ConfigurationError('CONFIG_INVALID', `${of}: ${path === '' ? '' : `${path} `}${problem}`);
}

/** A text, which may be empty. */
export const anyText: Field<string> = (value, place) =>
  typeof value === 'string' ? value : failAt(place, 'must be a text');

/** Text that isn't empty. */
export const text: Field<string> = (value, place) =>
  typeof value === 'string' && value !== '' ? value : failAt(place, 'must be a text that is not empty');

/** `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** One of a few names. */
export function oneOf<Name extends string>(...names: readonly Name[]): Field<Name> {
  return (value, place) => names.find(name => name === value) ?? failAt(place, `must be ${alternatives(names)}`);
}

/** A function. */
export const callable: Field<object> = (value, place) =>
  typeof value === 'function' ? value : failAt(place, 'must be a function');

/** True or false. */
export const flag: Field<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : failAt(place, 'must be true or false');

/** An object whose keys are somebody else's. */
export const anyObject: Field<object> = (value, place) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : failAt(place, 'must be an object');

/** A number in a range. */
export function number(least: number, most: number, whole = true): Field<number> {
  return (value, place) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? value
      : failAt(place, `must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`);
}

/** A base address: scheme, host and port. */
export const address: Field<string> = (value, place) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
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

/** A list of one item or more. */
export function filledList<T>(field: Field<T>): Field<readonly T[]> {
  const items = list(field);
  return (value, place) => {
    const read = items(value, place);
    return read.length === 0 ? failAt(place, 'must not be empty') : read;
  };
}

/** One value, or a list of them. */
export function oneOrList<T>(field: Field<T>): Field<readonly T[]> {
  return (value, place) => (Array.isArray(value) ? list(field)(value, place) : [field(value, place)]);
}

/** An object with any keys, each value read by `field`. */
export function record<T>(field: Field<T>): Field<Readonly<Record<string, T>>> {
  return (value, place) =>
    Object.fromEntries(
      Object.entries(anyObject(value, place)).map(([key, item]) => [key, field(item, within(place, key))]),
    );
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]?: ReturnType<F[K]> };

/** An object with these keys and no other. Any of them may be missing, or undefined, but the `required` ones. */
export function object<F extends Fields>(fields: F, ...required: readonly (keyof F & string)[]): Field<Values<F>> {
  return (value, place) => {
    const given = Object.entries(anyObject(value, place)).filter(([, item]) => item !== undefined);
    const entries = given.map(([key, item]) => {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      return [key, field === undefined ? unknownKey(within(place, key), fields) : field(item, within(place, key))];
    });
    const missing = required.find(key => !entries.some(([name]) => name === key));
    if (missing !== undefined) failAt(place, `lacks the key ${missing}`);
    return Object.fromEntries(entries) as Values<F>;
  };
}

function within(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` };
}

function unknownKey({ of, path }: Place, fields: Fields): never {
  throw new ConfigurationError('CONFIG_INVALID', `${of}: unknown key ${path}`, {
    hint: `known there: ${Object.keys(fields).join(', ')}`,
  });
}
