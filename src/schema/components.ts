/** What of a WSDL's schemas (XML Schema Part 1 §2.2) values are read and written by, values in node-soap's shape. */
import type { QName } from '../policy/plan.ts';
import type { Prefixes } from './prefixes.ts';
import type { TextType } from './text-types.ts';

/** An element that is declared: of a whole schema, or of one type. */
export interface ElementDeclaration {
  /** '' for none: an unqualified one. */
  readonly namespace: string;
  readonly local: string;
  /** That of its namespace; '' for none. */
  readonly prefix: string;
  /** Its name as it is written. */
  readonly name: string;
  readonly isNillable: boolean;
  /** Found when it is first asked for: types hold elements of themselves. */
  readonly type: Type;
}

/** An element as it may occur in a type. */
export interface Child {
  readonly declaration: ElementDeclaration;
  /** Its place among those of the type. */
  readonly index: number;
  /** Its values are given in a list, however many there are: maxOccurs is more than 1. */
  readonly isList: boolean;
  readonly isOptional: boolean;
}

/** A type, with all that it has from those it extends. */
export interface Type {
  readonly text: TextType;
  /** By local name, in the schema's order: values have no more of a name. */
  readonly children: ReadonlyMap<string, Child>;
  /** Attributes that are qualified, by local name: their namespaces. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Namespace of elements that it does not know; undefined: that of the element it is the type of. */
  readonly others: string | undefined;
  /** Whether it may hold elements that it does not name. */
  readonly isOpen: boolean;
}

/** The declarations and types of a WSDL. */
export interface Schema {
  readonly prefixes: Prefixes;
  /** An element that stands by itself; undefined: there is none, or its schema was not at hand. */
  element(namespace: string, local: string): ElementDeclaration | undefined;
  /** A type that the documents define. */
  type(namespace: string, local: string): Type | undefined;
  /** The type of a name, those of XML Schema among them; of one that nothing defines nothing is known. */
  typeOf(name: QName): Type;
  /** The one namespace that has a type of this name; undefined: none has, or several have. */
  namespaceOfType(local: string): string | undefined;
}
