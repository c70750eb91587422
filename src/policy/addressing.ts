/** What a WSDL says of WS-Addressing, by whichever of the assertions and extensions that stacks write. */
import type { Element } from '@xmldom/xmldom';
import { type AddressingVersion, addressingVersions, ns, wsawNamespaces } from '../names.ts';
import { childNamed } from './document.ts';
import type { Assertion } from './normal-form.ts';
import { invalid, nested, noted, type Row, readNested, type Vocabulary } from './vocabulary.ts';

/** An addressing assertion, read. */
export interface AddressingDraft {
  addressing: { readonly assertion: Assertion; readonly version: AddressingVersion } | undefined;
}

/** Only the anonymous reply address is spoken, so NonAnonymousResponses is not among the nested assertions. */
const addressingProperties: Vocabulary<object> = { 'wsam:AnonymousResponses': noted() };

/** The assertions of an endpoint policy (WS-Addressing 1.0 Metadata §3.1, and its forerunners). */
export const addressingAssertions: Vocabulary<AddressingDraft> = {
  'wsap:UsingAddressing': addressingRow(addressingVersions['2004/08']),
  'wsaw:UsingAddressing': addressingRow(addressingVersions['1.0']),
  'wsam:Addressing': addressingRow(addressingVersions['1.0']),
};

function addressingRow(version: AddressingVersion): Row<AddressingDraft> {
  return nested((draft, assertion, reading) => {
    readNested(addressingProperties, assertion, {}, reading);
    if (draft.addressing !== undefined && draft.addressing.version !== version) {
      invalid(assertion, `stands beside another version (${draft.addressing.assertion.place})`);
    }
    draft.addressing = { assertion, version };
  });
}

/** Namespaces of the element UsingAddressing where it stands in the WSDL itself. */
const extensions: ReadonlyMap<string, AddressingVersion> = new Map([
  ...wsawNamespaces.map(namespace => [namespace, addressingVersions['1.0']] as const),
  [ns.wsap200408, addressingVersions['2004/08']],
]);

/**
 * The version that an extension of the WSDL asks for (WS-Addressing 1.0 WSDL Binding §3.1.1); undefined where there is
 * none.
 * @param elements wsdl:port and wsdl:binding
 */
export function addressingExtension(elements: readonly Element[]): AddressingVersion | undefined {
  for (const [namespace, version] of extensions) {
    if (elements.some(element => childNamed(element, namespace, 'UsingAddressing') !== undefined)) return version;
  }
  return undefined;
}
