/**
 * Namespaces, algorithm and action URIs. The two families of WS-Trust and WS-SecureConversation ("dialects") are rows
 * of one table, and so are the two versions of SOAP and of WS-Addressing.
 */

export const ns = {
  soap11: 'http://schemas.xmlsoap.org/soap/envelope/',
  soap12: 'http://www.w3.org/2003/05/soap-envelope',
  wsa200408: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  wsa10: 'http://www.w3.org/2005/08/addressing',
  wsse: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
  wsse11: 'http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd',
  wsu: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd',
  ds: 'http://www.w3.org/2000/09/xmldsig#',
  xenc: 'http://www.w3.org/2001/04/xmlenc#',
  excC14n: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  xml: 'http://www.w3.org/XML/1998/namespace',
  xmlns: 'http://www.w3.org/2000/xmlns/',
  xsd: 'http://www.w3.org/2001/XMLSchema',
  xsi: 'http://www.w3.org/2001/XMLSchema-instance',
  wsdl: 'http://schemas.xmlsoap.org/wsdl/',
  wsdlSoap11: 'http://schemas.xmlsoap.org/wsdl/soap/',
  wsdlSoap12: 'http://schemas.xmlsoap.org/wsdl/soap12/',
  wsp200409: 'http://schemas.xmlsoap.org/ws/2004/09/policy',
  wsp15: 'http://www.w3.org/ns/ws-policy',
  sp11: 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy',
  sp12: 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702',
  mssp: 'http://schemas.microsoft.com/ws/2005/07/securitypolicy',
  wsaw: 'http://www.w3.org/2006/05/addressing/wsdl',
  wsam: 'http://www.w3.org/2007/05/addressing/metadata',
  wsap200408: 'http://schemas.xmlsoap.org/ws/2004/08/addressing/policy',
  /** Our own: the element `State` that carries the sealed state inside a SecurityContextToken. */
  state: 'urn:soap-secure-conversation:1',
} as const;

const wss10 = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0';
const wss11 = 'http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1';
const x509Profile = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0';

/** Value, encoding and token types of WS-Security 1.0 and 1.1 (WSS SOAP Message Security 1.1, X.509 and UsernameToken profiles). */
export const tokenTypes = {
  base64Binary: `${wss10}#Base64Binary`,
  encryptedKey: `${wss11}#EncryptedKey`,
  encryptedKeySha1: `${wss11}#EncryptedKeySHA1`,
  thumbprintSha1: `${wss11}#ThumbprintSHA1`,
  subjectKeyIdentifier: `${x509Profile}#X509SubjectKeyIdentifier`,
  x509v3: `${x509Profile}#X509v3`,
  passwordText: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText',
  passwordDigest: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest',
} as const;

/** Algorithm URIs of XML Signature, XML Encryption and exclusive canonicalisation. The suite table (crypto/suites) says which are used when. */
export const algorithms = {
  excC14n: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  sha1: 'http://www.w3.org/2000/09/xmldsig#sha1',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
  hmacSha1: 'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
  hmacSha256: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256',
  rsaSha1: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  rsaOaepMgf1p: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  rsa15: 'http://www.w3.org/2001/04/xmlenc#rsa-1_5',
  aes128Cbc: 'http://www.w3.org/2001/04/xmlenc#aes128-cbc',
  aes192Cbc: 'http://www.w3.org/2001/04/xmlenc#aes192-cbc',
  aes256Cbc: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
  aes128Gcm: 'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  aes192Gcm: 'http://www.w3.org/2009/xmlenc11#aes192-gcm',
  aes256Gcm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  encryptedContent: 'http://www.w3.org/2001/04/xmlenc#Content',
  encryptedElement: 'http://www.w3.org/2001/04/xmlenc#Element',
} as const;

/** What of WS-Trust a security context token can be asked for: RST/SCT, RST/SCT/Renew, … (WS-SecureConversation 1.3 §4–7). */
export type TrustRequest = 'issue' | 'renew' | 'cancel' | 'amend';

export type DialectName = 'feb2005' | '200512';

