import { Refusal } from '../errors.ts';
import { fixedLimits, type Limits } from './limits.ts';

/** What a message that passed a limit is refused with, and what is said of it. */
interface Passed {
  /** Of the refusal, as the scanner and those behind it have it. */
  readonly reason: string;
  /** What there is too much of: `nodes`. */
  readonly counts: string;
}

/** More large messages than there may be wait, and none is refused. */
type RefusingLimit = Exclude<keyof Limits, 'maxLargeMessages'>;

/** By limit. */
const passed: Readonly<Record<RefusingLimit, Passed>> = {
  maxBytes: { reason: 'xml-bytes', counts: 'bytes' },
  maxDepth: { reason: 'xml-depth', counts: 'levels of elements' },
  maxNodes: { reason: 'xml-nodes', counts: 'elements, attributes, declarations, runs of text and comments together' },
  maxChildren: { reason: 'xml-children', counts: 'child elements in one element' },
  maxAttributes: { reason: 'xml-attributes', counts: 'attributes on one element' },
  maxDeclarations: { reason: 'xml-declarations', counts: 'namespace declarations on one element' },
  maxDeclarationsInScope: { reason: 'xml-declarations-in-scope', counts: 'namespace declarations in scope' },
  maxNameChars: { reason: 'xml-name-length', counts: 'characters in a name' },
  maxValueChars: { reason: 'xml-value-length', counts: "characters in an attribute's value" },
  namespaceChars: { reason: 'limit-namespace', counts: 'characters in a namespace name' },
  canonicalFactor: { reason: 'limit-canonical', counts: 'times its length in what its signatures cover' },
};

/** A limit that a message has passed. */
export interface PassedLimit {
  /** With what it is a member of: `limits.maxNodes`; undefined for one that no option raises. */
  readonly option: string | undefined;
  readonly value: number;
  /** `has more than 100,000 child elements in one element` */
  readonly problem: string;
  /** What to do, for who has the options. */
  readonly hint: string;
}

/** By the reason of the refusal. */
type Saying = (limits: Limits) => PassedLimit;

const ofLimits = Object.entries(passed).map(([name, { reason, counts }]): [string, Saying] => [
  reason,
  limits => saidOf(limits[name as RefusingLimit], counts, `limits.${name}`),
]);

const ofFixed = Object.values(fixedLimits).map(({ reason, counts, most }): [string, Saying] => [
  reason,
  () => saidOf(most, counts, undefined),
]);

const sayings: ReadonlyMap<string, Saying> = new Map([...ofLimits, ...ofFixed]);

/** What is said of more bytes than a message may have, where they were not kept. */
export function tooLong(maxBytes: number): PassedLimit {
  return saidOf(maxBytes, passed.maxBytes.counts, 'limits.maxBytes');
}

function saidOf(value: number, counts: string, option: string | undefined): PassedLimit {
  const named = option === undefined ? '' : ` (${option})`;
  return {
    option,
    value,
    problem: `has more than ${value.toLocaleString('en-US')} ${counts}${named}`,
    hint: option === undefined ? 'send less: no option raises this limit' : `send less, or raise ${option} here`,
  };
}

/** The limit that a message was refused for, or what it hid: a refusal that came of one names it as its cause. */
export function passedLimit(error: unknown, limits: Limits): PassedLimit | undefined {
  for (let at = error; at instanceof Refusal; at = at.cause) {
    const saying = sayings.get(at.reason);
    if (saying !== undefined) return saying(limits);
  }
  return undefined;
}

/**
 * The refusal of an answer, with a message that names the limit that it has passed; any other error as it is.
 * @param limits those that it was read by
 */
export function saidByLimit(error: unknown, limits: Limits): unknown {
  const limit = passedLimit(error, limits);
  if (!(error instanceof Refusal) || limit === undefined) return error;
  const { fault, reason, header } = error;
  return new Refusal(fault, reason, error, { header, message: `the answer ${limit.problem}`, hint: limit.hint });
}
