/** A WSDL 1.1 description: its documents, followed through imports, and the components in them by name. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Element } from '@xmldom/xmldom';
import { ConfigurationError } from '../errors.ts';
import { expandedName, ns } from '../names.ts';
import {
  attributeOf,
  childNamed,
  childrenNamed,
  type DocumentText,
  elementsOf,
  expandedNameOf,
  failAt,
  fileOf,
  isNamed,
  parseDocument,
  qnameOf,
  readDocumentText,
  requiredAttribute,
} from './document.ts';
import type { QName } from './plan.ts';
import { linkPolicies } from './policy-documents.ts';

/** One wsdl:port. Its binding is looked up only when the port is asked for. */
export interface WsdlPort {
  readonly name: string;
  readonly service: QName;
  readonly element: Element;
  readonly serviceElement: Element;
}

/** What can be referred to by a qualified name. */
export type ComponentKind = 'message' | 'portType' | 'binding' | 'service';

export interface Wsdl {
  /** File or URL of the document that was asked for. */
  readonly name: string;
  /** The document that was asked for, as it was read. */
  readonly text: string;
  /** Root elements of all WSDL documents, the one that was asked for first. */
  readonly definitions: readonly Element[];
  /** Root elements of the schemas in files of their own. */
  readonly schemas: readonly Element[];
  /** Texts of the documents that were read in the place of addresses, by address. */
  readonly texts: ReadonlyMap<string, string>;
  /** The schema document behind each xsd:import, xsd:include and xsd:redefine that was followed. */
  readonly schemaOf: ReadonlyMap<Element, Element>;
  readonly components: Readonly<Record<ComponentKind, ReadonlyMap<string, Element>>>;
  readonly ports: readonly WsdlPort[];
  /** Names of the ports that may be without any security, as their user says. */
  readonly unprotectedPorts: ReadonlySet<string>;
}

/**
 * Finds the document behind a location: `from` is the name of the document that refers to it. Undefined when there is
 * none: a wsdl:import is then refused, and a schema is left out (a plan needs none).
 */
export type Locate = (location: string, from: string, kind: DocumentKind) => DocumentText | undefined;

/** What a document is read for: `policy` for the policies in it, whatever it is besides. */
export type DocumentKind = 'wsdl' | 'xsd' | 'policy';

const maxDocuments = 64;

const componentKinds: readonly ComponentKind[] = ['message', 'portType', 'binding', 'service'];

const schemaLinks = new Set(['import', 'include', 'redefine']);

/**
 * Reads a WSDL file and what it imports. Locations are relative file paths; nothing is fetched over the network. In
 * place of an `http(s)` location stands a file saved beside the importing one, named as the query says: `…?wsdl=wsdl0`
 * is `wsdl0.wsdl`.
 * @throws {SecureConversationError} WSDL_INVALID with file and line.
 */
export function readWsdl(file: string): Wsdl {
  return parseWsdl(readDocumentText(file), locateFile);
}

/**
 * Reads a WSDL that is at hand as text.
 * @param source text, and the file or URL that errors name
 * @param locate finds imported documents; without it a wsdl:import is refused
 * @throws {SecureConversationError} WSDL_INVALID with file and line.
 */
export function parseWsdl(source: DocumentText, locate: Locate = () => undefined): Wsdl {
  const documents = readDocuments(source, locate);
  const components = readComponents(documents.definitions);
  const ports = Array.from(components.service.values()).flatMap(readPorts);
  return { name: source.name, text: source.text, ...documents, components, ports, unprotectedPorts: new Set() };
}

/** @throws {SecureConversationError} WSDL_INVALID when the component is not in any document. */
export function componentNamed(wsdl: Wsdl, kind: ComponentKind, name: QName, at: Element): Element {
  const found = wsdl.components[kind].get(expandedName(name.namespace, name.local));
  return found ?? failAt('WSDL_INVALID', at, `no ${kind} ${expandedName(name.namespace, name.local)}`);
}

/** The component that an attribute of `at` names (`binding` of a port, `type` of a binding, `message` of an input). */
export function componentOf(wsdl: Wsdl, kind: ComponentKind, at: Element, attribute: string): Element {
  return componentNamed(wsdl, kind, qnameOf(at, attribute), at);
}

