/** Policies of a published WSDL that stand in other documents: each gets an id and a copy in the one document. */
import type { Element } from '@xmldom/xmldom';
import { ns } from '../names.ts';
import { attributeOf, elementsWithin, redeclare } from './document.ts';
import { findPolicy, policyLinksAt, policyNamespaces } from './policy-documents.ts';

/** The policies that are to be copied, in the order in which they were met, with their ids there. */
export interface InlinedPolicies {
  readonly ids: Map<Element, string>;
  /** What no id of the published documents begins with. */
  readonly prefix: string;
  /** Documents whose own policies are published where they stand. */
  readonly published: readonly Element[];
}

/** @param documents roots of the WSDL documents that are published as one */
export function inlinedPolicies(documents: readonly Element[]): InlinedPolicies {
  const ids = documents.flatMap(root => elementsWithin(root).map(idOf));
  let prefix = 'policy-';
  while (ids.some(id => id?.startsWith(prefix))) prefix = `other-${prefix}`;
  return { ids: new Map(), prefix, published: documents };
}

/**
 * In a copy, references to policies of other documents become references to what they are copied as. References that
 * lead nowhere stay as they are: a port that nobody asked for may have them.
 */
export function movePolicyLinks(inlined: InlinedPolicies, original: Element, copy: Element): void {
  const copies = elementsWithin(copy);
  elementsWithin(original).forEach((element, index) => {
    const target = copies[index] as Element;
    for (const { uri } of policyLinksAt(element)) {
      const policy = findPolicy(uri, element);
      if (policy !== undefined && !isOwn(inlined, policy, element)) replaceUri(target, uri, idFor(inlined, policy));
    }
  });
}

/** Whether a published document refers to a policy of its own, which keeps its id or name. */
function isOwn({ published }: InlinedPolicies, policy: Element, at: Element): boolean {
  const root = at.ownerDocument?.documentElement;
  return policy.ownerDocument === at.ownerDocument && published.some(document => document === root);
}

function idFor({ ids, prefix, published }: InlinedPolicies, policy: Element): string {
  const isPublished = published.some(root => root === policy.ownerDocument?.documentElement);
  const own = isPublished ? idOf(policy) : undefined;
  if (own !== undefined) return own;
  const id = ids.get(policy) ?? `${prefix}${ids.size + 1}`;
  ids.set(policy, id);
  return id;
}

function replaceUri(copy: Element, uri: string, id: string): void {
  if (attributeOf(copy, '', 'URI') === uri) copy.setAttribute('URI', `#${id}`);
  for (const namespace of policyNamespaces) {
    const attribute = copy.getAttributeNodeNS(namespace, 'PolicyURIs');
    if (attribute === null) continue;
    const uris = attribute.value.match(/\S+/g) ?? [];
    copy.setAttributeNS(namespace, attribute.name, uris.map(each => (each === uri ? `#${id}` : each)).join(' '));
  }
}

/** Puts the copies at the head of the published document, with those that they refer to. */
export function inlinePolicies(inlined: InlinedPolicies, root: Element): void {
  const head = root.firstChild;
  for (const [policy, id] of inlined.ids) {
    const copy = policy.cloneNode(true) as Element;
    redeclare(policy, copy, root);
    for (const element of elementsWithin(copy)) dropIds(element);
    copy.setAttributeNS(ns.wsu, 'wsu:Id', id);
    movePolicyLinks(inlined, policy, copy);
    root.insertBefore(copy, head);
  }
}

/** What was referred to by them is referred to by the ids of the copies. */
function dropIds(element: Element): void {
  element.removeAttributeNS(ns.wsu, 'Id');
  element.removeAttributeNS(ns.xml, 'id');
}

function idOf(element: Element): string | undefined {
  return attributeOf(element, ns.wsu, 'Id') ?? attributeOf(element, ns.xml, 'id');
}
