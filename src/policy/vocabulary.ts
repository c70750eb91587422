/**
 * How assertions are read: a vocabulary is a table from an assertion's name to the step that notes it in a draft. What
 * a table does not hold is refused with its name and place, so that nothing in a policy is ever passed over.
 */
import type { Element } from '@xmldom/xmldom';
import { expandedName, ns } from '../names.ts';
import { elementsOf, expandedNameOf, failAt } from './document.ts';
import { type Alternative, type Assertion, isPolicyElement } from './normal-form.ts';

/** What is true of everything that belongs to one port. */
export interface Reading {
  /** Namespace of the version of WS-SecurityPolicy in use, set by the first assertion of one; a port keeps to one. */
  securityPolicy: string | undefined;
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

/** Rows by name: `sp:` stands for both versions of WS-SecurityPolicy, `sp11:` and `sp12:` for one. */
export type Vocabulary<D> = Readonly<Record<string, Row<D>>>;

const securityPolicyVersions: readonly string[] = [ns.sp11, ns.sp12];

const prefixes: ReadonlyMap<string, readonly string[]> = new Map([
  [ns.sp11, ['sp', 'sp11']],
  [ns.sp12, ['sp', 'sp12']],
  [ns.mssp, ['mssp']],
  [ns.wsaw, ['wsaw']],
  [ns.wsam, ['wsam']],
  [ns.wsap200408, ['wsap']],
]);

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
export function readAlternative<D>(vocabulary: Vocabulary<D>, alternative: Alternative, draft: D, reading: Reading): D {
  for (const assertion of alternative) {
    const row = rowOf(vocabulary, assertion);
    if (row === undefined && assertion.ignorable) continue;
    if (row === undefined) unsupported(assertion);
    noteVersion(assertion, reading);
    checkContent(row, assertion);
    row.step(draft, assertion, reading);
  }
  return draft;
}

/** Same for the policy nested in an assertion; one without a nested policy has no assertions. */
export function readNested<D>(vocabulary: Vocabulary<D>, assertion: Assertion, draft: D, reading: Reading): D {
  return readAlternative(vocabulary, assertion.nested ?? [], draft, reading);
}

/** @throws {SecureConversationError} POLICY_UNSUPPORTED, always. `what` narrows it down to a value of the assertion. */
export function unsupported(assertion: { readonly element: Element }, what = ''): never {
  const name = expandedNameOf(assertion.element);
  return failAt('POLICY_UNSUPPORTED', assertion.element, `${name}${what === '' ? '' : ` ${what}`} is not implemented`);
}

/** @throws {SecureConversationError} POLICY_INVALID, always. */
export function invalid(assertion: { readonly element: Element }, text: string): never {
  return failAt('POLICY_INVALID', assertion.element, `${expandedNameOf(assertion.element)} ${text}`);
}

function rowOf<D>(vocabulary: Vocabulary<D>, { name }: Assertion): Row<D> | undefined {
  const keys = (prefixes.get(name.namespace) ?? []).map(prefix => `${prefix}:${name.local}`);
  return keys.filter(key => Object.hasOwn(vocabulary, key)).map(key => vocabulary[key])[0];
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
