/**
 * How assertions are read: a vocabulary is a table from an assertion's name to the step that notes it in a draft. What
 * a table does not hold is refused with its name and place, so that nothing in a policy is ever passed over.
 */
import type { Element } from '@xmldom/xmldom';
import { ConfigurationError } from '../errors.ts';
import { expandedName, ns, wsamNamespaces, wsawNamespaces } from '../names.ts';
import { adviceFor } from './advice.ts';
import { elementsOf, expandedNameOf, failAt, nameOf } from './document.ts';
import type { Alternative, Assertion } from './normal-form.ts';
import { isPolicyElement } from './policy-documents.ts';

/** What is true of everything that belongs to one port. */
export interface Reading {
  /** Namespace of the version of WS-SecurityPolicy in use, set by the first assertion of one; a port keeps to one. */
  securityPolicy: string | undefined;
  /** Gathers all that is wrong, where somebody wants to know; undefined: the first is thrown. */
  readonly problems?: ConfigurationError[];
}

/**
 * Does a step whose failure need not keep others from being looked at. What fails after something in it was found wrong
 * is taken for a consequence of that.
 * @throws {SecureConversationError} what the step throws, where problems are not gathered
 */
export function attempt({ problems }: Pick<Reading, 'problems'>, step: () => void): void {
  const known = problems?.length;
  try {
    step();
  } catch (error) {
    if (problems === undefined || !(error instanceof ConfigurationError)) throw error;
    if (problems.length === known) problems.push(error);
  }
}

export type Step<D> = (draft: D, assertion: Assertion, reading: Reading) => void;

/**
 * `content` says what an assertion may hold: nothing, a nested policy that the step reads, or elements of its own (and
 * a nested policy) that the step reads.
 */
export interface Row<D> {
  readonly step: Step<D>;
  readonly content: 'empty' | 'policy' | 'elements';
}

/**
 * Rows by name: `sp:` stands for both versions of WS-SecurityPolicy, `sp11:` and `sp12:` for one; `wsaw:` and `wsam:`
 * stand for their drafts, too.
 */
export type Vocabulary<D> = Readonly<Record<string, Row<D>>>;

const securityPolicyVersions: readonly string[] = [ns.sp11, ns.sp12];

const prefixes: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  [ns.sp11, ['sp', 'sp11']],
  [ns.sp12, ['sp', 'sp12']],
  [ns.mssp, ['mssp']],
  ...wsawNamespaces.map(namespace => [namespace, ['wsaw']] as const),
  ...wsamNamespaces.map(namespace => [namespace, ['wsam']] as const),
  [ns.wsap200408, ['wsap']],
]);

/** Where each assertion is understood, by its name as rows have it. */
const understood = new Map<string, string[]>();

/** A vocabulary that is told of where its assertions stand in the wrong place. @param place what they may stand in */
export function vocabulary<D>(place: string, rows: Vocabulary<D>): Vocabulary<D> {
  for (const name of Object.keys(rows)) understood.set(name, [...(understood.get(name) ?? []), place]);
  return rows;
}

/** A row for an assertion without content. */
export function empty<D>(step: Step<D>): Row<D> {
  return { step, content: 'empty' };
}

/** A row for an assertion with a nested policy. */
export function nested<D>(step: Step<D>): Row<D> {
  return { step, content: 'policy' };
}

/** A row for an assertion with child elements of its own, which the step reads and checks. */
export function elements<D>(step: Step<D>): Row<D> {
  return { step, content: 'elements' };
}

/** A row for what needs nothing of us: we always do so, or never meet the case. */
export function noted<D>(): Row<D> {
  return empty(() => {});
}

/**
 * Notes every assertion of an alternative in the draft and returns it.
 * @throws {SecureConversationError} POLICY_UNSUPPORTED for an assertion that is not in the vocabulary, POLICY_INVALID
 * for a mix of SecurityPolicy versions; with the assertion's name, file and line.
 */
export function readAlternative<D>(
  rows: Vocabulary<D>,
  alternative: Alternative,
  draft: D,
  reading: Reading,
  place: string,
): D {
  for (const assertion of alternative) attempt(reading, () => readAssertion(rows, assertion, draft, reading, place));
  return draft;
}

function readAssertion<D>(rows: Vocabulary<D>, assertion: Assertion, draft: D, reading: Reading, place: string): void {
  const row = rowOf(rows, assertion);
  if (row === undefined && assertion.ignorable) return;
  if (row === undefined) misplaced(assertion, place);
  noteVersion(assertion, reading);
  checkContent(row, assertion);
  row.step(draft, assertion, reading);
}

/** What is understood elsewhere is refused for its place. */
function misplaced(assertion: Assertion, place: string): never {
  const places = [...new Set(namesOf(assertion).flatMap(name => understood.get(name) ?? []))];
  if (places.length === 0) unsupported(assertion);
  const text = `${expandedNameOf(assertion.element)} is not implemented in ${place}`;
  return failAt('POLICY_UNSUPPORTED', assertion.element, text, `it is understood in: ${places.join('; ')}`);
}

/** Same for the policy nested in an assertion; one without a nested policy has no assertions. */
export function readNested<D>(rows: Vocabulary<D>, assertion: Assertion, draft: D, reading: Reading): D {
  return readAlternative(rows, assertion.nested ?? [], draft, reading, assertion.name.local);
}

/** @throws {SecureConversationError} POLICY_UNSUPPORTED, always. `what` narrows it down to a value of the assertion. */
export function unsupported(assertion: { readonly element: Element }, what = ''): never {
  const { element } = assertion;
  const text = `${expandedNameOf(element)}${what === '' ? '' : ` ${what}`} is not implemented`;
  return failAt('POLICY_UNSUPPORTED', element, text, adviceFor(nameOf(element).local, what));
}

/** @throws {SecureConversationError} POLICY_INVALID, always. */
export function invalid(assertion: { readonly element: Element }, text: string): never {
  return failAt('POLICY_INVALID', assertion.element, `${expandedNameOf(assertion.element)} ${text}`);
}

function rowOf<D>(rows: Vocabulary<D>, assertion: Assertion): Row<D> | undefined {
  return namesOf(assertion)
    .filter(key => Object.hasOwn(rows, key))
    .map(key => rows[key])[0];
}

function namesOf({ name }: Assertion): string[] {
  return (prefixes.get(name.namespace) ?? []).map(prefix => `${prefix}:${name.local}`);
}

function noteVersion(assertion: Assertion, reading: Reading): void {
  const version = assertion.name.namespace;
  if (!securityPolicyVersions.includes(version)) return;
  reading.securityPolicy ??= version;
  if (reading.securityPolicy === version) return;
  const other = expandedName(reading.securityPolicy, '*');
  invalid(assertion, `stands beside assertions ${other}: two versions of WS-SecurityPolicy in one port`);
}

function checkContent<D>(row: Row<D>, assertion: Assertion): void {
  if (row.content === 'elements') return;
  const foreign = elementsOf(assertion.element).find(child => !isPolicyElement(child, 'Policy'));
  if (foreign !== undefined) unsupported({ element: foreign });
  const [inner] = assertion.nested ?? [];
  if (row.content === 'empty' && inner !== undefined) unsupported(inner);
}
