import { ns } from '../names.ts';
import { splitQualifiedName } from '../xml/characters.ts';
import { escapeAttribute, escapeText, writeDeclaration } from '../xml/write.ts';
import { anyType } from './compile-schema.ts';
import type { ElementDeclaration, Schema, Type } from './components.ts';
import type { ValueKeys } from './value-keys.ts';

interface Writing {
  readonly schema: Schema;
  readonly keys: ValueKeys;
}

/** As deep as values may be nested: what goes deeper is a circle, or no receiver takes it. */
const maxDepth = 1_000;

/** The prefixes that are declared around an element. */
type Declared = readonly string[];

const xsi = 'xsi';

/**
 * Writes a value as the element that a schema declares, in the shape that node-soap's users know: each member as the
 * child that the type has by that name, in the schema's order, in its namespace and form. `attributes` holds
 * attributes (`xsi:type`, or node-soap's `xsi_type`, names a type that extends the one declared), `$value` the text
 * beside them, `$xml` the content as it stands. A list is written item by item, undefined not at all; null as xsi:nil,
 * but not at all where the element may be left out and can't be nil. A member that the type does not know is written
 * after the others, in the namespace that they have.
 *
 * The text declares every prefix that it uses, those that stand in values as well.
 * @throws {TypeError} for values nested in a circle, an xsi:type that no schema has, a prefix that is not declared
 */
export function writeValue(schema: Schema, value: unknown, declaration: ElementDeclaration, keys: ValueKeys): string {
  return writeElement({ schema, keys }, value === undefined ? {} : value, declaration, [], 0);
}

function writeElement(
  writing: Writing,
  value: unknown,
  declaration: ElementDeclaration,
  outer: Declared,
  depth: number,
): string {
  if (depth > maxDepth) throw new TypeError(`${declaration.local} is nested too deep: is it a part of itself?`);
  if (value === null) return writeNull(writing, declaration, outer);
  const { name, prefix, namespace } = declaration;
  const start = declaring(writing.schema, outer, [prefix]);
  if (typeof value !== 'object' || value instanceof Date)
    return written(name, start.text, writeText(writing, value, declaration.type, start));
  const { type, text: attributes, declared } = writeAttributes(writing, value, declaration.type, start);
  return written(name, attributes, writeContent(writing, value, { type, namespace, declared, depth }));
}

function written(name: string, attributes: string, { content, declarations }: WrittenContent): string {
  return `<${name}${attributes}${declarations}>${content}</${name}>`;
}

/** Content, and the declarations that its element needs for it. */
interface WrittenContent {
  readonly content: string;
  readonly declarations: string;
}

const prefixIn = (name: string): string => splitQualifiedName(name).prefix ?? '';

/** The declarations that prefixes need, with those that are declared after them. */
function declaring({ prefixes }: Schema, outer: Declared, needed: readonly string[]) {
  let text = '';
  let declared = outer;
  for (const prefix of needed) {
    if (prefix === '' || prefix === 'xml' || declared.includes(prefix)) continue;
    text += prefixes.declarationOf(prefix);
    declared = [...declared, prefix];
  }
  return { text, declared };
}

function writeNull({ schema }: Writing, { name, prefix }: ElementDeclaration, outer: Declared): string {
  const { text } = declaring(schema, outer, [prefix, xsi]);
  return `<${name}${text} xsi:nil="true"></${name}>`;
}

function writeText({ schema }: Writing, value: unknown, { text }: Type, { declared }: { declared: Declared }) {
  const said = value === undefined || value === null ? '' : text.write(value);
  const prefix = text.isName ? prefixIn(said) : '';
  const isKnown = schema.prefixes.namespaceOf(prefix) !== undefined;
  return { content: escapeText(said), declarations: isKnown ? declaring(schema, declared, [prefix]).text : '' };
}

/** Where content stands. */
interface Place {
  readonly type: Type;
  readonly namespace: string;
  readonly declared: Declared;
  readonly depth: number;
}

function writeContent(writing: Writing, value: object, place: Place): WrittenContent {
  const { schema, keys } = writing;
  const { declared } = place;
  if (Object.hasOwn(value, keys.xml)) {
    const { text: declarations } = declaring(schema, declared, schema.prefixes.all);
    return { content: String(memberOf(value, keys.xml)), declarations };
  }
  if (Object.hasOwn(value, keys.text)) return writeText(writing, memberOf(value, keys.text), place.type, place);
  let content = '';
  for (const { declaration, member, isOptional } of membersOf(writing, value, place))
    for (const item of Array.isArray(member) ? member : [member]) {
      if (item === undefined || (item === null && isOptional && !declaration.isNillable)) continue;
      content += writeElement(writing, item, declaration, declared, place.depth + 1);
    }
  return { content, declarations: '' };
}

function memberOf(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name];
}

interface Member {
  readonly declaration: ElementDeclaration;
  readonly member: unknown;
  readonly isOptional: boolean;
  readonly index: number;
}

/** The members of a value that are elements, in the schema's order; those it does not know come last. */
function membersOf(writing: Writing, value: object, place: Place): readonly Member[] {
  const members: Member[] = [];
  let isOrdered = true;
  for (const name of Object.keys(value)) {
    if (name === writing.keys.attributes) continue;
    const member = memberNamed(writing, name, memberOf(value, name), place);
    if (member.index < (members.at(-1)?.index ?? 0)) isOrdered = false;
    members.push(member);
  }
  return isOrdered ? members : members.sort((a, b) => a.index - b.index);
}

