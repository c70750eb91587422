import { dialects, ns } from '../names.ts';
import { compareCodePoints } from './characters.ts';

/** The namespace names of one message: equal names are one string there, and their order is found out once. */
export interface Namespaces {
  readonly names: Map<string, string>;
  /** Place of each name in the order by code point; undefined until it is asked for, and after a further name. */
  ranks: ReadonlyMap<string, number> | undefined;
}

/** Has the namespaces of the specifications only, which need no place in the table. */
export function openNamespaces(): Namespaces {
  return { names: new Map(), ranks: undefined };
}

const specified = [...Object.values(ns), ...Object.values(dialects).flatMap(({ wst, wsc }) => [wst, wsc])];
const specifiedRanks = ranksOf(specified);

/** The namespaces of the specifications, by their length. */
const specifiedByLength = new Map(
  specified.map(({ length }) => [length, specified.filter(name => name.length === length)] as const),
);

/**
 * The one string that stands for a namespace name in its message; our own where it is one of the specifications'. All
 * that reads a message compares with these, and a string is compared with itself without a look at its characters.
 */
export function identify(namespaces: Namespaces, name: string): string {
  const own = specifiedByLength.get(name.length)?.find(known => known === name) ?? namespaces.names.get(name);
  if (own !== undefined) return own;
  namespaces.names.set(name, name);
  namespaces.ranks = undefined;
  return name;
}

/**
 * Whether the attributes of one namespace are known to stand before those of another one (Canonical XML 1.0 §2.2). Only
 * the names of the specifications are compared while a message is scanned: those of its own can be long and alike, on
 * each of its elements.
 */
export function isKnownBefore(left: string, right: string): boolean {
  if (left === '' || right === '') return left === '';
  const [leftRank, rightRank] = [specifiedRanks.get(left), specifiedRanks.get(right)];
  return leftRank !== undefined && rightRank !== undefined && leftRank < rightRank;
}

/** Place of each namespace name of a message in the order by code point; no namespace comes first. */
export function namespaceRanks(namespaces: Namespaces): ReadonlyMap<string, number> {
  namespaces.ranks ??=
    namespaces.names.size === 0 ? specifiedRanks : ranksOf([...specified, ...namespaces.names.keys()]);
  return namespaces.ranks;
}

function ranksOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(['', ...names].sort(compareCodePoints).map((name, rank) => [name, rank]));
}
