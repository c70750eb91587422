/** From schema documents to what values are read and written by. */
import type { Element } from '@xmldom/xmldom';
import { expandedName, ns } from '../names.ts';
import { attributeOf, elementsOf, failAt } from '../policy/document.ts';
import type { QName } from '../policy/plan.ts';
import type { Child, ElementDeclaration, Schema, Type } from './components.ts';
import { isOpenContent } from './open-content.ts';
import { type Prefixes, prefixesOf } from './prefixes.ts';
import {
  type Found,
  readComponents,
  referenceOf,
  type SchemaComponents,
  type SchemaSource,
} from './schema-documents.ts';
import { builtInText, namedText, type TextType, untyped } from './text-types.ts';

/** What is known of an element without a type, or of one whose schema was not at hand: nothing. */
export const anyType: Type = {
  text: untyped,
  children: new Map(),
  attributes: new Map(),
  others: undefined,
  isOpen: true,
};

/** Nothing but a text. */
const textAlone: Type = { ...anyType, isOpen: false };

/** What is being compiled. */
interface Compiling {
  readonly components: SchemaComponents;
  readonly prefixes: Prefixes;
  /** Types that were compiled, by name; undefined: one that is being compiled. */
  readonly types: Map<string, Type | undefined>;
  readonly elements: Map<string, ElementDeclaration>;
  readonly groups: Map<string, readonly Occurring[] | undefined>;
  /** Elements that may stand in the place of another, by the name of that (XML Schema Part 1 §3.3.6). */
  readonly substitutes: ReadonlyMap<string, readonly Found[]>;
}

/** An element of a type, before it has its place. */
type Occurring = Omit<Child, 'index'>;

/**
 * Compiles the schemas of a WSDL. A component that no document has is one of which nothing is known; an xsd:redefine
 * is an include.
 */
export function compileSchema(source: SchemaSource): Schema {
  const components = readComponents(source);
  const roots = [
    ...source.definitions,
    ...new Set([...components.element.values()].map(({ document }) => document.root)),
  ];
  const prefixes = prefixesOf(roots);
  const substitutes = substitutesOf(components);
  const compiling: Compiling = {
    components,
    prefixes,
    types: new Map(),
    elements: new Map(),
    groups: new Map(),
    substitutes,
  };
  const namespaces = namespacesOfTypes(components);
  return {
    prefixes,
    element: (namespace, local) => globalElement(compiling, { namespace, local }),
    type: (namespace, local) =>
      components.type.has(expandedName(namespace, local)) ? typeNamed(compiling, { namespace, local }) : undefined,
    typeOf: name => typeNamed(compiling, name),
    namespaceOfType: local => namespaces.get(local),
  };
}

function namespacesOfTypes({ type }: SchemaComponents): ReadonlyMap<string, string | undefined> {
  const namespaces = new Map<string, string | undefined>();
  for (const { element, document } of type.values()) {
    const name = attributeOf(element, '', 'name') ?? '';
    namespaces.set(name, namespaces.has(name) ? undefined : document.targetNamespace);
  }
  return namespaces;
}

function substitutesOf({ element: elements }: SchemaComponents): ReadonlyMap<string, readonly Found[]> {
  const substitutes = new Map<string, Found[]>();
  for (const found of elements.values()) {
    if (!found.element.hasAttribute('substitutionGroup')) continue;
    const { namespace, local } = referenceOf(found.element, 'substitutionGroup', found.document);
    const head = expandedName(namespace, local);
    substitutes.set(head, [...(substitutes.get(head) ?? []), found]);
  }
  return substitutes;
}

function globalElement(compiling: Compiling, { namespace, local }: QName): ElementDeclaration | undefined {
  const key = expandedName(namespace, local);
  const known = compiling.elements.get(key);
  const found = compiling.components.element.get(key);
  if (known !== undefined || found === undefined) return known;
  const declaration = declare(compiling, found, namespace);
  compiling.elements.set(key, declaration);
  return declaration;
}

function declare(compiling: Compiling, { element, document }: Found, namespace: string): ElementDeclaration {
  const local = attributeOf(element, '', 'name') ?? failAt('WSDL_INVALID', element, 'an element without name or ref');
  const typed = () => elementType(compiling, { element, document });
  const isNillable = isTrue(attributeOf(element, '', 'nillable'));
  return declaration(compiling.prefixes, { namespace, local }, isNillable, typed);
}

