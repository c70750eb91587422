import type { WSDL } from 'soap';
import { ns } from '../names.ts';
import { decodeText } from '../xml/character-data.ts';
import { splitQualifiedName, trimSpace } from '../xml/characters.ts';
import { attributeValue, type Element, marks, namespaceOf } from '../xml/tree.ts';

/**
 * node-soap's description of an element, from the WSDL's schemas: a type's name (`xs:string`), or an object with a
 * description for each child, under its name, or its name and `[]` where it may occur several times.
 */
type Description = string | { readonly [child: string]: Description } | undefined;

/** What an element has been read as so far: its attributes and children, or a text. */
type Value = unknown;

/** Where node-soap puts attributes, and the text of an element that has some. */
const attributesKey = 'attributes';
const textKey = '$value';

/**
 * The arguments that an operation is called with: what node-soap's server makes of the same element as text.
 *
 * node-soap would parse bytes once more, by rules that may be others than those the element was verified under. So the
 * verified element is read itself, by node-soap's description of the schema. Differences are meant: comments and CDATA
 * sections do not part a text, a long text is one text, what stands in a CDATA section is text, `href` is an attribute
 * like others, and `__proto__` a name like others; only what XML calls white space is cut from the ends of a text. A
 * value is made of each character at most once, so that arguments are no larger than the message says them.
 * @throws {TypeError} for text beside child elements, which node-soap does not read either
 */
export function readArguments(wsdl: WSDL, content: Element): unknown {
  const description = descriptionOf(wsdl, content.local);
  return readElement(wsdl, content, childDescription(description, content.local));
}

/**
 * The header blocks that an operation is called with, each under its local name, as node-soap's server gives them; the
 * wsu:Id by which a block was signed is none of its attributes. One that holds text beside elements, which node-soap
 * does not read, is left out.
 */
