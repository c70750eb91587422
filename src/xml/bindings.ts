import { randomBytes } from 'node:crypto';
import type { Namespaces } from './namespaces.ts';
import type { Scope } from './tree.ts';

/**
 * The bindings of prefixes that are in scope where a scan stands, so that a look-up does not walk through all of them.
 * The outermost {@link shallowDepth} are walked through: most messages have no more. Deeper ones stand in buckets by a
 * hash of their prefix, each a stack that is linked by `beside`, for declarations end in the opposite order of their
 * beginning.
 */
export interface Bindings {
  /** Empty until a declaration is deeper than the shallow ones. */
  readonly buckets: (Scope | undefined)[];
  /** The deepest of the shallow ones; it has a meaning only where there are deeper ones. */
  shallow: Scope | undefined;
}

/** How many declarations are in scope without a bucket. */
const shallowDepth = 8;

const bucketBits = 6;

/**
 * A weight for each place in a prefix. Who chooses the prefixes doesn't know them, so that nobody fills one bucket on
 * purpose.
 */
const weights = new Int32Array(new Uint8Array(randomBytes(1024)).buffer);

/** The bucket of a prefix: the weighted sum of its characters (a universal hash; Carter and Wegman, 1979). */
function bucketOf(prefix: string): number {
  let sum = 0;
  for (let i = 0; i < prefix.length; i++) sum = (sum + Math.imul(weights[i & 255] ?? 0, prefix.charCodeAt(i))) | 0;
  return sum >>> (32 - bucketBits);
}

/** The bindings of a scope, which may be one of another text. */
export function openBindings(scope: Scope | undefined): Bindings {
  const deep: Scope[] = [];
  let binding = scope;
  for (; binding !== undefined && binding.depth > shallowDepth; binding = binding.outer) deep.push(binding);
  const buckets: (Scope | undefined)[] = [];
  for (const inner of deep.reverse()) buckets[bucketOf(inner.prefix)] = inner;
  return { buckets, shallow: binding };
}

/** The innermost binding of a prefix. @param scope what the bindings are of */
export function lookUp(bindings: Bindings, scope: Scope | undefined, prefix: string): Scope | undefined {
  let binding = scope;
  // Most names use one of the latest declarations, and where none is deep these are all.
  for (let i = 0; i < shallowDepth; i++) {
    if (binding === undefined || binding.prefix === prefix) return binding;
    binding = binding.outer;
  }
  if (binding === undefined) return undefined;
  return besideOf(bindings.buckets[bucketOf(prefix)], prefix) ?? outwards(bindings.shallow, prefix);
}

/** The binding of the same prefix around a binding. */
export function shadowedBy(bindings: Bindings, { beside, depth, outer, prefix }: Scope): Scope | undefined {
  if (depth <= shallowDepth) return outwards(outer, prefix);
  return besideOf(beside, prefix) ?? outwards(bindings.shallow, prefix);
}

function besideOf(from: Scope | undefined, prefix: string): Scope | undefined {
  let binding = from;
  while (binding !== undefined && binding.prefix !== prefix) binding = binding.beside;
  return binding;
}

function outwards(from: Scope | undefined, prefix: string): Scope | undefined {
  let binding = from;
  while (binding !== undefined && binding.prefix !== prefix) binding = binding.outer;
  return binding;
}

/** Puts a new binding inside those of `outer` and returns it. */
export function bind(
  bindings: Bindings,
  prefix: string,
  uri: string,
  outer: Scope | undefined,
  namespaces: Namespaces,
): Scope {
  const depth = (outer?.depth ?? 0) + 1;
  const isDeep = depth > shallowDepth;
  const bucket = isDeep ? bucketOf(prefix) : 0;
  const beside = isDeep ? bindings.buckets[bucket] : undefined;
  const binding = { prefix, uri, outer, beside, depth, namespaces };
  if (isDeep) bindings.buckets[bucket] = binding;
  else bindings.shallow = binding;
  return binding;
}

/** Takes the bindings of an inner scope out again, up to those of the outer one. */
export function unbind({ buckets }: Bindings, inner: Scope | undefined, outer: Scope | undefined): void {
  if (buckets.length === 0) return;
  for (let binding = inner; binding !== outer && binding !== undefined; binding = binding.outer) {
    if (binding.depth <= shallowDepth) return;
    buckets[bucketOf(binding.prefix)] = binding.beside;
  }
}
