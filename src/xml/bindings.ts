import { randomBytes } from 'node:crypto';
import type { Namespaces } from './namespaces.ts';
import type { Scope } from './tree.ts';

/**
 * The bindings of prefixes that are in scope where a scan stands, by a hash of the prefix, so that a look-up does not
 * walk through all of them. Declarations end in the opposite order of their beginning: each bucket is a stack, linked
 * by `beside`.
 */
export type Bindings = (Scope | undefined)[];

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
  const bindings: Bindings = new Array(1 << bucketBits).fill(undefined);
  const inward: Scope[] = [];
  for (let binding = scope; binding !== undefined; binding = binding.outer) inward.push(binding);
  for (const binding of inward.reverse()) bindings[bucketOf(binding.prefix)] = binding;
  return bindings;
}

/** How many of the latest declarations are looked at before the buckets: most names use one of them. */
const nearCount = 6;

/** The innermost binding of a prefix. @param scope what the bindings are of */
export function lookUp(bindings: Bindings, scope: Scope | undefined, prefix: string): Scope | undefined {
  let binding = scope;
  for (let i = 0; i < nearCount; i++) {
    if (binding === undefined || binding.prefix === prefix) return binding;
    binding = binding.outer;
  }
  return samePrefix(bindings[bucketOf(prefix)], prefix);
}

/** The binding of the same prefix around a binding. */
export function shadowedBy({ beside, prefix }: Scope): Scope | undefined {
  return samePrefix(beside, prefix);
}

function samePrefix(from: Scope | undefined, prefix: string): Scope | undefined {
  let binding = from;
  while (binding !== undefined && binding.prefix !== prefix) binding = binding.beside;
  return binding;
}

/** Puts a new binding before those of its bucket and returns it. */
export function bind(
  bindings: Bindings,
  prefix: string,
  uri: string,
  outer: Scope | undefined,
  namespaces: Namespaces,
): Scope {
  const bucket = bucketOf(prefix);
  const binding = { prefix, uri, outer, beside: bindings[bucket], depth: (outer?.depth ?? 0) + 1, namespaces };
  bindings[bucket] = binding;
  return binding;
}

/** Takes the bindings of an inner scope out again, up to those of the outer one. */
export function unbind(bindings: Bindings, inner: Scope | undefined, outer: Scope | undefined): void {
  for (let binding = inner; binding !== undefined && binding !== outer; binding = binding.outer)
    bindings[bucketOf(binding.prefix)] = binding.beside;
}
