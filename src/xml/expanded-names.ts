import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { lookUp } from './bindings.ts';
import { compareCodePoints } from './characters.ts';
import type { Cursor, Open, OpenAttribute } from './cursor.ts';
import { isKnownBefore } from './namespaces.ts';
import { type Attribute, bindingBit, marks, maxBits, type Scope, scopeBits } from './tree.ts';

/** Expanded names (Namespaces in XML 1.0 §2.1): what the prefixes of a start tag stand for. */

/** Gives the names of a start tag their namespaces, and compares the tag with what exclusive c14n would write. */
export function resolveNames(cursor: Cursor, element: Open, outer: Scope | undefined): void {
  resolveElement(cursor, element);
  if (element.attributes.length > 0) resolveAttributes(cursor, element, element.attributes);
  if (element.scope === outer) return;
  const declared = scopeBits(element.scope) & ~scopeBits(outer);
  // A declaration that the tag itself does not use isn't rendered here (Exclusive XML Canonicalization 1.0 §3); one
  // without a bit can't be told from one that is used.
  if ((declared & ~element.uses) !== 0 || (element.scope?.depth ?? 0) > maxBits) element.marks |= marks.tagsDiffer;
}

function resolveElement(cursor: Cursor, element: Open): void {
  const { prefix } = element;
  if (prefix === 'xml') {
    element.namespace = ns.xml;
    return;
  }
  const binding = lookUp(cursor.bindings, element.scope, prefix);
  if (binding !== undefined) {
    element.binding = use(element, binding);
    element.namespace = binding.uri;
  } else if (prefix !== '') refuse('malformed', 'xml-undeclared-prefix');
}

function resolveAttribute(cursor: Cursor, element: Open, attribute: OpenAttribute): void {
  if (attribute.prefix === 'xml') {
    attribute.namespace = ns.xml;
    return;
  }
  const binding =
    lookUp(cursor.bindings, element.scope, attribute.prefix) ?? refuse('malformed', 'xml-undeclared-prefix');
  attribute.binding = use(element, binding);
  attribute.namespace = binding.uri;
}

function use(element: Open, binding: Scope): Scope {
  element.uses |= bindingBit(binding);
  // A binding without a bit keeps the element from being sliced.
  if (binding.depth > maxBits) element.marks |= marks.tagsDiffer;
  return binding;
}

function resolveAttributes(cursor: Cursor, element: Open, attributes: readonly OpenAttribute[]): void {
  let sorted = true;
  let last: OpenAttribute | undefined;
  for (const attribute of attributes) {
    if (attribute.prefix !== '') resolveAttribute(cursor, element, attribute);
    if (last !== undefined && !isBefore(last, attribute)) sorted = false;
    last = attribute;
  }
  if (sorted) return;
  element.marks |= marks.tagsDiffer | marks.attributesDiffer;
  checkUnique(attributes);
}

/** Whether two attributes that follow each other are known to stand in canonical order. */
function isBefore(last: Attribute, next: Attribute): boolean {
  if (last.namespace === next.namespace) return compareCodePoints(last.local, next.local) < 0;
  return isKnownBefore(last.namespace, next.namespace);
}

/** Up to so many attributes are compared with each other: most tags have fewer, and a table takes longer to make. */
const fewAttributes = 8;

/** XML 1.0 §3.1 and Namespaces in XML 1.0 §6.3: attributes are unique as written and as expanded. */
function checkUnique(attributes: readonly Attribute[]): void {
  const isTwice = attributes.length <= fewAttributes ? hasTwiceAmongFew(attributes) : hasTwice(attributes);
  if (isTwice) refuse('malformed', 'xml-duplicate-attribute');
}

function hasTwiceAmongFew(attributes: readonly Attribute[]): boolean {
  return attributes.some(({ namespace, local }, index) => {
    for (let i = 0; i < index; i++) {
      const other = attributes[i];
      if (other?.local === local && other.namespace === namespace) return true;
    }
    return false;
  });
}

/** Whether two of many have one expanded name. */
export function hasTwice(names: readonly Pick<Attribute, 'namespace' | 'local'>[]): boolean {
  const namespaces = new Map<string, Set<string>>();
  for (const { namespace, local } of names) {
    const locals = namespaces.get(namespace);
    if (locals === undefined) namespaces.set(namespace, new Set([local]));
    else if (locals.has(local)) return true;
    else locals.add(local);
  }
  return false;
}
