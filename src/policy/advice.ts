/** What to change where a policy asks for what is not implemented. */

const suites = 'choose another suite, such as Basic256Sha256 or Basic256';
const tokens = 'let clients prove who they are by a UsernameToken or an X509Token in the BootstrapPolicy';
const byPart = 'name what is to be protected by Body and Header in SignedParts and EncryptedParts';
const plainPassword = 'leave it out: the password goes as text, over TLS or encrypted';
const headerInClear = 'leave the Header out of the EncryptedParts';
const noMtom = 'MTOM is not spoken: leave it out, and binary content goes as base64 in the message';
const leaveOut = 'leave it out of the policy';

/** By the local name of an assertion. */
const byName: Readonly<Record<string, string>> = {
  InitiatorSignatureToken: 'use an InitiatorToken',
  InitiatorEncryptionToken: 'use an InitiatorToken',
  RecipientSignatureToken: 'use a RecipientToken',
  RecipientEncryptionToken: 'use a RecipientToken',
  EncryptionToken: 'use a ProtectionToken',
  SignatureToken: 'use a ProtectionToken',
  IssuedToken: tokens,
  KerberosToken: tokens,
  SamlToken: tokens,
  SpnegoContextToken: tokens,
  RelToken: tokens,
  HttpDigestAuthentication: 'ask for a UsernameToken instead',
  HashPassword: plainPassword,
  NoPassword: plainPassword,
  SignedElements: byPart,
  EncryptedElements: byPart,
  ContentEncryptedElements: byPart,
  RequiredElements: leaveOut,
  RequiredParts: leaveOut,
  NonAnonymousResponses: 'ask for AnonymousResponses: answers go back on the same connection',
  RequireExternalUriReference: leaveOut,
  OptimizedMimeSerialization: noMtom,
  MTOM: noMtom,
  RequireEmbeddedTokenReference: 'ask for RequireThumbprintReference',
  TripleDes: suites,
};

/** By what an assertion is said to be without, or beside. */
const byWhat: Readonly<Record<string, string>> = {
  'without IncludeTimestamp': 'add IncludeTimestamp to the binding',
  'without Body in SignedParts': 'add Body to the SignedParts of the messages',
  'without Body in EncryptedParts': 'add Body to the EncryptedParts, in a BootstrapPolicy if it stands there',
  'without a BootstrapPolicy': 'add a BootstrapPolicy to the SecureConversationToken',
  'without a token': 'name the token, or leave the assertion out',
  'beside RequireClientCertificate': 'leave one of the two out: TLS or HTTP says who calls',
  'beside HttpBasicAuthentication': 'leave it out: HTTP says who calls',
  'without IncludeToken': 'add the attribute IncludeToken',
  '(without parts: the body and every header)': 'name each part: Body, and the Headers',
  'in EncryptedParts of a SymmetricBinding': headerInClear,
  'in EncryptedParts of an AsymmetricBinding': headerInClear,
  'beside a SecureConversationToken': 'move the token into the BootstrapPolicy: the conversation says who calls',
  'beside a SymmetricBinding of an X509Token': 'make it the ProtectionToken, with the X509Token in its BootstrapPolicy',
  'over a SymmetricBinding': 'use SignedSupportingTokens',
  'with EncryptBeforeSigning and EncryptSignature': 'leave one of the two out of the policy',
  'in a SymmetricBinding with EncryptBeforeSigning': 'leave EncryptBeforeSigning out of the policy of the token',
  'beside another in a SymmetricBinding with EncryptSignature': 'ask clients for one of the tokens only',
  'beside an AsymmetricBinding': 'leave it out: the InitiatorToken says who calls',
  'without RequireClientEntropy': 'add RequireClientEntropy to the Trust10 or Trust13 of the BootstrapPolicy',
  'inside a BootstrapPolicy': 'use an X509Token or a UsernameToken there',
  'in this version of WS-SecurityPolicy': 'use WS-SecurityPolicy 1.1 or 1.2',
};

const usual = 'take it out of the policy; if messages are the same without it, mark it wsp:Ignorable';

/**
 * What to change.
 * @param name local name of the assertion
 * @param what what is said of it beside that it is not implemented; '' for nothing
 */
export function adviceFor(name: string, what: string): string {
  if (Object.hasOwn(byWhat, what)) return byWhat[what] as string;
  if (what.startsWith('with IncludeToken')) return 'choose another IncludeToken';
  if (Object.hasOwn(byName, name)) return byName[name] as string;
  return name.endsWith('Rsa15') || name.startsWith('TripleDes') ? suites : usual;
}