/** @throws {SecureConversationError} WSDL_INVALID when the WSDL has no such port, or two of that name. */
export function portNamed(wsdl: Wsdl, name: string): WsdlPort {
  const [port, second] = wsdl.ports.filter(candidate => candidate.name === name);
  if (second !== undefined) failAt('WSDL_INVALID', second.element, `a second port ${name}`);
  if (port !== undefined) return port;
  const names = wsdl.ports.map(candidate => candidate.name).join(', ') || 'none';
  throw new ConfigurationError('WSDL_INVALID', `${wsdl.name}: no port ${name} (ports: ${names})`);
}

/** Finds a document by its path, or saved beside the one that refers to it. */
export function locateFile(location: string, from: string, kind: DocumentKind): DocumentText | undefined {
  const file = isUrl(location) ? fileBeside(location, from, kind) : relativeFile(location, from);
  return file === undefined ? undefined : readDocumentText(file);
}

function relativeFile(location: string, from: string): string {
  return isAbsolute(location) ? location : join(dirname(from), location);
}

function fileBeside(location: string, from: string, kind: DocumentKind): string | undefined {
  const name = URL.canParse(location) ? (new URL(location).searchParams.get(kind) ?? '') : '';
  const file = join(dirname(from), `${name}.${kind}`);
  return /^[\w-]+$/.test(name) && existsSync(file) ? file : undefined;
}

interface Documents {
  readonly definitions: readonly Element[];
  readonly schemas: readonly Element[];
  readonly schemaOf: ReadonlyMap<Element, Element>;
  readonly texts: ReadonlyMap<string, string>;
}

/** What each kind of document starts with, and the attribute that refers to one. */
const documentKinds = {
  wsdl: { namespace: ns.wsdl, root: 'definitions', location: 'location' },
  xsd: { namespace: ns.xsd, root: 'schema', location: 'schemaLocation' },
} as const;

interface Reading {
  readonly locate: Locate;
  /** Roots of the documents read so far, by file or URL: each is read once, so a loop of imports ends. */
  readonly read: Map<string, Element>;
  readonly texts: Map<string, string>;
}

function readDocuments(source: DocumentText, locate: Locate): Documents {
  const root = readRoot(source, 'wsdl');
  const texts = new Map<string, string>();
  const reading = { locate, read: new Map([[keyOf(source.name), root]]), texts };
  const definitions = readImports(root, reading);
  const schemaOf = new Map<Element, Element>();
  const inTypes = definitions.flatMap(writtenSchemas);
  const schemas = readSchemas(inTypes, reading, schemaOf).slice(inTypes.length);
  linkPolicies(definitions, (location, at) => followPolicy(location, at, reading));
  return { definitions, schemas, schemaOf, texts };
}

function readImports(root: Element, reading: Reading): Element[] {
  const definitions = [root];
  for (const document of definitions) {
    for (const at of childrenNamed(document, ns.wsdl, 'import')) {
      const imported = follow(at, 'wsdl', reading);
      if (imported === undefined) requireReadNamespace(at, definitions);
      else if (!definitions.includes(imported)) definitions.push(imported);
    }
  }
  return definitions;
}

function readSchemas(inTypes: readonly Element[], reading: Reading, schemaOf: Map<Element, Element>): Element[] {
  const schemas = [...inTypes];
  for (const schema of schemas) {
    for (const at of elementsOf(schema).filter(isSchemaLink)) {
      const linked = follow(at, 'xsd', reading);
      if (linked === undefined) continue;
      schemaOf.set(at, linked);
      if (!schemas.includes(linked)) schemas.push(linked);
    }
  }
  return schemas;
}

/** Root of the document that an import refers to. One that can't be had is refused there. */
function follow(at: Element, kind: 'wsdl' | 'xsd', reading: Reading): Element | undefined {
  const location = requiredAttribute(at, documentKinds[kind].location);
  let text: DocumentText | undefined;
  try {
    text = locateNext(location, at, kind, reading);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return failAt(error.code, at, error.message);
  }
  return text && rootOf(text, kind, reading);
}

