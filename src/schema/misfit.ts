import { ns } from '../names.ts';
import { trimSpace } from '../xml/characters.ts';
import { attributeValue, type Element, leafText } from '../xml/tree.ts';
import type { ElementDeclaration, Schema, Type } from './components.ts';
import { typeSaid } from './read-value.ts';

/**
 * Why an element is none that its declaration allows, in words that hold names alone and none of its texts; undefined
 * where nothing was found. It is looked for what a reader by the schema could not take: an element that no type names
 * where no wildcard allows it, one that must be there and isn't, nil where that may not be, and a text that is no
 * number or no date. Facets, order and number are not looked at.
 */
export function misfitOf(schema: Schema, element: Element, declared: ElementDeclaration): string | undefined {
  if (/^(?:true|1)$/.test(attributeValue(element, ns.xsi, 'nil') ?? ''))
    return declared.isNillable ? undefined : `${declared.local} can't be null`;
  const type = typeSaid(schema, element) ?? declared.type;
  if (element.children.length === 0 && !isTextOf(type, element))
    return `the text of ${declared.local} is none of its type`;
  return missingIn(element, type) ?? firstOf(element.children, child => childMisfit(schema, child, element, type));
}

function childMisfit(schema: Schema, child: Element, { local: parent }: Element, type: Type): string | undefined {
  const known = type.children.get(child.local)?.declaration;
  if (known !== undefined && known.namespace === child.namespace) return misfitOf(schema, child, known);
  return type.isOpen ? undefined : `${parent} has no ${child.local} by its schema`;
}

function missingIn({ local: parent, children }: Element, { children: named }: Type): string | undefined {
  return firstOf([...named.values()], ({ declaration: { local, namespace }, isOptional }) =>
    isOptional || children.some(child => child.local === local && child.namespace === namespace)
      ? undefined
      : `${parent} has no ${local}, which its schema asks for`,
  );
}

/** What types read as they should: the numbers that XML Schema has a name for, too. */
const specialNumbers = new Set(['NaN', 'INF', '-INF']);

function isTextOf({ text: { read } }: Type, element: Element): boolean {
  const said = trimSpace(leafText(element));
  const value = read?.(said);
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return typeof value !== 'number' || specialNumbers.has(said) || (said !== '' && !Number.isNaN(Number(said)));
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