/** node-soap's users may write a prefix before a name, or a colon alone. */
function memberNamed({ schema }: Writing, name: string, member: unknown, { type, namespace }: Place): Member {
  const { prefix, local } = splitQualifiedName(name);
  const child = type.children.get(local);
  if (child !== undefined) {
    const { declaration, isOptional, index } = child;
    return { declaration, member, isOptional, index };
  }
  const said = prefix === undefined ? undefined : schema.prefixes.namespaceOf(prefix);
  const unknown = said ?? type.others ?? namespace;
  return { declaration: undeclared(schema, unknown, local), member, isOptional: false, index: type.children.size };
}

function undeclared(schema: Schema, namespace: string, local: string): ElementDeclaration {
  const known = schema.element(namespace, local);
  if (known !== undefined) return known;
  const prefix = schema.prefixes.of(namespace);
  const name = prefix === '' ? local : `${prefix}:${local}`;
  return { namespace, local, prefix, name, isNillable: false, type: anyType };
}

interface WrittenAttributes {
  readonly text: string;
  readonly declared: Declared;
  /** The one declared, or the one that the attributes name. */
  readonly type: Type;
}

function writeAttributes(writing: Writing, value: object, declared: Type, start: ReturnType<typeof declaring>) {
  const given = Object.hasOwn(value, writing.keys.attributes) ? memberOf(value, writing.keys.attributes) : undefined;
  let state: WrittenAttributes = { ...start, type: declared };
  if (typeof given !== 'object' || given === null) return state;
  for (const [name, said] of Object.entries(given)) {
    if (said === undefined || said === null || name === 'xmlns' || name.startsWith('xmlns:')) continue;
    state = isTypeName(name)
      ? writeType(writing, typeNameOf(said, given), state)
      : writeAttribute(writing, name, String(said), given, state);
  }
  return state;
}

function isTypeName(name: string): boolean {
  return name === 'xsi:type' || name === 'xsi_type';
}

interface TypeName {
  readonly prefix: string;
  readonly local: string;
  /** As the caller declares the prefix; undefined: as the WSDL does. */
  readonly namespace: string | undefined;
}

/** As a QName, or in node-soap's form: `xsi_type: { type, prefix, xmlns }`. */
function typeNameOf(said: unknown, attributes: object): TypeName {
  if (typeof said === 'object' && said !== null) {
    const { type, prefix = '', xmlns } = said as { type?: unknown; prefix?: unknown; xmlns?: unknown };
    const namespace = xmlns === undefined ? undefined : String(xmlns);
    return { prefix: String(prefix), local: splitQualifiedName(String(type)).local, namespace };
  }
  const { prefix = '', local } = splitQualifiedName(String(said).trim());
  return { prefix, local, namespace: declaredBy(attributes, prefix) };
}

function declaredBy(attributes: object, prefix: string): string | undefined {
  const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`;
  return Object.hasOwn(attributes, name) ? String(memberOf(attributes, name)) : undefined;
}

/** A prefix may be that of a message from elsewhere: where only one namespace has a type of that name, it is that. */
function writeType(
  { schema }: Writing,
  said: TypeName,
  { text, declared, type }: WrittenAttributes,
): WrittenAttributes {
  const { prefix, local } = said;
  const meant = [said.namespace, schema.prefixes.namespaceOf(prefix), schema.namespaceOfType(local)];
  const namespace = meant.find(one => one !== undefined && isTypeOf(schema, one, local));
  if (namespace === undefined) throw new TypeError(`no schema of the WSDL has the type ${prefix}:${local}`);
  const own = schema.prefixes.of(namespace);
  const { text: declarations, declared: all } = declaring(schema, declared, [xsi, own]);
  const name = own === '' ? local : `${own}:${local}`;
  return {
    text: `${text}${declarations} xsi:type="${escapeAttribute(name)}"`,
    declared: all,
    type: schema.type(namespace, local) ?? type,
  };
}

function isTypeOf(schema: Schema, namespace: string, local: string): boolean {
  return namespace === ns.xsd || schema.type(namespace, local) !== undefined;
}

function writeAttribute(
  { schema }: Writing,
  name: string,
  value: string,
  given: object,
  { text, declared, type }: WrittenAttributes,
): WrittenAttributes {
  const { prefix: said, local } = splitQualifiedName(name);
  const own = type.attributes.get(local);
  const prefix = own === undefined || said === xsi ? (said ?? '') : schema.prefixes.of(own);
  const written = ` ${prefix === '' ? '' : `${prefix}:`}${local}="${escapeAttribute(value)}"`;
  if (prefix === '' || prefix === 'xml' || schema.prefixes.namespaceOf(prefix) !== undefined) {
    const { text: declarations, declared: all } = declaring(schema, declared, [prefix]);
    return { text: text + declarations + written, declared: all, type };
  }
  const uri = declaredBy(given, prefix);
  if (uri === undefined) throw new TypeError(`the attribute ${name} has a prefix that nothing declares`);
  const declaration = ` ${writeDeclaration({ prefix, uri })}`;
  return { text: `${text}${text.includes(declaration) ? '' : declaration}${written}`, declared, type };
}
