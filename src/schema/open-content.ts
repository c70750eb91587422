import type { Element } from '@xmldom/xmldom';
import { expandedName, ns } from '../names.ts';
import { elementsOf } from '../policy/document.ts';
import { type Found, referenceOf, type SchemaComponents } from './schema-documents.ts';

const groups = new Set(['sequence', 'choice', 'all']);

/**
 * Whether a complexType, or what it is derived by, may hold elements that it does not name (xsd:any, XML Schema Part 1
 * §3.10), in a group that it refers to as well.
 */
export function isOpenContent(components: SchemaComponents, found: Found): boolean {
  return hasWildcard(components, found, new Set());
}

/** @param seen the groups that were looked into: none is twice */
function hasWildcard(components: SchemaComponents, { element, document }: Found, seen: Set<Element>): boolean {
  return elementsOf(element).some(particle => {
    if (particle.namespaceURI !== ns.xsd) return false;
    const kind = particle.localName ?? '';
    if (kind === 'any') return true;
    if (groups.has(kind)) return hasWildcard(components, { element: particle, document }, seen);
    if (kind !== 'group' || !particle.hasAttribute('ref')) return false;
    const { namespace, local } = referenceOf(particle, 'ref', document);
    const group = components.group.get(expandedName(namespace, local));
    if (group === undefined || seen.has(group.element)) return false;
    seen.add(group.element);
    return hasWildcard(components, group, seen);
  });
}
