import type { Element } from '@xmldom/xmldom';
import { failAt, requiredAttribute } from './document.ts';
import type { SoapBinding } from './operations.ts';
import type { ContextTokenDraft } from './tokens.ts';
import { requiredChild } from './wsdl.ts';

/** Location of a port. TLS does what a TransportBinding asks for, so its address can't be a plain one. */
export function addressOf(port: Element, { extension }: SoapBinding, transport: 'https' | 'http'): string {
  const element = requiredChild(port, extension, 'address');
  const address = requiredAttribute(element, 'location');
  checkNotPlain(address, transport, element, 'a TransportBinding');
  return address;
}

/** The bootstrap is sent there, so TLS has to protect it there too. */
export function issuerOf({ issuer, assertion }: ContextTokenDraft, transport: 'https' | 'http'): string | undefined {
  if (issuer !== undefined) checkNotPlain(issuer, transport, assertion.element, 'an Issuer');
  return issuer;
}

function checkNotPlain(address: string, transport: 'https' | 'http', element: Element, what: string): void {
  if (transport === 'https' && /^http:/i.test(address))
    failAt('POLICY_INVALID', element, `${what} at the plain address ${address.slice(0, 120)}`);
}
