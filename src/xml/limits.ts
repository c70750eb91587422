/** Limits that a scan keeps; a message that passes one is refused as soon as the scanner gets there. */

/** Lengths in characters are UTF-16 code units of the text as written. */
export interface Limits {
  /** Bytes of a message; characters of a text or a fragment that is scanned as text. Default 1 MiB. */
  readonly maxBytes: number;
  /** Depth of elements, the root being 1; a fragment goes on at the depth of its parent. Default 64. */
  readonly maxDepth: number;
  /**
   * Elements, attributes, namespace declarations, runs of text, comments and CDATA sections together: each of them
   * takes memory, and may be written in five characters. Default 50,000.
   */
  readonly maxNodes: number;
  /** Child elements of one element. Default 10,000. */
  readonly maxChildren: number;
  /** Attributes of one element, without namespace declarations. Default 64. */
  readonly maxAttributes: number;
  /** Namespace declarations on one element. Default 32. */
  readonly maxDeclarations: number;
  /** Namespace declarations in scope at one place, redeclared prefixes counted each time. Default 128. */
  readonly maxDeclarationsInScope: number;
  /** Characters of the name of an element or attribute, with its prefix. Default 256. */
  readonly maxNameChars: number;
  /** Characters of the value of an attribute or namespace declaration. Default 8 KiB. */
  readonly maxValueChars: number;
  /** Characters of a namespace name, references replaced. Default 512. */
  readonly namespaceChars: number;
  /** Octets of all canonical forms of a message together: at most so many times its own, and 64 KiB. Default 4. */
  readonly canonicalFactor: number;
}

export const defaultLimits: Limits = Object.freeze({
  maxBytes: 1024 * 1024,
  maxDepth: 64,
  maxNodes: 50_000,
  maxChildren: 10_000,
  maxAttributes: 64,
  maxDeclarations: 32,
  maxDeclarationsInScope: 128,
  maxNameChars: 256,
  maxValueChars: 8 * 1024,
  namespaceChars: 512,
  canonicalFactor: 4,
});
