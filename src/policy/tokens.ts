/**
 * Token assertions and their properties (WS-SecurityPolicy 1.2 §5.4), as the tables of what may stand in each place.
 */

import { attributeOf } from './document.ts';
import type { Alternative, Assertion } from './normal-form.ts';
import { noParts, partsRow } from './parts.ts';
import type { CertificateReference, Parts } from './plan.ts';
import {
  empty,
  invalid,
  nested,
  noted,
  type Reading,
  type Row,
  readNested,
  unsupported,
  type Vocabulary,
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

export type ProtectionTokenDraft = ContextTokenDraft | CertificateTokenDraft;

export type SupportingTokenDraft = ContextTokenDraft | ProvingTokenDraft;

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

const contextTokenProperties: Vocabulary<ContextTokenDraft> = {
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
};

const certificateTokenProperties: Vocabulary<CertificateTokenDraft> = {
  'sp:RequireDerivedKeys': derivedKeys(),
  'sp12:RequireExplicitDerivedKeys': derivedKeys(),
  'sp:RequireThumbprintReference': reference('thumbprint'),
  'sp:RequireKeyIdentifierReference': reference('keyIdentifier'),
  'sp:RequireIssuerSerialReference': reference('issuerSerial'),
  'sp:WssX509V3Token10': noted(),
  'sp:WssX509V3Token11': noted(),
};

const usernameTokenProperties: Vocabulary<ProvingTokenDraft> = {
  'sp:WssUsernameToken10': noted(),
  'sp:WssUsernameToken11': noted(),
};

/** sp:ProtectionToken of a SymmetricBinding. */
export const protectionTokens: Vocabulary<{ token: ProtectionTokenDraft | undefined }> = {
  'sp:SecureConversationToken': nested((draft, assertion, reading) => {
    setToken(draft, readContextToken(assertion, reading));
  }),
  'sp:X509Token': nested((draft, assertion, reading) => {
    setToken(draft, readCertificateToken(assertion, reading));
  }),
};

/**
 * sp:TransportToken: in 1.1 an attribute, in 1.2 a nested policy may ask for more than TLS with a server certificate.
 */
export const transportTokens: Vocabulary<{ token: Assertion | undefined }> = {
  'sp:HttpsToken': empty((draft, assertion) => {
    if (draft.token !== undefined) invalid(assertion, 'is a second token');
    const clientCertificate = attributeOf(assertion.element, '', 'RequireClientCertificate')?.trim() ?? 'false';
    if (clientCertificate !== 'false' && clientCertificate !== '0')
      unsupported(assertion, 'with RequireClientCertificate');
    draft.token = assertion;
  }),
};

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
  'sp:UsernameToken': provingToken('username', usernameTokenProperties),
};

/** Supporting tokens that sign: the security context over TLS. */
export const endorsingSupportingTokens: Vocabulary<SupportingTokensDraft> = {
  'sp:SecureConversationToken': nested((draft, assertion, reading) => {
    draft.tokens.push(readContextToken(assertion, reading));
  }),
  'sp:SignedParts': partsRow('signed'),
};

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
  };
  return readNested(contextTokenProperties, assertion, draft, reading);
}

function readCertificateToken(assertion: Assertion, reading: Reading): CertificateTokenDraft {
  const include = readInclude(assertion);
  if (include !== 'never') unsupported(assertion, `with IncludeToken ${include}`);
  const draft: CertificateTokenDraft = { kind: 'certificate', assertion, derivedKeys: false, reference: undefined };
  return readNested(certificateTokenProperties, assertion, draft, reading);
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

function reference(kind: CertificateReference): Row<CertificateTokenDraft> {
  return empty((draft, assertion) => {
    if (draft.reference !== undefined) invalid(assertion, 'is a second kind of reference');
    draft.reference = kind;
  });
}
