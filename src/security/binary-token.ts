import { decodeBase64 } from '../crypto/base64.ts';
import { refuse } from '../errors.ts';
import { ns, tokenTypes } from '../names.ts';
import type { Element } from '../xml/tree.ts';
import { attributesOf, leafContent } from './grammar.ts';

/** What a wsse:BinarySecurityToken of one X.509 certificate says (X.509 Token Profile 1.1 §3.1.2). */
export interface CertificateClaims {
  /** The certificate, DER. */
  readonly certificate: Uint8Array;
}

/** @throws {Refusal} `invalidSecurityToken` for another kind of token, `invalidSecurity` for a malformed one. */
export function parseBinaryToken(element: Element): CertificateClaims {
  const { ValueType, EncodingType } = attributesOf(element, { Id: ns.wsu, ValueType: '', EncodingType: '' });
  if (ValueType !== tokenTypes.x509v3) refuse('invalidSecurityToken', 'binary-token-type');
  if (EncodingType !== tokenTypes.base64Binary) refuse('invalidSecurity', 'binary-token-encoding');
  return { certificate: decodeBase64(leafContent(element), { minBytes: 64, maxBytes: 6144 }) };
}

/** Canonical as written. */
export function writeBinaryToken(id: string, { certificate }: CertificateClaims): string {
  return (
    `<o:BinarySecurityToken xmlns:o="${ns.wsse}" xmlns:u="${ns.wsu}" EncodingType="${tokenTypes.base64Binary}" ` +
    `ValueType="${tokenTypes.x509v3}" u:Id="${id}">` +
    `${Buffer.from(certificate).toString('base64')}</o:BinarySecurityToken>`
  );
}
