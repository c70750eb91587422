/**
 * Options and configuration files are described member by member, and read by that description: each value by what it
 * must be, no member that nobody reads, what is not given by its default, and an error that names the place. What was
 * read is what is used.
 */
import { ConfigurationError } from './errors.ts';

/** A value with its place: `limits.maxDepth` of `node.json`, `addresses[1]` of the options of `createEndpoint`. */
export interface Place {
  /** The file, or the function whose options they are. */
  readonly of: string;
  /** Path of members; '' for the whole. */
  readonly path: string;
  /** How its errors are told, where it is not as those of options are. */
  readonly manner?: Manner;
}

/** How the errors of a kind of place are told. */
export interface Manner {
  /** Makes one of its whole sentence. */
  error(sentence: string): Error;
  /** Said of an object with a member that there is not. */
  unknown?(name: string): string;
  /** Said of an object without a member that is required. */
  missing?(name: string): string;
}

/** What one value must be. */
export interface Field<T, Given = T> {
  /** What it is called where it is documented: `text`, `whole number`. */
  readonly type: string;
  /** Several of them, where that is not the type and an s. */
  readonly plural?: string;
  /** What a number counts: `ms`, `bytes`. */
  readonly unit?: string;
  /** What of the type is taken, least and most of a number: all where nothing is said. */
  readonly range?: string | readonly [least: number, most: number];
  /** What the members of an object are. */
  readonly members?: Members;
  /**
   * Reads one.
   * @throws {SecureConversationError} naming the place, `CONFIG_INVALID` where it has no manner of its own
   */
  readonly read: (value: unknown, place: Place) => T;
  /** Never there: where the compiler finds what may be given, which {@link Describes} compares. */
  readonly given?: (value: Given) => Given;
}

/** What a member is, what it means, and what holds where it is not given. */
export type Member = {
  // biome-ignore lint/suspicious/noExplicitAny: of whatever type
  readonly is: Field<any, any>;
  /** One sentence. */
  readonly means: string;
  /** The name that it has where it is used, when that is another one: `lifetimeMs` of `lifetimeS`. */
  readonly as?: string;
} & Presence;

type Presence =
  | Needed
  /** The value that it has then, as it could have been given. */
  | { readonly default: unknown }
  /** What makes its value, and how that is documented. */
  | { readonly make: () => unknown; readonly says: string }
  | Optional;

interface Needed {
  readonly required: true;
}

/** Of a member that has no value where it is not given. */
export interface Optional {
  /** What holds then. */
  readonly without: string;
}

/** Members by name. */
export type Members = Readonly<Record<string, Member>>;

type ValueOf<M> = M extends { readonly is: Field<infer T, infer _> } ? T : never;
type GivenOf<M> = M extends { readonly is: Field<infer _, infer Given> } ? Given : never;
type NameOf<M, Name> = M extends { readonly as: infer Other extends string } ? Other : Name;

/** What is read by members: only one that has no default may be missing. */
export type Parsed<M extends Members> = {
  readonly [K in keyof M as M[K] extends Optional ? never : NameOf<M[K], K>]: ValueOf<M[K]>;
} & { readonly [K in keyof M as M[K] extends Optional ? NameOf<M[K], K> : never]?: ValueOf<M[K]> };

type Given<M extends Members> = {
  readonly [K in keyof M as M[K] extends Needed ? K : never]: GivenOf<M[K]>;
} & { readonly [K in keyof M as M[K] extends Needed ? never : K]?: GivenOf<M[K]> };

/** The members that options of a type are described by: each of them, of its very type, required where it is. */
export type Describes<Options> = {
  readonly [K in keyof Options]-?: Member & { readonly is: Field<unknown, Required<Options>[K]> } & (Partial<
      Pick<Options, K>
    > extends Pick<Options, K>
      ? { readonly required?: never; readonly default?: Required<Options>[K] }
      : Needed);
};

/** The error of a value that is not what it must be, `CONFIG_INVALID` where its place has no manner of its own. */
export function errorAt({ of, path, manner }: Place, problem: string, hint?: string): Error {
  const sentence = `${of}: ${path === '' ? '' : `${path} `}${problem}`;
  return (
    manner?.error(sentence) ?? new ConfigurationError('CONFIG_INVALID', sentence, hint === undefined ? {} : { hint })
  );
}