/** @param typed its type, asked for once */
export function declaration(
  prefixes: Prefixes,
  { namespace, local }: QName,
  isNillable: boolean,
  typed: () => Type,
): ElementDeclaration {
  const prefix = prefixes.of(namespace);
  let type: Type | undefined;
  return {
    namespace,
    local,
    prefix,
    name: prefix === '' ? local : `${prefix}:${local}`,
    isNillable,
    get type() {
      type ??= typed();
      return type;
    },
  };
}

function isTrue(value: string | undefined): boolean {
  return value === 'true' || value === '1';
}

function elementType(compiling: Compiling, { element, document }: Found): Type {
  if (element.hasAttribute('type')) return typeNamed(compiling, referenceOf(element, 'type', document));
  const inside = schemaChild(element, ['complexType', 'simpleType']);
  if (inside !== undefined) return compileType(compiling, { element: inside, document });
  if (!element.hasAttribute('substitutionGroup')) return anyType;
  const head = globalElement(compiling, referenceOf(element, 'substitutionGroup', document));
  return head?.type ?? anyType;
}

/**
 * A type by its name: of XML Schema, or of the documents.
 * @throws {SecureConversationError} WSDL_INVALID for a type that is made of itself
 */
function typeNamed(compiling: Compiling, { namespace, local }: QName): Type {
  if (namespace === ns.xsd) return local === 'anyType' ? anyType : { ...textAlone, text: builtInText(local) };
  const key = expandedName(namespace, local);
  const found = compiling.components.type.get(key);
  if (found === undefined) return anyType;
  const known = compiling.types.get(key);
  if (known !== undefined) return known;
  if (compiling.types.has(key)) failAt('WSDL_INVALID', found.element, `the type ${key} is made of itself`);
  compiling.types.set(key, undefined);
  const type = compileType(compiling, found);
  compiling.types.set(key, type);
  return type;
}

function compileType(compiling: Compiling, found: Found): Type {
  const { element, document } = found;
  if (element.localName === 'simpleType') return { ...textAlone, text: simpleText(compiling, found) };
  const content = schemaChild(element, ['complexContent', 'simpleContent']);
  const derivation = content && schemaChild(content, ['extension', 'restriction']);
  if (derivation === undefined) return complexType(compiling, { element, document }, textAlone, untyped);
  const base = typeNamed(compiling, referenceOf(derivation, 'base', document));
  const text = content?.localName === 'simpleContent' ? base.text : untyped;
  const inherited =
    derivation.localName === 'extension' ? base : { ...base, children: anyType.children, isOpen: false };
  return complexType(compiling, { element: derivation, document }, inherited, text);
}

/** What stands in a complexType, or in what it is derived by, after what it has from its base. */
function complexType(compiling: Compiling, found: Found, base: Type, text: TextType): Type {
  const children = new Map<string, Child>(base.children);
  for (const child of particlesOf(compiling, found, false)) addChild(children, child);
  return {
    text,
    children,
    attributes: new Map([...base.attributes, ...attributesOf(compiling, found, new Set())]),
    others: isQualified(found, 'element') ? found.document.targetNamespace : '',
    isOpen: base.isOpen || isOpenContent(compiling.components, found),
  };
}

function addChild(children: Map<string, Child>, child: Occurring): void {
  const { local } = child.declaration;
  const known = children.get(local);
  if (known === undefined) children.set(local, { ...child, index: children.size });
  else if (child.isList && !known.isList) children.set(local, { ...known, isList: true });
}

/** The text of a simpleType; of one with a name it is what node-soap makes of it. */
function simpleText(compiling: Compiling, { element, document }: Found): TextType {
  const restriction = schemaChild(element, ['restriction']);
  if (restriction === undefined) return untyped;
  const inside = schemaChild(restriction, ['simpleType']);
  const base =
    inside === undefined
      ? typeNamed(compiling, referenceOf(restriction, 'base', document)).text
      : simpleText(compiling, { element: inside, document });
  if (!element.hasAttribute('name')) return base;
  const space = schemaChild(restriction, ['whiteSpace']);
  return namedText(base, space !== undefined && attributeOf(space, '', 'value') !== 'preserve');
}

/** The elements that may stand in a model group, those of groups inside among them, in the schema's order. */
function particlesOf(compiling: Compiling, { element, document }: Found, isOptional: boolean): readonly Occurring[] {
  return elementsOf(element).flatMap(particle => {
    if (particle.namespaceURI !== ns.xsd) return [];
    const isLeft = isOptional || particle.localName === 'choice' || attributeOf(particle, '', 'minOccurs') === '0';
    return readParticle[particle.localName ?? '']?.(compiling, { element: particle, document }, isLeft) ?? [];
  });
}

