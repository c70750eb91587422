/**
 * Namespaces, algorithm and action URIs. The families of WS-Trust and WS-SecureConversation ("dialects") are rows of
 * one table, and so are the versions of SOAP and of WS-Addressing.
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
  wsdlMime: 'http://schemas.xmlsoap.org/wsdl/mime/',
  wsdlSoap11: 'http://schemas.xmlsoap.org/wsdl/soap/',
  wsdlSoap12: 'http://schemas.xmlsoap.org/wsdl/soap12/',
  wsp200409: 'http://schemas.xmlsoap.org/ws/2004/09/policy',
  wsp15: 'http://www.w3.org/ns/ws-policy',
  sp11: 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy',
  sp12: 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702',
  mssp: 'http://schemas.microsoft.com/ws/2005/07/securitypolicy',
  wsaw: 'http://www.w3.org/2006/05/addressing/wsdl',
  /** Drafts of it that are still written. */
  wsaw200602: 'http://www.w3.org/2006/02/addressing/wsdl',
  wsaw200502: 'http://www.w3.org/2005/02/addressing/wsdl',
  wsam: 'http://www.w3.org/2007/05/addressing/metadata',
  wsam200702: 'http://www.w3.org/2007/02/addressing/metadata',
  /** Identity of an endpoint (WS-AddressingIdentity, February 2006). */
  identity: 'http://schemas.xmlsoap.org/ws/2006/02/addressingidentity',
  wsap200408: 'http://schemas.xmlsoap.org/ws/2004/08/addressing/policy',
  /** Our own: the element `State` that carries the sealed state inside a SecurityContextToken. */
  state: 'urn:soap-secure-conversation:1',
} as const;

/** Namespace of the endpoint reference that a port of a WSDL may have (WS-Addressing 1.0 Metadata §4.1). */
export const endpointReferenceNamespace = ns.wsa10;

/** The WSDL binding of WS-Addressing 1.0, the newest namespace first. */
export const wsawNamespaces: readonly string[] = [ns.wsaw, ns.wsaw200602, ns.wsaw200502];

/** Its metadata, the newest namespace first. */
export const wsamNamespaces: readonly string[] = [ns.wsam, ns.wsam200702];

/**
 * Value, encoding and token types of WS-Security 1.0 and 1.1 (WSS SOAP Message Security 1.1, X.509 and UsernameToken
 * profiles).
 */
export const tokenTypes = {
  base64Binary: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary',
  encryptedKey: 'http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKey',
  encryptedKeySha1: 'http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKeySHA1',
  thumbprintSha1: 'http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1',
  subjectKeyIdentifier:
    'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier',
  x509v3: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3',
  x509PkiPath: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509PKIPathv1',
  passwordText: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText',
  passwordDigest: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest',
} as const;

/**
 * Algorithm URIs of XML Signature, XML Encryption and exclusive canonicalisation. The suite table (crypto/suites) says
 * which are used when.
 */
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

/**
 * What of WS-Trust a security context token can be asked for: RST/SCT, RST/SCT/Renew, … (WS-SecureConversation 1.3
 * §4–7), and whether one is good, which has no action of its own there (WS-Trust 1.3 §7).
 */
export type TrustRequest = 'issue' | 'renew' | 'cancel' | 'amend' | 'validate';

/** URIs by what is asked for; absent: no port of the dialect offers it. */
export type TrustUris = Readonly<Pick<Record<TrustRequest, string>, 'issue'> & Partial<Record<TrustRequest, string>>>;

/** A dialect that no policy can ask for, since none was written in its time: a port is told to speak it. */
export type GivenDialectName = '2004-04';

export type DialectName = GivenDialectName | 'feb2005' | '200512';

/** wsa:Action of a fault that a WCF client reads as one about its session, in both dialects. */
export const sessionFaultAction = 'http://schemas.microsoft.com/ws/2006/05/security/SecureConversationFault';

