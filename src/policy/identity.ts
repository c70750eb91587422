/**
 * The Identity of an endpoint (WS-AddressingIdentity, February 2006): the certificate that messages for it are
 * encrypted to stands in the WSDL, where WCF's importer looks for it.
 */
import type { Element } from '@xmldom/xmldom';
import { parseBase64 } from '../crypto/base64.ts';
import { endpointReferenceNamespace, ns } from '../names.ts';
import { childNamed, childrenNamed, failAt } from './document.ts';
import type { WsdlPort } from './wsdl.ts';

/**
 * An EndpointReference with the Identity of a certificate.
 * @param address as XML text
 * @param certificate DER
 */
export function endpointReference(address: string, certificate: Uint8Array): string {
  const encoded = Buffer.from(certificate).toString('base64');
  const data = `<X509Data><X509Certificate>${encoded}</X509Certificate></X509Data>`;
  const identity = `<Identity xmlns="${ns.identity}"><KeyInfo xmlns="${ns.ds}">${data}</KeyInfo></Identity>`;
  const reference = `<wsa:Address>${address}</wsa:Address>${identity}`;
  return `<wsa:EndpointReference xmlns:wsa="${endpointReferenceNamespace}">${reference}</wsa:EndpointReference>`;
}

const maxCertificates = 4;

const certificateBytes = { minBytes: 1, maxBytes: 16_384 };

/**
 * DER of the certificates in the Identity of a port: the service's own, then those of its issuers where the WSDL has
 * them; empty where it names none.
 * @throws {SecureConversationError} `WSDL_INVALID` for what is no base64, and for more than 4
 */
export function identityCertificates({ element: port }: WsdlPort): readonly Uint8Array[] {
  const path = [
    [endpointReferenceNamespace, 'EndpointReference'],
    [ns.identity, 'Identity'],
    [ns.ds, 'KeyInfo'],
    [ns.ds, 'X509Data'],
  ] as const;
  const data = path.reduce<Element | undefined>(
    (at, [namespace, local]) => at && childNamed(at, namespace, local),
    port,
  );
  const certificates = data === undefined ? [] : childrenNamed(data, ns.ds, 'X509Certificate');
  const [, , , , tooMany] = certificates;
  if (tooMany !== undefined)
    failAt('WSDL_INVALID', tooMany, `more than ${maxCertificates} certificates of an Identity`);
  return certificates.map(
    certificate =>
      parseBase64(certificate.textContent ?? '', certificateBytes) ??
      failAt('WSDL_INVALID', certificate, 'an X509Certificate that is not base64, or is longer than 16 KiB'),
  );
}
