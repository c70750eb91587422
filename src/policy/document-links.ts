/** What one document of a WSDL refers to. */
import type { Element } from '@xmldom/xmldom';
import { ns } from '../names.ts';
import { attributeOf, childrenNamed, elementsOf, isNamed } from './document.ts';
import { policyLinksWithin } from './policy-documents.ts';
import { type DocumentKind, isSchemaLink, writtenSchemas } from './wsdl.ts';

/** A reference to another document, as it is written. */
export interface DocumentLink {
  readonly location: string;
  readonly kind: DocumentKind;
}

/** The references of a WSDL, a schema or a policy document to others, in their order. */
export function linksOf(root: Element): DocumentLink[] {
  if (isNamed(root, ns.xsd, 'schema')) return schemaLinksOf(root);
  const imports = childrenNamed(root, ns.wsdl, 'import').map(at => attributeOf(at, '', 'location') ?? '');
  return [
    ...imports.filter(location => location !== '').map(location => ({ location, kind: 'wsdl' as const })),
    ...writtenSchemas(root).flatMap(schemaLinksOf),
    ...policyLinksOf(root),
  ];
}

function schemaLinksOf(schema: Element): DocumentLink[] {
  const links = elementsOf(schema).filter(isSchemaLink);
  return links.map(at => ({ location: attributeOf(at, '', 'schemaLocation') ?? '', kind: 'xsd' }));
}

function policyLinksOf(root: Element): DocumentLink[] {
  const locations = policyLinksWithin(root).map(({ uri }) => uri.split('#', 1)[0] ?? '');
  return [...new Set(locations)].filter(location => location !== '').map(location => ({ location, kind: 'policy' }));
}
