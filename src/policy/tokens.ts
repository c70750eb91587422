/**
 * Token assertions and their properties (WS-SecurityPolicy 1.2 §5.4), as the tables of what may stand in each place.
 */

import type { Element } from '@xmldom/xmldom';
import { addressingVersions } from '../names.ts';
import { attributeOf, elementsOf, isNamed } from './document.ts';
import type { Alternative, Assertion } from './normal-form.ts';
import { noParts, partsRow } from './parts.ts';
import type { CertificateReference, CertificateUse, Parts } from './plan.ts';
import { isPolicyElement } from './policy-documents.ts';
import {
  elements,
  empty,
  invalid,
  nested,
  noted,
  type Reading,
  type Row,
  readNested,
  unsupported,
  type Vocabulary,
  vocabulary,
} from './vocabulary.ts';

/** sp:IncludeToken of WS-SecurityPolicy §5.1. */
export type IncludeToken = 'never' | 'once' | 'alwaysToRecipient' | 'alwaysToInitiator' | 'always';

/** sp:SecureConversationToken. */
export interface ContextTokenDraft {
  readonly kind: 'context';
  readonly endorsing: true;
  readonly assertion: Assertion;
  readonly include: IncludeToken;
  derivedKeys: boolean;
  bootstrap: { readonly assertion: Assertion; readonly alternative: Alternative } | undefined;
  mayCancel: boolean;
  mayRenew: boolean;
  /** Address of sp:Issuer. */
  readonly issuer: string | undefined;
}

/** sp:X509Token as a protection token: the key encrypted to the service's certificate. */
export interface CertificateTokenDraft {
  readonly kind: 'certificate';
  readonly assertion: Assertion;
  derivedKeys: boolean;
  reference: CertificateReference | undefined;
}

/** A supporting token that signs nothing, of the kind that a plan names it by. */
export interface ProvingTokenDraft {
  readonly kind: string;
  readonly endorsing?: never;
  readonly assertion: Assertion;
}

/** sp:X509Token whose key signs. */
export interface SigningCertificateDraft {
  readonly assertion: Assertion;
  /** Whether it stands in the messages that it signs. */
  readonly isIncluded: boolean;
  isPath: boolean;
  reference: CertificateReference | undefined;
}

/** sp:X509Token as a supporting token: a client's certificate, whose key signs. */
export interface EndorsingCertificateDraft extends SigningCertificateDraft {
  readonly kind: 'x509';
  readonly endorsing: true;
}

export type ProtectionTokenDraft = ContextTokenDraft | CertificateTokenDraft;

export type SupportingTokenDraft = ContextTokenDraft | EndorsingCertificateDraft | ProvingTokenDraft;

/** What one supporting-tokens assertion holds. */
export interface SupportingTokensDraft {
  readonly assertion: Assertion;
  readonly tokens: SupportingTokenDraft[];
  /** Parts that its signature covers beside the Timestamp. */
  signed: Parts;
}

const includeTokens: ReadonlyMap<string, IncludeToken> = new Map([
  ['Never', 'never'],
  ['Once', 'once'],
  ['AlwaysToRecipient', 'alwaysToRecipient'],
  ['AlwaysToInitiator', 'alwaysToInitiator'],
  ['Always', 'always'],
]);

const contextTokenProperties: Vocabulary<ContextTokenDraft> = vocabulary('SecureConversationToken', {
  'sp:RequireDerivedKeys': derivedKeys(),
  'sp12:RequireExplicitDerivedKeys': derivedKeys(),
  'sp:BootstrapPolicy': nested((draft, assertion) => {
    draft.bootstrap = { assertion, alternative: assertion.nested ?? [] };
  }),
  'sp12:MustNotSendCancel': empty(draft => {
    draft.mayCancel = false;
  }),
  'mssp:MustNotSendCancel': empty(draft => {
    draft.mayCancel = false;
  }),
  'sp12:MustNotSendRenew': empty(draft => {
    draft.mayRenew = false;
  }),
  // Nothing is ever amended.
  'sp12:MustNotSendAmend': noted(),
  // Each version of WS-SecurityPolicy goes with one version of the token, so these say what is known.
  'sp11:SC10SecurityContextToken': noted(),
  'sp12:SC13SecurityContextToken': noted(),
});

