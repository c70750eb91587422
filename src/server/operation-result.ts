import type { WSDL } from 'soap';
import { type OutgoingBody, ownLimits } from '../message/sent-body.ts';
import { ns, type SoapVersion } from '../names.ts';
import { scanText } from '../xml/scan.ts';

/** How node-soap is told to write the result of one operation. */
export interface ResultShape {
  readonly name: string;
  readonly prefix: string;
  readonly namespace: string;
  /** Declarations that node-soap leaves to the envelope around the result. */
  readonly declarations: readonly Declaration[];
}

/** A declaration of a prefix. */
export interface Declaration {
  readonly prefix: string;
  readonly text: string;
}

/**
 * Prefixes that node-soap's own envelopes declare, or should: it writes null as xsi:nil and declares that prefix as a
 * client only.
 */
function ownDeclarations({ namespace }: SoapVersion): readonly Declaration[] {
  return [
    { prefix: 'soap', text: `xmlns:soap="${namespace}"` },
    { prefix: 'xsi', text: `xmlns:xsi="${ns.xsi}"` },
  ];
}

/** A port whose operations have results, by the names that node-soap's WSDL has for it. */
export interface ResultPort {
  readonly service: string;
  readonly port: string;
  readonly soap: SoapVersion;
}

/**
 * What node-soap's WSDL says of an operation's output.
 * @throws {TypeError} where it has none
 */
export function resultShape(wsdl: WSDL, { service, port, soap }: ResultPort, operation: string): ResultShape {
  const output = wsdl.definitions.services[service]?.ports[port]?.binding.methods[operation]?.output;
  if (output === undefined) throw new TypeError(`${service}.${port}.${operation} has no output`);
  const { $name: name = '', targetNSAlias: prefix = '', targetNamespace: namespace = '' } = output;
  return { name, prefix, namespace, declarations: declarationsOf(wsdl.xmlnsInEnvelope, soap) };
}

/** @param xmlns the WSDL's own, as node-soap's envelopes have them */
export function declarationsOf(xmlns: string, soap: SoapVersion): readonly Declaration[] {
  const declared = [...xmlns.matchAll(/xmlns:([^=\s:"]+)="[^"]*"/g)].map(([text, prefix = '']) => ({ prefix, text }));
  return [...declared, ...ownDeclarations(soap).filter(own => !declared.some(({ prefix }) => prefix === own.prefix))];
}

/**
 * Writes a result as node-soap does: the content of a Body, with those of its declarations that it may need (a prefix
 * can stand in a value alone).
 * @throws {unknown} for a result that is no XML when it is written
 */
export function writeResult(wsdl: WSDL, shape: ResultShape, result: unknown): OutgoingBody {
  const content: string = wsdl.objectToDocumentXML(shape.name, result, shape.prefix, shape.namespace);
  const declarations = neededBy(content, shape.declarations);
  const { root } = scanText(`<b ${declarations}>${content}</b>`, ownLimits);
  return { declarations, content, element: root.children[0] };
}

/**
 * The declarations whose prefix stands before some colon of the content. A long text without colons is looked through
 * once, not once for each.
 */
export function neededBy(content: string, declarations: readonly Declaration[]): string {
  const needed = new Set<Declaration>();
  for (let colon = content.indexOf(':'); colon !== -1; colon = content.indexOf(':', colon + 1)) {
    for (const declaration of declarations) {
      if (endsAt(content, colon, declaration.prefix)) needed.add(declaration);
    }
    if (needed.size === declarations.length) break;
  }
  return declarations
    .filter(declaration => needed.has(declaration))
    .map(({ text }) => text)
    .join(' ');
}

/** The last character is looked at first: most differ there. */
function endsAt(content: string, end: number, prefix: string): boolean {
  return content.charCodeAt(end - 1) === prefix.charCodeAt(prefix.length - 1) && content.endsWith(prefix, end);
}