type ReadParticle = (compiling: Compiling, found: Found, isOptional: boolean) => readonly Occurring[];

/** How each kind of particle is read; of others, as xsd:any, no names are known. */
const readParticle: Readonly<Record<string, ReadParticle>> = {
  element: occurring,
  sequence: particlesOf,
  choice: particlesOf,
  all: particlesOf,
  group: groupOf,
};

function occurring(compiling: Compiling, found: Found, isOptional: boolean): readonly Occurring[] {
  const { element, document } = found;
  const isList = !['', '0', '1'].includes(attributeOf(element, '', 'maxOccurs')?.trim() ?? '1');
  if (!element.hasAttribute('ref')) {
    const namespace = isQualified(found, 'element') ? document.targetNamespace : '';
    return [{ declaration: declare(compiling, found, namespace), isList, isOptional }];
  }
  const name = referenceOf(element, 'ref', document);
  const head = globalElement(compiling, name) ?? declaration(compiling.prefixes, name, false, () => anyType);
  const substitutes = substitutesFor(compiling, name, new Set());
  // Any of them will do.
  const isLeft = isOptional || substitutes.length > 0;
  return [head, ...substitutes].map(one => ({ declaration: one, isList, isOptional: isLeft }));
}

function substitutesFor(compiling: Compiling, { namespace, local }: QName, seen: Set<string>): ElementDeclaration[] {
  const key = expandedName(namespace, local);
  if (seen.has(key)) return [];
  seen.add(key);
  return (compiling.substitutes.get(key) ?? []).flatMap(({ element, document }) => {
    const name = { namespace: document.targetNamespace, local: attributeOf(element, '', 'name') ?? '' };
    const declared = globalElement(compiling, name);
    return declared === undefined ? [] : [declared, ...substitutesFor(compiling, name, seen)];
  });
}

/** Whether a local element or attribute is qualified: by its form, else by the default of its schema. */
function isQualified({ element, document }: Found, kind: 'element' | 'attribute'): boolean {
  const form = attributeOf(element, '', 'form') ?? attributeOf(document.root, '', `${kind}FormDefault`);
  return form === 'qualified';
}

/** Each group is read once, so that groups of groups cost no more than they say. */
function groupOf(compiling: Compiling, { element, document }: Found): readonly Occurring[] {
  const { namespace, local } = referenceOf(element, 'ref', document);
  const key = expandedName(namespace, local);
  const known = compiling.groups.get(key);
  if (known !== undefined) return known;
  const group = compiling.components.group.get(key);
  if (group === undefined) return [];
  if (compiling.groups.has(key)) failAt('WSDL_INVALID', group.element, `the group ${key} is made of itself`);
  compiling.groups.set(key, undefined);
  const particles = new Map<string, Child>();
  for (const child of particlesOf(compiling, group, true)) addChild(particles, child);
  const all = [...particles.values()];
  compiling.groups.set(key, all);
  return all;
}

/** The qualified attributes of a complexType, those of attribute groups among them. */
function attributesOf(
  compiling: Compiling,
  { element, document }: Found,
  seen: Set<Element>,
): (readonly [local: string, namespace: string])[] {
  if (seen.has(element)) return [];
  seen.add(element);
  return elementsOf(element).flatMap(child => {
    if (child.namespaceURI !== ns.xsd) return [];
    const isReference = child.hasAttribute('ref');
    if (child.localName === 'attributeGroup' && isReference) {
      const { namespace, local } = referenceOf(child, 'ref', document);
      const group = compiling.components.attributeGroup.get(expandedName(namespace, local));
      return group === undefined ? [] : attributesOf(compiling, group, seen);
    }
    if (child.localName !== 'attribute') return [];
    const { namespace, local } = isReference
      ? referenceOf(child, 'ref', document)
      : { namespace: document.targetNamespace, local: attributeOf(child, '', 'name') ?? '' };
    if (namespace === ns.xml || (!isReference && !isQualified({ element: child, document }, 'attribute'))) return [];
    compiling.prefixes.of(namespace);
    return [[local, namespace] as const];
  });
}

function schemaChild(element: Element, names: readonly string[]): Element | undefined {
  return elementsOf(element).find(child => child.namespaceURI === ns.xsd && names.includes(child.localName ?? ''));
}