/** One family of WS-Trust and WS-SecureConversation namespaces, with each URI that a message of it has. */
export interface Dialect {
  readonly name: DialectName;
  /** WS-Trust namespace. */
  readonly wst: string;
  /** WS-SecureConversation namespace. */
  readonly wsc: string;
  /** Namespace of the WS-SecurityPolicy whose ports speak it; undefined: ports are told to. */
  readonly securityPolicy: string | undefined;
  /** The version of WS-Addressing that goes with it; undefined: that of the policy. */
  readonly addressing: AddressingVersionName | undefined;
  /** TokenType of a SecurityContextToken and ValueType of a reference to it. */
  readonly sct: string;
  /** ValueType of a reference to a DerivedKeyToken. */
  readonly dk: string;
  /** The one key derivation algorithm, P_SHA1. */
  readonly dkPsha1: string;
  /** Namespaces that the attribute Algorithm of a DerivedKeyToken may be in; WSS4J writes that of `wsc`, WCF none. */
  readonly derivationAttribute: readonly string[];
  /** Whether a DerivedKeyToken is written with its Algorithm, in the namespace `wsc`. */
  readonly writesDerivation: boolean;
  /** Whether a context can be renewed, and its Instances are told apart by a wsc:Instance. */
  readonly hasInstances: boolean;
  /** Namespace of a DerivedKeyToken's Nonce. */
  readonly nonceNamespace: string;
  /** ComputedKey algorithm of a RequestedProofToken. */
  readonly computedKeyPsha1: string;
  /** Type of a BinarySecret that holds entropy. */
  readonly nonce: string;
  /** Type of a BinarySecret that is the key. */
  readonly symmetricKey: string;
  /** wsa:Action of the request, by what is asked for. */
  readonly requestAction: TrustUris;
  /** wsa:Action of the answer. WCF and CXF both write RSTR/SCT in 200512 too, never RSTRC. */
  readonly responseAction: TrustUris;
  /** wst:RequestType, by what is asked for. */
  readonly requestType: TrustUris;
  /** Further values of it that mean Issue. */
  readonly otherIssueTypes: readonly string[];
  /** TokenType of a request that asks for nothing but the status of a token, and of its answer. */
  readonly statusType: string | undefined;
  /** Code of a Status. */
  readonly status: { readonly valid: string; readonly invalid: string } | undefined;
  /** True where the answer is wrapped in a RequestSecurityTokenResponseCollection. */
  readonly collection: boolean;
  /** The dialect that its derived keys may be named by, too, where a port takes mixed dialects. */
  readonly mixesWith: DialectName | undefined;
  /** WCF's binding that speaks it. */
  readonly wcfBinding: string | undefined;
  /** Whether CXF's endpoints speak it where nothing says otherwise. */
  readonly isUsualInCxf: boolean;
}

/**
 * The dialects that are spoken: the drafts of April 2004 (WSE 2.0), February 2005 (WSHttpBinding, Trust10,
 * SecurityPolicy 1.1) and 200512 (WS2007HttpBinding, Trust13, SecurityPolicy 1.2). In the first a context is issued,
 * and ends by expiring: it has no Instance that a renewal could be told by, and no Action for a Cancel.
 */
