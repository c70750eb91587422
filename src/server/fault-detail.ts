import { ownLimits } from '../message/sent-body.ts';
import type { QName } from '../policy/plan.ts';
import type { ElementDeclaration, Schema } from '../schema/components.ts';
import { misfitOf } from '../schema/misfit.ts';
import { usualKeys } from '../schema/value-keys.ts';
import { writeValue } from '../schema/write-value.ts';
import { splitQualifiedName } from '../xml/characters.ts';
import { scanText } from '../xml/scan.ts';

/** What a Fault has of the Detail that an operation gave it. */
export interface WrittenDetail {
  /** A text; undefined: none. */
  readonly detail: string | undefined;
  /** The elements that the WSDL declares; absent: none. */
  readonly entry?: string;
  /** The first of them; absent: there is none. */
  readonly declared?: QName;
}

/**
 * Writes a Detail. An object with a member for each declared element, under the element's name, is written as these
 * (what node-soap's client reads of them is the same object); one whose members are all children of one declared
 * element is that element's value. Of any other an object is a text of JSON.
 * @param faults those of the operation
 * @throws {TypeError} for an object with names of declared elements, or of their children, that is none of them
 */
export function writeDetail(schema: Schema, faults: readonly ElementDeclaration[], detail: unknown): WrittenDetail {
  const entries = entriesOf(schema, faults, detail);
  const [first] = entries;
  if (first === undefined) return { detail: textOf(detail) };
  const entry = entries.map(({ fault, value }) => writeEntry(schema, fault, value)).join('');
  return { detail: undefined, entry, declared: first.fault };
}

interface Entry {
  readonly fault: ElementDeclaration;
  readonly value: unknown;
}

function entriesOf(schema: Schema, faults: readonly ElementDeclaration[], detail: unknown): readonly Entry[] {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return [];
  const members = Object.keys(detail).filter(name => name !== usualKeys.attributes);
  const named = members.map(name => faults.find(fault => isNamed(schema, fault, name)));
  if (members.length === 0 || named.includes(undefined))
    return fitting(faults, members, named).map(fault => ({ fault, value: detail }));
  return members.flatMap((name, index) => {
    const fault = named[index];
    if (fault === undefined) return [];
    const value = (detail as Record<string, unknown>)[name];
    return Array.isArray(value) ? value.map(item => ({ fault, value: item })) : [{ fault, value }];
  });
}

/** By its local name, or with a prefix of the WSDL's. */
function isNamed({ prefixes }: Schema, { namespace, local }: ElementDeclaration, name: string): boolean {
  const { prefix, local: said } = splitQualifiedName(name);
  return said === local && (prefix === undefined || (prefixes.namespaceOf(prefix) ?? namespace) === namespace);
}

/**
 * The one fault whose element has all the members; none where no fault has any of them.
 * @param named the faults that members are the names of
 */
function fitting(
  faults: readonly ElementDeclaration[],
  members: readonly string[],
  named: readonly (ElementDeclaration | undefined)[],
): readonly ElementDeclaration[] {
  const has =
    ({ type }: ElementDeclaration) =>
    (name: string) =>
      type.children.has(splitQualifiedName(name).local);
  const isMeant = named.some(fault => fault !== undefined) || faults.some(fault => members.some(has(fault)));
  if (!isMeant) return [];
  const fits = faults.filter(fault => members.every(has(fault)));
  if (fits.length === 1) return fits;
  const names = faults.map(({ local }) => local).join(', ');
  throw new TypeError(`its members fit ${fits.length === 0 ? 'none' : 'several'} of ${names}: name the one meant`);
}

function writeEntry(schema: Schema, declaration: ElementDeclaration, value: unknown): string {
  const text = writeValue(schema, value, declaration, usualKeys);
  const misfit = misfitOf(schema, scanText(text, ownLimits).root, declaration);
  if (misfit !== undefined) throw new TypeError(misfit);
  return text;
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
