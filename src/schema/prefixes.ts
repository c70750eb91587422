/** One prefix for each namespace of a WSDL, so that it means the same in all that is written. */
import type { Element } from '@xmldom/xmldom';
import { ns } from '../names.ts';
import { attributeOf } from '../policy/document.ts';
import { writeDeclaration } from '../xml/write.ts';

/** Prefixes and the namespaces that they stand for. */
export interface Prefixes {
  /** '' for no namespace; made where the documents have none. */
  of(namespace: string): string;
  /** undefined: there is no such prefix. */
  namespaceOf(prefix: string): string | undefined;
  /** ` xmlns:p="urn:a"` */
  declarationOf(prefix: string): string;
  /** All that the documents declare. */
  readonly all: readonly string[];
}

/** Not taken from documents: they have another use in each message. */
const taken = new Set(['xml', 'xmlns', 'xsi', 's', 'u', '']);

/**
 * The prefixes of WSDL documents and schemas. A prefix that means two things in two documents is that of the first.
 * @param roots of the documents, the WSDL that was asked for first
 */
export function prefixesOf(roots: readonly Element[]): Prefixes {
  const byNamespace = new Map([
    ['', ''],
    [ns.xsi, 'xsi'],
    [ns.xml, 'xml'],
  ]);
  const namespaces = new Map([...byNamespace].map(([namespace, prefix]) => [prefix, namespace]));
  const add = (prefix: string, namespace: string): string => {
    byNamespace.set(namespace, prefix);
    namespaces.set(prefix, namespace);
    return prefix;
  };
  const free = (): string => {
    let number = byNamespace.size;
    while (namespaces.has(`n${number}`)) number += 1;
    return `n${number}`;
  };
  const of = (namespace: string): string => byNamespace.get(namespace) ?? add(free(), namespace);
  for (const [prefix, namespace] of roots.flatMap(declarationsOf)) {
    if (!taken.has(prefix) && !namespaces.has(prefix) && !byNamespace.has(namespace)) add(prefix, namespace);
  }
  for (const root of roots) of(attributeOf(root, '', 'targetNamespace') ?? '');
  const declarationOf = (prefix: string) => ` ${writeDeclaration({ prefix, uri: namespaces.get(prefix) ?? '' })}`;
  const all = [...namespaces.keys()].filter(prefix => prefix !== '' && prefix !== 'xml');
  return { of, namespaceOf: prefix => namespaces.get(prefix), declarationOf, all };
}

function declarationsOf(root: Element): (readonly [prefix: string, namespace: string])[] {
  return Array.from(root.attributes)
    .filter(({ namespaceURI, prefix }) => namespaceURI === ns.xmlns && prefix !== null)
    .map(({ localName, value }) => [localName ?? '', value] as const);
}
