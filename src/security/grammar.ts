import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { elementContent } from '../soap/structure.ts';
import { type Element, isNamed, leafText } from '../xml/tree.ts';

/**
 * The grammar of the Security header is closed: an attribute or a child that a structure does not name is refused, so
 * that nothing which one reader skips can mean something to another.
 */

/** How much of each structure a message may hold; all are checked before any decoding or cryptography. */
export const securityLimits = {
  references: 16,
  signatures: 3,
  derivedKeys: 4,
  encryptedData: 4,
  dataReferences: 5,
  prefixes: 16,
  leafChars: 8192,
  stateChars: 4096,
  keyOffset: 64,
  labelBytes: 128,
  nonceBytes: { min: 16, max: 128 },
} as const;

/** The children of a structure that holds elements only. @throws {Refusal} `invalidSecurity` */
export function childrenOf(element: Element): readonly Element[] {
  return elementContent(element, 'invalidSecurity', 'security-text');
}

/** The one child of a structure, by name. @throws {Refusal} `invalidSecurity` */
export function onlyChild(element: Element, namespace: string, local: string): Element {
  const children = childrenOf(element);
  if (children.length !== 1) refuse('invalidSecurity', 'security-children');
  return named(children[0], namespace, local);
}

/** The element, if it has the name that must stand at its place. @throws {Refusal} `invalidSecurity` */
export function named(element: Element | undefined, namespace: string, local: string): Element {
  if (element === undefined || !isNamed(element, namespace, local))
    return refuse('invalidSecurity', 'security-grammar');
  return element;
}

/** @throws {Refusal} `invalidSecurity` for any attribute. */
export function noAttributes(element: Element): void {
  if (element.attributes.length !== 0) refuse('invalidSecurity', 'security-attribute');
}

/** @throws {Refusal} `invalidSecurity` for any content; a comment counts. */
export function noContent(element: Element): void {
  if (element.contentStart !== element.contentEnd) refuse('invalidSecurity', 'security-grammar');
}

/**
 * Text of an element without attributes.
 * @throws {Refusal} `invalidSecurity` for more than `maxChars` characters as written, or a comment inside.
 */
export function leaf(element: Element, maxChars: number = securityLimits.leafChars): string {
  noAttributes(element);
  return leafContent(element, maxChars);
}

/** Text of an element whose attributes the caller has read. */
export function leafContent(element: Element, maxChars: number = securityLimits.leafChars): string {
  return leafText(element, 'invalidSecurity', maxChars);
}

/** Value of the one attribute, Algorithm. @throws {Refusal} `invalidSecurity` */
export function algorithmOf(element: Element): string {
  const attribute = element.attributes[0];
  if (element.attributes.length !== 1 || attribute === undefined)
    return refuse('invalidSecurity', 'security-attribute');
  if (attribute.namespace !== '' || attribute.local !== 'Algorithm')
    return refuse('invalidSecurity', 'security-attribute');
  return attribute.value;
}

/** The values of the attributes of an element that may have these and no others; `undefined` where one is absent. */
export function attributesOf<Name extends string>(
  element: Element,
  allowed: Readonly<Record<Name, string>>,
): Partial<Record<Name, string>> {
  const values: Partial<Record<Name, string>> = {};
  for (const attribute of element.attributes) {
    const name = attribute.local as Name;
    if (!Object.hasOwn(allowed, name) || allowed[name] !== attribute.namespace)
      refuse('invalidSecurity', 'security-attribute');
    values[name] = attribute.value;
  }
  return values;
}

/** The wsu:Id of an element that has no other attribute; undefined where it has none. */
export function wsuIdOf(element: Element): string | undefined {
  return soleAttribute(element, ns.wsu);
}

/**
 * The un-namespaced Id of an element of XML Signature or XML Encryption that has no other attribute; undefined where it
 * has none.
 */
export function dsIdOf(element: Element): string | undefined {
  return soleAttribute(element, '');
}

function soleAttribute(element: Element, namespace: string): string | undefined {
  const { attributes } = element;
  const attribute = attributes[0];
  if (attribute === undefined) return undefined;
  if (attributes.length !== 1 || attribute.local !== 'Id' || attribute.namespace !== namespace) {
    return refuse('invalidSecurity', 'security-attribute');
  }
  return attribute.value;
}

const decimal = /^(?:0|[1-9][0-9]{0,8})$/;

/** A number as the specs' xs:unsignedLong, written in ASCII digits only. @throws {Refusal} `invalidSecurity` */
export function integerOf(element: Element): number {
  const text = leaf(element, 16);
  if (!decimal.test(text)) refuse('invalidSecurity', 'security-number');
  return Number(text);
}