export const dialects: Readonly<Record<DialectName, Dialect>> = {
  '2004-04': {
    name: '2004-04',
    wst: 'http://schemas.xmlsoap.org/ws/2004/04/trust',
    wsc: 'http://schemas.xmlsoap.org/ws/2004/04/sc',
    securityPolicy: undefined,
    addressing: '2004/03',
    sct: 'http://schemas.xmlsoap.org/ws/2004/04/security/sc/sct',
    dk: 'http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk',
    dkPsha1: 'http://schemas.xmlsoap.org/ws/2004/04/security/sc/dk/p_sha1',
    derivationAttribute: ['http://schemas.xmlsoap.org/ws/2004/04/sc'],
    writesDerivation: true,
    hasInstances: false,
    nonceNamespace: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
    computedKeyPsha1: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/CK/PSHA1',
    nonce: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/Nonce',
    symmetricKey: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/SymmetricKey',
    requestAction: {
      issue: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/RST/SCT',
      amend: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/RST/SCT-Amend',
    },
    responseAction: {
      issue: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/RSTR/SCT',
      amend: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/RSTR/SCT-Amend',
    },
    requestType: { issue: 'http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue' },
    otherIssueTypes: ['http://schemas.xmlsoap.org/ws/2004/04/trust/Issue'],
    statusType: undefined,
    status: undefined,
    collection: false,
    mixesWith: undefined,
    wcfBinding: undefined,
    isUsualInCxf: false,
  },
  feb2005: {
    name: 'feb2005',
    wst: 'http://schemas.xmlsoap.org/ws/2005/02/trust',
    wsc: 'http://schemas.xmlsoap.org/ws/2005/02/sc',
    securityPolicy: 'http://schemas.xmlsoap.org/ws/2005/07/securitypolicy',
    addressing: undefined,
    sct: 'http://schemas.xmlsoap.org/ws/2005/02/sc/sct',
    dk: 'http://schemas.xmlsoap.org/ws/2005/02/sc/dk',
    dkPsha1: 'http://schemas.xmlsoap.org/ws/2005/02/sc/dk/p_sha1',
    derivationAttribute: ['', 'http://schemas.xmlsoap.org/ws/2005/02/sc'],
    writesDerivation: false,
    hasInstances: true,
    nonceNamespace: 'http://schemas.xmlsoap.org/ws/2005/02/sc',
    computedKeyPsha1: 'http://schemas.xmlsoap.org/ws/2005/02/trust/CK/PSHA1',
    nonce: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Nonce',
    symmetricKey: 'http://schemas.xmlsoap.org/ws/2005/02/trust/SymmetricKey',
    requestAction: {
      issue: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT',
      renew: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Renew',
      cancel: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Cancel',
      amend: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT/Amend',
      validate: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Validate',
    },
    responseAction: {
      issue: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT',
      renew: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT/Renew',
      cancel: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT/Cancel',
      amend: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/SCT/Amend',
      validate: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Validate',
    },
    requestType: {
      issue: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Issue',
      renew: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Renew',
      cancel: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Cancel',
      amend: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Issue',
      validate: 'http://schemas.xmlsoap.org/ws/2005/02/trust/Validate',
    },
    otherIssueTypes: [],
    statusType: 'http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Status',
    status: {
      valid: 'http://schemas.xmlsoap.org/ws/2005/02/trust/status/valid',
      invalid: 'http://schemas.xmlsoap.org/ws/2005/02/trust/status/invalid',
    },
    collection: false,
    mixesWith: '200512',
    wcfBinding: 'WSHttpBinding',
    isUsualInCxf: true,
  },
  '200512': {
    name: '200512',
    wst: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
    wsc: 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512',
    securityPolicy: 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702',
    addressing: undefined,
    sct: 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512/sct',
    dk: 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512/dk',
    dkPsha1: 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512/dk/p_sha1',
    derivationAttribute: ['', 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512'],
    writesDerivation: false,
    hasInstances: true,
    nonceNamespace: 'http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512',
    computedKeyPsha1: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/CK/PSHA1',
    nonce: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Nonce',
    symmetricKey: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey',
    requestAction: {
      issue: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT',
      renew: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT/Renew',
      cancel: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT/Cancel',
      amend: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/SCT/Amend',
      validate: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Validate',
    },
    responseAction: {
      issue: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT',
      renew: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT/Renew',
      cancel: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT/Cancel',
      amend: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/SCT/Amend',
      validate: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/ValidateFinal',
    },
    requestType: {
      issue: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue',
      renew: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Renew',
      cancel: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Cancel',
      amend: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue',
      validate: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/Validate',
    },
    otherIssueTypes: [],
    statusType: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTR/Status',
    status: {
      valid: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/status/valid',
      invalid: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/status/invalid',
    },
    collection: true,
    mixesWith: 'feb2005',
    wcfBinding: 'WS2007HttpBinding',
    isUsualInCxf: false,
  },
};

/** That of the standard, for what is in none. */
export const newestDialect: Dialect = dialects['200512'];

/** Dialects that a port can be told to speak. */
export const givenDialects: readonly GivenDialectName[] = ['2004-04'];

/**
 * What a dialect has for a request that a port of it lets be made.
 * @throws {TypeError} where it has nothing: then no port lets it be made
 */
export function spoken<T>(has: T | undefined): T {
  if (has === undefined) throw new TypeError('a request that the dialect does not have');
  return has;
}

export type SoapVersionName = '1.1' | '1.2';
export type AddressingVersionName = '2004/03' | '2004/08' | '1.0';

/** The faults that WS-Addressing has codes for. */
export type AddressingFault =
  | 'invalidAddressingHeader'
  | 'addressingHeaderRequired'
  | 'actionMismatch'
  | 'onlyAnonymousAddressSupported';

/** One version of WS-Addressing. */
export interface AddressingVersion {
  readonly name: AddressingVersionName;
  readonly namespace: string;
  readonly anonymous: string;
  readonly none: string | undefined;
  /** RelationshipType of a reply: a URI, or a name in the version's namespace. */
  readonly reply: { readonly uri: string } | { readonly local: string };
  /** wsa:Action of a fault that the addressing or security layer makes. */
  readonly faultAction: string;
  /** Local names of the codes of each fault, from general to special. */
  readonly faultCodes: Readonly<Record<AddressingFault, readonly string[]>>;
  /** Whether `:` stands between the parts of a default Action where the target namespace is a URN. */
  readonly urnActions: boolean;
  /** Whether a fault that a WSDL declares has a default Action of its own. */
  readonly namesFaults: boolean;
}

/** WS-Addressing 2004/03, 2004/08 (faults: §4), and 1.0 (faults: SOAP Binding §6.4; RelationshipType: Core §3.1). */
export const addressingVersions: Readonly<Record<AddressingVersionName, AddressingVersion>> = {
  '2004/03': {
    name: '2004/03',
    namespace: 'http://schemas.xmlsoap.org/ws/2004/03/addressing',
    anonymous: 'http://schemas.xmlsoap.org/ws/2004/03/addressing/role/anonymous',
    none: undefined,
    reply: { local: 'Response' },
    faultAction: 'http://schemas.xmlsoap.org/ws/2004/03/addressing/fault',
    faultCodes: {
      invalidAddressingHeader: ['InvalidMessageInformationHeader'],
      addressingHeaderRequired: ['MessageInformationHeaderRequired'],
      actionMismatch: ['ActionNotSupported'],
      onlyAnonymousAddressSupported: ['InvalidMessageInformationHeader'],
    },
    urnActions: false,
    namesFaults: false,
  },
  '2004/08': {
    name: '2004/08',
    namespace: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
    anonymous: 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous',
    none: undefined,
    reply: { local: 'Reply' },
    faultAction: 'http://schemas.xmlsoap.org/ws/2004/08/addressing/fault',
    faultCodes: {
      invalidAddressingHeader: ['InvalidMessageInformationHeader'],
      addressingHeaderRequired: ['MessageInformationHeaderRequired'],
      actionMismatch: ['ActionNotSupported'],
      onlyAnonymousAddressSupported: ['InvalidMessageInformationHeader'],
    },
    urnActions: false,
    namesFaults: false,
  },
  '1.0': {
    name: '1.0',
    namespace: 'http://www.w3.org/2005/08/addressing',
    anonymous: 'http://www.w3.org/2005/08/addressing/anonymous',
    none: 'http://www.w3.org/2005/08/addressing/none',
    reply: { uri: 'http://www.w3.org/2005/08/addressing/reply' },
    faultAction: 'http://www.w3.org/2005/08/addressing/soap/fault',
    faultCodes: {
      invalidAddressingHeader: ['InvalidAddressingHeader'],
      addressingHeaderRequired: ['MessageAddressingHeaderRequired'],
      actionMismatch: ['InvalidAddressingHeader', 'ActionMismatch'],
      onlyAnonymousAddressSupported: ['InvalidAddressingHeader', 'OnlyAnonymousAddressSupported'],
    },
    urnActions: true,
    namesFaults: true,
  },
};

/** One version of SOAP. */
export interface SoapVersion {
  readonly name: SoapVersionName;
  readonly namespace: string;
  /** Namespace of the elements that describe its bindings in a WSDL (`soap12:binding`). */
  readonly wsdlBinding: string;
  /** Media type of its messages, without parameters. */
  readonly contentType: string;
  /** What carries the action over HTTP: a header of that name, or the media type's parameter `action`. */
  readonly actionIn: 'SOAPAction' | 'Content-Type';
  /** node-soap's option of that name, with which its envelopes are of this version. */
  readonly forceSoap12Headers: boolean;
  /** Whether what a fault tells of header blocks stands in its Detail; else it is in a header (SOAP 1.1 §4.4). */
  readonly detailsHeaders: boolean;
  /** Local name of the attribute that targets a header block. */
  readonly role: 'actor' | 'role';
  /** Local names of all attributes that a header block may have in the version's namespace. */
  readonly blockAttributes: ReadonlySet<string>;
  readonly next: string;
  readonly ultimateReceiver: string | undefined;
  /** The values of mustUnderstand. */
  readonly mustUnderstand: ReadonlyMap<string, boolean>;
}

/** SOAP 1.1 (§4.2.2–4.2.3, §6) and 1.2 (Part 1 §5.2.2–5.2.3, Part 2 §7.1.4), the one that is wanted more first. */
export const soapVersions: Readonly<Record<SoapVersionName, SoapVersion>> = {
  '1.2': {
    name: '1.2',
    namespace: 'http://www.w3.org/2003/05/soap-envelope',
    wsdlBinding: 'http://schemas.xmlsoap.org/wsdl/soap12/',
    contentType: 'application/soap+xml',
    actionIn: 'Content-Type',
    forceSoap12Headers: true,
    detailsHeaders: true,
    role: 'role',
    blockAttributes: new Set(['mustUnderstand', 'role', 'relay']),
    next: 'http://www.w3.org/2003/05/soap-envelope/role/next',
    ultimateReceiver: 'http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver',
    mustUnderstand: new Map([
      ['1', true],
      ['true', true],
      ['0', false],
      ['false', false],
    ]),
  },
  '1.1': {
    name: '1.1',
    namespace: 'http://schemas.xmlsoap.org/soap/envelope/',
    wsdlBinding: 'http://schemas.xmlsoap.org/wsdl/soap/',
    contentType: 'text/xml',
    actionIn: 'SOAPAction',
    forceSoap12Headers: false,
    detailsHeaders: false,
    role: 'actor',
    blockAttributes: new Set(['mustUnderstand', 'actor']),
    next: 'http://schemas.xmlsoap.org/soap/actor/next',
    ultimateReceiver: undefined,
    mustUnderstand: new Map([
      ['1', true],
      ['0', false],
    ]),
  },
};

/** `{namespace}local`, the way a qualified name is written in messages, keys and errors. */
export function expandedName(namespace: string, local: string): string {
  return namespace === '' ? local : `{${namespace}}${local}`;
}
