import { refuse } from '../errors.ts';
import { tableKey } from '../table-key.ts';
import { attributeValue, type Element } from '../xml/tree.ts';

/**
 * Refuses an answer that node-soap would make more of than it says. Whatever the WSDL says, node-soap takes `id` and
 * `href` for the multi-references of SOAP 1.1 §5.4.1: it copies the members of the one to each place of the other, and
 * looks names up in an object that has inherited some: an id `__proto__` would leave its element to all objects of the
 * process.
 *
 * @throws {Refusal} `malformed`
 */
export function checkMultiReferences(parts: readonly Element[]): void {
  const members = new Map<string, number>();
  const references: string[] = [];
  for (const part of parts) collect(part, members, references);
  let left = 0;
  for (const { start, end } of parts) left += end - start;
  for (const key of references) left -= members.get(key) ?? 0;
  if (left < 0) refuse('malformed', 'limit-references');
}

function collect(element: Element, members: Map<string, number>, references: string[]): void {
  const { attributes, children } = element;
  if (attributes.length > 0) {
    const id = attributeValue(element, '', 'id');
    const reference = attributeValue(element, '', 'href')?.slice(1);
    if ([id, reference].some(isInherited)) refuse('malformed', 'reference-name');
    if (id !== undefined) count(members, tableKey(id), attributes.length + children.length);
    if (reference !== undefined) references.push(tableKey(reference));
  }
  for (const child of children) collect(child, members, references);
}

function count(members: Map<string, number>, key: string, found: number): void {
  members.set(key, Math.max(members.get(key) ?? 0, found));
}

function isInherited(name: string | undefined): boolean {
  return name !== undefined && name in Object.prototype;
}
