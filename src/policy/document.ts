/**
 * A trusted XML document (WSDL, schema, policy) as a DOM that knows its file and lines. Messages are read by xml/, not
 * here.
 */
import { readFileSync } from 'node:fs';
import { type Attr, DOMParser, type Document, type Element, type Node } from '@xmldom/xmldom';
import { type ConfigurationCode, ConfigurationError } from '../errors.ts';
import { expandedName, ns } from '../names.ts';
import { splitQualifiedName } from '../xml/characters.ts';
import type { QName } from './plan.ts';

/** Text of a document and the file or URL that it came from. */
export interface DocumentText {
  readonly name: string;
  readonly text: string;
}

const maxDocumentBytes = 16 * 1024 * 1024;

const files = new WeakMap<Document, string>();

/**
 * Reads a document's text from a file.
 * @throws {SecureConversationError} WSDL_INVALID when it can't be read, is not UTF-8 or is larger than 16 MiB.
 */
export function readDocumentText(file: string): DocumentText {
  const bytes = readBytes(file);
  if (bytes.length > maxDocumentBytes) fail('WSDL_INVALID', `${file}: larger than 16 MiB`);
  return documentText(file, bytes);
}

/** @throws {SecureConversationError} WSDL_INVALID for octets that are not UTF-8. */
export function documentText(name: string, bytes: Uint8Array): DocumentText {
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    return fail('WSDL_INVALID', `${name}: not UTF-8 text`, cause);
  }
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : 'the file cannot be read';
    return fail('WSDL_INVALID', `${file}: ${reason}`, cause);
  }
}

/**
 * Parses a document and returns its root element.
 * @throws {SecureConversationError} WSDL_INVALID with file and line when it is not well-formed or has a document type
 * declaration.
 */
export function parseDocument({ name, text }: DocumentText): Element {
  let root: Element | null = null;
  let line = 0;
  let reason = 'no root element';
  const onError = (_level: string, message: string, context: { locator?: { lineNumber?: number } }): never => {
    line = context.locator?.lineNumber ?? 0;
    reason = message;
    throw new Error(message);
  };
  try {
    const document = new DOMParser({ onError }).parseFromString(text.replace(/^\uFEFF/, ''), 'text/xml');
    if (document.doctype !== null) reason = 'a document type declaration is not allowed';
    else root = document.documentElement;
    files.set(document, name);
  } catch (cause) {
    fail('WSDL_INVALID', `${name}:${Math.max(line, 1)}: not well-formed XML: ${reason.slice(0, 120)}`, cause);
  }
  return root ?? fail('WSDL_INVALID', `${name}:1: ${reason}`);
}

/** Name of the file or URL that an element was read from. */
export function fileOf(element: Element): string {
  const document = element.ownerDocument;
  return (document === null ? undefined : files.get(document)) ?? '(unknown)';
}

/** `file:line` of an element. */
export function placeOf(element: Element): string {
  return `${fileOf(element)}:${element.lineNumber ?? 0}`;
}

/** An element and all in it, in the order of the document. */
export function elementsWithin(element: Element): Element[] {
  return [element, ...Array.from(element.getElementsByTagName('*'))];
}

/** What errors were thrown about, for who lists them. */
const elements = new WeakMap<ConfigurationError, { readonly element: Element; readonly text: string }>();

/**
 * @param hint what to do
 * @throws {SecureConversationError} always, with the element's file and line at the front.
 */
export function failAt(code: ConfigurationCode, element: Element, text: string, hint?: string): never {
  const options = hint === undefined ? {} : { hint };
  const error = new ConfigurationError(code, `${placeOf(element)}: ${text}`, options);
  elements.set(error, { element, text });
  throw error;
}

/** The element that an error of {@link failAt} is about, and its text without file and line; undefined for another. */
export function subjectOf(error: ConfigurationError): { readonly element: Element; readonly text: string } | undefined {
  return elements.get(error);
}

function fail(code: ConfigurationCode, message: string, cause?: unknown): never {
  throw new ConfigurationError(code, message, cause === undefined ? {} : { cause });
}

export function isElement(node: Node): node is Element {
  return node.nodeType === 1;
}

export function elementsOf(element: Element): Element[] {
  return Array.from(element.childNodes).filter(isElement);
}

export function nameOf(element: Element): QName {
  return { namespace: element.namespaceURI ?? '', local: element.localName ?? element.nodeName };
}

/** `{namespace}local` of an element, the way errors name it. */
export function expandedNameOf(element: Element): string {
  const { namespace, local } = nameOf(element);
  return expandedName(namespace, local);
}

export function isNamed(element: Element, namespace: string, local: string): boolean {
  return element.localName === local && (element.namespaceURI ?? '') === namespace;
}

export function childrenNamed(element: Element, namespace: string, local: string): Element[] {
  return elementsOf(element).filter(child => isNamed(child, namespace, local));
}

export function childNamed(element: Element, namespace: string, local: string): Element | undefined {
  return childrenNamed(element, namespace, local)[0];
}

/** Value of an attribute, or undefined. `namespace` is '' for none. */
export function attributeOf(element: Element, namespace: string, local: string): string | undefined {
  const value = namespace === '' ? element.getAttribute(local) : element.getAttributeNS(namespace, local);
  return value ?? undefined;
}

/** @throws {SecureConversationError} WSDL_INVALID when the attribute is absent or empty. */
export function requiredAttribute(element: Element, local: string): string {
  const value = attributeOf(element, '', local);
  return value || failAt('WSDL_INVALID', element, `${expandedNameOf(element)} has no attribute ${local}`);
}

/**
 * The qualified name that an attribute holds (`tns:Echo`), resolved by the declarations in scope.
 * @throws {SecureConversationError} WSDL_INVALID when the attribute is absent or its prefix is not declared.
 */
export function qnameOf(element: Element, attribute: string): QName {
  const value = requiredAttribute(element, attribute).trim();
  const { prefix = null, local } = splitQualifiedName(value);
  const namespace = prefix === 'xml' ? ns.xml : element.lookupNamespaceURI(prefix as string);
  if (prefix !== null && !namespace)
    failAt('WSDL_INVALID', element, `the prefix of ${attribute}="${value}" is not declared`);
  return { namespace: namespace ?? '', local };
}

/**
 * Writes the namespace declarations that an element has from around it onto its copy, for its attributes may hold
 * prefixes.
 * @param target the element that the copy will stand in: what it declares alike is left out
 */
export function redeclare(original: Element, copy: Element, target: Element): void {
  const declared = new Set(declarationsOf(copy).map(({ name }) => name));
  for (let at = original.parentNode; at !== null && isElement(at); at = at.parentNode) {
    for (const { name, value } of declarationsOf(at)) {
      if (declared.has(name)) continue; // A nearer declaration of the prefix counts.
      declared.add(name);
      if (target.getAttribute(name) !== value) copy.setAttributeNS(ns.xmlns, name, value);
    }
  }
}

function declarationsOf(element: Element): Attr[] {
  return Array.from(element.attributes).filter(attribute => attribute.namespaceURI === ns.xmlns);
}
