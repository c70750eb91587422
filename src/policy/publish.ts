/**
 * The WSDL as it is published: one document, whatever files it came from, with the addresses of the node that is asked.
 */
import type { Element, Node } from '@xmldom/xmldom';
import { ConfigurationError } from '../errors.ts';
import { ns } from '../names.ts';
import { splitQualifiedName } from '../xml/characters.ts';
import {
  attributeOf,
  elementsOf,
  elementsWithin,
  failAt,
  isElement,
  isNamed,
  qnameOf,
  redeclare,
  requiredAttribute,
} from './document.ts';
import { policyAt, policyLinksWithin } from './policy-documents.ts';
import { type InlinedPolicies, inlinedPolicies, inlinePolicies, movePolicyLinks } from './publish-policies.ts';
import { inlineSchemas } from './publish-schemas.ts';
import { fillTemplate, makeTemplate, type PortFacts, type Template } from './publish-template.ts';
import { type ComponentKind, componentNamed, componentOf, portNamed, type Wsdl, type WsdlPort } from './wsdl.ts';

export interface PublishOptions extends PortFacts {
  /** Names of the ports to publish; default: all. */
  readonly ports?: readonly string[];
}

/** Attributes that name a component, by the local name of their element. */
const references: Readonly<Record<string, readonly [attribute: string, kind: ComponentKind]>> = {
  port: ['binding', 'binding'],
  binding: ['type', 'portType'],
  input: ['message', 'message'],
  output: ['message', 'message'],
  fault: ['message', 'message'],
  header: ['message', 'message'],
  headerfault: ['message', 'message'],
};

/** Top-level elements that are left out where only some ports are asked for and none of these uses them. */
const droppable: readonly string[] = ['Policy', 'binding', 'service'];

/**
 * Text of the WSDL as one document: imported documents and schemas are inlined, under the target namespace of the
 * service, and with `ports` only these ports are left, with their bindings and policies. The document is made once for
 * each choice of ports; after that a call only puts the addresses and the certificates in.
 * @throws {SecureConversationError} WSDL_INVALID when there is no such port, or two documents use one name for two
 * things.
 */
export function wsdlFor(wsdl: Wsdl, options: PublishOptions = {}): string {
  return fillTemplate(templateOf(wsdl, options.ports), options);
}

const templates = new WeakMap<Wsdl, Map<string, Template>>();

function templateOf(wsdl: Wsdl, ports: readonly string[] | undefined): Template {
  const made = templates.get(wsdl) ?? new Map<string, Template>();
  templates.set(wsdl, made);
  const key = ports?.join(' ') ?? '*';
  const template = made.get(key) ?? makeTemplate(publishedDocument(wsdl, ports));
  made.set(key, template);
  return template;
}

function publishedDocument(wsdl: Wsdl, names: readonly string[] | undefined): Element {
  const ports = (names ?? wsdl.ports.map(port => port.name)).map(name => portNamed(wsdl, name));
  const [first] = ports;
  if (first === undefined) throw new ConfigurationError('WSDL_INVALID', `${wsdl.name}: no port`);
  const home = first.serviceElement.parentNode as Element;
  const documents = [home, ...wsdl.definitions.filter(root => root !== home)];
  const publication: Publication = {
    wsdl,
    namespace: attributeOf(home, '', 'targetNamespace') ?? '',
    root: home.cloneNode(false) as Element,
    kept: names === undefined ? undefined : usedBy(wsdl, ports),
    taken: new Map(),
    policies: inlinedPolicies(documents),
  };
  for (const document of documents) publishDocument(publication, document, document === home);
  inlineSchemas(wsdl, documents, publication.root);
  inlinePolicies(publication.policies, publication.root);
  return publication.root;
}

interface Publication {
  readonly wsdl: Wsdl;
  /** Target namespace of the published document. */
  readonly namespace: string;
  /** The published wsdl:definitions. */
  readonly root: Element;
  /** What the wanted ports use (and they themselves); undefined for everything. */
  readonly kept: ReadonlySet<Element> | undefined;
  /** Names given away so far. */
  readonly taken: Map<string, Element>;
  readonly policies: InlinedPolicies;
}

/** Ports, services, bindings and, through whatever they refer to, policies. */
function usedBy(wsdl: Wsdl, ports: readonly WsdlPort[]): Set<Element> {
  const bindings = ports.map(port => componentOf(wsdl, 'binding', port.element, 'binding'));
  const portTypes = bindings.map(binding => componentOf(wsdl, 'portType', binding, 'type'));
  const owners = ports.flatMap(port => [port.element, port.serviceElement]);
  const used = new Set<Element>([...owners, ...bindings]);
  const inServices = [...new Set(ports.map(port => port.serviceElement))].flatMap(elementsOf).filter(e => !isPort(e));
  const sources = [
    ...ports.map(port => port.element),
    ...inServices,
    ...bindings,
    ...portTypes,
    ...wsdl.components.message.values(),
  ];
  for (const source of sources) {
    for (const policy of policiesWithin(source)) {
      if (used.has(policy)) continue;
      used.add(policy);
      sources.push(policy);
    }
  }
  return used;
}

