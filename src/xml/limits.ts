/** Limits that a message keeps; one that passes a limit is refused as soon as the reader gets there. */
import { type Describes, type Field, object, wholeNumber } from '../fields.ts';

/** Lengths in characters are UTF-16 code units of the text as written. */
export interface Limits {
  /** Bytes of a message; characters of a text that is scanned alone. 1 to 268,435,456; default: 2,097,152. */
  readonly maxBytes: number;
  /**
   * Depth of elements, the root being 1. 1 to 67,108,864; default: 64. A fragment goes on at the depth of its parent.
   */
  readonly maxDepth: number;
  /**
   * Elements, attributes, namespace declarations, runs of text, comments and CDATA sections together. 1 to 67,108,864;
   * default: 50,000 for each MiB of `maxBytes`, and at least 50,000. Each of them takes memory, and may be written in
   * five characters.
   */
  readonly maxNodes: number;
  /**
   * Child elements of one element. 1 to 67,108,864; default: 10,000 for each MiB of `maxBytes`, and at least 10,000.
   */
  readonly maxChildren: number;
  /** Attributes of one element, without namespace declarations. 1 to 67,108,864; default: 64. */
  readonly maxAttributes: number;
  /** Namespace declarations on one element. 1 to 67,108,864; default: 32. */
  readonly maxDeclarations: number;
  /**
   * Namespace declarations in scope at one place, redeclared prefixes counted each time. 1 to 67,108,864; default:
   * 128.
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
  /** Messages of more than 4 MiB that are worked on at once; further ones wait. 1 to 1,000; default: 1. */
  readonly maxLargeMessages: number;
}

const mib = 1024 * 1024;

/** A text of JavaScript has room for twice as much, which what is encrypted and written in base64 needs. */
const bytes = wholeNumber(1, 256 * mib, 'bytes');
const limit = (unit?: string) => wholeNumber(1, 64 * mib, unit);

/** What a limit is for each MiB of `maxBytes`, where it is not given: what one byte may cost stays the same. */
const perMib = { maxNodes: 50_000, maxChildren: 10_000 } as const;
type Growing = keyof typeof perMib;

/** How the default of one that grows is documented. */
const grows = (name: Growing) => {
  // Not by toLocaleString, whose first use takes longer than all else that is loaded.
  const count = `${perMib[name] / 1_000},000`;
  return `${count} for each MiB of \`maxBytes\`, and at least ${count}`;
};

const given = object({
  maxBytes: {
    is: bytes,
    default: 2 * mib,
    means: 'Bytes of a message; characters of a text that is scanned alone.',
  },
  maxDepth: { is: limit(), default: 64, means: 'Depth of elements, the root being 1.' },
  maxNodes: {
    is: limit(),
    without: grows('maxNodes'),
    means: 'Elements, attributes, namespace declarations, runs of text, comments and CDATA sections together.',
  },
  maxChildren: { is: limit(), without: grows('maxChildren'), means: 'Child elements of one element.' },
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
  maxLargeMessages: {
    is: wholeNumber(1, 1_000),
    default: 1,
    means: 'Messages of more than 4 MiB that are worked on at once; further ones wait.',
  },
} satisfies Describes<Partial<Limits>>);

/** Reads what is given of {@link Limits}, for messages that are received: by a service, or as answers by a client. */
export const limitsField: Field<Limits, Partial<Limits>> & Pick<typeof given, 'members'> = {
  type: given.type,
  members: given.members,
  read(value, place) {
    const read = given.read(value, place);
    return Object.freeze({
      ...read,
      maxNodes: read.maxNodes ?? grown('maxNodes', read.maxBytes),
      maxChildren: read.maxChildren ?? grown('maxChildren', read.maxBytes),
    });
  },
};

function grown(name: Growing, maxBytes: number): number {
  return Math.ceil(perMib[name] * Math.max(1, maxBytes / mib));
}

/** The limits where nothing is said of them. */
export const defaultLimits: Limits = limitsField.read({}, { of: 'limits', path: '' });

/** A limit that is the same for all messages, and how one that passes it is refused. */
export interface FixedLimit {
  readonly most: number;
  readonly reason: string;
  /** What there is too much of. */
  readonly counts: string;
}

/** What comes before anybody is known, and what no honest message needs more of. */
export const fixedLimits = {
  /** What has to be looked through before it is known who sent a message. */
  headerChars: { most: 64 * 1024, reason: 'header-size', counts: 'characters before its Body' },
  /** Bootstraps, renewals and Cancels. */
  tokenRequestBytes: { most: 64 * 1024, reason: 'rst-bytes', counts: 'bytes, for one that is about a token' },
} as const satisfies Readonly<Record<string, FixedLimit>>;