/** One family of WS-Trust and WS-SecureConversation namespaces and everything that is derived from them. */
export interface Dialect {
  readonly name: DialectName;
  /** WS-Trust namespace. */
  readonly wst: string;
  /** WS-SecureConversation namespace. */
  readonly wsc: string;
  /** TokenType of a SecurityContextToken and ValueType of a reference to it. */
  readonly sct: string;
  /** ValueType of a reference to a DerivedKeyToken. */
  readonly dk: string;
  /** The one key derivation algorithm, P_SHA1 (never written, accepted when read). */
  readonly dkPsha1: string;
  /** ComputedKey algorithm of a RequestedProofToken. */
  readonly computedKeyPsha1: string;
  /** Type of a BinarySecret that holds entropy. */
  readonly nonce: string;
  /** Type of a BinarySecret that is the key. */
  readonly symmetricKey: string;
  /** wsa:Action of the request, by what is asked for. */
  readonly requestAction: Readonly<Record<TrustRequest, string>>;
  /** wsa:Action of the answer. WCF and CXF both write RSTR/SCT in 200512 too, never RSTRC. */
  readonly responseAction: Readonly<Record<TrustRequest, string>>;
  /** wst:RequestType, by what is asked for. */
  readonly requestType: Readonly<Record<TrustRequest, string>>;
  /** True where the answer is wrapped in a RequestSecurityTokenResponseCollection. */
  readonly collection: boolean;
}

function dialect(name: DialectName, wst: string, wsc: string, collection: boolean): Dialect {
  return Object.freeze({
    name,
    wst,
    wsc,
    sct: `${wsc}/sct`,
    dk: `${wsc}/dk`,
    dkPsha1: `${wsc}/dk/p_sha1`,
    computedKeyPsha1: `${wst}/CK/PSHA1`,
    nonce: `${wst}/Nonce`,
    symmetricKey: `${wst}/SymmetricKey`,
    requestAction: byRequest(suffix => `${wst}/RST/SCT${suffix}`),
    responseAction: byRequest(suffix => `${wst}/RSTR/SCT${suffix}`),
    requestType: { issue: `${wst}/Issue`, renew: `${wst}/Renew`, cancel: `${wst}/Cancel`, amend: `${wst}/Issue` },
    collection,
  });
}

function byRequest(uri: (suffix: string) => string): Record<TrustRequest, string> {
  return { issue: uri(''), renew: uri('/Renew'), cancel: uri('/Cancel'), amend: uri('/Amend') };
}

/** The two dialects that are spoken: February 2005 (WSHttpBinding, Trust10) and 200512 (WS2007HttpBinding, Trust13). */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  feb2005: dialect(
    'feb2005',
    'http://schemas.xmlsoap.org/ws/2005/02/trust',
    'http://schemas.xmlsoap.org/ws/2005/02/sc',
    false,
  ),
  '200512': dialect(
    '200512',
    'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
    'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512',
    true,
  ),
};

export type SoapVersionName = '1.1' | '1.2';
export type AddressingVersionName = '2004/08' | '1.0';

/** One version of WS-Addressing. */
export interface AddressingVersion {
  readonly name: AddressingVersionName;
  readonly namespace: string;
  readonly anonymous: string;
  readonly none: string | undefined;
  /** wsa:Action of a fault that the addressing or security layer makes. */
  readonly faultAction: string;
}

export const addressingVersions: Readonly<Record<AddressingVersionName, AddressingVersion>> = {
  '2004/08': {
    name: '2004/08',
    namespace: ns.wsa200408,
    anonymous: `${ns.wsa200408}/role/anonymous`,
    none: undefined,
    faultAction: `${ns.wsa200408}/fault`,
  },
  '1.0': {
    name: '1.0',
    namespace: ns.wsa10,
    anonymous: `${ns.wsa10}/anonymous`,
    none: `${ns.wsa10}/none`,
    faultAction: `${ns.wsa10}/soap/fault`,
  },
};

/** One version of SOAP. */
export interface SoapVersion {
  readonly name: SoapVersionName;
  readonly namespace: string;
  readonly contentType: string;
}

export const soapVersions: Readonly<Record<SoapVersionName, SoapVersion>> = {
  '1.1': { name: '1.1', namespace: ns.soap11, contentType: 'text/xml' },
  '1.2': { name: '1.2', namespace: ns.soap12, contentType: 'application/soap+xml' },
};

/** `{namespace}local`, the way a qualified name is written in messages, keys and errors. */
export function expandedName(namespace: string, local: string): string {
  return namespace === '' ? local : `{${namespace}}${local}`;
}