export function readHeaders(wsdl: WSDL, blocks: readonly Element[]): object {
  const headers = {};
  for (const block of blocks) {
    try {
      addChild(wsdl, headers, withoutId(block), undefined);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return headers;
}

function withoutId(block: Element): Element {
  const attributes = block.attributes.filter(({ namespace, local }) => namespace !== ns.wsu || local !== 'Id');
  return attributes.length === block.attributes.length ? block : { ...block, attributes };
}

/** node-soap makes a description anew each time it is asked, and a WSDL that was read does not change any more. */
const descriptions = new WeakMap<WSDL, Map<string, Description>>();

/** Description of what a message is made of; messages are named by the element that they are (document/literal). */
function descriptionOf(wsdl: WSDL, name: string): Description {
  const known = knownDescriptions(wsdl);
  if (known.has(name)) return known.get(name);
  const { definitions } = wsdl;
  const message = own(definitions.messages, name);
  if (message === undefined) return undefined;
  const description = message.description(definitions) as Description;
  known.set(name, description);
  return description;
}

function knownDescriptions(wsdl: WSDL): Map<string, Description> {
  let known = descriptions.get(wsdl);
  if (known === undefined) {
    known = new Map();
    descriptions.set(wsdl, known);
  }
  return known;
}

function childDescription(description: Description, local: string): Description {
  if (typeof description !== 'object') return undefined;
  return own(description, local) ?? own(description, `${local}[]`);
}

function own<T>(object: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Recursion is as deep as the elements are nested, which the scanner limits. @returns undefined for xsi:nil */
function readElement(wsdl: WSDL, element: Element, described: Description): Value {
  const description = typeOf(wsdl, element) ?? described;
  let value = attributesOf(element);
  let at = element.contentStart;
  for (const child of element.children) {
    value = withText(value, textBetween(element, at, child.start), description);
    addChild(wsdl, value, child, description);
    at = child.end;
  }
  value = withText(value, textBetween(element, at, element.contentEnd), description);
  if (isNil(element)) return undefined;
  if (!isEmpty(value)) return value;
  return isOfType(description, 'string') ? '' : null;
}

/** The type that an element says it has (xsi:type, XML Schema Part 1 §2.6.1). */
function typeOf(wsdl: WSDL, element: Element): Description {
  const named = attributeValue(element, ns.xsi, 'type');
  if (named === undefined) return undefined;
  const { prefix = '', local } = splitQualifiedName(named);
  return namedType(wsdl, namespaceOf(element, prefix) ?? '', local);
}

/** What of a type of node-soap's is used. */
interface Described {
  description(definitions: WSDL['definitions']): unknown;
}

/** Descriptions of types, each made once: as many as the WSDL has, whatever messages name. */
const typeDescriptions = new WeakMap<object, Description>();

function namedType({ definitions }: WSDL, namespace: string, local: string): Description {
  const schema = own(definitions.schemas, namespace);
  if (schema === undefined) return undefined;
  const { complexTypes, types, elements } = schema;
  const type = (own(complexTypes, local) ?? own(types, local) ?? own(elements, local)) as Described | undefined;
  if (type === undefined) return undefined;
  if (!typeDescriptions.has(type)) typeDescriptions.set(type, type.description(definitions) as Description);
  return typeDescriptions.get(type);
}

/** xsi:nil, XML Schema Part 1 §2.6.2. */
function isNil(element: Element): boolean {
  const nil = attributeValue(element, ns.xsi, 'nil');
  return nil !== undefined && /^(?:true|1)$/i.test(nil);
}

function attributesOf({ attributes }: Element): Value {
  if (attributes.length === 0) return {};
  const values = {};
  for (const { name, value } of attributes) put(values, name, value);
  return { [attributesKey]: values };
}

function put(object: object, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else (object as Record<string, unknown>)[name] = value;
}

const decoded = marks.references | marks.carriageReturns | marks.cdata | marks.comments;

function textBetween({ source, marks: found }: Element, from: number, to: number): string {
  if (from === to) return '';
  const raw = source.slice(from, to);
  return trimSpace((found & decoded) === 0 ? raw : decodeText(raw));
}

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  ...rows(['int', 'integer', 'short', 'long'], text => (hasOtherSpace(text) ? Number.NaN : Number.parseInt(text, 10))),
  ...rows(['double', 'float', 'decimal'], text => (hasOtherSpace(text) ? Number.NaN : Number(text))),
  ...rows(['bool', 'boolean'], text => text.toLowerCase() === 'true' || text === '1'),
  ...rows(['dateTime', 'date'], text => new Date(text)),
};

/**
 * JavaScript's numbers may stand between characters that are white space to it alone.
 * @param text without that of XML around it
 */
function hasOtherSpace(text: string): boolean {
  return text.trim() !== text;
}

function rows<T>(names: readonly string[], value: T): Record<string, T> {
  return Object.fromEntries(names.map(name => [name, value]));
}

function withText(value: Value, text: string, description: Description): Value {
  if (text === '') return value;
  const read = typeof description === 'string' ? own(readers, splitQualifiedName(description).local) : undefined;
  const typed = read === undefined ? (typeof value === 'string' ? value + text : text) : read(text);
  if (!hasAttributes(value)) return typed;
  put(value, textKey, typed);
  return value;
}

function hasAttributes(value: Value): value is object {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, attributesKey);
}

function isOfType(description: Description, name: string): boolean {
  return typeof description === 'string' && splitQualifiedName(description).local === name;
}

function isEmpty(value: Value): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !hasMembers(value);
}

/** Without the list of their names: there may be as many objects as elements. */
function hasMembers(value: object): boolean {
  for (const name in value) if (Object.hasOwn(value, name)) return true;
  return false;
}

/** A child that occurs again, or may, is an item of a list. */
function addChild(wsdl: WSDL, parent: Value, child: Element, description: Description): void {
  const { local } = child;
  const described = childDescription(description, local) ?? childDescription(descriptionOf(wsdl, local), local);
  const value = readElement(wsdl, child, described);
  if (value === undefined) return;
  if (typeof parent !== 'object' || parent === null) throw new TypeError(`${local} stands beside text`);
  const isList = typeof description === 'object' && Object.hasOwn(description, `${local}[]`);
  const present = own(parent as Record<string, unknown>, local);
  if (Array.isArray(present)) present.push(value);
  else if (present === undefined) put(parent, local, isList ? [value] : value);
  else put(parent, local, [present, value]);
}
