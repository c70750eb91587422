import type { Certificate, CertificateIdentifier } from '../crypto/x509.ts';
import { ns, tokenTypes } from '../names.ts';
import type { CertificateReference } from '../policy/plan.ts';
import { escapeText } from '../xml/write.ts';
import { type TokenReference, writeKeyIdentifierReference } from './token-reference.ts';

/** A reference as the certificate list takes it; undefined where it can't mean a certificate. */
export function certificateIdentifier(reference: TokenReference): CertificateIdentifier | undefined {
  if (reference.kind === 'issuerSerial') return reference;
  if (reference.kind !== 'keyIdentifier') return undefined;
  const { value, valueType } = reference;
  if (valueType === tokenTypes.thumbprintSha1) return { kind: 'thumbprint', value };
  return valueType === tokenTypes.subjectKeyIdentifier ? { kind: 'keyIdentifier', value } : undefined;
}

/**
 * A reference to a certificate that its reader has, or that stands in the same message; by its thumbprint where it has
 * no subject key identifier. Canonical as written inside of a ds:KeyInfo.
 */
export function writeCertificateReference(certificate: Certificate, reference: CertificateReference): string {
  const { thumbprintSha1, subjectKeyIdentifier, issuerSerial } = certificate;
  if (reference === 'keyIdentifier' && subjectKeyIdentifier !== undefined) {
    return writeKeyIdentifierReference(tokenTypes.subjectKeyIdentifier, subjectKeyIdentifier);
  }
  if (reference !== 'issuerSerial') return writeKeyIdentifierReference(tokenTypes.thumbprintSha1, thumbprintSha1);
  return (
    `<o:SecurityTokenReference xmlns:o="${ns.wsse}"><ds:X509Data><ds:X509IssuerSerial>` +
    `<ds:X509IssuerName>${escapeText(issuerSerial.issuer)}</ds:X509IssuerName>` +
    `<ds:X509SerialNumber>${issuerSerial.serialNumber}</ds:X509SerialNumber>` +
    '</ds:X509IssuerSerial></ds:X509Data></o:SecurityTokenReference>'
  );
}
