import { type OutgoingBody, ownLimits } from '../message/sent-body.ts';
import { ns, type SoapVersion } from '../names.ts';
import type { ElementDeclaration, Schema } from '../schema/components.ts';
import { usualKeys } from '../schema/value-keys.ts';
import { writeValue } from '../schema/write-value.ts';
import { scanText } from '../xml/scan.ts';
import { standalone } from '../xml/write.ts';

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

/** @param xmlns the WSDL's own, as node-soap's envelopes have them */
export function declarationsOf(xmlns: string, soap: SoapVersion): readonly Declaration[] {
  const declared = [...xmlns.matchAll(/xmlns:([^=\s:"]+)="[^"]*"/g)].map(([text, prefix = '']) => ({ prefix, text }));
  return [...declared, ...ownDeclarations(soap).filter(own => !declared.some(({ prefix }) => prefix === own.prefix))];
}

/**
 * Writes a result as the element that the WSDL has for it. Of an object with a member `_xml` it is that text, as
 * node-soap takes it, whose prefixes are the WSDL's.
 * @throws {unknown} for a result that is no XML when it is written
 */
export function writeResult(schema: Schema, response: ElementDeclaration, result: unknown): OutgoingBody {
  const given = isWritten(result) ? standaloneXml(schema, String(result._xml)) : undefined;
  const content = given ?? writeValue(schema, result, response, usualKeys);
  return { declarations: '', content, element: scanText(content, ownLimits).root };
}

function isWritten(result: unknown): result is { readonly _xml: unknown } {
  return typeof result === 'object' && result !== null && '_xml' in result && Boolean(result._xml);
}

function standaloneXml({ prefixes }: Schema, xml: string): string {
  const declarations = prefixes.all.map(prefixes.declarationOf).join('');
  const [element] = scanText(`<b${declarations}>${xml}</b>`, ownLimits).root.children;
  return element === undefined ? xml : standalone(element, ({ prefix }) => xml.includes(`${prefix}:`));
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
