/** Where policies are found: by an id or a name, in the document that refers to them or in another one. */
import type { Document, Element } from '@xmldom/xmldom';
import { ConfigurationError } from '../errors.ts';
import { ns } from '../names.ts';
import { attributeOf, elementsWithin, expandedNameOf, failAt, fileOf, isNamed } from './document.ts';

export const policyNamespaces: readonly string[] = [ns.wsp200409, ns.wsp15];

export function isPolicyElement(element: Element, local: string): boolean {
  return policyNamespaces.some(namespace => isNamed(element, namespace, local));
}

/** A URI that refers to a policy, and the element that has it. */
export interface PolicyLink {
  readonly uri: string;
  readonly at: Element;
}

/** The URIs of one element: of a wsp:PolicyReference, or in wsp:PolicyURIs of any other. */
export function policyLinksAt(at: Element): PolicyLink[] {
  const uri = isPolicyElement(at, 'PolicyReference') ? attributeOf(at, '', 'URI') : undefined;
  const uris = policyNamespaces.flatMap(namespace => attributeOf(at, namespace, 'PolicyURIs')?.match(/\S+/g) ?? []);
  return [...uris, ...(uri === undefined ? [] : [uri])].map(each => ({ uri: each, at }));
}

/** Those of an element and of all in it. */
export function policyLinksWithin(element: Element): PolicyLink[] {
  return elementsWithin(element).flatMap(policyLinksAt);
}

/** The policy that a URI stands for, or why there is none. */
type Linked = { readonly policy: Element } | { readonly reason: string };

/** What the URIs in a document mean that are of no policy in it. */
const linked = new WeakMap<Document, Map<string, Linked>>();

/**
 * Follows the references to policies out of documents, and out of those that they lead to. One that leads nowhere is an
 * error only where its policy is asked for: a port that nobody wants may have it.
 * @param roots of the documents read so far
 * @param follow the root of the document at a location; undefined where there is none, or throws a ConfigurationError
 */
export function linkPolicies(
  roots: readonly Element[],
  follow: (location: string, at: Element) => Element | undefined,
): void {
  const documents = [...roots];
  for (const root of documents) {
    for (const link of policyLinksWithin(root)) {
      if (policyIn(root, link.uri) !== undefined) continue;
      const found = findElsewhere(link, documents, follow);
      remember(link, found);
      const other = 'policy' in found ? rootOf(found.policy) : root;
      if (!documents.includes(other)) documents.push(other);
    }
  }
}

function remember({ uri, at }: PolicyLink, found: Linked): void {
  const document = at.ownerDocument as Document;
  const known = linked.get(document) ?? new Map<string, Linked>();
  linked.set(document, known.set(uri, found));
}

/** By the name that a policy of any document has, else by the location of its document (RFC 3986 §4.2). */
function findElsewhere(
  { uri, at }: PolicyLink,
  documents: readonly Element[],
  follow: (location: string, at: Element) => Element | undefined,
): Linked {
  for (const root of uri.startsWith('#') ? [] : documents) {
    const policy = policyIn(root, uri);
    if (policy !== undefined) return { policy };
  }
  const [location = '', id] = uri.split(/#(.*)/s, 2);
  if (location === '') return { reason: `no policy ${uri} in this document` };
  try {
    const root = follow(location, at);
    if (root === undefined)
      return { reason: `the policy document ${location} is not followed: save it as a file, and refer to that` };
    return policyOf(root, id);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { reason: error.message };
  }
}

/** Without a fragment the policy is the document. */
function policyOf(root: Element, id: string | undefined): Linked {
  if (id === undefined) {
    if (isPolicyElement(root, 'Policy')) return { policy: root };
    return { reason: `${fileOf(root)} is no policy but ${expandedNameOf(root)}: name one in it by #id` };
  }
  const policy = policyIn(root, `#${id}`);
  return policy === undefined ? { reason: `no policy #${id} in ${fileOf(root)}` } : { policy };
}

/**
 * The policy that a URI stands for where it is used.
 * @throws {SecureConversationError} POLICY_INVALID with file and line of `at` when there is none.
 */
export function policyAt(uri: string, at: Element): Element {
  const found = policyFor(uri, at);
  return 'policy' in found ? found.policy : failAt('POLICY_INVALID', at, found.reason);
}

/** The same; undefined when there is none. */
export function findPolicy(uri: string, at: Element): Element | undefined {
  const found = policyFor(uri, at);
  return 'policy' in found ? found.policy : undefined;
}

function policyFor(uri: string, at: Element): Linked {
  const policy = policyIn(rootOf(at), uri);
  if (policy !== undefined) return { policy };
  const document = at.ownerDocument;
  const found = document === null ? undefined : linked.get(document)?.get(uri);
  return found ?? { reason: `no policy ${uri} in this document` };
}

function rootOf(element: Element): Element {
  return element.ownerDocument?.documentElement ?? element;
}

/** A policy of one document: `#id` (wsu:Id or xml:id), or the Name of a policy in it. */
function policyIn(root: Element, uri: string): Element | undefined {
  const index = indexes.get(root) ?? indexOf(root);
  indexes.set(root, index);
  return index.get(uri);
}

/** Policies by what they are referred to as, of documents that were read; a document does not change. */
const indexes = new WeakMap<Element, ReadonlyMap<string, Element>>();

function indexOf(root: Element): Map<string, Element> {
  const index = new Map<string, Element>();
  for (const policy of policiesIn(root)) {
    for (const name of namesOf(policy)) if (!index.has(name)) index.set(name, policy);
  }
  return index;
}

function policiesIn(root: Element): Element[] {
  const inside = policyNamespaces.flatMap(namespace => Array.from(root.getElementsByTagNameNS(namespace, 'Policy')));
  return isPolicyElement(root, 'Policy') ? [root, ...inside] : inside;
}

function namesOf(policy: Element): string[] {
  const ids = [attributeOf(policy, ns.wsu, 'Id'), attributeOf(policy, ns.xml, 'id')];
  const references = ids.flatMap(id => (id === undefined ? [] : [`#${id}`]));
  const name = attributeOf(policy, '', 'Name');
  return name === undefined ? references : [...references, name];
}