/** The policies that an element and everything in it refer to. */
function policiesWithin(element: Element): Element[] {
  return policyLinksWithin(element).map(({ uri, at }) => policyAt(uri, at));
}

/** Copies what is published of one document; comments and white space stay with the element that follows them. */
function publishDocument(publication: Publication, document: Element, isHome: boolean): void {
  let pending: Node[] = [];
  for (const node of Array.from(document.childNodes)) {
    pending.push(node);
    if (!isElement(node)) continue;
    if (isPublished(publication, node, isHome)) {
      for (const each of pending) publication.root.appendChild(copyOf(publication, each, isHome));
    }
    pending = [];
  }
  if (isHome) for (const each of pending) publication.root.appendChild(each.cloneNode(true));
}

function isPublished({ kept }: Publication, element: Element, isHome: boolean): boolean {
  if (isNamed(element, ns.wsdl, 'import')) return false;
  if (isNamed(element, ns.wsdl, 'types')) return isHome;
  return kept === undefined || !droppable.includes(element.localName ?? '') || kept.has(element);
}

function copyOf(publication: Publication, node: Node, isHome: boolean): Node {
  const copy = node.cloneNode(true);
  if (!isElement(node) || !isElement(copy)) return copy;
  claimName(publication.taken, node);
  if (!isHome) redeclare(node, copy, publication.root);
  moveReferences(publication, node, copy);
  if (!isHome) moveSchemaNames(publication.root, node, copy);
  movePolicyLinks(publication.policies, node, copy);
  if (isNamed(node, ns.wsdl, 'service')) keepPorts(publication, node, copy);
  return copy;
}

function claimName(taken: Map<string, Element>, element: Element): void {
  const name = attributeOf(element, '', 'name') ?? attributeOf(element, ns.wsu, 'Id');
  if (name === undefined) return;
  const key = `${element.localName} ${name}`;
  const other = taken.get(key);
  if (other !== undefined) failAt('WSDL_INVALID', element, `a second ${key}: the documents cannot be published as one`);
  taken.set(key, element);
}

/** References to components that came from another target namespace now name them in the published one. */
function moveReferences(publication: Publication, original: Element, copy: Element): void {
  const copies = elementsWithin(copy);
  elementsWithin(original).forEach((element, index) => {
    const [attribute, kind] = references[element.localName ?? ''] ?? [];
    if (attribute === undefined || kind === undefined || !element.hasAttribute(attribute)) return;
    const name = qnameOf(element, attribute);
    if (name.namespace === publication.namespace) return;
    componentNamed(publication.wsdl, kind, name, element);
    (copies[index] as Element).setAttribute(attribute, `${homePrefix(publication.root)}:${name.local}`);
  });
}

/**
 * Names of schemas whose prefix means something else at the root get one that is declared there: some readers, such as
 * node-soap, look up no other declarations.
 */
function moveSchemaNames(root: Element, original: Element, copy: Element): void {
  const copies = elementsWithin(copy);
  elementsWithin(original).forEach((element, index) => {
    if (!isNamed(element, ns.wsdl, 'part')) return;
    for (const attribute of ['element', 'type'].filter(name => element.hasAttribute(name))) {
      const { prefix = null } = splitQualifiedName(requiredAttribute(element, attribute).trim());
      const { namespace, local } = qnameOf(element, attribute);
      if (namespace === '' || root.lookupNamespaceURI(prefix as string) === namespace) continue;
      (copies[index] as Element).setAttribute(attribute, `${publishedPrefix(root, namespace)}:${local}`);
    }
  });
}

/** A prefix for the published target namespace that no document uses for something else. */
function homePrefix(root: Element): string {
  return publishedPrefix(root, requiredAttribute(root, 'targetNamespace'));
}

/** A prefix for a namespace that is declared at the root, and that no document uses for something else. */
function publishedPrefix(root: Element, namespace: string): string {
  for (let n = 1; ; n += 1) {
    const prefix = n === 1 ? 'published' : `published${n}`;
    const declared = attributeOf(root, ns.xmlns, prefix);
    if (declared === undefined) root.setAttributeNS(ns.xmlns, `xmlns:${prefix}`, namespace);
    if (declared === undefined || declared === namespace) return prefix;
  }
}

function keepPorts({ kept }: Publication, original: Element, copy: Element): void {
  if (kept === undefined) return;
  const copies = elementsOf(copy);
  elementsOf(original).forEach((element, index) => {
    const child = copies[index] as Element;
    if (!isPort(element) || kept.has(element)) return;
    while (child.previousSibling !== null && !isElement(child.previousSibling)) copy.removeChild(child.previousSibling);
    copy.removeChild(child);
  });
}

function isPort(element: Element): boolean {
  return isNamed(element, ns.wsdl, 'port');
}
