/** What the Bodies of a port's operations are read and written by, made of its WSDL once. */
import {
  type Operation,
  type OperationMessage,
  type RpcPart,
  readBinding,
  readOperations,
} from '../policy/operations.ts';
import { portNamed, type Wsdl } from '../policy/wsdl.ts';
import { anyType, compileSchema, declaration } from './compile-schema.ts';
import type { Child, ElementDeclaration, Schema, Type } from './components.ts';

/** The Bodies of an operation. */
export interface OperationBodies {
  readonly request: ElementDeclaration;
  /** undefined: it is one-way. */
  readonly response: ElementDeclaration | undefined;
  /** What the WSDL has for Details of its faults, as far as its schemas declare it. */
  readonly faults: readonly ElementDeclaration[];
}

const schemas = new WeakMap<object, Schema>();

/** The schema of a WSDL: compiled once, for all its ports. */
export function schemaOf(wsdl: Wsdl): Schema {
  const known = schemas.get(wsdl);
  if (known !== undefined) return known;
  const schema = compileSchema(wsdl);
  schemas.set(wsdl, schema);
  return schema;
}

/**
 * The Bodies of a port's operations, by name of the operation; all that they may hold is compiled.
 * @throws {SecureConversationError} WSDL_INVALID with file and line where the schemas contradict themselves
 */
export function operationBodies(wsdl: Wsdl, port: string): ReadonlyMap<string, OperationBodies> {
  const schema = schemaOf(wsdl);
  const operations = readOperations(wsdl, readBinding(wsdl, portNamed(wsdl, port).element), undefined);
  const bodies = operations.map(({ name, input, output, faults }) => {
    const body: OperationBodies = {
      request: bodyOf(schema, input),
      response: output && bodyOf(schema, output),
      faults: declaredFaults(schema, faults),
    };
    return [name, body] as const;
  });
  const seen = new Set<ElementDeclaration>();
  for (const [, { request, response, faults }] of bodies)
    for (const body of [request, response, ...faults]) if (body !== undefined) compileAll(body, seen);
  return new Map(bodies);
}

function declaredFaults(schema: Schema, faults: Operation['faults']): readonly ElementDeclaration[] {
  return faults.flatMap(({ content }) => schema.element(content.namespace, content.local) ?? []);
}

/** Of rpc it is an element whose children are the parts, each in no namespace. */
function bodyOf(schema: Schema, { content, parts }: OperationMessage): ElementDeclaration {
  if (parts !== undefined) return declaration(schema.prefixes, content, false, () => partsType(schema, parts));
  const declared = schema.element(content.namespace, content.local);
  return declared ?? declaration(schema.prefixes, content, false, () => anyType);
}

/** The parts as children, in the order of the message; none may be nil (WS-I BP 1.1 R2211, R2301). */
function partsType(schema: Schema, parts: readonly RpcPart[]): Type {
  const children = parts.map(({ name, type }, index): [string, Child] => {
    const part = declaration(schema.prefixes, { namespace: '', local: name }, false, () => schema.typeOf(type));
    return [name, { declaration: part, index, isList: false, isOptional: true }];
  });
  return { ...anyType, children: new Map(children), others: '' };
}

/** So that no message waits for it, and what is wrong is found at the start. */
function compileAll(first: ElementDeclaration, seen: Set<ElementDeclaration>): void {
  const left = [first];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const child of next.type.children.values()) left.push(child.declaration);
  }
}