/** What both uses of an sp:X509Token may ask for. */
const certificateProperties: Vocabulary<{
  readonly assertion: Assertion;
  reference: CertificateReference | undefined;
}> = {
  'sp:RequireThumbprintReference': reference('thumbprint'),
  'sp:RequireKeyIdentifierReference': reference('keyIdentifier'),
  'sp:RequireIssuerSerialReference': reference('issuerSerial'),
  'sp:WssX509V3Token10': noted(),
  'sp:WssX509V3Token11': noted(),
};

const certificateTokenProperties: Vocabulary<CertificateTokenDraft> = vocabulary('X509Token', {
  ...certificateProperties,
  'sp:RequireDerivedKeys': derivedKeys(),
  'sp12:RequireExplicitDerivedKeys': derivedKeys(),
});

const signingCertificateProperties: Vocabulary<SigningCertificateDraft> = vocabulary('X509Token', {
  ...certificateProperties,
  'sp:WssX509PkiPathV1Token10': pkiPath(),
  'sp:WssX509PkiPathV1Token11': pkiPath(),
});

const endorsingCertificateProperties: Vocabulary<EndorsingCertificateDraft> = vocabulary('X509Token', {
  ...signingCertificateProperties,
  // Nothing is derived from a public key: CXF, which asks for it, signs with the key itself.
  'sp:RequireDerivedKeys': noted(),
});

const usernameTokenProperties: Vocabulary<ProvingTokenDraft> = vocabulary('UsernameToken', {
  'sp:WssUsernameToken10': noted(),
  'sp:WssUsernameToken11': noted(),
});

/** sp:ProtectionToken of a SymmetricBinding. */
export const protectionTokens: Vocabulary<{ token: ProtectionTokenDraft | undefined }> = vocabulary('ProtectionToken', {
  'sp:SecureConversationToken': elements((draft, assertion, reading) => {
    setToken(draft, readContextToken(assertion, reading));
  }),
  'sp:X509Token': nested((draft, assertion, reading) => {
    setToken(draft, readCertificateToken(assertion, reading));
  }),
});

/** sp:InitiatorToken of an AsymmetricBinding: it stands in requests, or is referred to. */
export const initiatorTokens = signingTokens('InitiatorToken', ['once', 'alwaysToRecipient']);

/** sp:RecipientToken of an AsymmetricBinding: it stands in answers, or is referred to. */
export const recipientTokens = signingTokens('RecipientToken', ['alwaysToInitiator']);

/** @param included what IncludeToken says where the token stands in the messages of who signs with it */
function signingTokens(
  place: string,
  included: readonly IncludeToken[],
): Vocabulary<{ token: SigningCertificateDraft | undefined }> {
  return vocabulary(place, {
    'sp:X509Token': nested((draft, assertion, reading) => {
      if (draft.token !== undefined) invalid(assertion, 'is a second token');
      const include = readInclude(assertion);
      if (include !== 'never' && !included.includes(include)) unsupported(assertion, `with IncludeToken ${include}`);
      const token = { assertion, isIncluded: include !== 'never', isPath: false, reference: undefined };
      draft.token = readNested(signingCertificateProperties, assertion, token, reading);
    }),
  });
}

/** sp:HttpsToken. */
export interface TransportTokenDraft {
  readonly assertion: Assertion;
  /** Whether TLS must show who the client is. */
  clientCertificate: boolean;
  /** sp:HttpBasicAuthentication, where a request must have user name and password in its HTTP header. */
  basic: Assertion | undefined;
}

