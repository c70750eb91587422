import { ns } from '../names.ts';
import { decodeText } from '../xml/character-data.ts';
import { splitQualifiedName, trimSpace } from '../xml/characters.ts';
import { type Attribute, attributeValue, type Element, marks, namespaceOf } from '../xml/tree.ts';
import { anyType } from './compile-schema.ts';
import type { Schema, Type } from './components.ts';
import type { TextType } from './text-types.ts';
import type { ValueKeys } from './value-keys.ts';

/** What an element has been read as so far: its attributes and children, or a text. */
type Value = unknown;

/** What a value is read by. */
interface Reading {
  readonly schema: Schema;
  readonly keys: ValueKeys;
}

/**
 * The value of a verified element, in the shape of node-soap's: an object with a member for each name of a child, a
 * list where there may be several; a text, number, truth or Date where the type is simple; undefined for xsi:nil.
 *
 * Bytes are not parsed once more, by rules that may be others than those the element was verified under. Comments and
 * CDATA sections do not part a text, and what stands in a CDATA section is text; `href` is an attribute like others,
 * and `__proto__` a name like others. A type that an element says it has counts (xsi:type), if the schemas have it; it
 * is named by the WSDL's own prefix, whatever the message has. A value is made of each character at most once, so that
 * it is no larger than the message says it.
 * @throws {TypeError} for text beside child elements, which node-soap does not read either
 */
export function readValue(schema: Schema, element: Element, type: Type, keys: ValueKeys): unknown {
  return readElement({ schema, keys }, element, type);
}

/** Reads an element as one more member of an object, by the schemas' declaration of it. @throws {TypeError} as above */
export function readMember(schema: Schema, object: object, element: Element, keys: ValueKeys): void {
  addChild({ schema, keys }, object, element, anyType);
}

/** Recursion is as deep as the elements are nested, which the scanner limits. */
function readElement(reading: Reading, element: Element, declared: Type): Value {
  const type = typeSaid(reading.schema, element) ?? declared;
  let value = attributesOf(reading, element, type);
  const { children } = element;
  if (children.length === 0) {
    const raw = textBetween(element, element.contentStart, element.contentEnd);
    value = withText(reading, value, type.text.keepsSpace ? raw : trimSpace(raw), type.text);
  } else value = readChildren(reading, element, value, type);
  if (isNil(element)) return undefined;
  if (!isEmpty(value)) return value;
  return type.text.isText ? '' : null;
}

function readChildren(reading: Reading, element: Element, given: Value, type: Type): Value {
  let value = given;
  let at = element.contentStart;
  for (const child of element.children) {
    value = withText(reading, value, trimSpace(textBetween(element, at, child.start)), type.text);
    addChild(reading, value, child, type);
    at = child.end;
  }
  return withText(reading, value, trimSpace(textBetween(element, at, element.contentEnd)), type.text);
}

/** A child that occurs again, or may, is an item of a list. */
function addChild(reading: Reading, parent: Value, child: Element, type: Type): void {
  const { local, namespace } = child;
  const known = type.children.get(local);
  const declared = known?.declaration ?? reading.schema.element(namespace, local);
  const value = readElement(reading, child, declared?.type ?? anyType);
  if (value === undefined) return;
  if (typeof parent !== 'object' || parent === null) throw new TypeError(`${local} stands beside text`);
  const present = Object.hasOwn(parent, local) ? (parent as Record<string, unknown>)[local] : undefined;
  if (Array.isArray(present)) present.push(value);
  else if (present === undefined) put(parent, local, known?.isList === true ? [value] : value);
  else put(parent, local, [present, value]);
}

/** The type that an element says it has (xsi:type, XML Schema Part 1 §2.6.1). */
export function typeSaid(schema: Schema, element: Element): Type | undefined {
  const name = nameSaid(element);
  return name && schema.type(name.namespace, name.local);
}

function nameSaid(element: Element) {
  const said = attributeValue(element, ns.xsi, 'type');
  if (said === undefined) return undefined;
  const { prefix = '', local } = splitQualifiedName(trimSpace(said));
  return { namespace: namespaceOf(element, prefix) ?? '', local };
}

/** xsi:nil, XML Schema Part 1 §2.6.2. */
function isNil(element: Element): boolean {
  const nil = attributeValue(element, ns.xsi, 'nil');
  return nil !== undefined && /^(?:true|1)$/i.test(nil);
}

function attributesOf({ schema, keys }: Reading, element: Element, type: Type): Value {
  const { attributes } = element;
  if (attributes.length === 0) return {};
  const values = {};
  for (const attribute of attributes)
    put(values, nameOf(schema, attribute, type), attributeText(schema, element, attribute));
  return { [keys.attributes]: values };
}

/** A name that the schemas know has the WSDL's own prefix, any other that of the message. */
function nameOf({ prefixes }: Schema, { name, namespace, local }: Attribute, type: Type): string {
  if (namespace === '') return name;
  return namespace === ns.xsi || type.attributes.get(local) === namespace ? `${prefixes.of(namespace)}:${local}` : name;
}

function attributeText(schema: Schema, element: Element, { namespace, local, value }: Attribute): string {
  const named = namespace === ns.xsi && local === 'type' ? nameSaid(element) : undefined;
  if (named === undefined || schema.type(named.namespace, named.local) === undefined) return value;
  const prefix = schema.prefixes.of(named.namespace);
  return prefix === '' ? named.local : `${prefix}:${named.local}`;
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
  return (found & decoded) === 0 ? raw : decodeText(raw);
}

function withText({ keys }: Reading, value: Value, text: string, { read }: TextType): Value {
  if (text === '') return value;
  const typed = read === undefined ? (typeof value === 'string' ? value + text : text) : read(text);
  if (!hasAttributes(value, keys)) return typed;
  put(value, keys.text, typed);
  return value;
}

function hasAttributes(value: Value, { attributes }: ValueKeys): value is object {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, attributes);
}

function isEmpty(value: Value): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !hasMembers(value);
}

/** Without the list of their names: there may be as many objects as elements. */
function hasMembers(value: object): boolean {
  for (const name in value) if (Object.hasOwn(value, name)) return true;
  return false;
}
