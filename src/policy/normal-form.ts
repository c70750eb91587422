/**
 * WS-Policy (2004/09 and 1.5) policies in normal form: a choice between alternatives, each a plain list of assertions
 * (WS-Policy 1.5 §4.1, §4.3). Expansion is bounded in depth, alternatives and elements.
 */
import type { Element } from '@xmldom/xmldom';
import { attributeOf, childrenNamed, elementsOf, expandedNameOf, failAt, nameOf, placeOf } from './document.ts';
import type { QName } from './plan.ts';
import { isPolicyElement, policyAt, policyNamespaces } from './policy-documents.ts';

/** One assertion of an alternative. */
export interface Assertion {
  readonly name: QName;
  readonly element: Element;
  /** `file:line`. */
  readonly place: string;
  /** Its nested policy, expanded to one alternative; undefined when it has none. */
  readonly nested: Alternative | undefined;
  /** wsp:Ignorable: may be passed over by who does not know it. */
  readonly ignorable: boolean;
}

/** Assertions that hold together. */
export type Alternative = readonly Assertion[];

/** A policy in normal form: any of the alternatives will do; none of them means that nothing is admitted. */
export type NormalPolicy = readonly Alternative[];

/** Bounds of an expansion; a policy beyond them is refused as POLICY_INVALID. */
export const expansionLimits = { depth: 32, alternatives: 64, elements: 4096 } as const;

/** No policy: one alternative without assertions. */
export const noPolicy: NormalPolicy = [[]];

interface Expansion {
  /** Policies being expanded, against references in a circle. */
  readonly open: readonly Element[];
  readonly depth: number;
  /** Elements visited so far, each as often as it is referred to. */
  readonly visited: { elements: number };
}

/**
 * Normal form of what is attached to a policy subject: a wsp:Policy or a wsp:PolicyReference.
 * @throws {SecureConversationError} POLICY_INVALID with file and line.
 */
export function normalForm(attached: Element): NormalPolicy {
  const expansion = { open: [], depth: 0, visited: { elements: 0 } };
  return expand(attached, expansion);
}

/**
 * Merge of the policies of several subjects (WS-Policy 1.5 §4.3.5: all of them hold): every combination of their
 * alternatives.
 * @param at where the subject stands, for the error
 * @throws {SecureConversationError} POLICY_INVALID when there are too many combinations.
 */
export function merge(policies: readonly NormalPolicy[], at: Element): NormalPolicy {
  return policies.reduce((left, right) => {
    limitAlternatives(left.length * right.length, at);
    return left.flatMap(l => right.map(r => union(l, r)));
  }, noPolicy);
}

/** An assertion that reaches a subject twice (binding and port refer to one policy) counts once. */
function union(left: Alternative, right: Alternative): Alternative {
  return [...left, ...right.filter(assertion => !left.some(other => isSame(other, assertion)))];
}

function isSame(a: Assertion, b: Assertion): boolean {
  if (a.element !== b.element || a.nested?.length !== b.nested?.length) return false;
  return (a.nested ?? []).every((child, i) => isSame(child, b.nested?.[i] as Assertion));
}

function expand(element: Element, expansion: Expansion): NormalPolicy {
  if (expansion.depth > expansionLimits.depth) failAt('POLICY_INVALID', element, 'the policy is nested too deeply');
  expansion.visited.elements += 1;
  if (expansion.visited.elements > expansionLimits.elements) {
    failAt('POLICY_INVALID', element, `the policy expands to more than ${expansionLimits.elements} elements`);
  }
  const inner = { ...expansion, depth: expansion.depth + 1 };
  if (isPolicyElement(element, 'Policy')) return all(element, { ...inner, open: [...inner.open, element] });
  if (isPolicyElement(element, 'All')) return all(element, inner);
  if (isPolicyElement(element, 'ExactlyOne')) return exactlyOne(element, inner);
  if (isPolicyElement(element, 'PolicyReference')) return expand(referencedPolicy(element, inner), inner);
  if (policyNamespaces.includes(element.namespaceURI ?? '')) {
    failAt('POLICY_INVALID', element, `${expandedNameOf(element)} is not a policy operator`);
  }
  return expandAssertion(element, inner);
}

function all(element: Element, expansion: Expansion): NormalPolicy {
  return merge(
    elementsOf(element).map(child => expand(child, expansion)),
    element,
  );
}

function exactlyOne(element: Element, expansion: Expansion): NormalPolicy {
  const alternatives = elementsOf(element).flatMap(child => expand(child, expansion));
  limitAlternatives(alternatives.length, element);
  return alternatives;
}

function expandAssertion(element: Element, expansion: Expansion): NormalPolicy {
  const base = { name: nameOf(element), element, place: placeOf(element), ignorable: flagOf(element, 'Ignorable') };
  const present = nestedAlternatives(element, expansion).map(nested => [{ ...base, nested }]);
  return flagOf(element, 'Optional') ? [...present, []] : present;
}

/** A nested policy with several alternatives makes as many assertions (WS-Policy 1.5 §4.3.2). */
function nestedAlternatives(element: Element, expansion: Expansion): readonly (Alternative | undefined)[] {
  const policies = policyNamespaces.flatMap(namespace => childrenNamed(element, namespace, 'Policy'));
  const [nested, second] = policies;
  if (second !== undefined) failAt('POLICY_INVALID', second, `a second nested policy in ${expandedNameOf(element)}`);
  return nested === undefined ? [undefined] : expand(nested, expansion);
}

function flagOf(element: Element, local: string): boolean {
  const values = policyNamespaces.map(namespace => attributeOf(element, namespace, local)?.trim());
  return values.some(value => value === 'true' || value === '1');
}

function limitAlternatives(count: number, at: Element): void {
  if (count <= expansionLimits.alternatives) return;
  const hint = 'write the alternatives that you want one by one: each wsp:Optional doubles their number';
  failAt('POLICY_INVALID', at, `the policy expands to more than ${expansionLimits.alternatives} alternatives`, hint);
}

/** Policy behind a PolicyReference. */
function referencedPolicy(reference: Element, { open }: Expansion): Element {
  const uri = attributeOf(reference, '', 'URI') ?? failAt('POLICY_INVALID', reference, 'PolicyReference has no URI');
  const found = policyAt(uri, reference);
  if (open.includes(found)) failAt('POLICY_INVALID', reference, `policy ${uri} refers to itself`);
  return found;
}