const httpsTokenProperties: Vocabulary<TransportTokenDraft> = vocabulary('HttpsToken', {
  'sp12:RequireClientCertificate': empty(draft => {
    draft.clientCertificate = true;
  }),
  'sp12:HttpBasicAuthentication': empty((draft, assertion) => {
    draft.basic = assertion;
  }),
});

/**
 * sp:TransportToken: in 1.1 an attribute, in 1.2 a nested policy may ask for more than TLS with a server certificate.
 */
export const transportTokens: Vocabulary<{ token: TransportTokenDraft | undefined }> = vocabulary('TransportToken', {
  'sp:HttpsToken': nested((draft, assertion, reading) => {
    if (draft.token !== undefined) invalid(assertion, 'is a second token');
    const attribute = attributeOf(assertion.element, '', 'RequireClientCertificate')?.trim() ?? 'false';
    const clientCertificate = attribute !== 'false' && attribute !== '0';
    const token = { assertion, clientCertificate, basic: undefined };
    draft.token = readNested(httpsTokenProperties, assertion, token, reading);
    // One of the two at most (WS-SecurityPolicy 1.2 §5.4.11).
    if (draft.token.basic !== undefined && draft.token.clientCertificate)
      unsupported(draft.token.basic, 'beside RequireClientCertificate');
  }),
});

/** A row for a supporting token that signs nothing: the kind it has in a plan, and what its policy may hold. */
export function provingToken(kind: string, properties: Vocabulary<ProvingTokenDraft>): Row<SupportingTokensDraft> {
  return nested((draft, assertion, reading) => {
    const include = readInclude(assertion);
    if (include === 'never' || include === 'alwaysToInitiator') unsupported(assertion, `with IncludeToken ${include}`);
    draft.tokens.push(readNested(properties, assertion, { kind, assertion }, reading));
  });
}

/** Supporting tokens that only prove who sends. */
export const plainSupportingTokens: Record<string, Row<SupportingTokensDraft>> = {
  ...vocabulary('SupportingTokens', { 'sp:UsernameToken': provingToken('username', usernameTokenProperties) }),
};

/** Supporting tokens that sign: the security context over TLS, a certificate in a bootstrap. */
export const endorsingSupportingTokens: Vocabulary<SupportingTokensDraft> = vocabulary('EndorsingSupportingTokens', {
  'sp:SecureConversationToken': elements((draft, assertion, reading) => {
    draft.tokens.push(readContextToken(assertion, reading));
  }),
  'sp:X509Token': nested((draft, assertion, reading) => {
    draft.tokens.push(readEndorsingCertificate(assertion, reading));
  }),
  'sp:SignedParts': partsRow('signed'),
});

export function supportingTokensDraft(assertion: Assertion): SupportingTokensDraft {
  return { assertion, tokens: [], signed: noParts };
}

function readContextToken(assertion: Assertion, reading: Reading): ContextTokenDraft {
  const include = readInclude(assertion);
  // Another node can open the conversation only from a token that is in the message.
  if (include !== 'alwaysToRecipient') unsupported(assertion, `with IncludeToken ${include}`);
  const draft: ContextTokenDraft = {
    kind: 'context',
    endorsing: true,
    assertion,
    include,
    derivedKeys: false,
    bootstrap: undefined,
    mayCancel: true,
    mayRenew: true,
    issuer: readIssuer(assertion),
  };
  return readNested(contextTokenProperties, assertion, draft, reading);
}

/**
 * sp:Issuer (WS-SecurityPolicy 1.2 §5.1.3): the endpoint that is asked for the token. Where it has more than an
 * address, a message to it would have to carry that.
 */
