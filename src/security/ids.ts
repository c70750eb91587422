import { type FaultClass, refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { tableKey } from '../table-key.ts';
import type { Attribute, Element, IdAttribute } from '../xml/tree.ts';

/**
 * The ids of a message. What an id names must be beyond doubt (BSP 1.1 R3003–R3005): wsu:Id, or un-namespaced Id on
 * elements of XML Signature and XML Encryption. Every other attribute that some reader might take for an id is
 * remembered, to be refused as soon as a reference has the same value.
 */
export interface Ids {
  /** By the {@link tableKey} of the id. */
  readonly elements: Map<string, Element>;
  /**
   * Attributes that look like ids and are none for us. There may be many, and few references, so that they are only
   * listed.
   */
  readonly lookAlikes: Attribute[];
}

/** @throws {Refusal} `invalidSecurity` where two ids of a message are equal, referenced or not. */
export function collectIds(ids: readonly IdAttribute[]): Ids {
  const table: Ids = { elements: new Map(), lookAlikes: [] };
  addIds(table, ids, 'invalidSecurity');
  return table;
}

/** Adds the ids of decrypted content. @param fault class of the refusal where an id stands twice */
export function addIds(table: Ids, ids: readonly IdAttribute[], fault: FaultClass): void {
  for (const { element, attribute } of ids) {
    const real = isReferable(element, attribute.namespace, attribute.local);
    // xml:id is an id by its own specification, but nothing here refers by it.
    if (!real) table.lookAlikes.push(attribute);
    if (!real && attribute.namespace !== ns.xml) continue;
    const key = tableKey(attribute.value);
    if (table.elements.has(key)) refuse(fault, 'duplicate-id');
    table.elements.set(key, element);
  }
}

/** The element of this id; undefined where there is none. A reference is followed by {@link elementById}. */
export function findById({ elements }: Ids, id: string): Element | undefined {
  return elements.get(tableKey(id));
}

/**
 * The element that a reference `#id` names.
 * @throws {Refusal} of class `fault` where there is none, or a look-alike beside it.
 */
export function elementById(table: Ids, id: string, fault: FaultClass = 'invalidSecurity'): Element {
  const element = findById(table, id);
  if (element === undefined) return refuse(fault, 'reference-target');
  if (hasLookAlike(table, id)) return refuse(fault, 'ambiguous-id');
  return element;
}

/** Whether an element of the message has this id. */
export function hasId(table: Ids, id: string): boolean {
  return findById(table, id) !== undefined;
}

/** Whether an attribute that is no id for us has this value. */
export function hasLookAlike({ lookAlikes }: Ids, id: string): boolean {
  return lookAlikes.some(({ value }) => value === id);
}

function isReferable(element: Element, namespace: string, local: string): boolean {
  if (local !== 'Id') return false;
  const isDs = element.namespace === ns.ds || element.namespace === ns.xenc;
  return namespace === (isDs ? '' : ns.wsu);
}

const ncName = /^[A-Za-z_\u00C0-\uFFFD][-.\w\u00B7-\uFFFD]*$/;

/**
 * The id of a same-document reference: `#` and an NCName, nothing else (XPointer, percent-encoding and empty URIs are
 * refused).
 */
export function idOfReference(uri: string): string {
  const id = uri.slice(1);
  if (uri[0] !== '#' || !ncName.test(id)) refuse('invalidSecurity', 'reference-uri');
  return id;
}