/** The text behind a location, if there is room for one more document. */
function locateNext(location: string, at: Element, kind: DocumentKind, reading: Reading): DocumentText | undefined {
  const from = fileOf(at);
  const text = reading.locate(location, from, kind);
  if (text === undefined) return undefined;
  const address = addressOf(location, from);
  if (address !== undefined) reading.texts.set(address.href, text.text);
  if (reading.read.has(keyOf(text.name)) || reading.read.size < maxDocuments) return text;
  throw new ConfigurationError('WSDL_INVALID', `more than ${maxDocuments} documents`);
}

/** Root of a document, read now or before. */
function rootOf(text: DocumentText, kind: DocumentKind, { read }: Reading): Element {
  const key = keyOf(text.name);
  const root = read.get(key) ?? readRoot(text, kind);
  read.set(key, root);
  return root;
}

function followPolicy(location: string, at: Element, reading: Reading): Element | undefined {
  const text = locateNext(location, at, 'policy', reading);
  return text && rootOf(text, 'policy', reading);
}

function keyOf(name: string): string {
  return isUrl(name) ? name : resolve(name);
}

/**
 * The address that a location in a document means, without its fragment; undefined for a file.
 * @param from name of the document
 */
export function addressOf(location: string, from: string): URL | undefined {
  const base = isUrl(from) ? from : undefined;
  if ((base === undefined && !isUrl(location)) || !URL.canParse(location, base)) return undefined;
  const address = new URL(location, base);
  address.hash = '';
  return address;
}

/** Two letters at least, so that a drive letter is not taken for a scheme. */
export function isUrl(name: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(name);
}

/**
 * An import without a document of its own is in order when its namespace is that of a document already read (servers
 * import back so).
 */
function requireReadNamespace(at: Element, definitions: readonly Element[]): void {
  const namespace = attributeOf(at, '', 'namespace');
  if (definitions.some(root => attributeOf(root, '', 'targetNamespace') === namespace)) return;
  failAt(
    'WSDL_INVALID',
    at,
    `the import of ${attributeOf(at, '', 'location')} is not followed: save it beside this file`,
  );
}

function readRoot(text: DocumentText, kind: DocumentKind): Element {
  const root = parseDocument(text);
  if (kind === 'policy') return root;
  const { namespace, root: local } = documentKinds[kind];
  if (!isNamed(root, namespace, local)) {
    failAt('WSDL_INVALID', root, `expected ${expandedName(namespace, local)}, found ${expandedNameOf(root)}`);
  }
  return root;
}

/** The schemas that stand in the wsdl:types of a document. */
export function writtenSchemas(definitions: Element): Element[] {
  const types = childrenNamed(definitions, ns.wsdl, 'types');
  return types.flatMap(element => childrenNamed(element, ns.xsd, 'schema'));
}

export function isSchemaLink(element: Element): boolean {
  const isLink = element.namespaceURI === ns.xsd && schemaLinks.has(element.localName ?? '');
  return isLink && element.hasAttribute('schemaLocation');
}

function readComponents(definitions: readonly Element[]): Record<ComponentKind, Map<string, Element>> {
  const components = Object.fromEntries(componentKinds.map(kind => [kind, new Map<string, Element>()])) as Record<
    ComponentKind,
    Map<string, Element>
  >;
  for (const root of definitions) {
    for (const kind of componentKinds) {
      for (const element of childrenNamed(root, ns.wsdl, kind)) addComponent(components[kind], root, element);
    }
  }
  return components;
}

function addComponent(components: Map<string, Element>, root: Element, element: Element): void {
  const name = expandedName(attributeOf(root, '', 'targetNamespace') ?? '', requiredAttribute(element, 'name'));
  if (components.has(name)) failAt('WSDL_INVALID', element, `a second ${element.localName} ${name}`);
  components.set(name, element);
}

function readPorts(serviceElement: Element): WsdlPort[] {
  const root = serviceElement.parentNode as Element;
  const service = {
    namespace: attributeOf(root, '', 'targetNamespace') ?? '',
    local: requiredAttribute(serviceElement, 'name'),
  };
  return childrenNamed(serviceElement, ns.wsdl, 'port').map(element => {
    return { name: requiredAttribute(element, 'name'), service, element, serviceElement };
  });
}

/** The one child of a name that a component must have. */
export function requiredChild(element: Element, namespace: string, local: string): Element {
  const child = childNamed(element, namespace, local);
  return (
    child ?? failAt('WSDL_INVALID', element, `${expandedNameOf(element)} has no ${expandedName(namespace, local)}`)
  );
}
