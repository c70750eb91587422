/** The components of a WSDL's schema documents by name, before they are compiled. */
import type { Element } from '@xmldom/xmldom';
import { expandedName, ns } from '../names.ts';
import { attributeOf, elementsOf, qnameOf } from '../policy/document.ts';
import type { QName } from '../policy/plan.ts';
import { isSchemaLink, type Wsdl, writtenSchemas } from '../policy/wsdl.ts';

/** What of a WSDL its schemas are read from. */
export type SchemaSource = Pick<Wsdl, 'definitions' | 'schemas' | 'schemaOf'>;

/** The kinds of components, by the names of their elements; both kinds of types share their names. */
const kinds = {
  element: 'element',
  complexType: 'type',
  simpleType: 'type',
  group: 'group',
  attributeGroup: 'attributeGroup',
  attribute: 'attribute',
} as const;

export type SchemaKind = (typeof kinds)[keyof typeof kinds];

/** A component, and what its document says of it. */
export interface Found {
  readonly element: Element;
  readonly document: SchemaDocument;
}

export interface SchemaDocument {
  readonly root: Element;
  /** Of the schema that includes it, where it has none itself (XML Schema Part 1 §4.2.1). */
  readonly targetNamespace: string;
}

/** Components by kind and `{namespace}local`. */
export type SchemaComponents = Readonly<Record<SchemaKind, ReadonlyMap<string, Found>>>;

/** The components of all schemas; of two that have one name, the first. */
export function readComponents(source: SchemaSource): SchemaComponents {
  const components: Record<SchemaKind, Map<string, Found>> = {
    element: new Map(),
    type: new Map(),
    group: new Map(),
    attributeGroup: new Map(),
    attribute: new Map(),
  };
  for (const document of schemaDocuments(source)) {
    for (const element of elementsOf(document.root)) addComponent(components, { element, document });
  }
  return components;
}

function addComponent(components: Record<SchemaKind, Map<string, Found>>, found: Found): void {
  const { element, document } = found;
  const local = element.localName ?? '';
  const name = attributeOf(element, '', 'name');
  if (element.namespaceURI !== ns.xsd || name === undefined || !Object.hasOwn(kinds, local)) return;
  const known = components[kinds[local as keyof typeof kinds]];
  const key = expandedName(document.targetNamespace, name);
  if (!known.has(key)) known.set(key, found);
}

/** Each document once for each namespace that it is read for. */
function schemaDocuments({ definitions, schemas, schemaOf }: SchemaSource): SchemaDocument[] {
  const documents: SchemaDocument[] = [];
  const add = (root: Element, outer: string) => {
    const targetNamespace = attributeOf(root, '', 'targetNamespace') ?? outer;
    if (documents.some(one => one.root === root && one.targetNamespace === targetNamespace)) return;
    documents.push({ root, targetNamespace });
    for (const link of elementsOf(root).filter(isSchemaLink)) {
      const linked = schemaOf.get(link);
      if (linked !== undefined) add(linked, link.localName === 'import' ? '' : targetNamespace);
    }
  };
  for (const root of definitions.flatMap(writtenSchemas)) add(root, '');
  for (const root of schemas) if (!documents.some(document => document.root === root)) add(root, '');
  return documents;
}

/**
 * The name that an attribute holds.
 * @throws {SecureConversationError} WSDL_INVALID where its prefix is not declared
 */
export function referenceOf(element: Element, attribute: string, { root, targetNamespace }: SchemaDocument): QName {
  const name = qnameOf(element, attribute);
  const isIncluded = name.namespace === '' && attributeOf(root, '', 'targetNamespace') === undefined;
  return isIncluded ? { ...name, namespace: targetNamespace } : name;
}