/** @throws {SecureConversationError} {@link errorAt} always. */
export function failAt(place: Place, problem: string): never {
  throw errorAt(place, problem);
}

/** A field whose values are those that are taken, as they are. @param problem said of any other: `must be a text` */
export function where<T>(
  what: Pick<Field<T>, 'type' | 'plural' | 'range' | 'unit'>,
  isTaken: (value: unknown) => boolean,
  problem: string,
): Field<T> {
  return { ...what, read: (value, place) => (isTaken(value) ? (value as T) : failAt(place, problem)) };
}

/** A text, which may be empty. */
export const anyText = where<string>(
  { type: 'text', range: 'may be empty' },
  value => typeof value === 'string',
  'must be a text',
);

/** Text that isn't empty. */
export const text = where<string>(
  { type: 'text' },
  value => typeof value === 'string' && value !== '',
  'must be a text that is not empty',
);

/** `a, b or c`; one name is itself. */
export function alternatives(names: readonly string[]): string {
  return names.length === 1 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** One of a few names. */
export function oneOf<Name extends string>(...names: readonly Name[]): Field<Name> {
  const range = alternatives(names.map(name => `\`${name}\``));
  return where({ type: 'text', range }, value => names.some(name => name === value), `must be ${alternatives(names)}`);
}

/** A function of a type that can't be looked at. */
export function callable<T extends (...given: never[]) => unknown>(): Field<T> {
  return where({ type: 'function' }, value => typeof value === 'function', 'must be a function');
}

/** True or false. */
export const flag = where<boolean>(
  { type: 'true or false' },
  value => typeof value === 'boolean',
  'must be true or false',
);

/** An object whose members are somebody else's. */
export function anyObject<T extends object>(): Field<T> {
  return where({ type: 'object' }, isObject, 'must be an object');
}

/** Whether a value is an object with members: no list, nor a Map or whatever else has items in their place. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value);
}

/**
 * An object and its prototypes, the nearest first, but for what all objects have in common: what somebody puts there is
 * an option of nobody's.
 */
function withPrototypes(value: object): object[] {
  const levels: object[] = [];
  for (let level: object | null = value; level !== null && !isCommon(level); level = Object.getPrototypeOf(level))
    levels.push(level);
  return levels;
}

/** `Object.prototype`, of whatever realm. */
function isCommon(level: object): boolean {
  return Object.getPrototypeOf(level) === null && Object.hasOwn(level, 'isPrototypeOf');
}

/**
 * Names of the members that an object has, by itself or by its class: those that are known, and all that can be listed,
 * which a method or a getter of a class can't. Where there are none, only a plain object is taken for one that says
 * nothing; a Promise, a Date or a URL is a mistake.
 */
function namesIn(value: object, place: Place, known: readonly string[]): ReadonlySet<string> {
  const levels = withPrototypes(value);
  const names = new Set(
    levels.flatMap(level => [...Object.keys(level), ...known.filter(name => Object.hasOwn(level, name))]),
  );
  return names.size === 0 && levels.length > 1 ? failAt(place, 'must be a plain object, or have members') : names;
}

/** A number in a range. @param unit what it counts */
export function number(least: number, most: number, unit?: string): Field<number> {
  return numberWhere('number', [least, most], unit, () => true);
}

/** A whole number in a range. @param unit what it counts */
export function wholeNumber(least: number, most: number, unit?: string): Field<number> {
  return numberWhere('whole number', [least, most], unit, Number.isInteger);
}

function numberWhere(
  type: string,
  range: readonly [least: number, most: number],
  unit: string | undefined,
  isTaken: (value: number) => boolean,
): Field<number> {
  const [least, most] = range;
  return where(
    { type, range, ...(unit === undefined ? {} : { unit }) },
    value => typeof value === 'number' && value >= least && value <= most && isTaken(value),
    `must be a ${type} from ${least} to ${most}`,
  );
}

/** A list, each item read by `field`. @param least fewest items, 0 or 1 */
export function list<T, Given>(field: Field<T, Given>, least = 0): Field<readonly T[], readonly Given[]> {
  return {
    type: `list of ${pluralOf(field)}`,
    plural: `lists of ${pluralOf(field)}`,
    ...(least === 0 ? {} : { range: 'at least one' }),
    read(value, place) {
      if (!Array.isArray(value)) return failAt(place, 'must be a list');
      if (value.length < least) return failAt(place, 'must not be empty');
      // Not by map, which passes over the places of a list that have nothing in them.
      return Array.from(value, (item, i) => field.read(item, itemOf(place, i)));
    },
  };
}

function pluralOf({ type, plural = `${type}s` }: Pick<Field<unknown>, 'type' | 'plural'>): string {
  return plural;
}

/** One value, or a list of them. */
export function oneOrList<T, Given>(field: Field<T, Given>): Field<readonly T[], Given | readonly Given[]> {
  const several = list(field);
  return {
    type: `${field.type}, or ${several.type}`,
    ...(field.range === undefined ? {} : { range: field.range }),
    read: (value, place) => (Array.isArray(value) ? several.read(value, place) : [field.read(value, place)]),
  };
}

/** An object with any names, each value read by `field`. */
export function record<T, Given>(
  field: Field<T, Given>,
): Field<Readonly<Record<string, T>>, Readonly<Record<string, Given>>> {
  return {
    type: `object of ${pluralOf(field)}`,
    ...(field.members === undefined ? {} : { members: namedAny(field.members) }),
    read(value, place) {
      if (!isObject(value)) return failAt(place, 'must be an object');
      const read = (name: string) => field.read(Reflect.get(value, name), within(place, name));
      return withoutPrototype(Array.from(namesIn(value, place, []), name => [name, read(name)]));
    },
  };
}

function namedAny(members: Members): Members {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [`*.${name}`, member]));
}

