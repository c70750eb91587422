/** Schemas of a published WSDL: all of them in its one wsdl:types, without schemaLocation. */
import type { Element } from '@xmldom/xmldom';
import { ns } from '../names.ts';
import { attributeOf, childNamed, elementsOf, failAt, redeclare } from './document.ts';
import { type Wsdl, writtenSchemas } from './wsdl.ts';

/**
 * Adds the schemas of the other documents and of schema files to the wsdl:types of `root`, which holds those of the
 * first document already.
 * @throws {SecureConversationError} WSDL_INVALID for an xsd:redefine, and for an included schema without target
 * namespace.
 */
export function inlineSchemas(wsdl: Wsdl, documents: readonly Element[], root: Element): void {
  const [home, ...others] = documents.map(writtenSchemas);
  const pairs = (home ?? []).map((original, index) => [original, writtenSchemas(root)[index] as Element] as const);
  const added = [...others.flat(), ...wsdl.schemas].map(original => [original, copyFor(root, original)] as const);
  for (const [, copy] of added) typesOf(root).appendChild(copy);
  for (const [original, copy] of [...pairs, ...added]) unlink(wsdl, original, copy);
}

function copyFor(root: Element, original: Element): Element {
  const copy = original.cloneNode(true) as Element;
  redeclare(original, copy, root);
  return copy;
}

function typesOf(root: Element): Element {
  const existing = childNamed(root, ns.wsdl, 'types');
  if (existing !== undefined) return existing;
  const prefix = root.prefix ? `${root.prefix}:` : '';
  const types = root.ownerDocument?.createElementNS(ns.wsdl, `${prefix}types`) as Element;
  root.insertBefore(types, childNamed(root, ns.wsdl, 'message') ?? null);
  return types;
}

/** An import of an inlined schema needs only its namespace; an include has become a schema beside this one. */
function unlink({ schemaOf }: Wsdl, original: Element, copy: Element): void {
  const copies = elementsOf(copy);
  elementsOf(original).forEach((link, index) => {
    const linked = schemaOf.get(link);
    if (linked === undefined) return;
    if (link.localName === 'import') (copies[index] as Element).removeAttribute('schemaLocation');
    else removeInclude(link, linked, copies[index] as Element);
  });
}

function removeInclude(link: Element, included: Element, copy: Element): void {
  if (link.localName === 'redefine') failAt('WSDL_INVALID', link, 'xsd:redefine cannot be published in one document');
  if (attributeOf(included, '', 'targetNamespace') === undefined) {
    failAt('WSDL_INVALID', link, 'an included schema without targetNamespace cannot be published in one document');
  }
  copy.parentNode?.removeChild(copy);
}
