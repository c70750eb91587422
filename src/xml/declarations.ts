import { refuse } from '../errors.ts';
import { ns } from '../names.ts';
import { type Bindings, bind, lookUp, shadowedBy } from './bindings.ts';
import { compareCodePoints } from './characters.ts';
import type { Cursor, Open } from './cursor.ts';
import { identify } from './namespaces.ts';
import { bindingBit, marks, type Scope } from './tree.ts';

/** Namespace declarations (Namespaces in XML 1.0). */

const absoluteUri = /^[A-Za-z][-+.A-Za-z0-9]*:/;

/** Adds a namespace declaration to the scope of an element (Namespaces in XML 1.0 §2.2, §3, §5). */
export function declare(cursor: Cursor, element: Open, prefix: string, uri: string): void {
  if (prefix === 'xml') {
    declareXml(element, uri);
    return;
  }
  if (prefix === 'xmlns' || uri === ns.xml || uri === ns.xmlns) refuse('malformed', 'xml-reserved-namespace');
  checkName(cursor, element, prefix, uri);
  const { bindings, limits, namespaces } = cursor;
  const outerDepth = element.parent?.scope?.depth ?? 0;
  const shadowed = lookUp(bindings, element.scope, prefix);
  if (shadowed !== undefined && shadowed.depth > outerDepth) refuse('malformed', 'xml-duplicate-attribute');
  const depth = (element.scope?.depth ?? 0) + 1;
  if (depth - outerDepth > limits.maxDeclarations) refuse('malformed', 'xml-declarations');
  if (depth > limits.maxDeclarationsInScope) refuse('malformed', 'xml-declarations-in-scope');
  if (depth - outerDepth > 1 && compareCodePoints(element.scope?.prefix ?? '', prefix) >= 0)
    element.marks |= marks.tagsDiffer;
  const name = identify(namespaces, uri);
  if (shadowed !== undefined) element.redeclares |= sameBindings(bindings, shadowed, name);
  element.scope = bind(bindings, prefix, name, element.scope, namespaces);
}

/** The prefix xml may be declared, but only as what it is. */
function declareXml(element: Open, uri: string): void {
  if (uri !== ns.xml) refuse('malformed', 'xml-reserved-namespace');
  if ((element.marks & marks.declaresXml) !== 0) refuse('malformed', 'xml-duplicate-attribute');
  element.marks |= marks.declaresXml | marks.tagsDiffer;
}

function checkName({ limits }: Cursor, element: Open, prefix: string, uri: string): void {
  if (uri === '') {
    if (prefix !== '') refuse('malformed', 'xml-empty-namespace');
    element.marks |= marks.tagsDiffer;
    return;
  }
  if (uri.length > limits.namespaceChars) refuse('malformed', 'limit-namespace');
  // Canonical XML 1.0 §1: a document with a relative namespace URI has no canonical form.
  if (!uri.startsWith('http://') && !absoluteUri.test(uri)) refuse('malformed', 'xml-relative-namespace');
}

/** The bits of a binding and the outer ones of its prefix that are to this URI. */
function sameBindings(bindings: Bindings, innermost: Scope, uri: string): number {
  let bits = 0;
  let binding: Scope | undefined = innermost;
  for (; binding !== undefined; binding = shadowedBy(bindings, binding)) {
    if (binding.uri === uri) bits |= bindingBit(binding);
  }
  return bits;
}