/** What an object must be, with its members by name. */
export interface ObjectField<M extends Members> extends Field<Parsed<M>, Given<M>> {
  readonly members: M;
}

/**
 * An object with these members and no other. It may be an instance of a class, with members that it inherits and
 * getters, each of which is asked once.
 */
export function object<const M extends Members>(members: M): ObjectField<M> {
  return {
    type: 'object',
    members,
    read(value, place) {
      if (!isObject(value)) return failAt(place, 'must be an object');
      const given = new Map<string, unknown>();
      for (const name of namesIn(value, place, Object.keys(members))) {
        const item: unknown = Reflect.get(value, name);
        if (item === undefined) continue;
        const member = Object.hasOwn(members, name) ? members[name] : undefined;
        given.set(name, (member ?? unknownMember(name, place, members)).is.read(item, within(place, name)));
      }
      const entries = Object.entries(members).flatMap(([name, member]) => {
        const read = given.has(name) ? given.get(name) : absent(member, name, place);
        return read === undefined ? [] : [[member.as ?? name, read] satisfies [string, unknown]];
      });
      return withoutPrototype(entries) as Parsed<M>;
    },
  };
}

/** What was read: a member that was not given is not there, whatever somebody has put into all objects. */
function withoutPrototype<T>(entries: [name: string, value: T][]): Record<string, T> {
  return Object.setPrototypeOf(Object.fromEntries(entries), null);
}

/** The value of a member that is not given; undefined where it has none then. */
function absent(member: Member, name: string, place: Place): unknown {
  if ('required' in member) return failAt(place, place.manner?.missing?.(name) ?? `lacks the key ${name}`);
  if ('default' in member) return member.is.read(member.default, within(place, name));
  return 'make' in member ? member.make() : undefined;
}

/** The place of an item of a list. */
export function itemOf(place: Place, index: number): Place {
  return { ...place, path: `${place.path}[${index}]` };
}

/** Where a text stands that stood before; -1 where there is none. */
export function firstTwice(texts: readonly string[]): number {
  const before = new Set<string>();
  return texts.findIndex(each => before.size === before.add(each).size);
}

/** The place of a member. */
export function within(place: Place, name: string): Place {
  return { ...place, path: place.path === '' ? name : `${place.path}.${name}` };
}

function unknownMember(name: string, place: Place, members: Members): never {
  if (place.manner?.unknown !== undefined) failAt(place, place.manner.unknown(name));
  const { path } = within(place, name);
  throw errorAt({ ...place, path: '' }, `unknown key ${path}`, `known there: ${Object.keys(members).join(', ')}`);
}