function readIssuer(assertion: Assertion): string | undefined {
  const [issuer, second] = elementsOf(assertion.element).filter(child => !isPolicyElement(child, 'Policy'));
  if (issuer === undefined) return undefined;
  if (!isNamed(issuer, assertion.name.namespace, 'Issuer')) unsupported({ element: issuer });
  if (second !== undefined) unsupported({ element: second }, 'beside an Issuer');
  const [address, more] = elementsOf(issuer);
  if (address === undefined) return invalid({ element: issuer }, 'has no Address');
  if (!isAddress(address)) unsupported({ element: address }, 'in an Issuer');
  if (more !== undefined) unsupported({ element: more }, 'in an Issuer');
  const text = (address.textContent ?? '').trim();
  if (!/^https?:\S+$/i.test(text) || !URL.canParse(text)) invalid({ element: address }, 'is no http or https address');
  return text;
}

function isAddress(element: Element): boolean {
  return Object.values(addressingVersions).some(({ namespace }) => isNamed(element, namespace, 'Address'));
}

function readCertificateToken(assertion: Assertion, reading: Reading): CertificateTokenDraft {
  const include = readInclude(assertion);
  if (include !== 'never') unsupported(assertion, `with IncludeToken ${include}`);
  const draft: CertificateTokenDraft = { kind: 'certificate', assertion, derivedKeys: false, reference: undefined };
  return readNested(certificateTokenProperties, assertion, draft, reading);
}

function readEndorsingCertificate(assertion: Assertion, reading: Reading): EndorsingCertificateDraft {
  const include = readInclude(assertion);
  if (include === 'alwaysToInitiator') unsupported(assertion, `with IncludeToken ${include}`);
  const draft: EndorsingCertificateDraft = {
    kind: 'x509',
    endorsing: true,
    assertion,
    isIncluded: include !== 'never',
    isPath: false,
    reference: undefined,
  };
  return readNested(endorsingCertificateProperties, assertion, draft, reading);
}

/**
 * How a message has the certificate that signs it.
 * @param understood references that both sides are said to understand, the best first
 */
export function certificateUseOf(
  { isIncluded, isPath, reference: asked }: SigningCertificateDraft,
  understood: readonly CertificateReference[],
): CertificateUse {
  if (!isIncluded) return { include: 'never', reference: referenceOf({ reference: asked }, understood) };
  return { include: isPath ? 'path' : 'certificate', reference: asked ?? 'token' };
}

/** Where a token asks for no kind of reference, the best of those that both sides are said to understand. */
export function referenceOf(
  { reference }: { readonly reference: CertificateReference | undefined },
  understood: readonly CertificateReference[],
): CertificateReference {
  return reference ?? understood[0] ?? 'keyIdentifier';
}

/** WS-SecurityPolicy 1.2 §5.1.1: the URI is made of the policy's own namespace. */
function readInclude(assertion: Assertion): IncludeToken {
  const { element, name } = assertion;
  const uri = (
    attributeOf(element, name.namespace, 'IncludeToken') ?? attributeOf(element, '', 'IncludeToken')
  )?.trim();
  if (uri === undefined) return unsupported(assertion, 'without IncludeToken');
  const prefix = `${name.namespace}/IncludeToken/`;
  const include = uri.startsWith(prefix) ? includeTokens.get(uri.slice(prefix.length)) : undefined;
  return include ?? invalid(assertion, `has IncludeToken ${uri.slice(0, 120)}`);
}

function setToken(draft: { token: ProtectionTokenDraft | undefined }, token: ProtectionTokenDraft): void {
  if (draft.token !== undefined) invalid(token.assertion, 'is a second token');
  draft.token = token;
}

function derivedKeys<D extends { derivedKeys: boolean }>(): Row<D> {
  return empty(draft => {
    draft.derivedKeys = true;
  });
}

function pkiPath(): Row<SigningCertificateDraft> {
  return empty((draft, assertion) => {
    if (!draft.isIncluded) unsupported(assertion, 'with IncludeToken never');
    draft.isPath = true;
  });
}

function reference(kind: CertificateReference): Row<{ reference: CertificateReference | undefined }> {
  return empty((draft, assertion) => {
    if (draft.reference !== undefined) invalid(assertion, 'is a second kind of reference');
    draft.reference = kind;
  });
}
