import { refuse } from '../errors.ts';
import { dialects, ns } from '../names.ts';
import { compareCodePoints } from './characters.ts';
import type { Cursor, Open } from './cursor.ts';
import { bindingBit, marks, type Scope } from './tree.ts';

/** Namespace declarations (Namespaces in XML 1.0). */

const specified = [...Object.values(ns), ...Object.values(dialects).flatMap(({ wst, wsc }) => [wst, wsc])];

/** The namespaces of the specifications, by their length. */
const namespacesByLength = new Map(
  specified.map(({ length }) => [length, specified.filter(uri => uri.length === length)] as const),
);

/**
 * The same URI; our own copy of it where it is one of the specifications'. All that reads a message compares with these, and a string is
 * compared with itself without a look at its characters.
 */
function knownNamespace(uri: string): string {
  return namespacesByLength.get(uri.length)?.find(known => known === uri) ?? uri;
}

const absoluteUri = /^[A-Za-z][-+.A-Za-z0-9]*:/;

/** Adds a namespace declaration to the scope of an element (Namespaces in XML 1.0 §2.2, §3, §5). */
export function declare(cursor: Cursor, element: Open, prefix: string, uri: string): void {
  if (prefix === 'xml') {
    declareXml(element, uri);
    return;
  }
  if (prefix === 'xmlns' || uri === ns.xml || uri === ns.xmlns) refuse('malformed', 'xml-reserved-namespace');
  if (uri === '') {
    if (prefix !== '') refuse('malformed', 'xml-empty-namespace');
    element.marks |= marks.tagsDiffer;
  } else if (!uri.startsWith('http://') && !absoluteUri.test(uri)) {
    // Canonical XML 1.0 §1: a document with a relative namespace URI has no canonical form.
    refuse('malformed', 'xml-relative-namespace');
  }
  const outer = element.parent?.scope;
  checkDeclared(element, outer, prefix, uri);
  const depth = (element.scope?.depth ?? 0) + 1;
  if (depth - (outer?.depth ?? 0) > cursor.limits.maxDeclarations) refuse('malformed', 'xml-declarations');
  if (depth > cursor.limits.maxDeclarationsInScope) refuse('malformed', 'xml-declarations-in-scope');
  element.scope = { prefix, uri: knownNamespace(uri), outer: element.scope, depth };
}

/** The prefix xml may be declared, but only as what it is. */
function declareXml(element: Open, uri: string): void {
  if (uri !== ns.xml) refuse('malformed', 'xml-reserved-namespace');
  if ((element.marks & marks.declaresXml) !== 0) refuse('malformed', 'xml-duplicate-attribute');
  element.marks |= marks.declaresXml | marks.tagsDiffer;
}

/** Compares a new declaration with the others of its element and with those around it. */
function checkDeclared(element: Open, outer: Scope | undefined, prefix: string, uri: string): void {
  let binding = element.scope;
  if (binding !== undefined && binding !== outer && compareCodePoints(binding.prefix, prefix) >= 0) {
    element.marks |= marks.tagsDiffer;
  }
  for (; binding !== outer && binding !== undefined; binding = binding.outer) {
    if (binding.prefix === prefix) refuse('malformed', 'xml-duplicate-attribute');
  }
  for (; binding !== undefined; binding = binding.outer) {
    if (binding.prefix === prefix && binding.uri === uri) element.redeclares |= bindingBit(binding);
  }
}
