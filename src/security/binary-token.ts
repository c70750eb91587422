import { decodeBase64 } from '../crypto/base64.ts';
import { readPath, writePath } from '../crypto/der.ts';
import { digest } from '../crypto/digest.ts';
import { type Certificate, findCertificate, leastMinRsaBits, parseCertificate } from '../crypto/x509.ts';
import { refuse } from '../errors.ts';
import { ns, tokenTypes } from '../names.ts';
import type { Element } from '../xml/tree.ts';
import { certificateIdentifier } from './certificate-reference.ts';
import { attributesOf, leafContent } from './grammar.ts';
import type { TokenReference } from './token-reference.ts';

/** What a wsse:BinarySecurityToken of an X.509 certificate says (X.509 Token Profile 1.1 §3.1). */
export interface CertificateClaims {
  /** The certificate, DER. */
  readonly certificate: Uint8Array;
  /** Those of its issuers that came along, DER, each followed by its own issuer's; absent in a token of one alone. */
  readonly issuers?: readonly Uint8Array[];
}

const maxCertificateBytes = 6144;
/** Certificates of a path. */
const maxCertificates = 4;

interface BinaryType {
  readonly maxBytes: number;
  /** What the octets of a token of this type say; undefined for octets of something else. */
  read(octets: Buffer): CertificateClaims | undefined;
}

const types = new Map<string, BinaryType>([
  [tokenTypes.x509v3, { maxBytes: maxCertificateBytes, read: certificate => ({ certificate }) }],
  [tokenTypes.x509PkiPath, { maxBytes: maxCertificates * maxCertificateBytes, read: claimsOfPath }],
]);

/** In a path the certificate that the token is about stands last. */
function claimsOfPath(octets: Buffer): CertificateClaims | undefined {
  const [certificate, ...issuers] = readPath(octets)?.toReversed() ?? [];
  return certificate === undefined || issuers.length >= maxCertificates ? undefined : { certificate, issuers };
}

/** @throws {Refusal} `invalidSecurityToken` for another kind of token, `invalidSecurity` for a malformed one. */
export function parseBinaryToken(element: Element): CertificateClaims {
  const { ValueType, EncodingType } = attributesOf(element, { Id: ns.wsu, ValueType: '', EncodingType: '' });
  const type = types.get(ValueType ?? '') ?? refuse('invalidSecurityToken', 'binary-token-type');
  if (EncodingType !== tokenTypes.base64Binary) refuse('invalidSecurity', 'binary-token-encoding');
  const { maxBytes } = type;
  const octets = decodeBase64(leafContent(element, Math.ceil(maxBytes * 1.5)), { minBytes: 64, maxBytes });
  return type.read(octets) ?? refuse('invalidSecurity', 'binary-token-path');
}

/** Canonical as written. */
export function writeBinaryToken(id: string, claims: CertificateClaims): string {
  const { certificate, issuers = [] } = claims;
  const octets = claims.issuers === undefined ? certificate : writePath([certificate, ...issuers].toReversed());
  return (
    `<o:BinarySecurityToken xmlns:o="${ns.wsse}" xmlns:u="${ns.wsu}" EncodingType="${tokenTypes.base64Binary}" ` +
    `ValueType="${valueTypeOf(claims)}" u:Id="${id}">` +
    `${Buffer.from(octets).toString('base64')}</o:BinarySecurityToken>`
  );
}

/** ValueType of the token, and of a reference to it. */
export function valueTypeOf({ issuers }: CertificateClaims): string {
  return issuers === undefined ? tokenTypes.x509v3 : tokenTypes.x509PkiPath;
}

/**
 * The same for each token of this key, and for no other: what no signature covers can be changed, and the key can be in
 * another certificate.
 */
export function nameOfCertificate(claims: CertificateClaims): string {
  const key = certificateOf(claims)?.certificate.publicKey.export({ type: 'spki', format: 'der' });
  return digest('sha256', key ?? claims.certificate);
}

/** Certificates that were read: to read one costs half as much as a private-key operation. */
const known = new WeakMap<CertificateClaims, Certificate | undefined>();

/** The certificate of a token as it is looked up; undefined for octets that are none, or none whose key may sign. */
export function certificateOf(claims: CertificateClaims): Certificate | undefined {
  if (!known.has(claims)) known.set(claims, parseCertificate(claims.certificate, leastMinRsaBits));
  return known.get(claims);
}

/** What a token of a certificate would say that has been read. */
export function claimsOf(certificate: Certificate): CertificateClaims {
  const claims = { certificate: certificate.certificate.raw };
  known.set(claims, certificate);
  return claims;
}

/** Whether a reference means the certificate by something other than the wsu:Id of its token (§3.2). */
export function refersToCertificate(reference: TokenReference, claims: CertificateClaims): boolean {
  const identifier = certificateIdentifier(reference);
  const certificate = identifier && certificateOf(claims);
  if (identifier === undefined || certificate === undefined) return false;
  const { tokenType } = reference;
  const isTyped = tokenType === undefined || tokenType === valueTypeOf(claims);
  return isTyped && findCertificate([certificate], identifier) !== undefined;
}
