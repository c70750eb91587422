/** Limits that a scan keeps; a message that passes one is refused as soon as the scanner gets there. */
import { type Describes, object, wholeNumber } from '../fields.ts';

/** Lengths in characters are UTF-16 code units of the text as written. */
export interface Limits {
  /** Bytes of a message; characters of a text that is scanned alone. 1 to 67,108,864; default: 1,048,576. */
  readonly maxBytes: number;
  /**
   * Depth of elements, the root being 1. 1 to 67,108,864; default: 64. A fragment goes on at the depth of its parent.
   */
  readonly maxDepth: number;
  /**
   * Elements, attributes, namespace declarations, runs of text, comments and CDATA sections together. 1 to 67,108,864;
   * default: 50,000. Each of them takes memory, and may be written in five characters.
   */
  readonly maxNodes: number;
  /** Child elements of one element. 1 to 67,108,864; default: 10,000. */
  readonly maxChildren: number;
  /** Attributes of one element, without namespace declarations. 1 to 67,108,864; default: 64. */
  readonly maxAttributes: number;
  /** Namespace declarations on one element. 1 to 67,108,864; default: 32. */
  readonly maxDeclarations: number;
  /**
   * Namespace declarations in scope at one place, redeclared prefixes counted each time. 1 to 67,108,864; default: 128.
   */
  readonly maxDeclarationsInScope: number;
  /** Characters of the name of an element or attribute, with its prefix. 1 to 67,108,864; default: 256. */
  readonly maxNameChars: number;
  /** Characters of the value of an attribute or namespace declaration. 1 to 67,108,864; default: 8,192. */
  readonly maxValueChars: number;
  /** Characters of a namespace name, references replaced. 1 to 67,108,864; default: 512. */
  readonly namespaceChars: number;
  /**
   * Bytes of all canonical forms of a message together: at most so many times its own, and 64 KiB. 1 to 67,108,864;
   * default: 4.
   */
  readonly canonicalFactor: number;
}

/** As much as 64 MiB: beyond that a message is no message any more. */
const limit = (unit?: string) => wholeNumber(1, 64 * 1024 * 1024, unit);

/** Reads what is given of {@link Limits}. */
export const limitsField = object({
  maxBytes: {
    is: limit('bytes'),
    default: 1024 * 1024,
    means: 'Bytes of a message; characters of a text that is scanned alone.',
  },
  maxDepth: { is: limit(), default: 64, means: 'Depth of elements, the root being 1.' },
  maxNodes: {
    is: limit(),
    default: 50_000,
    means: 'Elements, attributes, namespace declarations, runs of text, comments and CDATA sections together.',
  },
  maxChildren: { is: limit(), default: 10_000, means: 'Child elements of one element.' },
  maxAttributes: { is: limit(), default: 64, means: 'Attributes of one element, without namespace declarations.' },
  maxDeclarations: { is: limit(), default: 32, means: 'Namespace declarations on one element.' },
  maxDeclarationsInScope: {
    is: limit(),
    default: 128,
    means: 'Namespace declarations in scope at one place, redeclared prefixes counted each time.',
  },
  maxNameChars: {
    is: limit('characters'),
    default: 256,
    means: 'Characters of the name of an element or attribute, with its prefix.',
  },
  maxValueChars: {
    is: limit('characters'),
    default: 8 * 1024,
    means: 'Characters of the value of an attribute or namespace declaration.',
  },
  namespaceChars: {
    is: limit('characters'),
    default: 512,
    means: 'Characters of a namespace name, references replaced.',
  },
  canonicalFactor: {
    is: limit(),
    default: 4,
    means: 'Bytes of all canonical forms of a message together: at most so many times its own, and 64 KiB.',
  },
} satisfies Describes<Partial<Limits>>);

/** The limits where nothing is said of them. */
export const defaultLimits: Limits = Object.freeze(limitsField.read({}, { of: 'limits', path: '' }));
